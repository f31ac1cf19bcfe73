"""Whether a run goes on: the first word counts, whoever says it."""

from __future__ import annotations

import asyncio

from sendbatch.delivery.course import Course, first_of
from sendbatch.errors import RecordLost, RecordStopped
from sendbatch.runtime.stop import Stop


def test_the_first_reason_to_give_up_counts_with_its_time() -> None:
    course = Course(Stop())
    assert not course.is_ending

    course.give_up("the server is gone")
    course.give_up("the limits are used up", 5.0)

    assert course.is_ending
    assert course.given_up == "the server is gone"
    assert course.given_up_until is None


def test_it_ends_when_somebody_asks_and_hears_nobody_once_it_is_over() -> None:
    async def run() -> tuple[bool, bool]:
        stop = Stop()
        course = Course(stop)
        course.begin()
        stop.soon("Ctrl-C")
        await asyncio.wait_for(course.soon.wait(), 5)
        course.end()
        stop.now("Ctrl-C")
        await asyncio.sleep(0)
        return course.is_ending, course.at_once.is_set()

    assert asyncio.run(run()) == (True, False)


def test_where_the_record_is_lost_work_ends_in_its_own_time_and_the_first_error_is_kept() -> None:
    lost = RecordLost("the record is no longer where it was")

    async def work() -> None:
        raise lost

    async def run() -> Course:
        course = Course(Stop())
        with course.unless_lost():
            await work()
        course.break_off(RecordStopped("later"))
        return course

    course = asyncio.run(run())
    assert course.broken is lost
    assert course.is_ending


def test_the_first_error_of_a_group_is_found_however_deep() -> None:
    error = RecordStopped("disk full")
    assert first_of(BaseExceptionGroup("", [BaseExceptionGroup("", [error])])) is error


def test_a_fault_of_ours_ends_the_run_in_its_own_time() -> None:
    """Whoever raises it cancels nobody whose message is on its way."""

    async def run() -> Course:
        course = Course(Stop())
        with course.unless_lost():
            raise ZeroDivisionError
        return course

    course = asyncio.run(run())
    assert course.is_ending
    assert isinstance(course.broken, ZeroDivisionError)
