"""Why a recipient stands as they do, in words for people: the one place where a code becomes a sentence.

What comes in is what the record holds: a code of `values.Why` and its detail. Nothing is ever decided by
these words, and nobody reads them back.
"""

from __future__ import annotations

from collections.abc import Mapping

from sendbatch.errors import one_line
from sendbatch.values import Outcome, Why

LONGEST = 500  # characters of a reason that the checks of a row give

# Refusals that speak of us and of no recipient, by what of ours they speak of.
OURS: Mapping[str, str] = {
    Why.CONNECTION: "how much we send on one connection",
    Why.RATE: "our pace",
    Why.QUOTA: "our quota",
    Why.SENDER: "our sender",
    Why.ACCOUNT: "our account",
    Why.SET_UP: "our set-up",
}

_REFUSED: Mapping[str, str] = {  # by what was refused
    "next": "the server refused a new message on this connection",
    "sender": "the server refused the sender",
    "recipient": "the server refused the recipient",
    "body": "the server refused to take the message",
    "message": "the server refused the message",
    "early": "the server answered before it had the whole message",
    "closed": "the server closed the connection",
}
_REFUSALS = frozenset(
    (*OURS, Why.MAILBOX, Why.MESSAGE, Why.GREYLISTING, Why.REFUSED, Why.AFTER_REFUSALS, Why.SESSION_LIMIT)
)  # fmt: skip

# By how a connection broke. The places are for the words of the detail behind the first, of which the last
# is all that is left: it may have blanks.
_BROKE: Mapping[str, str] = {
    "ended": "the connection ended",
    "gone": "the connection had ended",
    "closed": "the server closed the connection",
    "unasked": "the server spoke unasked",
    "early": "the server answered before it had the whole message",
    "garbled": "the server sent what is no SMTP reply ({})",
    "misfit": "the server's reply does not fit: {} to {}",
    "surplus": "the server sent more replies than there were commands",
    "stopped": "sending was stopped",
    "stalled": "the server took nothing for {} s",
    "silent": "the server did not answer {1} within {0} s",
}
_PLACES = {how: text.count("{") for how, text in _BROKE.items()}

_SMTPUTF8 = " needs SMTPUTF8 and the server does not offer it"
_SENTENCES: Mapping[str, str] = {  # all others, with a place for the detail
    Why.CLOSED: "the server closed the connection",
    Why.EARLY: "the server answered before it had the whole message",
    Why.RELEASED: "{} before anything of the message was handed over",
    Why.UNFINISHED: "{} before the message was whole: it was not delivered",
    Why.UNANSWERED: "{} after the whole message had left: it may have been delivered",
    Why.CRASHED: "the run ended before the reply to the message came",
    Why.ANNOUNCED: "announced by a run that ended before it told more: the message may have been sent",
    Why.TOO_LARGE: "the message has {} bytes, the server takes at most {}",
    Why.SMTPUTF8: f"the address{_SMTPUTF8}",
    Why.UNSAFE_ADDRESS: "the address has characters that SMTP cannot carry",
    Why.LINE_END: "the message has a line that does not end with CR LF",
    Why.NOT_7BIT: "the message is not 7-bit",
    Why.UNBUILDABLE: "{}",
    Why.BY_HAND: "settled by hand",
    Why.RAGGED: "the row {}",
    Why.ADDRESS: "not a usable address: {}",
    Why.NO_ADDRESS: "the address is empty",
    Why.REQUIRED: "{} is required and empty",
    Why.NO_KEY: "its key is empty",
    Why.NULL_MX: "no mail server: {} takes no mail",
    Why.NO_DOMAIN: "no mail server: {} does not exist",
    Why.NO_HOST: "no mail server: {} has no server at all",
    Why.FILTERED: "`where` is false",
    Why.OUT_OF_REACH: "the profile's only_to leaves this address out",
    Why.SUPPRESSED: "on a suppression list",
    Why.FORGOTTEN: "forgotten by a person's word (sendbatch forget)",
    Why.DUPLICATE: "row {} has the same key",
    Why.OTHER: "{}",
}


def reason(
    why: str | None, detail: str | None = None, code: int | None = None, row: int = 0
) -> str:
    """A sentence; "" where there is no reason, as for the accepted.

    `why` and `detail` as the record holds them, `code` the code of the reply that it has beside them, `row`
    the line of the CSV, which stands behind what could not be built.
    """
    if why is None:
        return ""
    if why in _REFUSALS:
        return _refused(why, detail or "", code)
    if why in (Why.RELEASED, Why.UNFINISHED, Why.UNANSWERED):
        return _SENTENCES[why].format(_broke(detail or ""))
    if why == Why.BY_HAND and detail:
        return f"{_SENTENCES[why]}: {detail}"
    if why == Why.UNBUILDABLE:
        return f"{detail or ''} (row {row})" if row else detail or ""
    if why == Why.TOO_LARGE:
        size, _, most = (detail or "").partition(" ")
        return _SENTENCES[why].format(size, most)
    if why == Why.SMTPUTF8 and detail:
        whose = "an address in the headers" if detail == "headers" else f"the sender {detail}"
        return one_line(f"{whose}{_SMTPUTF8}", LONGEST)
    words = _SENTENCES.get(why, "{}").format(detail or "")
    return one_line(words, LONGEST) if why in (Why.ADDRESS, Why.REQUIRED) else words


def reason_of(outcome: Outcome, row: int = 0) -> str:
    """As `reason`, of an outcome that is in no record yet."""
    code = outcome.reply.code if outcome.reply is not None else None
    return reason(outcome.why, outcome.detail, code, row)


def _refused(why: str, what: str, code: int | None) -> str:
    """A refusal for good says of what of ours it speaks; one for now may be over by the next try."""
    words = _REFUSED.get(what, what) or "the server refused"  # a receipt has no more
    return f"{words}, and speaks of {OURS[why]}" if why in OURS and (code or 0) >= 500 else words


def _broke(detail: str) -> str:
    how, _, more = detail.partition(" ")
    if how not in _BROKE:
        return detail
    words = more.split(" ", max(_PLACES[how] - 1, 0)) + [""] * _PLACES[how]
    return _BROKE[how].format(*words)
