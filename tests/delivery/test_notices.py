"""What is told while it happens, gathered."""

from __future__ import annotations

from sendbatch.delivery.announcements import MOST_DOMAINS, MOST_KINDS, Domains, Notices
from sendbatch.delivery.verdict import unbuilt
from sendbatch.values import Outcome, Recipient, Reply, Status, Unbuildable, Whom, Why
from tests.kit.clock import FakeClock
from tests.kit.watcher import Watcher

GREY = Reply(451, "Greylisted, try again in 300 seconds", "RCPT", "4.7.1")


def someone(email: str) -> Recipient:
    return Recipient(7, 7, email, email, ())


class Room:
    def __init__(self) -> None:
        self.clock, self.watcher = FakeClock(), Watcher()
        self.noted: list[tuple[str, str]] = []
        self.notices = Notices(
            self.watcher, lambda kind, text: self.noted.append((kind, text)), self.clock
        )

    def deferred(self, number: int, domain: str, reply: Reply = GREY) -> None:
        outcome = Outcome(Status.DEFERRED, reply, Whom.RECIPIENT, Why.REFUSED, "recipient")
        self.notices.unsent(someone(f"p{number}@{domain}"), domain, outcome)

    def failed(self, why: str) -> None:
        self.notices.unsent(
            someone("ada@example.org"), "example.org", unbuilt(Unbuildable(why))
        )

    @property
    def told(self) -> list[str]:
        return self.watcher.notices


def test_of_nine_hundred_deferred_the_first_is_told_at_once_and_the_others_in_one_line() -> None:
    room = Room()
    for number in range(900):
        room.deferred(number, "gmail.com" if number % 3 else "web.de")
    assert room.told == [
        "row 7, p0@web.de is deferred: 451 4.7.1 Greylisted, try again in 300 seconds"
    ]
    room.notices.finish()
    assert room.told[1:] == [
        "deferred 900 times so far (451 4.7.1): gmail.com 600, web.de 300"
    ]
    room.notices.finish()
    assert len(room.told) == 2


def test_who_is_refused_with_5xx_is_said_to_be_deferred_only_until_that_is_sure() -> None:
    room = Room()
    for number in range(3):
        room.deferred(number, "web.de", Reply(550, "No such user", "RCPT", "5.1.1"))
    room.notices.finish()
    assert room.told == [
        "row 7, p0@web.de is deferred until that is sure to be for good: 550 5.1.1 No such user",
        "deferred 3 times so far until that is sure to be for good (550 5.1.1): all at web.de",
    ]


def test_a_count_comes_now_and_then_and_ever_more_seldom() -> None:
    room = Room()
    for number in range(24 * 60):  # one each minute for a day
        room.clock.now = number * 60.0
        room.deferred(number, "gmail.com")
    assert room.told[1] == "deferred 2 times so far (451 4.7.1): all at gmail.com"
    assert 40 < len(room.told) < 60


def test_words_that_are_different_for_everyone_are_told_no_more_often() -> None:
    room = Room()
    for number in range(5000):
        reply = Reply(400 + number % 100, f"{number} is busy", "RCPT", f"4.{number % 7}.{number % 11}")
        room.deferred(number, f"d{number}.example", reply)
        why = "".join(chr(97 + int(digit)) for digit in str(number))
        room.failed(f"no macro {why}")
    room.notices.finish()
    assert len(room.told) <= 2 * (MOST_KINDS + 2)
    assert max(map(len, room.told)) < 200


def test_a_reason_that_differs_by_a_path_is_one_reason() -> None:
    room = Room()
    for number in range(100):
        room.failed(f"no such file: invoices/{number}.pdf")
    assert room.told == ["row 7, ada@example.org has failed: no such file: invoices/0.pdf"]


def test_what_happens_to_a_run_is_an_event_each_time_and_a_notice_a_few_times() -> None:
    room = Room()
    for number in range(50):
        room.notices.tell("offline", f"gone {number}")
    room.clock.now = 61.0
    room.notices.tell("offline", "gone at last")
    assert len(room.noted) == 51
    assert room.told == ["gone 0", "gone 1", "gone 2", "gone at last (and 47 such notices before it)"]


def test_the_newest_word_on_a_wait_is_told_seldom() -> None:
    room = Room()
    for due in range(825):
        room.notices.now_and_then("retry", f"the next is due at {due}")
    assert room.told == ["the next is due at 0"]
    assert room.noted == []


def test_domains_are_counted_in_bounded_room_and_add_up() -> None:
    domains = Domains()
    for number in range(MOST_DOMAINS * 3):
        domains.add(f"d{number}.example")
    domains.add("d0.example")
    assert len(domains) == MOST_DOMAINS * 3 + 1
    assert str(domains).startswith("d0.example 2, ")
    assert domains.most == "d0.example and others"
    for number in range(MOST_DOMAINS * 3):
        domains.remove(f"d{number}.example")
    assert (len(domains), str(domains)) == (1, "all at d0.example")


def test_reasons_that_differ_by_a_file_alone_are_one_kind() -> None:
    room = Room()
    for name in ("Ada Byron", "Eve Ray"):
        room.failed(f"attachment 'files/{name}.pdf': no such file")
    assert len(room.notices._kinds) == 1
