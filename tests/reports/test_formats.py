"""The registry of formats: each is written through it, and what people are told of them is true."""

from __future__ import annotations

import inspect
import io
import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from sendbatch import reports
from sendbatch.ledger.sqlite.access import REPORT_FILES
from sendbatch.reports.files import write_files
from sendbatch.reports.formats import FORMATS, TABLE, Format
from sendbatch.reports.tally import take
from sendbatch.values import Status


@pytest.mark.parametrize("form", FORMATS.values(), ids=list(FORMATS))
def test_each_format_is_written_by_the_module_of_its_name(record, form: Format) -> None:
    record.add(Status.REJECTED, email="jane@example.com", code=550, reply="No such user")
    out = io.StringIO(newline="")

    form.write(record.report(), out)

    assert "jane@example.com" in out.getvalue()
    module = import_module(f"sendbatch.reports.{form.name}")
    assert list(inspect.signature(module.write).parameters) == ["report", "out"]


def test_no_two_formats_have_the_same_file_and_each_shows_that_a_record_was_there() -> None:
    files = [form.file for form in FORMATS.values() if form.file is not None]

    assert len(set(files)) == len(files)
    assert set(files) <= set(REPORT_FILES)
    assert TABLE in files


def test_a_document_of_a_record_that_is_being_sent_has_nobody_sending(record) -> None:
    record.add(Status.SENDING)
    out = io.StringIO()

    FORMATS["json"].write(replace(record.report(), tally=take(record, live=True)), out)

    assert json.loads(out.getvalue())["totals"]["in_doubt"] == 1


def test_a_format_that_is_added_is_an_entry_and_a_module_and_every_run_writes_its_file(
    record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "counted.py").write_text(
        "def write(report, out):\n    out.write(f'{report.tally.counted} rows')\n"
    )
    monkeypatch.setattr(reports, "__path__", [*reports.__path__, str(tmp_path)])
    monkeypatch.setitem(FORMATS, "counted", Format("counted", file="report.txt"))
    record.add(Status.ACCEPTED)

    write_files(record.report(), tmp_path / "out")

    assert (tmp_path / "out" / "report.txt").read_text() == "1 rows"
