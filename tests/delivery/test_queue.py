"""Messages ready to go, in order, but for domains that are held back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sendbatch.delivery.queue import MOST_BYTES, MOST_MESSAGES, Line, Ready
from sendbatch.values import Envelope, Message, Recipient, Status

NEVER = float("inf")


def ready(number: int, domain: str = "a.example", data: bytes = b"hello\r\n") -> Ready:
    email = f"p{number}@{domain}"
    return Ready(
        Recipient(number, number, email, email, ()),
        Message(Envelope("news@example.com", email), data, "<1@example.com>", 0.0),
        domain,
    )


def at_once(domain: str) -> float:
    return 0.0


def taken(line: Line, count: int) -> list[int]:
    found = [line.take(at_once, 0.0) for _ in range(count)]
    return [one.recipient.id for one in found if one is not None]


@pytest.fixture
def line() -> Line:
    return Line()


def test_first_in_is_first_out(line: Line) -> None:
    for number in range(5):
        line.add(ready(number))
    assert taken(line, 6) == [0, 1, 2, 3, 4]
    assert len(line) == 0


def test_a_released_message_is_first_again(line: Line) -> None:
    for number in range(3):
        line.add(ready(number))
    line.add(ready(9), first=True)
    assert taken(line, 4) == [9, 0, 1, 2]


def test_others_pass_a_domain_that_is_held_back() -> None:
    line = Line(["slow"])
    for number, domain in enumerate(["slow", "slow", "fast", "slow", "fast"]):
        line.add(ready(number, domain))
    due = {"slow": 10.0, "": 0.0}.__getitem__
    found = [line.take(due, 5.0) for _ in range(3)]
    assert [one.recipient.id if one else None for one in found] == [2, 4, None]
    later = line.take(due, 10.0)
    assert later is not None
    assert later.recipient.id == 0


def test_a_domain_is_asked_about_once() -> None:
    line = Line(["slow"])
    for number in range(100):
        line.add(ready(number, "slow"))
    asked: list[str] = []

    def due(domain: str) -> float:
        asked.append(domain)
        return NEVER

    assert line.take(due, 0.0) is None
    assert line.earliest(due, 0.0) == NEVER
    assert asked == ["slow", "slow"]


def test_it_knows_when_the_next_may_go() -> None:
    line = Line(["slow", "slower"])
    line.add(ready(1, "slow"))
    line.add(ready(2, "slower"))
    due = {"slow": 10.0, "slower": 20.0}.__getitem__
    assert line.earliest(due, 5.0) == 10.0
    assert line.earliest(due, 15.0) == 15.0


def test_a_full_lane_leaves_room_in_the_others() -> None:
    line = Line(["slow"])
    for number in range(MOST_MESSAGES):
        line.add(ready(number, "slow"))
    assert not line.has_room("slow")
    assert line.has_room()


def test_lanes_keep_the_order_of_arrival_between_them() -> None:
    line = Line(["one", "two"])
    for number, domain in enumerate(["two", "other", "one", "two", "one"]):
        line.add(ready(number, domain))
    assert taken(line, 5) == [0, 1, 2, 3, 4]


def test_it_is_bounded_in_number(line: Line) -> None:
    for number in range(MOST_MESSAGES):
        assert line.has_room()
        line.add(ready(number))
    assert not line.has_room()
    line.take(at_once, 0.0)
    assert line.has_room()


def test_it_is_bounded_in_bytes(line: Line) -> None:
    line.add(ready(1, data=b"." * (MOST_BYTES // 2)))
    assert line.has_room()
    line.add(ready(2, data=b"." * (MOST_BYTES // 2)))
    assert not line.has_room()
    back = line.take(at_once, 0.0)
    assert back is not None
    assert line.has_room()
    line.add(back, first=True)
    assert not line.has_room()


def test_senders_are_woken_by_what_is_added_and_by_the_end(line: Line) -> None:
    assert not line.filled.is_set()
    line.add(ready(1))
    assert line.filled.is_set()
    line.filled.clear()
    line.close()
    assert line.filled.is_set()
    assert line.closed


def test_the_feed_is_woken_once_a_full_lane_has_room(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sendbatch.delivery.queue.MOST_MESSAGES", 2)
    for number in range(1, 4):
        line.add(ready(number))
    line.take(at_once, 0.0)
    assert not line.drained.is_set()  # two are as many as it may hold
    line.take(at_once, 0.0)
    assert line.drained.is_set()
    line.drained.clear()
    line.take(at_once, 0.0)
    assert not line.drained.is_set()  # there was room already


def test_a_domain_that_is_split_off_moves_to_a_lane_of_its_own_in_order(line: Line) -> None:
    for number, domain in enumerate(["x.example", "a.example", "x.example", "a.example"]):
        line.add(ready(number, domain))
    line.split("x.example")
    line.add(ready(4, "x.example"))
    assert line.lanes == ("", "x.example")
    assert line.waiting(["x.example"]) == 3
    held = {"x.example": NEVER, "": 0.0}.__getitem__
    found = [line.take(held, 5.0) for _ in range(3)]
    assert [one.recipient.id if one else None for one in found] == [1, 3, None]
    assert taken(line, 4) == [0, 2, 4]


def test_a_domain_is_split_off_once(line: Line) -> None:
    line.add(ready(1, "x.example"))
    line.split("x.example")
    line.split("x.example")
    assert taken(line, 2) == [1]


def test_a_lane_that_was_full_has_room_again_once_its_messages_have_moved(line: Line) -> None:
    for number in range(MOST_MESSAGES):
        line.add(ready(number, "x.example"))
    assert not line.has_room()
    line.split("x.example")
    assert line.has_room()
    assert not line.has_room("x.example")


def test_where_it_is_asked_for_those_put_off_before_come_first(line: Line) -> None:
    tried = ready(2)
    tried = tried._replace(recipient=replace(tried.recipient, status=Status.DEFERRED))
    line.add(ready(1))
    assert not line.has_tried
    line.add(tried)
    assert line.has_tried
    first = line.take(at_once, 0.0, tried_first=True)
    assert first is tried
    assert line.take(at_once, 0.0, tried_first=True) == ready(1)
