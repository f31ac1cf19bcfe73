"""A provider's idempotency key is asked for as the message leaves; a person's word stands."""

from __future__ import annotations

import asyncio

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.smtp.idempotency import MARGIN
from sendbatch.values import Status
from tests.kit.desk import Desk, address
from tests.kit.desks import MakeDesk
from tests.kit.office import Visit

DAY = 86400.0
DOUBTFUL = 6


@pytest.fixture
def doubtful(desk: MakeDesk) -> Desk:
    """Six of twelve are in doubt: their whole message was taken, and not a word said."""
    run = desk(12, dot=lambda visit: "" if run.office.whole[visit.recipient] < 2 else None)
    run.limit = DOUBTFUL
    run.send()
    run.limit = None
    run.office.dot = lambda visit: None
    run.watcher.notices.clear()
    assert run.totals() == {Status.IN_DOUBT: DOUBTFUL, Status.PENDING: 12 - DOUBTFUL}
    return run


def sent_again(run: Desk) -> int:
    return sum(run.office.whole[address(number)] == 2 for number in range(DOUBTFUL))


def held_to(run: Desk, again: int) -> None:
    """So many were sent to again, the others are in doubt as they were, and everybody else has it."""
    left = {Status.IN_DOUBT: DOUBTFUL - again} if again < DOUBTFUL else {}
    assert run.totals() == {Status.ACCEPTED: 12 - DOUBTFUL + again} | left
    assert sent_again(run) == again
    word = "recipient" if DOUBTFUL - again == 1 else "recipients"
    told = [f"{DOUBTFUL - again} {word} left in doubt"] if left else []
    assert [text.partition(":")[0] for text in run.watcher.notices if "doubt" in text] == told
    assert len(run.events("keys")) == len(told)


def test_while_their_keys_hold_they_are_sent_to_again(doubtful: Desk) -> None:
    doubtful.clock.now += DAY / 2
    doubtful.send_again(DAY)
    held_to(doubtful, DOUBTFUL)


def test_whose_key_expires_before_their_slot_comes_stays_in_doubt(doubtful: Desk) -> None:
    doubtful.rates = (Rate(1, 60),)
    doubtful.send_again(MARGIN + 150)
    held_to(doubtful, 3)
    assert [doubtful.office.asked[address(n)] for n in range(DOUBTFUL)] == [2, 2, 2, 1, 1, 1]


@pytest.mark.parametrize("hours", [24, -5])
def test_a_sleep_and_a_clock_set_back_are_told_from_one_another(doubtful: Desk, hours: int) -> None:
    async def sets(run: Desk) -> None:
        await run.clock.wait(asyncio.Event(), 150)
        run.clock.sleep_through(hours * 3600)

    doubtful.rates, doubtful.beside = (Rate(1, 60),), sets
    doubtful.send_again(MARGIN + (DAY / 2 if hours > 0 else 200))
    held_to(doubtful, 3 if hours > 0 else 4)


def test_whose_key_expires_before_their_retry_stays_in_doubt(doubtful: Desk) -> None:
    doubtful.office.rcpt = lambda visit: (
        "451 later"
        if visit.recipient == address(2) and doubtful.office.asked[address(2)] == 2
        else None
    )
    doubtful.send_again(MARGIN + 20)
    held_to(doubtful, DOUBTFUL - 1)
    assert doubtful.entry(address(2)).status is Status.IN_DOUBT
    assert doubtful.entry(address(2)).attempts == 2


@pytest.mark.parametrize("pipelining", ["", "taken", "refused"])
def test_no_dot_leaves_where_the_key_expired_behind_the_envelope(
    doubtful: Desk, pipelining: str
) -> None:
    """The server took its time for 354, or the machine slept just then."""

    def slow(visit: Visit) -> str | None:
        if visit.recipient == address(3) and not slept:
            slept.append(1)
            doubtful.clock.sleep_through(DAY)
        return None

    slept: list[int] = []
    doubtful.office.pipelining = pipelining
    doubtful.office.data = slow
    doubtful.send_again(DAY)
    held_to(doubtful, 3)
    assert doubtful.office.whole[address(3)] == 1


def test_a_persons_word_stands_however_long_it_takes(doubtful: Desk) -> None:
    doubtful.rates = (Rate(1, 60),)
    doubtful.clock.now += 10 * DAY
    doubtful.send_again(None)
    held_to(doubtful, DOUBTFUL)


def test_a_persons_word_is_about_the_doubt_there_is_and_not_what_arises(doubtful: Desk) -> None:
    doubtful.office.dot = lambda visit: "" if visit.recipient == address(8) else None
    doubtful.send_again(None)
    assert doubtful.totals() == {Status.ACCEPTED: 11, Status.IN_DOUBT: 1}
    assert doubtful.office.whole[address(8)] == 1
