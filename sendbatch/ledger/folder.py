"""Where a record is: one folder a campaign, edition and, for mail that is kept, profile."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sendbatch.errors import LedgerError

REPORTS = "reports"


@dataclass(frozen=True, slots=True)
class RecordFolder:
    """`base` holds the records of all editions; `path` is this one's."""

    base: Path
    name: str
    run: str = ""
    profile: str = ""  # set where the mail is kept and not delivered

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
        found = []
        try:
            names = sorted(os.listdir(self.base))
        except OSError:
            return []
        for name in names:
            if (
                not name.endswith(self._suffix)
                or not (self.base / name / "ledger.sqlite").is_file()
            ):
                continue
            stem = name[: len(name) - len(self._suffix)] if self._suffix else name
            if stem == self.name:
                found.append("")
            elif stem.startswith(f"{self.name}@"):
                found.append(stem[len(self.name) + 1 :])
        return found

    def make(self) -> None:
        """Make the folder, durable with its parents, and keep `reports/` out of version control.

        Raises LedgerError where it cannot be written.
        """
        try:
            _make(self.base)
            ignore = self.base / ".gitignore"
            if not ignore.exists():
                _write(ignore, "*\n")
            _make(self.path)
            probe = self.path / ".writable"
            _write(probe, "")
            probe.unlink()
        except OSError as error:
            raise LedgerError(
                f"{self.path}: the record cannot be kept here: {error.strerror}",
                hint="choose another folder: --record DIR",
            ) from None


def _make(folder: Path) -> None:
    if folder.is_dir():
        return
    if not folder.parent.is_dir():
        _make(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync(folder.parent)


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
