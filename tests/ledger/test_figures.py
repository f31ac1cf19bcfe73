"""Figures are counted in bounded memory: what grows too fine is made coarser, and nobody is lost by it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sendbatch.ledger import figures
from sendbatch.ledger.figures import counted, roughly
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.records import read_record
from sendbatch.ledger.sqlite.record import FILE
from sendbatch.values import Status, Why


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MOST_UNITS", 10)
    monkeypatch.setattr(figures, "MOST_DOMAINS", 4)


@pytest.mark.usefixtures("coarse")
def test_moments_are_made_coarser_and_all_are_counted() -> None:
    accepted = [(moment, 2) for moment in range(1000, 1095)]
    found = counted((), accepted, [(moment, 1) for moment in range(1000, 1004)], ())

    assert len(found.accepted) <= 10
    assert found.unit == pytest.approx(1.6)
    assert sum(found.accepted.values()) == 190
    assert found.accepted[1000 // 16 + 1] == 32  # whole steps since the epoch
    assert sum(found.others.values()) == 4
    assert set(found.others) <= {1000 // 16, 1003 // 16}  # in the same steps


@pytest.mark.usefixtures("coarse")
def test_domains_beyond_very_many_are_counted_together() -> None:
    rows = [(f"d{number}.example", "accepted", 1, 1) for number in range(30)]
    rows.insert(15, ("large.example", "accepted", 2, 30))

    found = counted(rows, (), (), ())

    assert found.domains["large.example", "accepted"] == 30
    assert sum(found.domains.values()) == 60
    assert len(found.domains) <= 5
    assert found.domains["", "accepted"] >= 26
    assert dict(found.attempts) == {("accepted", 1): 30, ("accepted", 2): 30}


def test_times_are_rounded() -> None:
    found = counted((), (), (), [(False, ms, 1) for ms in range(100_000, 100_050)])

    assert dict(found.took) == {(False, 100_000): 50}


@pytest.mark.parametrize(
    ("ms", "rounded"),
    [(-5, 0), (0, 0), (999, 999), (1099, 1000), (99_999, 99_900), (129_999, 120_000)],
)
def test_a_time_is_rounded_down_to_what_a_person_reads(ms: int, rounded: int) -> None:
    assert roughly(ms) == rounded
    assert roughly(rounded) == rounded


@pytest.mark.parametrize("version", ["version_1", "version_2"])
def test_a_record_of_an_earlier_version_tells_of_the_last_attempts_alone(
    tmp_path: Path, version: str
) -> None:
    sql = (Path(__file__).parent / version / "record.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.executescript(sql)
    with read_record(RecordFolder(tmp_path.parent, tmp_path.name)) as record:
        found = record.reading.figures()
        entries = [one for one in record.reading.entries() if one.finished_at is not None]

    taken = [one for one in entries if one.status is Status.ACCEPTED and one.why != Why.BY_HAND]
    assert sum(found.accepted.values()) == len(taken) > 0
    refused = [one for one in entries if one.status is Status.REJECTED and one.why != Why.BY_HAND]
    assert sum(found.others.values()) >= len(refused) > 0
