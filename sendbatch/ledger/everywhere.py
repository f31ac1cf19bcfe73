"""Records wherever they lie, whichever campaign they are of: found by their files, below a folder."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sendbatch.errors import shown
from sendbatch.ledger.facts import Work
from sendbatch.ledger.git.place import Place as GitPlace
from sendbatch.ledger.moving import Move
from sendbatch.ledger.person import Blanked, Stories, Whose, Words
from sendbatch.ledger.postgres.address import Address
from sendbatch.ledger.postgres.place import Place, hold_installed
from sendbatch.ledger.sqlite.access import FILE, LOCK, LOG, SHARED
from sendbatch.ledger.sqlite.leaving import moves_in
from sendbatch.ledger.sqlite.lock import HOLDER, hold
from sendbatch.ledger.sqlite.record import open_ledger, read_ledger
from sendbatch.ledger.sqlite.version_1 import KEPT
from sendbatch.ledger.store import Reading
from sendbatch.runtime.files import is_regular

# Folders in which nothing of a campaign lies, and which may be large.
_PASSED = frozenset({".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".tox"})
OF_RECORD = frozenset({FILE, LOG, SHARED, LOCK, HOLDER})  # files that only the record itself writes
COPY_OF_1 = FILE + KEPT


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


class Telling(Protocol):
    """A record that is only looked at, and tells of single people."""

    @property
    def reading(self) -> Reading: ...

    @property
    def under_way(self) -> bool:
        """Whether a run is alive on it."""
        ...

    @property
    def move(self) -> Move | None:
        """Where it is going, or has gone: then what it tells may be out of date."""
        ...

    def stories(self, whose: Whose) -> Stories:
        """All that stands there of them."""
        ...


class Forgetting(Protocol):
    """A record in this hand, which can forget single people."""

    @property
    def reading(self) -> Reading: ...

    def forget(self, whose: Whose, words: Words, at: float) -> Blanked:
        """Blank them, in one transaction; a hash of their key stays. Raises RecordStopped, RecordLost."""
        ...

    def erase(self) -> bool:
        """Nothing is left on the disk of what does not stand in the record; False where somebody else reads
        it meanwhile, and something may be left until that ends. Raises RecordStopped."""
        ...


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a record is: in a folder, a database, or a repository, whose receipts name nobody; then `beside`
    is where its reports are. `left` is the move by which it goes elsewhere, or has gone, `arrival` the token
    of the one by which it came; `said` is what --record names its database by, "" where profiles.yaml
    does."""

    folder: Path | None
    place: Place | None = None
    repository: GitPlace | None = None
    beside: Path | None = None
    left: Move | None = None
    arrival: str = ""
    said: str = ""

    @property
    def title(self) -> str:
        """As people are told of it."""
        if self.place is not None:
            return self.place.title
        if self.repository is not None:
            return self.repository.ref
        assert self.folder is not None
        return shown(self.folder)

    @property
    def has_moved(self) -> bool:
        """Whether only what a record has left is here."""
        return self.left is not None and self.left.is_done

    def is_end_of(self, move: Move) -> bool:
        """Whether this is where that one leads to; a folder may have another path by now."""
        where = str(self.folder.resolve()) if self.folder is not None else self.title
        return where == move.to or (bool(move.token) and self.arrival == move.token)

    @contextlib.contextmanager
    def looked_at(self, whose: Whose) -> Iterator[Telling | None]:
        """The record, as it stands at this moment; None where it is known not to know them. Raises
        LedgerError, RecordStopped."""
        if self.place is not None:
            from sendbatch.ledger.postgres import persons

            with persons.looked_at(self.place, whose) as shared:
                yield shared
            return
        if self.repository is not None:
            from sendbatch.ledger.git.record import open_git_copy

            secret = self.repository.secret().of(self.repository.ref)
            with open_git_copy(self.repository, time.time(), moved=True) as copy:
                copy.name_strangers({secret.id_of(key): key for key in whose.keys})
                yield copy
            return
        assert self.folder is not None
        with read_ledger(self.folder, moved=True) as ledger:
            yield ledger

    @contextlib.contextmanager
    def in_hand(self, *, holder: str, now: Callable[[], float]) -> Iterator[Forgetting]:
        """The record, in this hand. Raises LockedError while a run has it, LedgerError, RecordStopped."""
        if self.place is not None:
            from sendbatch.ledger.postgres import persons

            with (
                persons.left_in_hand(self.place)
                if self.has_moved
                else persons.in_hand(self.place, holder=holder, now=now)
            ) as shared:
                yield shared
            return
        if self.repository is not None:
            from sendbatch.ledger.git.record import open_git_record

            with open_git_record(
                self.repository, self.beside or Path(), since="a moment ago", holder=holder, now=now
            ) as kept:
                yield kept
            return
        assert self.folder is not None
        with (
            hold(self.folder, since="a moment ago", holder=holder, work=Work.FORGET) as held,
            open_ledger(self.folder, held, moved=True) as ledger,
        ):
            yield ledger


def spot_of(folder: Path) -> Spot:
    """The record in this folder; what is wrong with it is told by who looks at it."""
    left, arrival = moves_in(folder)
    return Spot(folder, left=left, arrival=arrival)


def spots_in(address: Address, said: str) -> list[Spot]:
    """All records of a database. Raises LedgerError, also where what reaches one is not installed."""
    hold_installed()
    from sendbatch.ledger.postgres import persons

    return [
        Spot(None, place, left=left, arrival=arrival, said=said)
        for place, left, arrival in persons.places_in(address)
    ]


def move_in_repository(place: GitPlace) -> Move | None:
    """By which the record there goes elsewhere, or has gone. Raises GuardError, LedgerError,
    RecordStopped."""
    from sendbatch.ledger.git.record import move_of

    return move_of(place)
