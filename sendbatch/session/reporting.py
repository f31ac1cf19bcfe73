"""A record told to a program: its figures, its recipients one by one, and the files of a report."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TextIO

from sendbatch.campaign.model import Campaign
from sendbatch.errors import CampaignError, LedgerError, Place, shown
from sendbatch.findings import Rule
from sendbatch.ledger.folder import RecordFolder
from sendbatch.reports.formats import FORMATS
from sendbatch.reports.report import HANDED_OVER_NOW
from sendbatch.reports.rows import COLUMNS, describer
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.files import replacing
from sendbatch.runtime.notebook import Shown, Told
from sendbatch.session.record import hold_form, hold_recorded, write_report
from sendbatch.session.recorded import recorded
from sendbatch.session.standing import StatusResult, status
from sendbatch.values import Status


class RecordReport(Shown):
    """What a record tells. The figures are those of when they are first asked for; `rows` and what is written
    read the record anew, which matters while a run is under way."""

    def __init__(self, campaign: Campaign, folder: RecordFolder) -> None:
        hold_recorded(campaign, folder)
        self._campaign, self._folder = campaign, folder

    @cached_property
    def status(self) -> StatusResult:
        return status(self._campaign, self._folder, Edge())

    @property
    def exit_code(self) -> int:
        return self.status.exit_code

    @property
    def totals(self) -> Mapping[Status, int]:
        """How many recipients have each status; one that nobody has is not among them."""
        return self.status.totals

    @property
    def summary(self) -> str:
        """The report as text."""
        return self.status.summary

    @property
    def folder(self) -> Path:
        """Where the record and its report are."""
        return self._folder.path

    def rows(self) -> Iterator[dict[str, str | int | None]]:
        """Every recipient, in the order of the CSV, with the columns of report.csv; a cell without a value is
        None. They are read as they are asked for."""
        with recorded(self._campaign, self._folder, Edge()) as record:
            describe = describer(record.reading, HANDED_OVER_NOW if record.under_way else "")
            for told in record.reading.report_rows(all_rows=True):
                yield dict(zip(COLUMNS, describe(told), strict=True))

    @property
    def columns(self) -> Mapping[str, str]:
        """The recipients' own columns, by the names that a table with them gives them: those that have the
        name of one of its own have another there."""
        from sendbatch.reports.csv import columns_beside

        with recorded(self._campaign, self._folder, Edge()) as record:
            return columns_beside(record.reading)

    def told(self) -> Told:
        return self.status.told()._replace(title=f"report on {self._campaign.title}")

    def write(
        self,
        form: str,
        out: TextIO,
        *,
        masked: bool = False,
        with_columns: bool = False,
        excel: bool = False,
    ) -> int:
        """Write it as "text", "csv", "json" or another format of `report --format` to a text file that is
        open, best with `newline=""`; returns the exit code. `masked`: the formats for people ("text",
        "markdown", "junit") have no addresses, the row says who is meant. `with_columns`: a CSV has the
        recipients' own columns, too; `excel`: it begins with a BOM. Raises CampaignError for another
        format."""
        return write_report(
            self._campaign,
            self._folder,
            form,
            out,
            is_masked=masked,
            with_columns=with_columns,
            excel=excel,
        )

    def save(
        self,
        path: str | Path,
        form: str | None = None,
        *,
        with_columns: bool = False,
        excel: bool = False,
    ) -> Path:
        """Write it to a file, which only its owner can read, as its ending says or as `form`; returns the
        path. The rest is as in `write`. Raises LedgerError where the file cannot be written."""
        path = Path(path)
        chosen = form or _FORMS.get(path.suffix.lower(), path.suffix.lower().removeprefix("."))
        if chosen not in FORMATS:
            known = ", ".join(FORMATS)
            raise CampaignError(
                f"{path}: no format is known by this ending", hint=f"say form=, one of {known}"
            )
        hold_form(chosen, with_columns=with_columns, excel=excel)
        try:
            with replacing(path) as file:
                out = io.TextIOWrapper(file, encoding="utf-8", newline="")
                self.write(chosen, out, with_columns=with_columns, excel=excel)
                out.detach()
        except OSError as error:
            said = f"the report cannot be written: {error.strerror or error}"
            raise LedgerError(Rule.UNWRITABLE_FILE.finding(said, Place(shown(path)))) from error
        return path


_FORMS = {".txt": "text", ".md": "markdown", ".htm": "html", ".xml": "junit"}


def report_on(campaign: Campaign, folder: RecordFolder) -> RecordReport:
    """Raises LedgerError without a record."""
    return RecordReport(campaign, folder)
