"""Where a record is: one folder a campaign, edition and, for mail that is kept, profile."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sendbatch.errors import LedgerError, shown
from sendbatch.files import create, named_folder, own_folder
from sendbatch.ledger.sqlite import FILE, has_ledger

REPORTS = "reports"
REPORT = "report.csv"  # written when a run ends


@dataclass(frozen=True, slots=True)
class RecordFolder:
    """`base` holds the records of all editions; `path` is this one's."""

    base: Path
    name: str
    run: str = ""
    profile: str = ""  # set where the mail is kept and not delivered
    named: bool = False  # a person named `base`: it may be a link, or lie behind one

    @property
    def path(self) -> Path:
        return self.base / (self._edition(self.run) + self._suffix)

    @property
    def _suffix(self) -> str:
        return f".{self.profile}" if self.profile else ""

    def _edition(self, run: str) -> str:
        return f"{self.name}@{run}" if run else self.name

    def editions(self) -> list[str]:
        """The editions that have a record of this kind, "" being the one without a name."""
        try:
            names = sorted(os.listdir(self.base))
        except OSError:
            return []
        found = []
        for name in names:
            run = self._run_of(name)
            file = self.base / name / FILE
            if run is not None and file.is_file() and _is_record_of(run, file):
                found.append(run)
        return found

    def _run_of(self, name: str) -> str | None:
        """The edition that a folder of this name would be, None for none of this kind."""
        stem = name.removesuffix(self._suffix)
        if self._suffix and stem == name:
            return None
        if stem == self.name:
            return ""
        return stem.removeprefix(f"{self.name}@") if stem.startswith(f"{self.name}@") else None

    def make(self) -> None:
        """Make the folder, durable with its parents, and keep `reports/` out of version control.

        Raises LedgerError where it cannot be written, or where its record was emptied.
        """
        self.refuse_links()
        self._not_emptied()
        try:
            named_folder(self.base if self.named else self.base.parent)
            if not self.named:
                own_folder(self.base)
            ignore = self.base / ".gitignore"
            if not os.path.lexists(ignore):
                create(ignore, b"*\n")
            own_folder(self.path)
            tempfile.TemporaryFile(dir=self.path).close()  # can it be written?
        except OSError as error:
            blocked = isinstance(error, FileExistsError | NotADirectoryError)
            why = "a file stands in the way" if blocked else error.strerror
            raise LedgerError(
                f"{shown(self.path)}: the record cannot be kept here: {why}",
                hint="choose another folder: --record DIR",
            ) from None

    def refuse_links(self) -> None:
        """Raises LedgerError where a folder of this record is a link that nobody named: a repository
        that was cloned may bring one along, and the record would be written wherever it leads."""
        if not self.named and self.base.is_symlink():
            raise LedgerError(
                f"{shown(self.base)}: a symbolic link stands where the folder of the records belongs, "
                "and nothing is written through one",
                hint="if you put it there yourself, name it, and the records in it are used: "
                f"--record {shown(self.base)}",
            )
        if self.path.is_symlink():
            raise LedgerError(
                f"{shown(self.path)}: a symbolic link stands where the folder of the record belongs, "
                "and nothing is written through one",
                hint="if you put it there yourself, put the folder that it leads to in its place, for that "
                "is the record; one that came with a repository can be removed",
            )

    def _not_emptied(self) -> None:
        """A run cut off at its very start leaves an empty file, but no report beside it."""
        file = self.path / FILE
        if _is_empty(file) and (self.path / REPORT).exists():
            raise LedgerError(
                f"{file}: the record is empty, and a report says that it was not; nothing was sent. "
                "Restore the file from a backup: starting without it would mail everyone again",
                hint="to start over all the same, remove the folder",
            )


def _is_empty(file: Path) -> bool:
    try:
        return file.stat().st_size == 0
    except OSError:
        return False


def _is_record_of(run: str, file: Path) -> bool:
    """Whether this is a record of that edition with a plan: `news@1.test` may be 1.test, or 1 through
    `test`, and a run that was refused or declined leaves an empty one."""
    try:
        return has_ledger(file.parent, run)
    except LedgerError:
        return True  # it is told of when it is opened
