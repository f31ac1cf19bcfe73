"""Every code as a sentence: the words of reports and notices, to the letter."""

from __future__ import annotations

import pytest

from sendbatch.ledger.reasons_of_1 import coded
from sendbatch.reasons import reason
from sendbatch.values import Why

ROW = 12
SENTENCES = [
    (Why.REFUSED, "next", 451, "the server refused a new message on this connection"),
    (Why.REFUSED, "sender", 550, "the server refused the sender"),
    (Why.REFUSED, "recipient", 550, "the server refused the recipient"),
    (Why.REFUSED, "body", 554, "the server refused to take the message"),
    (Why.REFUSED, "message", 554, "the server refused the message"),
    (Why.REFUSED, "early", 552, "the server answered before it had the whole message"),
    (
        Why.CONNECTION,
        "recipient",
        550,
        "the server refused the recipient, and speaks of how much we send on one connection",
    ),
    (Why.RATE, "sender", 550, "the server refused the sender, and speaks of our pace"),
    (Why.QUOTA, "message", 552, "the server refused the message, and speaks of our quota"),
    (Why.SENDER, "recipient", 550, "the server refused the recipient, and speaks of our sender"),
    (Why.ACCOUNT, "body", 550, "the server refused to take the message, and speaks of our account"),
    (Why.SET_UP, "recipient", 554, "the server refused the recipient, and speaks of our set-up"),
    (Why.CLOSED, None, 421, "the server closed the connection"),
    (Why.EARLY, None, None, "the server answered before it had the whole message"),
    (
        Why.RELEASED,
        "ended",
        None,
        "the connection ended before anything of the message was handed over",
    ),
    (
        Why.RELEASED,
        "misfit 354 lone dot",
        None,
        "the server's reply does not fit: 354 to lone dot before anything of the message was handed over",
    ),
    (
        Why.UNFINISHED,
        "stalled 0.1",
        None,
        "the server took nothing for 0.1 s before the message was whole: it was not delivered",
    ),
    (
        Why.UNANSWERED,
        "silent 600 the message",
        None,
        "the server did not answer the message within 600 s after the whole message had left: it may have "
        "been delivered",
    ),
    (
        Why.UNANSWERED,
        "garbled a line is longer than 4096 bytes",
        None,
        "the server sent what is no SMTP reply (a line is longer than 4096 bytes) after the whole message "
        "had left: it may have been delivered",
    ),
    (Why.CRASHED, None, None, "the run ended before the reply to the message came"),
    (
        Why.TOO_LARGE,
        "1200 1000",
        None,
        "the message has 1200 bytes, the server takes at most 1000",
    ),
    (Why.SMTPUTF8, None, None, "the address needs SMTPUTF8 and the server does not offer it"),
    (Why.UNSAFE_ADDRESS, None, None, "the address has characters that SMTP cannot carry"),
    (Why.LINE_END, None, None, "the message has a line that does not end with CR LF"),
    (Why.NOT_7BIT, None, None, "the message is not 7-bit"),
    (
        Why.UNBUILDABLE,
        "no such file: {terms}.pdf",
        None,
        "no such file: {terms}.pdf (row 12)",
    ),
    (Why.BY_HAND, None, 550, "settled by hand"),
    (Why.RAGGED, "has 1 cell, the header has 2", None, "the row has 1 cell, the header has 2"),
    (Why.ADDRESS, "no @ in {it}", None, "not a usable address: no @ in {it}"),
    (Why.NO_ADDRESS, None, None, "the address is empty"),
    (Why.REQUIRED, "customer_id", None, "customer_id is required and empty"),
    (Why.NO_KEY, None, None, "its key is empty"),
    (Why.NULL_MX, "example.org", None, "no mail server: example.org takes no mail"),
    (Why.NO_DOMAIN, "example.org", None, "no mail server: example.org does not exist"),
    (Why.NO_HOST, "example.org", None, "no mail server: example.org has no server at all"),
    (Why.FILTERED, None, None, "`where` is false"),
    (Why.SUPPRESSED, None, None, "on a suppression list"),
    (Why.DUPLICATE, "7", None, "row 7 has the same key"),
    (Why.OTHER, "too large", None, "too large"),
]
# What no version 1 ever wrote.
SINCE = [
    (Why.FORGOTTEN, None, None, "forgotten by a person's word (sendbatch forget)"),
    (Why.OUT_OF_REACH, None, None, "the profile's only_to leaves this address out"),
    (
        Why.ANNOUNCED,
        None,
        None,
        "announced by a run that ended before it told more: the message may have been sent",
    ),
]


@pytest.mark.parametrize(("why", "detail", "code", "words"), [*SENTENCES, *SINCE])
def test_each_code_is_a_sentence(
    why: Why, detail: str | None, code: int | None, words: str
) -> None:
    assert reason(why, detail, code, ROW) == words


@pytest.mark.parametrize(
    ("detail", "whose"),
    [("jürgen@example.com", "the sender jürgen@example.com"), ("headers", "an address in the headers")],
)
def test_whose_address_goes_beyond_ascii_is_said(detail: str, whose: str) -> None:
    said = "needs SMTPUTF8 and the server does not offer it"
    assert reason(Why.SMTPUTF8, detail) == f"{whose} {said}"


@pytest.mark.parametrize(("why", "detail", "code", "words"), SENTENCES)
def test_what_version_1_wrote_becomes_the_code_that_is_told_alike(
    why: Why, detail: str | None, code: int | None, words: str
) -> None:
    assert coded(words, ROW, code) == (why, detail)


def test_a_refusal_of_which_no_more_is_known_is_a_sentence_all_the_same() -> None:
    assert reason(Why.SET_UP, None, 554) == "the server refused, and speaks of our set-up"


def test_every_code_has_its_words() -> None:
    unsaid = set(Why) - {why for why, *_ in (*SENTENCES, *SINCE)}
    # refusals that speak of no fault of ours, or that their connection explains: told as any
    alike = {Why.MAILBOX, Why.MESSAGE, Why.GREYLISTING, Why.AFTER_REFUSALS, Why.SESSION_LIMIT}
    assert unsaid == alike
    assert {reason(why, "recipient", 550) for why in alike} == {"the server refused the recipient"}


def test_no_code_is_no_reason() -> None:
    assert reason(None) == ""


def test_refused_for_now_it_says_nothing_of_us() -> None:
    assert reason(Why.QUOTA, "recipient", 452) == "the server refused the recipient"


def test_a_long_reason_of_the_checks_is_cut() -> None:
    told = reason(Why.ADDRESS, "x" * 600)
    assert len(told) == 500
    assert told.endswith("x…")


@pytest.mark.parametrize(
    "words",
    [
        "no mail there",
        "no such file (row 99)",  # another row's: it has moved since, and its words stay
        "the server refused the recipient, and speaks of our pace",  # beside no reply of 5xx
        "",
        "silent 300 RCPT before anything of the message was handed over",
    ],
)
def test_words_that_nobody_knows_are_kept_as_they_are(words: str) -> None:
    assert coded(words, ROW) == (Why.OTHER, words)
    assert reason(*coded(words, ROW), None, ROW) == words
