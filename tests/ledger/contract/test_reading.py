"""What the record tells of itself."""

from __future__ import annotations

import pytest

from sendbatch.ledger.facts import Intent, Noted, Saying, Settled
from sendbatch.ledger.store import Record
from sendbatch.values import Outcome, Reply, Status, Why
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
    assert [told[:2] for told in ledger.reading.report_rows()] == [(3, "p3"), (7, "p7"), (9, "p9")]
    assert [one.row for one in ledger.reading.entries([Status.ACCEPTED])] == [9]
    assert list(ledger.reading.entries([])) == []


def test_rows_that_a_new_plan_moved_come_by_their_new_line(ledger: Record) -> None:
    plan(ledger, *(person(line, f"p{line}") for line in (3, 7, 9)))
    bring(ledger, "p9", Status.ACCEPTED)

    plan(ledger, person(2, "p9"), person(3, "new"), person(4, "p3"))

    assert [one.key for one in ledger.reading.entries()] == ["p9", "new", "p3"]
    assert [told[1] for told in ledger.reading.report_rows()] == ["p9", "new", "p3"]


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


@pytest.mark.parametrize("to", [Status.PENDING, Status.REJECTED, Status.ACCEPTED])
def test_who_is_settled_by_hand_later_does_not_lengthen_the_span(ledger: Record, to: Status) -> None:
    key, other = crowd(ledger, 2)
    send(ledger, other, at=10.0)
    bring(ledger, key, Status.IN_DOUBT)
    _, ended = ledger.reading.span()

    assert ledger.resolve([(key,)], to, 900_000.0) == []

    assert ledger.reading.span()[1] in (ended, 10.0)


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
    found = {"b": Why.NO_DOMAIN, "f": Why.NULL_MX, "a": Why.NO_HOST, "c": Why.NO_KEY}
    rows = [
        left_out(person(line, key, email=f"{key}@{key}.example"), Status.INVALID, why)
        for line, (key, why) in enumerate(found.items(), 2)
    ]
    plan(ledger, *rows, person(9, "e", email="e@e.example"))

    assert ledger.reading.domains_without_mail() == ["a.example", "b.example", "f.example"]


def test_a_census_counts_rows_by_status_and_who_holds_a_key(ledger: Record) -> None:
    rows = [person(2, "ann"), person(3, "bob"), person(4, "ann")]
    plan(ledger, *rows, left_out(person(5, "eve"), Status.FILTERED))
    bring(ledger, "bob", Status.ACCEPTED)

    assert ledger.reading.census() == (
        {Status.PENDING: 1, Status.ACCEPTED: 1, Status.DUPLICATE: 1, Status.FILTERED: 1},
        2,
    )
    assert ledger.reading.totals() == ledger.reading.census()[0]


def test_all_rows_has_those_who_left_the_csv_where_they_last_stood(ledger: Record) -> None:
    keys = crowd(ledger, 6)
    for key in keys[1:4]:
        bring(ledger, key, Status.REJECTED)

    plan(ledger, person(2, "p0"), person(3, "p3"), person(7, "new"))

    listed = [(one.row, one.key) for one in ledger.reading.entries(all_rows=True)]
    assert listed == [(2, "p0"), (3, "p1"), (3, "p3"), (4, "p2"), (7, "new")]
    assert [told[:2] for told in ledger.reading.report_rows(all_rows=True)] == listed
    gone = ledger.reading.entries({Status.WITHDRAWN}, all_rows=True)
    assert [one.key for one in gone] == ["p1", "p2"]
    assert list(ledger.reading.entries({Status.WITHDRAWN})) == []


def test_rows_come_with_the_cells_of_the_last_plan_and_without_where_it_has_none(
    ledger: Record,
) -> None:
    crowd(ledger, 4)
    for key in ("p1", "p2"):
        bring(ledger, key, Status.IN_DOUBT)
    other = left_out(person(5, "p4", name="other"), Status.FILTERED)

    plan(ledger, person(2, "p0"), person(4, "p2", name="new"), other)

    found = [(told[1], told[3], cells) for told, cells in ledger.reading.rows_with_cells()]
    assert found == [
        ("p0", "pending", ("p0@example.com", "you")),
        ("p1", "in_doubt", ()),
        ("p2", "in_doubt", ("p2@example.com", "new")),
        ("p4", "filtered", ("p4@example.com", "other")),
    ]


def test_who_holds_a_key_that_is_not_the_address_is_told(ledger: Record) -> None:
    plan(
        ledger,
        person(2, "ann@example.com", email="Ann@Example.com"),
        person(3, "a-7", email="bob@example.com"),
        person(4, "älter@example.com", email="Älter@example.com"),
        left_out(person(5, "b-8", email="eve@example.com"), Status.FILTERED),
    )

    assert list(ledger.reading.unlike_their_key()) == [
        (3, "a-7", "bob@example.com"),
        (4, "älter@example.com", "Älter@example.com"),
    ]


