"""A run that was killed while it made the record: every verb says what is so, and the next run mends it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.kit.command import Desk
from tests.ledger.test_making_cut_off import MAGIC, journal


def empty(file: Path) -> None:
    file.touch()


def without_tables(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def with_a_journal_to_undo(file: Path) -> None:
    without_tables(file)
    file.with_name("ledger.sqlite-journal").write_bytes(journal(MAGIC))


@pytest.mark.parametrize("left", [empty, without_tables, with_a_journal_to_undo])
def test_whoever_looks_finds_no_record_and_a_run_begins_one(
    desk: Desk, left: Callable[[Path], None]
) -> None:
    desk.record().mkdir(parents=True)
    left(desk.record() / "ledger.sqlite")

    for verb in ("status", "report"):
        ended = desk.run(verb, "spring.yaml")
        assert ended.code == 2
        assert "there is no record here; nothing was sent yet" in ended.err
    for verb in ("plan", "check"):
        assert desk.run(verb, "spring.yaml").code == 0

    assert desk.run("run", "spring.yaml").code == 0
    assert set(desk.statuses().values()) == {"accepted"}


def test_a_log_whose_record_is_gone_is_no_reason_to_mail_everyone_again(desk: Desk) -> None:
    desk.record().mkdir(parents=True)
    (desk.record() / "ledger.sqlite-wal").write_bytes(b"what stands only here")

    for verb in ("status", "report", "plan", "check", "run"):
        ended = desk.run(verb, "spring.yaml")
        assert ended.code == 2
        assert "Restore" in ended.err
    assert not desk.kept()
