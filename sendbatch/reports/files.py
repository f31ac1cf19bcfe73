"""The reports in the record's folder: each replaced in one step, readable by their owner only."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TextIO

from sendbatch.errors import LedgerError, Place, shell_line, shown
from sendbatch.findings import Finding, Rule
from sendbatch.reports.encryption import Encryption
from sendbatch.reports.formats import FORMATS, PAGE, SEALED, TABLE
from sendbatch.reports.report import Report
from sendbatch.runtime.files import named_folder, replacing

ENCRYPTED = (TABLE, PAGE)  # of the files, where there is a key


def write_files(report: Report, folder: Path, encryption: Encryption | None = None) -> None:
    """Write every format that has a file of its own into `folder`; with an `encryption` those that people
    read also encrypted, to be handed on.

    Whoever reads one while it is written sees the whole old one. Raises LedgerError when
    a file cannot be written, leaving the older one as it was; the others are written all the same.
    """
    wrong: list[Finding] = []
    for form in FORMATS.values():
        if form.file is None:
            continue
        path = folder / form.file
        try:
            _replace(path, partial(form.write, report))
            if encryption is not None and form.file in ENCRYPTED:
                _replace_encrypted(path, encryption)
        except OSError as error:
            wrong.append(_unwritable(path, error, form.name, report.commands.get("report")))
    if wrong:
        raise LedgerError(wrong)


def drop_outdated(folder: Path) -> None:
    """The record is about to change: a page of before, which is handed on as it lies there, is removed. The
    tables stay until there are newer ones, for they also show that there was a record."""
    for name in (PAGE, *(f"{name}{SEALED}" for name in ENCRYPTED)):
        with contextlib.suppress(OSError):  # the page says when it was made
            (folder / name).unlink()


def _replace(path: Path, write: Callable[[TextIO], None]) -> None:
    named_folder(path.parent)
    with replacing(path) as file:
        out = io.TextIOWrapper(file, encoding="utf-8", newline="")
        try:
            write(out)
        finally:
            out.detach()


def _replace_encrypted(path: Path, encryption: Encryption) -> None:
    with replacing(path.with_name(path.name + SEALED)) as file:
        file.write(encryption.of(path.read_bytes()))


def _unwritable(path: Path, error: OSError, form: str, line: str | None) -> Finding:
    hint = "the record itself is complete"
    if line is not None:
        hint += f"; this writes the report to standard output:\n  {line} {shell_line('--format', form)}"
    return Rule.UNWRITABLE_FILE.finding(
        f"the report cannot be written: {error.strerror or error}", Place(shown(path)), hint=hint
    )
