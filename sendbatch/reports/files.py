"""The reports in the record's folder: each replaced in one step, readable by their owner only."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TextIO

from sendbatch.errors import Fault, LedgerError, Place, shown
from sendbatch.runtime.files import named_folder, replacing
from sendbatch.ledger.store import Reading
from sendbatch.reports.document import write_json
from sendbatch.reports.table import write_csv
from sendbatch.reports.tally import Tally


def write_reports(store: Reading, folder: Path, tally: Tally) -> tuple[Path, Path]:
    """Writes report.csv and report.json into `folder`; returns their paths, the CSV first. `tally` is
    what the record amounts to, nobody sending now.

    Whoever reads one while it is written sees the whole old one. Raises LedgerError when
    a file cannot be written, leaving the older one as it was.
    """
    table, document = folder / "report.csv", folder / "report.json"
    for path, write in (
        (table, partial(write_csv, store)),
        (document, partial(write_json, store, tally=tally)),
    ):
        try:
            _replace(path, write)
        except OSError as error:
            raise _unwritable(path, error) from error
    return table, document


def _replace(path: Path, write: Callable[[TextIO], None]) -> None:
    named_folder(path.parent)
    with replacing(path) as file:
        out = io.TextIOWrapper(file, encoding="utf-8", newline="")
        try:
            write(out)
        finally:
            out.detach()


def _unwritable(path: Path, error: OSError) -> LedgerError:
    return LedgerError(
        Fault(
            f"the report cannot be written: {error.strerror or error}",
            Place(shown(path)),
            hint="the record itself is complete; `sendbatch report` writes it again",
        )
    )
