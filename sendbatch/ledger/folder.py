"""Where a record is: one folder a campaign, edition and, for mail that counts for no other, profile."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from sendbatch.errors import LedgerError, SendbatchError, shell_line, shown
from sendbatch.ledger.git.place import WORKING, Place
from sendbatch.ledger.moving import refusal
from sendbatch.ledger.postgres import noted
from sendbatch.ledger.postgres.place import Place as DatabasePlace
from sendbatch.ledger.sqlite.access import (
    ARRIVING,
    LOCK,
    LOG,
    REPORT_FILES,
    denied,
    hold_readable,
    hold_writable,
)
from sendbatch.ledger.sqlite.lost_record import lost
from sendbatch.ledger.sqlite.record import FILE, has_ledger, read_ledger
from sendbatch.runtime.files import create, named_folder, own_folder, sync

REPORTS = "reports"
GIT = "git"  # in place of a folder: the record is in the repository
# What a person says of where the record is: a folder; GIT; a database's address, or a reference to one; None
# leaves it to profiles.yaml. Only a program says an address with a password in it.
Recorded: TypeAlias = "Path | str | None"
OTHERS = 0o027  # the rights of everyone, and the group's to change things


@dataclass(frozen=True, slots=True)
class RecordFolder:
    """`base` holds the records of all editions; `path` is this one's."""

    base: Path
    name: str
    run: str = ""
    profile: str = ""  # set where what goes through it counts for no other
    mails: bool = False  # through such a one, too, recipients get mail
    named: bool = False  # a person named `base`: it may be a link, or lie behind one
    # Where the record is, if not here: then only reports are.
    repository: Place | None = None
    database: DatabasePlace | None = None
    typed: str = ""  # in place of a folder, as a line has it, where profiles.yaml does not say so
    unasked: bool = False  # nothing is asked of repository or database
    campaign: tuple[str, ...] = ("FILE",)  # the words by which a line names the campaign and its edition

    @property
    def path(self) -> Path:
        return self.base / (self._edition(self.run) + self._suffix)

    @property
    def given(self) -> Recorded:
        """What a person said of where it is."""
        if self.typed:
            return self.typed
        return self.base if self.named else None

    @property
    def is_here(self) -> bool:
        """Whether the record is on this disk."""
        return self.repository is None and self.database is None

    @property
    def is_read(self) -> bool:
        """Whether what only looks reads the record: one in a repository takes a key, one in a database its
        address. Raises SendbatchError where that can be had and is none."""
        if self.database is not None:
            return not self.unasked and self.database.has_address
        return self.repository is None or self.repository.has_key

    def left_unread(self) -> RecordFolder:
        """The same, of whose record in a repository or a database nothing is asked."""
        place = self.repository
        if place is not None:
            return replace(self, repository=place.without_key(), unasked=True)
        return self if self.is_here else replace(self, unasked=True)

    @property
    def working(self) -> Path:
        """Where a process that sends has its lock, if it has one."""
        return self.path if self.repository is None else self.path / WORKING

    @property
    def _suffix(self) -> str:
        return f".{self.profile}" if self.profile else ""

    @property
    def _may_go(self) -> bool:
        return bool(self.profile) and not self.mails

    def _edition(self, run: str) -> str:
        return f"{self.name}@{run}" if run else self.name

    def editions(self) -> list[str]:
        """The editions that have a record of this kind, or had one; "" is the one without a name. Raises
        LedgerError; RecordStopped where they are in a repository that is away."""
        if self.database is not None:
            from sendbatch.ledger.records import editions_in

            return editions_in(self.database)
        if self.repository is not None:
            from sendbatch.ledger.git.listing import records_of

            return self.editions_among(records_of(self.repository))
        try:
            names = sorted(os.listdir(self.base))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise denied(self.path, self.base, error) from None
        found = []
        for name in names:
            run = self._run_of(name)
            file = self.base / name / FILE
            if run is not None and (_is_record_of(run, file) or self._had_one(run, file.parent)):
                found.append(run)
        return found

    def editions_among(self, records: Collection[str]) -> list[str]:
        """The editions that records of these names would be of; "" is the one without a name."""
        return sorted(run for run in map(self._run_of, records) if run is not None)

    def _had_one(self, run: str, folder: Path) -> bool:
        """Whether a report shows that the edition had a record, which is gone. One with a dot in it may be
        of mail that was kept; only its record could tell."""
        if self._may_go or "." in run or os.path.lexists(folder / FILE):
            return False
        return any(os.path.lexists(folder / name) for name in REPORT_FILES)

    def _run_of(self, name: str) -> str | None:
        """The edition that a folder of this name would be, None for none of this kind."""
        stem = name.removesuffix(self._suffix)
        if self._suffix and stem == name:
            return None
        if stem == self.name:
            return ""
        return stem.removeprefix(f"{self.name}@") if stem.startswith(f"{self.name}@") else None

    def make(self) -> None:
        """Make the folder, durable with its parents, and keep `reports/` out of version control; of a folder
        that a person named, in which other things may lie, the record alone.

        Raises LedgerError where it cannot be written.
        """
        self.refuse_links()
        try:
            named_folder(self.base if self.named else self.base.parent)
            if not self.named:
                own_folder(self.base)
            own_folder(self.path)
            ignore = (self.path if self.named else self.base) / ".gitignore"
            if not os.path.lexists(ignore):
                create(ignore, b"*\n")
            _close_to_others(self.path)
            tempfile.TemporaryFile(dir=self.path).close()  # can it be written?
        except OSError as error:
            raise denied(self.path, Path(error.filename or self.path), error) from None
        hold_writable(self.path)

    def begin(self) -> None:
        """Make the folder for a run, with an empty ledger before anything else: so a lock without one shows
        that one was lost. Raises LedgerError where it cannot be written, or where its record is gone."""
        self.refuse_links()
        if not self.is_here:
            for refused in (self.beside, self.lost, self.behind):
                if (why := refused()) is not None:
                    raise why
            with contextlib.suppress(LedgerError):  # a checkout that is read-only: reports go nowhere
                self.make()
            return
        if (gone := self.lost()) is not None:
            raise gone
        self._make_with_ledger()

    def note_database(self, accepted: int) -> None:
        """A run begins to send, or has ended, while it has the record: who names another one the next time is
        told where this one is, and one that was put back is known by how far it was. `accepted` have the
        mail at least."""
        if self.database is not None:
            from sendbatch.ledger.records import raise_mark

            raised = partial(raise_mark, self.database)
            noted.note(self.path, self.database.title, accepted, raised)

    def behind(self) -> SendbatchError | None:
        """What is said where the record in a database knows less than it did when it was last sent from here.
        Raises LedgerError."""
        if self.database is None or not self.is_read or self._may_go:
            return None
        seen = noted.mark_in(self.path)  # before the database is asked, where it may be raised meanwhile
        if seen is None:
            return None
        from sendbatch.ledger.records import mark_of

        if mark_of(self.database, seen.name) >= seen.number:
            return None
        typed = ("--record", self.typed) if self.typed else ()
        return noted.put_back(self.path, self.database.title, seen, self.campaign, typed)

    def receive(self) -> None:
        """As `begin`, for a record that comes here, or was on its way when whoever moved it was ended.
        Reports alone show nothing: those of a record that is elsewhere are written here."""
        self.refuse_links()
        had_one = any(os.path.lexists(self.path / name) for name in (FILE, LOCK, LOG))
        if had_one and not os.path.lexists(self.path / ARRIVING) and (gone := self.lost()) is not None:
            raise gone
        self._make_with_ledger()

    def _make_with_ledger(self) -> None:
        self.make()
        with contextlib.suppress(FileExistsError):
            create(self.path / FILE, b"")
            sync(self.path)

    def beside(self) -> SendbatchError | None:
        """What a run is told whose record is elsewhere, where one on this disk knows people whom that would
        mail again, or went to yet another place. Raises LedgerError."""
        if self.is_here or not self.is_read or not has_ledger(self.path):
            return None
        with read_ledger(self.path, moved=True) as ledger:
            move, sent = ledger.move, sum(number for _, number in ledger.reading.contents())
            has_tried = ledger.reading.has_tried()
        if move is not None:
            return None if move.is_done and self._is_there() else refusal(move)
        if not has_tried:
            return None
        if self.database is None:
            from sendbatch.ledger.git.refusals import on_this_disk as beside_the_repository

            return beside_the_repository(shown(self.path), sent)
        from sendbatch.ledger.postgres.refusals import an_older_copy, on_this_disk

        said = an_older_copy if self._is_there() else on_this_disk
        typed = ("--record", self.typed) if self.typed else ()
        return said(
            shown(self.path), shown(self.base), self.campaign, typed, sent, self.database.address
        )

    def _is_there(self) -> bool:
        """Whether the repository, or the database, is known to have a record of this."""
        from sendbatch.ledger.records import has_record

        try:
            return has_record(self)
        except SendbatchError:
            return False

    def lost(self) -> SendbatchError | None:
        """What is said where something shows that there was a record and there is none. One of mail that no
        recipient got may go. Raises LedgerError where the folder cannot be read."""
        if not self.is_here:
            return self._lost_elsewhere() if self.is_read else None
        if self._may_go:
            return None
        if not any(os.path.lexists(self.path / name) for name in (*REPORT_FILES, noted.FILE)):
            return lost(self.path, planned=True)
        if not has_ledger(self.path) and (elsewhere := noted.not_here(self.path)) is not None:
            return elsewhere
        is_empty = hold_readable(self.path) and _is_empty(self.path / FILE)
        return lost(self.path, planned=not is_empty and has_ledger(self.path))

    def _lost_elsewhere(self) -> SendbatchError | None:
        """What stands here is of a record that the database, or the repository, has not. One in a repository
        is held against its witness, too, when it is read. One that is on its way here shows nothing: the
        same command ends that. Raises LedgerError."""
        if os.path.lexists(self.path / ARRIVING):
            return None
        gone = self.beside()
        if gone is None and self.database is not None and not self._may_go:
            gone = noted.in_another(self.path, self.database.title)
        if gone is None:
            return None
        from sendbatch.ledger.records import has_record

        return None if has_record(self) else gone

    def refuse_links(self) -> None:
        """Raises LedgerError where a folder of this record is a link that nobody named: a repository
        that was cloned may bring one along, and the record would be written wherever it leads."""
        if not self.named and os.path.islink(self.base):
            raise LedgerError(
                f"{shown(self.base)}: a symbolic link stands where the folder of the records belongs, "
                "and nothing is written through one",
                hint="if you put it there yourself, name it, and the records in it are used: "
                f"{shell_line('--record', shown(self.base))}",
            )
        if os.path.islink(self.path):
            raise LedgerError(
                f"{shown(self.path)}: a symbolic link stands where the folder of the record belongs, "
                "and nothing is written through one",
                hint="if you put it there yourself, put the folder that it leads to in its place, for that "
                "is the record; one that came with a repository can be removed",
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


def _close_to_others(folder: Path) -> None:
    """A folder of ours that was once made by the umask. A group that was let in to read stays."""
    found = folder.stat()
    mode = stat.S_IMODE(found.st_mode)
    if mode & OTHERS and found.st_uid == os.geteuid():
        folder.chmod(mode & ~OTHERS)