def test_addresses_are_told_by_line_of_all_who_hold_a_key(ledger: Record) -> None:
    plan(
        ledger,
        person(2, "a-7", email="Ann@Example.com"),
        left_out(person(3, "b-8", email="eve@example.com"), Status.FILTERED),
        person(5, "c-9", email="bob@example.com"),
    )

    assert list(ledger.reading.addresses()) == [
        (2, "a-7", "Ann@Example.com"),
        (5, "c-9", "bob@example.com"),
    ]


def test_addresses_that_several_keys_share_are_told(ledger: Record) -> None:
    emails = ("x@example.com", "y@example.com", "X@example.com", "y@example.com", "z@example.com")
    plan(ledger, *(person(line, f"k{line}", email=email) for line, email in enumerate(emails, 2)))

    assert ledger.reading.shared_addresses(9) == (2, [(2, 4), (3, 5)])
    assert ledger.reading.shared_addresses(1) == (2, [(2, 4)])


def test_what_cells_say_is_counted_without_case_and_blanks(ledger: Record) -> None:
    names = (" yes ", "YES", "no", "yes", "\u00a0Yes\t", "ye s")
    rows = [person(line, f"p{line}", name=name) for line, name in enumerate(names, 2)]
    plan(ledger, *rows, left_out(person(9, "p9", name="yes"), Status.FILTERED))

    assert ledger.reading.saying("name", ("yes", "y")) == Saying(
        4, ("yes", "YES", "Yes"), (2, 3, 5, 6)
    )
    assert ledger.reading.saying("name", ("maybe",)) == Saying(0, (), ())
    assert ledger.reading.usual("name", 2) == ["yes", "YES"]
    assert ledger.reading.usual("name", 9) == ["yes", "YES", "Yes", "no", "ye s"]


def test_empty_cells_of_several_columns_are_counted_in_one_go(ledger: Record) -> None:
    names = ("", "Ann", '""', "", "\\", "", "", "", "")
    rows = [person(line, f"p{line}", name=name) for line, name in enumerate(names, 2)]
    plan(ledger, *rows, left_out(person(19, "p19", name=""), Status.FILTERED))

    found = ledger.reading.empty(("name", "email"))
    assert found == {"name": Saying(6, ("",), (2, 5, 7, 8, 9)), "email": Saying(0, (), ())}
    assert ledger.reading.empty(()) == {}


def test_who_was_accepted_since_a_time_is_counted(ledger: Record) -> None:
    ann, bob, *_ = crowd(ledger, 3)
    send(ledger, ann, at=20.0)
    send(ledger, bob, at=30.0)
    assert [ledger.reading.accepted_since(at) for at in (10.0, 30.0, 30.5)] == [2, 1, 0]


def test_the_latest_time_is_that_of_whatever_was_written_last(ledger: Record) -> None:
    assert ledger.reading.latest() == 0
    ann, bob = crowd(ledger, 2)
    send(ledger, ann, at=20.0)
    assert ledger.reading.latest() == 20.0
    sending(ledger).apply([Intent(entry(ledger, bob).id, "digest", 30.0, 25.0)])
    assert ledger.reading.latest() == 30.0
    sending(ledger).apply([Noted("stopped", "why", 40.0)])
    assert ledger.reading.latest() == 40.0


def test_keys_of_whoever_was_tried_that_were_made_otherwise_once_are_told(ledger: Record) -> None:
    keys = ("plain", "älter", '"quoted"', '"', "tab\there", "~")
    plan(ledger, *(person(line, key, email="x@example.com") for line, key in enumerate(keys, 2)))
    assert list(ledger.reading.tried_keys_of_before()) == []

    for key in keys:
        bring(ledger, key, Status.REJECTED)

    assert sorted(ledger.reading.tried_keys_of_before()) == ['"quoted"', "tab\there", "älter"]


def test_the_cells_of_some_who_were_tried_are_told_by_column(ledger: Record) -> None:
    keys = crowd(ledger, 4)
    for key in keys[1:]:
        bring(ledger, key, Status.ACCEPTED)

    found = list(ledger.reading.tried_cells(2))

    assert len(found) == 2
    for key, cells in found:
        assert key in keys[1:]
        assert cells == {"email": f"{key}@example.com", "name": "you"}


def test_what_is_remembered_of_subjects_is_told_by_content(ledger: Record) -> None:
    assert ledger.reading.subjects() == {}
    draft_of = {"subjects of one": "a", "subjects of two": "b", "domain of one": "c"}
    remember(ledger, **draft_of)

    assert ledger.reading.subjects() == {"one": "a", "two": "b"}


