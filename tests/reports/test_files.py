"""The reports as files: private, whole, replaced in one step."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.errors import LedgerError
from sendbatch.reports.files import drop_outdated, write_files
from sendbatch.values import Status

FILES = ["report.csv", "report.html", "report.json"]


def test_all_reports_are_written_for_their_owner_only(record, tmp_path: Path) -> None:
    record.add(Status.ACCEPTED, email="jürgen@example.com")

    folder = tmp_path / "reports" / "spring"

    write_files(record.report(), folder)

    assert sorted(path.name for path in folder.iterdir()) == FILES
    table, page, document = (folder / name for name in FILES)
    assert "jürgen" not in page.read_text("utf-8")  # it names whoever needs attention
    assert "The server accepted the mail." in page.read_text("utf-8")
    assert "jürgen@example.com" in table.read_bytes().decode("utf-8")
    assert table.read_bytes().count(b"\r\n") == 2
    assert json.loads(document.read_text("utf-8"))["totals"]["accepted"] == 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in (table, page, document)} == {0o600}
    assert stat.S_IMODE(table.parent.stat().st_mode) == 0o700


def test_an_older_report_is_replaced_and_nothing_else_is_left(record, tmp_path: Path) -> None:
    write_files(record.report(), tmp_path)
    record.add(Status.ACCEPTED)

    write_files(record.report(), tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    assert "accepted" in (tmp_path / "report.csv").read_text("utf-8")


def test_a_report_that_cannot_be_written_is_an_error_in_words(record, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LedgerError, match=r"report\.csv: error: the report cannot be written"):
        write_files(record.report(), tmp_path / "file")


def test_one_that_cannot_be_written_holds_up_no_other(record, tmp_path: Path) -> None:
    (tmp_path / "report.csv").mkdir()
    report = replace(record.report(), commands={"report": "sendbatch report spring.yaml"})

    with pytest.raises(LedgerError) as raised:
        write_files(report, tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    assert (tmp_path / "report.html").is_file()
    hint = raised.value.findings[0].hint or ""
    assert hint.endswith("\n  sendbatch report spring.yaml --format csv")
    assert len(raised.value.findings) == 1


def test_a_reading_that_fails_midway_leaves_the_older_report_whole(record, tmp_path: Path) -> None:
    write_files(record.report(), tmp_path)
    before = (tmp_path / "report.csv").read_bytes()
    record.entries = _breaking  # a record whose disk fails

    with pytest.raises(LedgerError):
        write_files(record.report(), tmp_path)

    assert (tmp_path / "report.csv").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


def _breaking(*_: object, **__: object):
    yield from ()
    raise OSError(5, "Input/output error")


def test_a_page_of_before_is_removed_once_the_record_changes_and_the_tables_stay(
    record, tmp_path: Path
) -> None:
    write_files(record.report(), tmp_path)

    drop_outdated(tmp_path)
    drop_outdated(tmp_path)  # where there is none, and no folder
    drop_outdated(tmp_path / "none")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.csv", "report.json"]
