"""What lasts too long is ended, and nothing else is."""

from __future__ import annotations

import threading

import pytest

from sendbatch.rendering.watch import Watch


def test_what_lasts_too_long_is_told_once() -> None:
    watch, told = Watch(), threading.Event()
    calls = []

    def too_late() -> None:
        calls.append(1)
        told.set()

    with watch.over(too_late, 0.01):
        assert told.wait(60)
    with watch.over(told.clear, 3600):
        pass
    watch.end()
    assert calls == [1]


def test_a_nearer_deadline_than_the_one_slept_for_is_met() -> None:
    watch, told, never = Watch(), threading.Event(), threading.Event()
    with watch.over(never.set, 3600), watch.over(told.set, 0.01):
        assert told.wait(60)
    with watch.over(never.set, 3600), watch.over(told.clear, 0.01):
        while told.is_set():
            pass
    watch.end()
    assert not never.is_set()


def test_what_ended_in_time_is_left_alone_also_when_it_failed() -> None:
    watch, late, told = Watch(), threading.Event(), threading.Event()
    with pytest.raises(ValueError, match="of its own"), watch.over(late.set, 1.0):
        raise ValueError("of its own")
    with watch.over(told.set, 1.1):
        assert told.wait(60)
    watch.end()
    assert not late.is_set()


def test_many_watched_at_once_take_one_thread_that_ends_with_them() -> None:
    before = set(threading.enumerate())
    watch = Watch()
    for _ in range(50):
        with watch.over(lambda: None, 3600), watch.over(lambda: None, 3600):
            pass
    (thread,) = (one for one in set(threading.enumerate()) - before if one.name == "watch")
    watch.end()
    thread.join(60)
    assert not thread.is_alive()


def test_its_thread_is_gone_once_it_has_ended() -> None:
    before = threading.active_count()
    for _ in range(20):
        watch = Watch()
        with watch.over(lambda: None, 60):
            pass
        watch.end()
        assert threading.active_count() == before