def test_who_was_tried_with_a_content_is_told_by_key(ledger: Record) -> None:
    crowd(ledger, 6)
    send(ledger, "p0", content="one")
    send(ledger, "p1", content="two")
    send(ledger, "p2", content="three")
    refused, id_ = Outcome(Status.REJECTED, TAKEN), entry(ledger, "p3").id
    sending(ledger).apply([Intent(id_, "four", 20, 20), Settled(id_, refused, None, 20)])
    plan(ledger, *(person(line, f"p{line}") for line in (1, 2, 3, 4, 5)))

    found = set(ledger.reading.tried_with(["one", "two"]))

    assert found == {("p1", "two", Status.ACCEPTED)}  # p0 is no longer in the plan
    assert list(ledger.reading.tried_with(["four"])) == [("p3", "four", Status.REJECTED)]
    assert list(ledger.reading.tried_with([])) == []


def refused(ledger: Record, key: str, text: str, at: float = 20.0) -> None:
    reply = Outcome(
        Status.REJECTED, Reply(550, text, "RCPT", "5.1.1"), None, Why.MAILBOX, "recipient"
    )
    sending(ledger).apply([Settled(entry(ledger, key).id, reply, None, at)])


def test_answers_that_differ_by_the_address_or_by_digits_alone_are_one(ledger: Record) -> None:
    keys = crowd(ledger, 6)
    for key in keys[:3]:
        refused(ledger, key, f"<{key}@example.com>: no such user, id {key[1]}7")
    refused(ledger, keys[3], "no such user")
    bring(ledger, keys[4], Status.DEFERRED)

    first, *others = ledger.reading.answers((Status.REJECTED, Status.DEFERRED), 9)

    assert (first.status, first.code, first.enhanced) == (Status.REJECTED, 550, "5.1.1")
    assert (first.text, first.recipients) == ("<p0@example.com>: no such user, id 07", 3)
    assert (first.varies, first.why, first.detail) == (True, Why.MAILBOX, "recipient")
    assert [(one.status, one.recipients, one.varies) for one in others] == [
        (Status.DEFERRED, 1, False),
        (Status.REJECTED, 1, False),
    ]
    assert ledger.reading.answers((Status.REJECTED,), 1) == [first]
    assert ledger.reading.answers((), 9) == []


def test_figures_tell_when_attempts_ended_and_how(ledger: Record) -> None:
    keys = crowd(ledger, 4)
    send(ledger, keys[0], at=20.04)
    send(ledger, keys[1], at=20.07)
    later = Outcome(Status.DEFERRED, Reply(451, "later", "RCPT"))
    sending(ledger).apply([Settled(entry(ledger, keys[2]).id, later, 60.0, 21.0)])
    send(ledger, keys[2], at=83.5)
    bring(ledger, keys[3], Status.REJECTED)

    figures = ledger.reading.figures()

    assert figures.unit == 0.1
    assert dict(figures.accepted) == {200: 2, 835: 1}
    assert sum(figures.others.values()) == 2
    assert figures.others[210] == 1
    assert dict(figures.attempts) == {("accepted", 1): 2, ("accepted", 2): 1, ("rejected", 1): 1}
    assert dict(figures.took) == {(False, 0): 2, (True, 62_500): 1}
    assert dict(figures.domains) == {
        ("example.com", "accepted"): 3,
        ("example.com", "rejected"): 1,
    }


def test_figures_leave_out_who_was_settled_by_hand_or_has_left(ledger: Record) -> None:
    keys = crowd(ledger, 4)
    for key in keys[:2]:
        bring(ledger, key, Status.IN_DOUBT)
    bring(ledger, keys[2], Status.REJECTED)
    ledger.resolve([(keys[0],)], Status.ACCEPTED, 99.0)
    plan(ledger, person(2, "p0"), person(3, "p1"), person(4, "p3"))

    figures = ledger.reading.figures()

    assert not figures.accepted
    assert dict(figures.took) == {}
    assert sum(figures.others.values()) == 2
    assert dict(figures.attempts) == {("accepted", 1): 1, ("in_doubt", 1): 1}


def test_who_is_being_sent_to_counts_with_an_attempt(ledger: Record) -> None:
    (key,) = crowd(ledger, 1)
    bring(ledger, key, Status.SENDING)

    assert dict(ledger.reading.figures().attempts) == {("sending", 1): 1}


@pytest.mark.parametrize(
    ("email", "domain"),
    [("a@Example.com", "Example.com"), ('"x@y"@example.org', "example.org"), ("ä@ö.de", "ö.de")],
)
def test_a_domain_is_what_follows_the_last_at(ledger: Record, email: str, domain: str) -> None:
    plan(ledger, person(2, "p", email=email))
    bring(ledger, "p", Status.ACCEPTED)

    assert dict(ledger.reading.figures().domains) == {(domain, "accepted"): 1}
