"""Everything in a CSV, and everything a server says, is data: it comes back as it was given.

What is no Unicode text, as a lone surrogate, is stopped by whoever reads it, before a record is asked."""

from __future__ import annotations

import pytest

from sendbatch.ledger.facts import Intent, Noted, Remembered, Settled
from sendbatch.ledger.store import Record
from sendbatch.values import Outcome, Reply, Status, Whom, Why
from tests.kit.people import COLUMNS, entry, person, plan, statuses
from tests.kit.selecting import sending

TEXTS = {
    "quotes": '\'); DROP TABLE delivery; -- "x"',
    "a NUL": "before\0after",
    "nothing but a NUL": "\0",
    "another plane": "\U0001f4ef",
    "a direction mark": "\u202egnihtemos",
    "line ends": "one\r\ntwo\u2028three",
    "much": "x" * 100_000,
    "wildcards": "%_*?[a-z]",
    "a number": "1e3",
    "blanks": "  \u00a0 ",
    "a tab": "one\ttwo",
    "backslashes": "\\N \\. \\t \\",
}
given = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())


@given
def test_a_cell_is_handed_out_as_it_stands_in_the_csv(ledger: Record, text: str) -> None:
    plan(ledger, person(2, "ann", name=text))

    (ann,) = ledger.backlog(lambda: 0.0).claim_new(0, 9)

    assert ann.cells == ("ann@example.com", text)
    assert [one.cells for one in ledger.reading.holders()] == [ann.cells]


@given
def test_a_key_and_an_address_may_be_anything(ledger: Record, text: str) -> None:
    plan(
        ledger, person(2, text, email=f"{text}@example.com"), person(3, f"{text}x"), person(4, text)
    )

    assert statuses(ledger) == [
        (text, Status.PENDING),
        (f"{text}x", Status.PENDING),
        (text, Status.DUPLICATE),
    ]
    if "\0" not in text:  # no command line has one, and no list that a person writes
        found = ledger.reading.named((text,))
        assert found is not None
        assert (found.key, found.email) == (text, f"{text}@example.com")
    assert sending(ledger).scope([(text,)]) == []
    assert [one.key for one in sending(ledger).samples(9)] == [text]


@given
def test_a_key_is_known_again_by_the_next_plan(ledger: Record, text: str) -> None:
    plan(ledger, person(2, text, email="ann@example.com"))
    id_ = entry(ledger, text).id
    sending(ledger).apply([Settled(id_, Outcome(Status.REJECTED), None, 5.0)])

    plan(ledger, person(2, "bob"), person(3, text, email="ann@example.com"))

    assert statuses(ledger) == [("bob", Status.PENDING), (text, Status.REJECTED)]
    assert entry(ledger, text).id == id_


@given
def test_a_reply_is_kept_as_it_was_said(ledger: Record, text: str) -> None:
    plan(ledger, person(2, "ann"))
    refused = Outcome(Status.DEFERRED, Reply(550, text, "RCPT"), Whom.RECIPIENT, Why.REFUSED, text)

    sending(ledger).apply([Settled(entry(ledger, "ann").id, refused, 6.0, 5.0)])

    now = entry(ledger, "ann")
    assert (now.code, now.enhanced, now.reply, now.detail) == (550, None, text, text)
    assert ledger.reading.replies() == [(550, None, text, 1)]
    assert [told[6] for told in ledger.reading.report_rows()] == [text]
    assert [held.text for held in ledger.reading.held()] == [text]
    (ann,) = ledger.backlog(lambda: 0.0).claim_due(6.0, 9)
    assert ann.refused == Reply(550, text, "", None)


@given
def test_events_and_meta_are_kept_as_they_were_said(ledger: Record, text: str) -> None:
    sending(ledger).apply([Noted("stopped", text, 5.0), Remembered(f"about {text}", text)])

    assert [event.detail for event in ledger.reading.events()] == [text]
    assert ledger.reading.meta(f"about {text}") == text


@given
def test_a_content_is_told_as_it_was_sent(ledger: Record, text: str) -> None:
    plan(ledger, person(2, "ann"))
    id_ = entry(ledger, "ann").id

    sending(ledger).apply(
        [Intent(id_, text, 5.0, 5.0), Settled(id_, Outcome(Status.ACCEPTED), None, 6.0)]
    )

    assert ledger.reading.contents() == [(text, 1)]


@given
def test_a_suppressed_text_is_that_text_alone(ledger: Record, text: str) -> None:
    plan(
        ledger, person(2, text), person(3, f"{text}x"), person(4, "ann"), suppress=[("text", text)]
    )

    assert [status for _, status in statuses(ledger)] == [
        Status.SUPPRESSED,
        Status.PENDING,
        Status.PENDING,
    ]


def test_the_columns_of_a_plan_may_be_called_anything(ledger: Record) -> None:
    columns = tuple(f"{name} {text}"[:1000] for name, text in TEXTS.items())
    assert len(COLUMNS) == 2
    with ledger.draft() as draft:
        staging = draft.stage(columns)
        staging.settle()
        staging.finish(
            inputs="", recipients_digest="", content_digest="", started_at=1.0, completed_at=2.0
        )
        draft.merge()

    last = ledger.reading.plan()
    assert last is not None
    assert last.columns == columns
