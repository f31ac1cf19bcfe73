"""Paths that a file names: relative to it, looked for at once, with a guess at the one meant."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath

from sendbatch.campaign.document import syntax
from sendbatch.campaign.names import guess_file
from sendbatch.campaign.spots import Spot
from sendbatch.findings import Rule
from sendbatch.runtime.paths import NO_SUCH_FILE, absolute, problem, spelled
from sendbatch.words import size

MOST_NAMES = 5000  # of a folder are looked through for a guess
MOST_TEXT = 64 * 1024  # bytes of a file whose text stands for a key's
SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")


def find(spot: Spot, written: str, *, spreadsheets: bool = False, what: str = "") -> Path:
    """The path of a file that must be there; a fault at the spot where it is not. `spreadsheets`: it may be
    a spreadsheet, `what` the key that a fault is told of, where that is not the spot's."""
    folder = spot.reading.folder
    path = absolute(spelled(folder / written))
    wrong = problem(path)
    what = what or spot.label
    if wrong is not None:
        hint = _meant(folder, written) if wrong == NO_SUCH_FILE else None
        spot.find(Rule.UNREADABLE_FILE, f"{what}: {wrong}: {written}", hint)
    elif path.suffix.lower() in SPREADSHEETS and not spreadsheets:
        said = f"{what}: a spreadsheet, not a CSV: {written}"
        spot.find(Rule.SPREADSHEET, said, "save it as CSV (UTF-8)")
    return path


def find_source(spot: Spot, written: str, *, spreadsheets: bool = False, what: str = "") -> Path:
    """As `find`, of a file that is read with the one that names it."""
    path = find(spot, written, spreadsheets=spreadsheets, what=what)
    spot.reading.sources.append(path)
    return path


def text_of(spot: Spot, path: Path) -> str | None:
    """What a small file says that is there; None, with a fault at the spot, where that cannot be had."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_TEXT + 1)
        if len(data) > MOST_TEXT:
            spot.blame(Rule.FILE_TOO_LARGE, f"larger than {size(MOST_TEXT)}: {path.name}")
            return None
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        spot.blame(Rule.NOT_UTF_8, f"not UTF-8: {path.name}", "save it as UTF-8")
    except OSError as error:
        spot.blame(Rule.UNREADABLE_FILE, f"cannot be read ({error.strerror}): {path.name}")
    return None


def _meant(folder: Path, written: str) -> str | None:
    if syntax.lacks_blank(written):
        return syntax.BLANK
    if re.match(r"-\S", written):
        return "a blank is missing after the dash"
    return _near(folder, written)


def _near(folder: Path, written: str) -> str | None:
    """The path with every part that does not exist replaced by the nearest name."""
    here, meant = folder, PurePath()
    for part in PurePath(written).parts:
        name: str | None = part
        if not os.path.lexists(here / part):
            name = guess_file(part, _names(here))
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
