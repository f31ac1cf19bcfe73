"""The reasons that records of version 1 hold, as codes: for the take-over of such a record alone.

Version 1 kept a sentence for each recipient. Nothing else reads words back, and nothing new is added here:
what comes later has its code from the start.
"""

from __future__ import annotations

import re

from sendbatch.reasons import OURS
from sendbatch.values import Why

_WHOLE = {
    "the run ended before the reply to the message came": Why.CRASHED,
    "settled by hand": Why.BY_HAND,
    "the address needs SMTPUTF8 and the server does not offer it": Why.SMTPUTF8,
    "the address has characters that SMTP cannot carry": Why.UNSAFE_ADDRESS,
    "the message has a line that does not end with CR LF": Why.LINE_END,
    "the message is not 7-bit": Why.NOT_7BIT,
    "the address is empty": Why.NO_ADDRESS,
    "its key is empty": Why.NO_KEY,
    "`where` is false": Why.FILTERED,
    "on a suppression list": Why.SUPPRESSED,
}
_CLOSED = "the server closed the connection"
_EARLY = "the server answered before it had the whole message"
_REFUSED = {
    "the server refused a new message on this connection": "next",
    "the server refused the sender": "sender",
    "the server refused the recipient": "recipient",
    "the server refused to take the message": "body",
    "the server refused the message": "message",
    _EARLY: "early",
}
_ABOUT = {f", and speaks of {ours}": why for why, ours in OURS.items()}
_BROKEN = {
    " before anything of the message was handed over": Why.RELEASED,
    " before the message was whole: it was not delivered": Why.UNFINISHED,
    " after the whole message had left: it may have been delivered": Why.UNANSWERED,
}
_HOW = {
    "the connection ended": "ended",
    "the connection had ended": "gone",
    _CLOSED: "closed",
    "the server spoke unasked": "unasked",
    _EARLY: "early",
    "the server sent more replies than there were commands": "surplus",
    "sending was stopped": "stopped",
}
_HOW_WITH = (
    (re.compile(r"the server sent what is no SMTP reply \((.*)\)"), "garbled {}"),
    (re.compile(r"the server's reply does not fit: (\d+) to (.+)"), "misfit {} {}"),
    (re.compile(r"the server took nothing for (\S+) s"), "stalled {}"),
    (re.compile(r"the server did not answer (.+) within (\S+) s"), "silent {1} {0}"),
)
_WITH = (
    (re.compile(r"row (\d+) has the same key"), Why.DUPLICATE),
    (re.compile(r"the message has (\d+) bytes, the server takes at most (\d+)"), Why.TOO_LARGE),
    (re.compile(r"no mail server: (\S+) takes no mail"), Why.NULL_MX),
    (re.compile(r"no mail server: (\S+) does not exist"), Why.NO_DOMAIN),
    (re.compile(r"no mail server: (\S+) has no server at all"), Why.NO_HOST),
    (re.compile(r"not a usable address: (.*)"), Why.ADDRESS),
    (re.compile(r"(.*) is required and empty"), Why.REQUIRED),
    (re.compile(r"the row (.*)"), Why.RAGGED),
)


def coded(reason: str, row: int = 0, code: int | None = None) -> tuple[Why, str | None]:
    """The code and the detail of what version 1 wrote of the recipient at this row of the CSV, beside a
    reply of this code. `reasons.reason` makes the same words of them; of words that are not known, too."""
    if (why := _WHOLE.get(reason)) is not None:
        return why, None
    for refused in (_refused(reason, code), _broken(reason), _with_detail(reason)):
        if refused is not None:
            return refused
    if reason.endswith(f" (row {row})"):
        return Why.UNBUILDABLE, reason.removesuffix(f" (row {row})")
    return Why.OTHER, reason


def _refused(reason: str, code: int | None) -> tuple[Why, str | None] | None:
    """A refusal without a word of whom it speaks is one of which nobody knows."""
    if reason == _CLOSED:
        return Why.CLOSED, None
    if reason == _EARLY and code is None:
        return Why.EARLY, None
    about = next((tail for tail in _ABOUT if reason.endswith(tail)), "")
    what = _REFUSED.get(reason.removesuffix(about))
    if what is None or (about and (code or 0) < 500):
        return None
    return Why(_ABOUT.get(about, Why.REFUSED)), what


def _broken(reason: str) -> tuple[Why, str | None] | None:
    for tail, why in _BROKEN.items():
        if reason.endswith(tail):
            how = reason.removesuffix(tail)
            if how in _HOW:
                return why, _HOW[how]
            for pattern, form in _HOW_WITH:
                if (found := pattern.fullmatch(how)) is not None:
                    return why, form.format(*found.groups())
    return None


def _with_detail(reason: str) -> tuple[Why, str | None] | None:
    for pattern, why in _WITH:
        if (found := pattern.fullmatch(reason)) is not None:
            return why, " ".join(found.groups())
    return None
