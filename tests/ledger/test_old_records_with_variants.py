"""A record of an earlier version whose campaign has several subjects by now: who was sent to before has no
variant, who is sent to since has theirs."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sendbatch.ledger.facts import Intent, Settled
from sendbatch.ledger.sqlite.record import FILE, open_ledger, read_ledger
from sendbatch.message.variants import Variants
from sendbatch.reports.csv import write
from sendbatch.reports.report import Report
from sendbatch.reports.tally import take
from sendbatch.values import Status
from tests.kit.people import OUTCOMES, clock, remember

NEW = "f" * 64
VARIANTS = Variants("spring", ("One", "Two"))


@pytest.mark.parametrize("version", ["version_1", "version_2"])
def test_a_list_of_subjects_begins_with_those_who_are_sent_to_since(
    version: str, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.executescript((Path(__file__).parent / version / "record.sql").read_text("utf-8"))
    with open_ledger(tmp_path) as ledger:
        ledger.recover(9000.0)
        remember(ledger, **{f"subjects of {NEW}": VARIANTS.remembered()})
        assert take(ledger.reading).variants == ()
        before = {one.key: one.content for one in ledger.reading.entries(all_rows=True)}
        backlog = ledger.backlog(clock)
        with ledger.draft() as draft:
            draft.merge()
        sent = backlog.claim_new(0, 99)
        for one in sent:
            taken = OUTCOMES[Status.ACCEPTED]
            backlog.apply([Intent(one.id, NEW, 9001, 9001), Settled(one.id, taken, None, 9001)])
    keys = [one.key for one in sent]
    assert keys
    with read_ledger(tmp_path) as record:
        tally = take(record.reading)
        names = [VARIANTS.name_of(key) for key in keys]
        assert [(one.name, one.content, one.totals.get(Status.ACCEPTED, 0)) for one in tally.variants] == [
            (name, NEW, names.count(name)) for name in "AB"
        ]
        out = io.StringIO()
        write(Report(record.reading, tally, "spring", {}), out)
    told = {row["key"]: row["variant"] for row in csv.DictReader(io.StringIO(out.getvalue()))}
    assert any(before.values())
    assert told == {
        key.replace("=", "'=") if key.startswith("=") else key: VARIANTS.name_of(key) if key in keys else ""
        for key in before
    }
