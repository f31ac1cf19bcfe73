"""report.json: totals, groups, and everyone who needs attention."""

from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from sendbatch.ledger.facts import Event
from sendbatch.message.variants import Variants
from sendbatch.reports.json import write
from sendbatch.reports.rows import COLUMNS
from sendbatch.values import Status


def document(record):
    out = io.StringIO()
    write(record.report(), out)
    return json.loads(out.getvalue())


def test_an_empty_record_is_a_whole_document(record) -> None:
    told = document(record)

    assert told["campaign"] == "spring"
    assert told["run"] is None
    assert set(told["totals"].values()) == {0}
    assert told["timings"]["first_attempt_at"] is None
    assert told["attention"] == []


def test_totals_name_every_status_but_sending_which_is_in_doubt(record) -> None:
    record.add(Status.SENDING)
    record.add(Status.IN_DOUBT)
    record.add(Status.ACCEPTED)

    totals = document(record)["totals"]

    assert totals["in_doubt"] == 2
    assert set(totals) == set(Status) - {Status.SENDING}


def test_only_those_who_need_attention_are_listed_with_the_columns_of_the_table(record) -> None:
    for status in Status:
        record.add(status)

    told = document(record)["attention"]

    assert [recipient["status"] for recipient in told] == [
        "in_doubt",
        "deferred",
        "rejected",
        "failed",
        "in_doubt",
        "invalid",
    ]
    assert all(tuple(recipient) == COLUMNS for recipient in told)


def test_replies_contents_servers_timings_and_events_are_told(record) -> None:
    sent = {"content": "a" * 64, "first_attempt_at": 0.0, "finished_at": 4.0}
    record.add(Status.ACCEPTED, code=250, reply="Ok", **sent)
    record.add(Status.ACCEPTED, code=250, reply="Ok", **sent)
    for _ in range(2):
        record.add(Status.DEFERRED, code=450, reply="Later")
    record.used = [("mail.example.com", 2)]
    record.history = [Event(1.5, "slowdown", "13 a second")]

    told = document(record)

    assert told["replies"] == [{"code": 450, "enhanced_code": None, "reply": "Later", "recipients": 2}]
    assert told["contents"] == [{"content": "a" * 12, "recipients": 2}]
    assert told["servers"] == [{"server": "mail.example.com", "accepted": 2}]
    assert told["events"] == [
        {"at": "1970-01-01T00:00:01.500Z", "kind": "slowdown", "detail": "13 a second"}
    ]
    assert told["timings"] == {
        "first_attempt_at": "1970-01-01T00:00:00.000Z",
        "finished_at": "1970-01-01T00:00:04.000Z",
        "seconds": 4.0,
        "messages_per_second": 0.5,
    }


@given(st.text(), st.text())
def test_whatever_a_server_or_a_cell_says_stays_a_string(record, key: str, reply: str) -> None:
    record.rows.clear()
    record.add(Status.REJECTED, key=key, code=550, reply=reply or None)

    (recipient,) = document(record)["attention"]

    assert recipient["key"] == key
    assert recipient["reply"] == (reply or None)


def test_variants_of_the_subject_are_told_by_content_with_what_became_of_each(record) -> None:
    for content, subjects in (("a" * 64, ("One", "Two")), ("b" * 64, ("One", "Two", "Three"))):
        variants = Variants("spring", subjects)
        record.facts[f"subjects of {content}"] = variants.remembered()
    two, three = Variants("spring", ("One", "Two")), Variants("spring", ("One", "Two", "Three"))
    keys = [f"p{number}@example.com" for number in range(9)]
    for key in keys:
        record.add(Status.ACCEPTED, key=key, content="a" * 64)
    record.add(Status.SENDING, key="p0@example.com", content="b" * 64)
    record.add(Status.REJECTED, key="p1@example.com")  # at RCPT: no message was handed over
    record.gone.append(record.add(Status.ACCEPTED, key="left@example.com", content="b" * 64))
    record.rows.pop()

    told = document(record)["variants"]

    assert [(one["variant"], one["content"]) for one in told] == [
        *((name, "a" * 12) for name in "AB"),
        *((name, "b" * 12) for name in "ABC"),
    ]
    names = [two.name_of(key) for key in keys]
    assert [one["accepted"] for one in told[:2]] == [names.count("A"), names.count("B")]
    later = {one["variant"]: one for one in told[2:]}
    assert later[three.name_of("p0@example.com")]["in_doubt"] == 1
    assert sum(one["recipients"] for one in later.values()) == 1  # who left is in no total either
    assert all(one["rejected"] == one["deferred"] == 0 for one in told)
    assert told[1]["subject"] == "Two"


def test_a_record_with_one_subject_has_no_variants(record) -> None:
    record.add(Status.ACCEPTED, content="a" * 64)
    record.facts["subjects of " + "a" * 64] = "no list"
    assert document(record)["variants"] == []
