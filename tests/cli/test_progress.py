"""How far a run is, said in people and in one line of any width."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from sendbatch.cli.live import STILL, Beat
from sendbatch.cli.progress import Progress, until_words
from sendbatch.runtime.observer import Limit, Wait
from sendbatch.values import Status
from sendbatch.words import width
from tests.kit.local_time import local_time

P, A, D, R, F = (
    Status.PENDING, Status.ACCEPTED, Status.DEFERRED, Status.REJECTED, Status.FAILED,
)  # fmt: skip
NOON = 1_790_000_000.0
RETRY = Wait(
    "gmail.com and others", "789 deferred recipients (gmail.com 700, web.de 89)", NOON + 720
)


def sending(total: int = 900) -> Progress:
    return Progress("sending", total)


def test_a_deferral_and_its_later_success_are_one_person() -> None:
    progress = sending(2)
    progress.moved(P, D)
    assert (progress.done, progress.trouble) == (0, {"deferred": 1})
    progress.moved(D, D)
    progress.moved(P, R)
    assert (progress.done, progress.trouble) == (1, {"deferred": 1, "rejected": 1})
    progress.moved(D, A)
    assert (progress.done, progress.trouble) == (2, {"rejected": 1})
    assert "2/2 100%" in progress.line(80, 1.0, NOON)


def test_whatever_moves_how_the_share_only_grows_and_ends_at_all() -> None:
    chance, progress, shares = random.Random(1), sending(500), [0.0]
    standing = dict.fromkeys(range(500), P)
    while standing:
        one = chance.choice(list(standing))
        now = chance.choice([D, D, D, A, R, F, Status.IN_DOUBT])
        progress.moved(standing[one], now)
        shares.append(progress.share)
        standing[one] = now
        if now is not D:
            del standing[one]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert "deferred" not in progress.trouble


def test_those_deferred_or_failed_by_an_earlier_run_are_counted_until_they_move() -> None:
    progress = sending(2)
    progress.counts.update({D: 1, F: 1})
    assert progress.trouble == {"deferred": 1, "failed": 1}
    progress.moved(F, A)
    progress.moved(D, A)
    assert (progress.done, progress.trouble) == (2, {})


def test_the_speed_is_people_a_second_and_smooth() -> None:
    progress = sending(10_000)
    for tick in range(1, 300):
        for _ in range(10 if tick % 2 else 30):
            progress.moved(P, A)
        progress.tick(tick * 1.0)
    assert progress.speed == pytest.approx(20, rel=0.1)
    line = progress.line(100, 299.0, NOON)
    assert "/s" in line
    assert "left" in line


@pytest.mark.parametrize("columns", [10, 20, 39, 79, 199])
@pytest.mark.parametrize("wait", [None, RETRY, Wait("the server", "mx:587 to answer", None)])
def test_a_line_fits_whatever_the_width(columns: int, wait: Wait | None) -> None:
    progress = sending(40_000)
    for status in (D, R, F, Status.IN_DOUBT, A):
        for _ in range(789):
            progress.moved(P, status)
    progress.tick(30.0)
    if wait is not None:
        progress.waits(wait, 30.0)
    line = progress.line(columns, 45.0, NOON)
    assert 0 < width(line) <= columns
    assert "\n" not in line


@pytest.fixture(autouse=True)
def in_berlin() -> Iterator[None]:
    with local_time("CET-1CEST,M3.5.0,M10.5.0/3"):
        yield


def test_a_wait_says_for_whom_until_when_how_long_and_that_one_may_leave() -> None:
    progress = sending()
    for _ in range(789):
        progress.moved(P, D)
    for _ in range(111):
        progress.moved(P, A)
    progress.waits(RETRY, 5.0)
    wide = progress.line(160, 5.0, NOON)
    assert wide.endswith(
        "111/900 12% · waiting for 789 deferred recipients (gmail.com 700, web.de 89), "
        "until 16:25 CEST (12 min) · 789 deferred · Ctrl-C is safe"
    )
    usual = progress.line(78, 5.0, NOON)
    assert usual == (
        "111/900 12% · gmail.com and others: until 16:25 CEST (12 min) · Ctrl-C is safe"
    )
    assert progress.line(45, 5.0, NOON) == "111/900 12% · gmail.com and others: in 12 min"
    assert progress.line(30, 5.0, NOON) == "111/900 12% · in 12 min: gmai…"


def test_while_it_waits_one_sees_the_time_go_by() -> None:
    progress = sending()
    progress.moved(P, D)
    progress.waits(RETRY, 5.0)
    seen = [progress.line(78, 5.0, NOON + second) for second in range(700)]
    assert len(set(seen)) == 700
    assert "until 16:25 CEST (11 min 1 s)" in seen[59]
    assert "until 16:25:20 CEST (30 s)" in seen[690]


def test_a_wait_is_over_with_the_next_who_moves_and_with_its_time() -> None:
    progress = sending()
    progress.waits(RETRY, 5.0)
    assert progress.waiting(5.0, NOON) == RETRY
    assert progress.waiting(5.0, NOON + 721) is None
    progress.moved(P, A)
    assert progress.waiting(5.0, NOON) is None


def test_a_server_that_does_not_answer_is_told_after_a_while() -> None:
    progress = sending()
    progress.moved(P, A)
    progress.tick(1.0)
    assert progress.waiting(9.0, NOON) is None
    assert "waiting for the server to answer, 35 s by now" in progress.line(79, 36.0, NOON)
    assert until_words(None, NOON) == ""


def test_a_wait_without_a_known_end_goes_unsaid_for_a_moment() -> None:
    progress = sending()
    progress.waits(Wait("messages", "the next messages to be built", None), 5.0)
    assert progress.waiting(5.5, NOON) is None
    assert "the next messages to be built, 3 s by now" in progress.line(79, 8.0, NOON)


def test_without_unicode_the_line_is_ascii() -> None:
    progress = sending()
    progress.moved(P, D)
    progress.tick(1.0)
    for columns in (2, 10, 20, 79, 200):
        assert progress.line(columns, 3.0, NOON, ascii_only=True).isascii()
    progress.waits(RETRY, 3.0)
    for columns in (2, 10, 20, 30, 79, 200):
        line = progress.line(columns, 3.0, NOON, ascii_only=True)
        assert line.isascii()
        assert len(line) <= columns


def at_speed(a_second: int, seconds: int = 30) -> Progress:
    progress = sending()
    for second in range(seconds):
        for _ in range(a_second):
            progress.moved(P, A)
        progress.tick(second + 1.0)
    return progress


def test_the_rate_stands_against_the_limit_with_connections_and_the_time_left() -> None:
    progress = at_speed(13)
    progress.limit, progress.connections = Limit(14.0), (4, 10)
    progress.moved(A, D)
    line = progress.line(200, 30.0, NOON)
    assert "13/s of 14/s · 1 deferred · 4 connections · 39 s left" in line
    assert progress.plain(30.0, NOON).split("; ")[1] == "13/s of 14/s"
    progress.limit = Limit(None)
    assert " · 13/s · " in progress.line(200, 30.0, NOON)


def test_why_it_is_slow_is_said_in_words_and_until_when() -> None:
    progress = at_speed(4)
    progress.limit = Limit(4.0, "the server asked to slow down", NOON + 300)
    said = "the server asked to slow down: 4/s until 16:18 CEST"
    assert f" · {said}" in progress.line(200, 30.0, NOON)
    assert progress.line(78, 30.0, NOON).endswith(
        "120/900 · 4/s · the server asked to slow down: 4/s until 16:18 · 3 min left"
    )
    assert progress.line(40, 30.0, NOON) == "120/900 · server: 4/s till 16:18"
    assert progress.plain(30.0, NOON).endswith(f"; {said}; 3 min left")
    assert "4/s of" not in progress.line(200, 30.0, NOON)
    progress.limit = Limit(5.0, "the domain gmail.com")
    assert " · the domain gmail.com: 5/s · " in progress.line(200, 30.0, NOON)


def test_in_80_columns_stand_all_that_matters_and_why_it_is_slow_in_shorter_words() -> None:
    progress = at_speed(4)
    for status, number in ((D, 12), (R, 3), (Status.IN_DOUBT, 1)):
        for _ in range(number):
            progress.moved(P, status)
    progress.limit = Limit(4.0, "the server asked to slow down", NOON + 300)
    progress.connections = (4, 10)
    line = progress.line(79, 30.0, NOON)
    assert line == (
        "124/900 · server: 4/s till 16:18 · 12 def, 3 rej, 1 doubt · 4 conn · 3 min left"
    )
    wide = progress.line(200, 30.0, NOON)
    assert "12 deferred, 3 rejected, 1 in doubt · 4 connections · 3 min left" in wide
    assert "the server asked to slow down: 4/s until 16:18 CEST" in wide
    progress.limit = Limit(4.0)
    assert progress.line(80, 30.0, NOON) == (
        "124/900 · 4/s of 4/s · 12 deferred, 3 rejected, 1 in doubt · 4 conn · 3 min left"
    )


def test_what_holds_nobody_back_any_more_is_not_said_to_be_why() -> None:
    progress = at_speed(13)
    progress.limit = Limit(5.0, "the domain gmail.com")
    assert "gmail" not in progress.line(200, 30.0, NOON)


def test_asked_to_stop_it_says_so_and_waits_for_nothing() -> None:
    progress = at_speed(13)
    progress.waits(RETRY, 30.0)
    progress.is_stopping = True
    for columns in (40, 78, 200):
        line = progress.line(columns, 60.0, NOON)
        assert "stopping · 390/900 43%" in line
        assert "left" not in line
        assert "waiting" not in line


# --- lines where there is no terminal ----------------------------------------------------------


def test_a_plain_line_has_all_of_it() -> None:
    progress = sending()
    progress.moved(P, A)
    progress.moved(P, D)
    progress.waits(RETRY, 2.0)
    told = progress.plain(2.0, NOON)
    assert told.startswith("sending, 1 of 900 done (0 %); 1 deferred; waiting for 789 deferred ")
    assert told.endswith(", until 16:25 CEST (12 min)")


def beats(seconds: int, moves: int) -> list[int]:
    """When a line came, in a run that takes so long; `moves` are spread over it."""
    progress, beat, told = sending(moves or 10), Beat(0.0), []
    for now in range(1, seconds + 1):
        while progress.done < moves * now // seconds:
            progress.moved(P, A)
        progress.tick(float(now))
        if beat.is_due(progress, float(now), NOON + now):
            told.append(now)
    return told


def test_a_plain_line_comes_every_ten_seconds() -> None:
    assert beats(9, 900) == []
    assert beats(100, 900) == list(range(10, 101, 10))
    assert beats(3600, 36_000) == list(range(10, 3601, 10))


def test_a_run_that_stands_still_is_not_silent_for_an_hour_and_does_not_chatter() -> None:
    told = beats(24 * 3600, 0)
    assert told[:6] == [10, 20, 30, 40, 50, 60]
    assert {b - a for a, b in pairwise(told[7:])} == {STILL}
