"""Of whom a refusal speaks: the row, the connection, or how much a connection may carry."""

from __future__ import annotations

import pytest

from sendbatch.delivery.sessions import MOST_WORDS, Found, Sessions, Whose
from sendbatch.values import Outcome, Reply, Status


def deferred(code: int, command: str, said: str = "no") -> Outcome:
    return Outcome(Status.DEFERRED, Reply(code, said, command))


def rejected(said: str, enhanced: str = "") -> Outcome:
    return Outcome(Status.REJECTED, Reply(550, said, "RCPT", enhanced))


@pytest.mark.parametrize(
    ("outcome", "accepted", "refused", "whose"),
    [
        (deferred(451, "MESSAGE"), 5, 5, Whose.ROW),
        (deferred(421, "MESSAGE"), 5, 0, Whose.ROW),
        (deferred(452, "MAIL"), 0, 0, Whose.ROW),
        (deferred(452, "MAIL"), 100, 0, Whose.LIMIT),
        (deferred(452, "MAIL"), 0, 1, Whose.CONNECTION),
        (deferred(550, "MAIL"), 100, 1, Whose.CONNECTION),
        (deferred(421, "RCPT"), 0, 1, Whose.CONNECTION),
        (deferred(450, "MAIL", "Error: too much mail from 192.0.2.1"), 7, 0, Whose.ROW),
        (deferred(450, "MAIL", "daily quota exceeded"), 7, 0, Whose.ROW),
        (deferred(452, "RCPT", "too many recipients in this session"), 7, 0, Whose.LIMIT),
        (deferred(554, "DATA", "too many messages in this session"), 7, 0, Whose.LIMIT),
        (rejected("You can send only 50 messages per session"), 50, 0, Whose.LIMIT),
        (rejected("You can send only 50 messages per session"), 0, 0, Whose.ROW),
        (rejected("You can send only 50 messages per session"), 0, 3, Whose.CONNECTION),
        (rejected("only 50 messages per session and hour"), 50, 0, Whose.ROW),
        (rejected("no such user"), 5, 0, Whose.ROW),
        (deferred(451, "RCPT", "greylisted"), 5, 0, Whose.ROW),
        (rejected("no"), 0, 19, Whose.ROW),
        (Outcome(Status.DEFERRED, None, "the body was cut"), 5, 5, Whose.ROW),
        (Outcome(Status.IN_DOUBT), 5, 5, Whose.ROW),
        (Outcome(Status.ACCEPTED, Reply(250, "ok", "MESSAGE")), 5, 5, Whose.ROW),
    ],
)
def test_of_whom_a_refusal_speaks(
    outcome: Outcome, accepted: int, refused: int, whose: Whose
) -> None:
    assert Sessions().judge(1, outcome, accepted, refused) is whose


def said(number: int) -> Outcome:
    return rejected(f"not now, p{number}@example.org (ref 0x7f{number})")


@pytest.fixture
def sessions() -> Sessions:
    """Where the same words of the server's own came twice after five accepted messages."""
    sessions = Sessions()
    assert sessions.judge(1, said(1), 5, 0) is Whose.ROW
    assert sessions.judge(2, said(2), 5, 0) is Whose.CONNECTION
    return sessions


def test_unknown_words_that_a_new_connection_repeats_are_the_rows_from_then_on(
    sessions: Sessions,
) -> None:
    assert sessions.judge(2, said(2), 0, 0) is Whose.ROW
    assert sessions.judge(3, said(3), 5, 0) is Whose.ROW
    assert sessions.accepted(2, 0) is None


def test_unknown_words_that_a_new_connection_does_not_repeat_are_a_limit(
    sessions: Sessions,
) -> None:
    assert sessions.accepted(2, 0) == Found(5, [1])
    assert sessions.judge(3, said(3), 5, 0) is Whose.LIMIT
    assert sessions.judge(3, said(3), 0, 0) is Whose.ROW  # and then they are not
    assert sessions.judge(4, said(4), 5, 0) is Whose.ROW


def test_a_row_that_an_older_connection_takes_shows_no_limit(sessions: Sessions) -> None:
    assert sessions.accepted(2, 6) is None
    assert sessions.judge(3, said(3), 5, 0) is Whose.ROW


def test_one_row_is_tried_no_more_than_twice(sessions: Sessions) -> None:
    assert sessions.judge(2, said(2), 4, 0) is Whose.CONNECTION
    assert sessions.judge(2, said(2), 3, 0) is Whose.ROW


def test_refusals_after_different_numbers_are_the_rows_own() -> None:
    sessions = Sessions()
    assert {sessions.judge(n, said(n), n, 0) for n in range(200)} == {Whose.ROW}


def test_few_words_are_asked_about() -> None:
    sessions = Sessions()
    refusals = [(n, rejected("no " * (n // 2 + 1))) for n in range(60)]
    judged = [sessions.judge(n, refusal, 5, 0) for n, refusal in refusals]
    assert judged.count(Whose.CONNECTION) == MOST_WORDS
