"""What the record tells of itself."""

from __future__ import annotations

import pytest

from sendbatch.ledger.facts import Intent, Noted, Settled
from sendbatch.ledger.store import Record
from sendbatch.values import Outcome, Reply, Status
from tests.kit.people import (
    OUTCOMES,
    TAKEN,
    bring,
    entry,
    left_out,
    person,
    plan,
    remember,
    someone,
)
from tests.kit.selecting import sending


def send(ledger: Record, key: str, *, content: str = "digest", at: float = 20.0) -> None:
    id_ = entry(ledger, key).id
    outcome = Outcome(Status.ACCEPTED, TAKEN)
    sending(ledger).apply([Intent(id_, content, at, at), Settled(id_, outcome, None, at)])


def crowd(ledger: Record, count: int) -> list[str]:
    keys = [f"p{number}" for number in range(count)]
    plan(ledger, *(person(line, key) for line, key in enumerate(keys, 2)))
    return keys


def test_a_record_without_a_plan_tells_of_nothing(ledger: Record) -> None:
    reading = ledger.reading

    assert reading.plan() is None
    assert (reading.totals(), reading.departed(), list(reading.entries())) == ({}, {}, [])
    assert reading.span() == (None, None)
    assert (reading.replies(), reading.events(), reading.contents(), reading.servers()) == (
        [],
        [],
        [],
        [],
    )
    assert reading.meta("server") is None
    assert reading.domain_of("digest") == ""
    assert not reading.has_tried()


def test_what_is_remembered_last_is_told(ledger: Record) -> None:
    remember(ledger, server="smtp.example.com")
    remember(ledger, server="smtp.example.org")
    remember(ledger, domain_of_digest="example.com")

    assert ledger.reading.meta("server") == "smtp.example.org"
    assert ledger.reading.domain_of("digest") == "example.com"


def test_entries_come_by_line_and_by_status(ledger: Record) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in (3, 7, 9)))
    bring(ledger, "p9", Status.ACCEPTED)

    assert [one.row for one in ledger.reading.entries()] == [3, 7, 9]
    assert [told[:2] for told in ledger.reading.told()] == [(3, "p3"), (7, "p7"), (9, "p9")]
    assert [one.row for one in ledger.reading.entries([Status.ACCEPTED])] == [9]
    assert list(ledger.reading.entries([])) == []


def test_rows_that_a_new_plan_moved_come_by_their_new_line(ledger: Record) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in (3, 7, 9)))
    bring(ledger, "p9", Status.ACCEPTED)

    plan(ledger, person(2, "p9"), person(3, "new"), person(4, "p3"))

    assert [one.key for one in ledger.reading.entries()] == ["p9", "new", "p3"]
    assert [told[1] for told in ledger.reading.told()] == ["p9", "new", "p3"]


@pytest.mark.parametrize(
    "status", [Status.DEFERRED, Status.REJECTED, Status.ACCEPTED, Status.IN_DOUBT, Status.SENDING]
)
def test_an_attempt_is_remembered_as_such(ledger: Record, status: Status) -> None:
    someone(ledger, status)

    assert ledger.reading.has_tried()


@pytest.mark.parametrize("status", [Status.PENDING, Status.FAILED])
def test_what_never_reached_a_server_was_never_tried(ledger: Record, status: Status) -> None:
    someone(ledger, status)

    assert not ledger.reading.has_tried()


def test_the_span_is_from_the_first_attempt_to_the_last_end(ledger: Record) -> None:
    for key, at in zip(crowd(ledger, 3), (30.0, 10.0, 20.0), strict=True):
        send(ledger, key, at=at)

    assert ledger.reading.span() == (10.0, 30.0)


def test_refusals_are_counted_by_their_text_the_most_frequent_first(ledger: Record) -> None:
    keys = crowd(ledger, 5)
    full = Outcome(Status.DEFERRED, Reply(452, "mailbox full", "RCPT", "4.2.2"))
    for key in keys[:3]:
        bring(ledger, key, Status.REJECTED)
    sending(ledger).apply([Settled(entry(ledger, keys[3]).id, full, 60.0, 20.0)])
    send(ledger, keys[4])

    assert ledger.reading.replies() == [
        (550, "5.1.1", "no such user", 3),
        (452, "4.2.2", "mailbox full", 1),
    ]
    assert len(ledger.reading.replies(1)) == 1


def test_contents_are_those_that_may_have_been_read_the_newest_last(ledger: Record) -> None:
    keys = crowd(ledger, 5)
    send(ledger, keys[0], content="new", at=90.0)
    send(ledger, keys[1], content="old", at=50.0)
    send(ledger, keys[2], content="old", at=60.0)
    bring(ledger, keys[3], Status.SENDING)
    sending(ledger).apply([Settled(entry(ledger, keys[3]).id, OUTCOMES[Status.REJECTED], None, 99)])

    assert ledger.reading.contents() == [("old", 2), ("new", 1)]


def test_each_server_has_those_it_accepted(ledger: Record) -> None:
    keys = crowd(ledger, 6)
    for at, server in ((10.0, "one"), (20.0, "two"), (30.0, "one")):
        sending(ledger).apply([Noted("server", server, at)])
    for key, at in zip(keys, (10.0, 19.0, 20.0, 30.0, 31.0, 5.0), strict=True):
        send(ledger, key, at=at)

    assert ledger.reading.servers() == [("one", 5), ("two", 1)]


def test_someone_is_found_by_key_or_address_in_any_spelling(ledger: Record) -> None:
    rows = [person(2, "a-7", email="Ann@example.com"), person(3, "b-8")]
    plan(ledger, *rows, person(4, "a-7"), left_out(person(5, "c-9"), Status.FILTERED))

    for spellings in (("a-7",), ("nobody", "Ann@example.com")):
        found = ledger.reading.named(spellings)
        assert found is not None
        assert found.row == 2
    for spellings in (("c-9",), ("nobody",), ()):
        assert ledger.reading.named(spellings) is None


def test_domains_without_mail_are_those_invalid_for_dns_alone(ledger: Record) -> None:
    reasons = {
        "b": "no mail: b.example",
        "a": "no mail: a.example",
        "c": "the address is empty",
        "d": "x no mail: ",
    }
    rows = [
        left_out(person(line, key, email=f"{key}@{key}.example"), Status.INVALID, reason)
        for line, (key, reason) in enumerate(reasons.items(), 2)
    ]
    plan(ledger, *rows, person(9, "e", email="e@e.example"))

    assert ledger.reading.domains_without_mail("no mail: ") == ["a.example", "b.example"]
