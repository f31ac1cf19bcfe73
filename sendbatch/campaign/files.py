"""Paths that a file names: relative to it, looked for at once, with a guess at the one meant."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from sendbatch.campaign.declared import DeclaredSuppression
from sendbatch.campaign.declaring import label
from sendbatch.campaign.document import syntax
from sendbatch.campaign.document.nodes import Document, Trail
from sendbatch.campaign.model import SuppressionList
from sendbatch.campaign.names import guess
from sendbatch.campaign.written.parsing import is_encoding
from sendbatch.errors import Fault
from sendbatch.runtime.paths import problem, spelled

MOST_NAMES = 5000  # of a folder are looked through for a guess
SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")


def absolute(path: Path) -> Path:
    """The path from the root on, its folder's links followed, its own name kept."""
    return Path(os.path.realpath(path.parent)) / path.name


@dataclass(frozen=True)
class Files:
    """What one document names: `folder` is where it stands; faults are added to `faults`."""

    document: Document
    folder: Path
    faults: list[Fault]

    def path(self, written: str) -> Path:
        return absolute(spelled(self.folder / written))

    def find(self, trail: Trail, written: str, *, sheets: bool = False, what: str = "") -> Path:
        """The path of a file that must be there; `sheets` says that it may be a spreadsheet, `what`
        the key that a fault is told of, where that is not the trail."""
        path = self.path(written)
        wrong = problem(path)
        what = what or label(trail)
        if wrong is not None:
            hint = self._meant(written) if wrong == "no such file" else None
            place = self.document.at(trail)
            self.faults.append(Fault(f"{what}: {wrong}: {written}", place, hint))
        elif path.suffix.lower() in SPREADSHEETS and not sheets:
            place = self.document.at(trail)
            said = f"{what}: a spreadsheet, not a CSV: {written}"
            self.faults.append(Fault(said, place, "save it as CSV (UTF-8)"))
        return path

    def suppressed(
        self, declared: Sequence[DeclaredSuppression] | None
    ) -> tuple[SuppressionList, ...]:
        """The suppression lists, each looked for at once."""
        return tuple(
            found
            for number, one in enumerate(declared or ())
            if (found := self._list(("suppress", number), one)) is not None
        )

    def _list(self, trail: Trail, declared: DeclaredSuppression) -> SuppressionList | None:
        if declared.encoding is not None and not is_encoding(declared.encoding):
            place = self.document.at((*trail, "encoding"))
            said = f"suppress.encoding: no such encoding: {declared.encoding}"
            self.faults.append(Fault(said, place, "such as utf-8, cp1252 or utf-16"))
        if declared.file is None:
            self.faults.append(Fault("suppress.file is missing", self.document.at(trail)))
            return None
        return SuppressionList(
            self.find((*trail, "file"), declared.file, what="suppress"),
            column=declared.column,
            encoding=declared.encoding or "utf-8",
            subdomains=bool(declared.subdomains),
            lenient=declared.unreadable == "warn",
        )

    def _meant(self, written: str) -> str | None:
        if syntax.lacks_blank(written):
            return syntax.BLANK
        if re.match(r"-\S", written):
            return "a blank is missing after the dash"
        return self._near(written)

    def _near(self, written: str) -> str | None:
        """The path with every part that does not exist replaced by the nearest name."""
        here, meant = self.folder, PurePath()
        for part in PurePath(written).parts:
            name: str | None = part
            if not os.path.lexists(here / part):
                name = guess(part, _names(here))
            if name is None:
                return None
            here, meant = here / name, meant / name
        return f"did you mean {meant}?" if os.path.isfile(here) else None


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry, _ in zip(entries, range(MOST_NAMES), strict=False)]
    except OSError:
        return []
