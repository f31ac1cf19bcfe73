"""Messages ready to go, in order, but for domains that are held back."""

from __future__ import annotations

import pytest

from sendbatch.delivery.queue import MOST_BYTES, MOST_MESSAGES, Due, Queue, Ready
from sendbatch.values import Envelope, Message, Recipient, Status

NEVER = float("inf")


def ready(number: int, domain: str = "a.example", data: bytes = b"hello\r\n") -> Ready:
    email = f"p{number}@{domain}"
    return Ready(
        Recipient(number, number, email, email, ()),
        Message(Envelope("news@example.com", email), data, "<1@example.com>", 0.0),
        domain,
    )


def at_once(now: float, domain: str) -> float:
    return 0.0


def by_lane(due: dict[str, float]) -> Due:
    return lambda now, domain: due[domain]


def taken(queue: Queue, count: int) -> list[int]:
    found = [queue.take(at_once, 0.0) for _ in range(count)]
    return [one.recipient.id for one in found if one is not None]


@pytest.fixture
def queue() -> Queue:
    return Queue()


def test_first_in_is_first_out(queue: Queue) -> None:
    for number in range(5):
        queue.add(ready(number))
    assert taken(queue, 6) == [0, 1, 2, 3, 4]
    assert queue.length == 0


def test_a_released_message_is_first_again(queue: Queue) -> None:
    for number in range(3):
        queue.add(ready(number))
    queue.add(ready(9), first=True)
    assert taken(queue, 4) == [9, 0, 1, 2]


def test_others_pass_a_domain_that_is_held_back() -> None:
    queue = Queue(["slow"])
    for number, domain in enumerate(["slow", "slow", "fast", "slow", "fast"]):
        queue.add(ready(number, domain))
    due = by_lane({"slow": 10.0, "": 0.0})
    found = [queue.take(due, 5.0) for _ in range(3)]
    assert [one.recipient.id if one else None for one in found] == [2, 4, None]
    later = queue.take(due, 10.0)
    assert later is not None
    assert later.recipient.id == 0


def test_a_domain_is_asked_about_once() -> None:
    queue = Queue(["slow"])
    for number in range(100):
        queue.add(ready(number, "slow"))
    asked: list[str] = []

    def due(now: float, domain: str) -> float:
        asked.append(domain)
        return NEVER

    assert queue.take(due, 0.0) is None
    assert queue.earliest(due, 0.0) == NEVER
    assert asked == ["slow", "slow"]


def test_it_knows_when_the_next_may_go() -> None:
    queue = Queue(["slow", "slower"])
    queue.add(ready(1, "slow"))
    queue.add(ready(2, "slower"))
    due = by_lane({"slow": 10.0, "slower": 20.0})
    assert queue.earliest(due, 5.0) == 10.0
    assert queue.earliest(due, 15.0) == 15.0


def test_a_full_lane_leaves_room_in_the_others() -> None:
    queue = Queue(["slow"])
    for number in range(MOST_MESSAGES):
        queue.add(ready(number, "slow"))
    assert not queue.has_room("slow")
    assert queue.has_room()


def test_lanes_keep_the_order_of_arrival_between_them() -> None:
    queue = Queue(["one", "two"])
    for number, domain in enumerate(["two", "other", "one", "two", "one"]):
        queue.add(ready(number, domain))
    assert taken(queue, 5) == [0, 1, 2, 3, 4]


def test_it_is_bounded_in_number(queue: Queue) -> None:
    for number in range(MOST_MESSAGES):
        assert queue.has_room()
        queue.add(ready(number))
    assert not queue.has_room()
    queue.take(at_once, 0.0)
    assert queue.has_room()


def test_it_is_bounded_in_bytes(queue: Queue) -> None:
    queue.add(ready(1, data=b"." * (MOST_BYTES // 2)))
    assert queue.has_room()
    queue.add(ready(2, data=b"." * (MOST_BYTES // 2)))
    assert not queue.has_room()
    back = queue.take(at_once, 0.0)
    assert back is not None
    assert queue.has_room()
    queue.add(back, first=True)
    assert not queue.has_room()


def test_senders_are_woken_by_what_is_added_and_by_the_end(queue: Queue) -> None:
    assert not queue.filled.is_set()
    queue.add(ready(1))
    assert queue.filled.is_set()
    queue.filled.clear()
    queue.close()
    assert queue.filled.is_set()
    assert queue.closed


def test_the_feed_is_woken_once_a_full_lane_has_room(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sendbatch.delivery.queue.MOST_MESSAGES", 2)
    for number in range(1, 4):
        queue.add(ready(number))
    queue.take(at_once, 0.0)
    assert not queue.drained.is_set()  # two are as many as it may hold
    queue.take(at_once, 0.0)
    assert queue.drained.is_set()
    queue.drained.clear()
    queue.take(at_once, 0.0)
    assert not queue.drained.is_set()  # there was room already


def test_a_domain_that_is_split_off_moves_to_a_lane_of_its_own_in_order(queue: Queue) -> None:
    for number, domain in enumerate(["x.example", "a.example", "x.example", "a.example"]):
        queue.add(ready(number, domain))
    queue.split("x.example")
    queue.add(ready(4, "x.example"))
    assert queue.lanes == ("", "x.example")
    assert queue.waiting(["x.example"]) == 3
    held = by_lane({"x.example": NEVER, "": 0.0})
    found = [queue.take(held, 5.0) for _ in range(3)]
    assert [one.recipient.id if one else None for one in found] == [1, 3, None]
    assert taken(queue, 4) == [0, 2, 4]


def test_a_domain_is_split_off_once(queue: Queue) -> None:
    queue.add(ready(1, "x.example"))
    queue.split("x.example")
    queue.split("x.example")
    assert taken(queue, 2) == [1]


def test_a_lane_that_was_full_has_room_again_once_its_messages_have_moved(queue: Queue) -> None:
    for number in range(MOST_MESSAGES):
        queue.add(ready(number, "x.example"))
    assert not queue.has_room()
    queue.split("x.example")
    assert queue.has_room()
    assert not queue.has_room("x.example")


def test_where_it_is_asked_for_those_put_off_before_come_first(queue: Queue) -> None:
    tried = ready(2)
    tried = tried._replace(recipient=tried.recipient._replace(status=Status.DEFERRED))
    queue.add(ready(1))
    assert not queue.has_tried
    queue.add(tried)
    assert queue.has_tried
    first = queue.take(at_once, 0.0, tried_first=True)
    assert first is tried
    assert queue.take(at_once, 0.0, tried_first=True) == ready(1)
