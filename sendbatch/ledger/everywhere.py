"""Records wherever they lie, whichever campaign they are of: found by their files, below a folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from sendbatch.ledger.person import Stories, Whose
from sendbatch.ledger.sqlite.access import FILE
from sendbatch.ledger.sqlite.record import read_ledger
from sendbatch.ledger.store import Snapshot
from sendbatch.runtime.files import is_regular

# Folders in which nothing of a campaign lies, and which may be large.
_PASSED = frozenset({".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".tox"})


def folders_below(
    top: Path, heed: Callable[[], None] = lambda: None, unread: Callable[[Path, str], None] = lambda *_: None
) -> Iterator[Path]:
    """The folder and all below it, by name; no link is followed. `heed` is called for each, `unread` told of
    one that cannot be looked into, and why."""

    def tell(error: OSError) -> None:
        unread(Path(error.filename or top), error.strerror or str(error))

    for folder, inner, _ in os.walk(top, onerror=tell):
        heed()
        inner[:] = sorted(name for name in inner if name not in _PASSED)
        yield Path(folder)


def has_file(folder: Path) -> bool:
    """Whether a record, or an empty one, lies in this folder."""
    return is_regular(folder / FILE) and (folder / FILE).stat().st_size > 0


class Telling(Snapshot, Protocol):
    """A record that is only looked at, and tells of single people."""

    def stories(self, whose: Whose) -> Stories:
        """All that stands there of them."""
        ...


@contextlib.contextmanager
def looked_at(folder: Path) -> Iterator[Telling]:
    """The record in this folder, as it stands at this moment. Raises LedgerError."""
    with read_ledger(folder) as ledger:
        yield ledger
