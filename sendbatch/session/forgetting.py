"""Who asks to be deleted is forgotten in all records that can be seen: first it is told what is to be blanked
and where, then a person is asked, then each record is blanked in one transaction, and the files that were
made of it are removed, or made anew.

Whatever is ended or refused in the middle can be called again: what is blanked stays so, and is looked
through once more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from sendbatch.campaign.model import Campaign
from sendbatch.errors import GuardError, LockedError, SendbatchError, one_line, shown
from sendbatch.ledger.everywhere import (
    COPY_OF_1,
    OF_RECORD,
    Forgetting,
    Spot,
    Telling,
    folders_below,
)
from sendbatch.ledger.naming import Naming
from sendbatch.ledger.person import Blanked, Names, Stories, Whose, Words
from sendbatch.ledger.store import Record
from sendbatch.message.remembered import unpacked
from sendbatch.planning.keys import of_today
from sendbatch.planning.options import spellings
from sendbatch.reports.encryption import encryption_of
from sendbatch.reports.files import write_files
from sendbatch.reports.formats import FORMATS
from sendbatch.reports.traced import Unread
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.notebook import Shown, Told
from sendbatch.runtime.stop import Stop
from sendbatch.session.record import report_of
from sendbatch.session.recorded import plan_anew
from sendbatch.session.spots import folders_of, in_repository, made_from
from sendbatch.session.tracing import Found, Where, found_at, whose
from sendbatch.words import count

_IN_DATABASE = (
    "blanked in all its tables; the database's own files, its log and its backups have the bytes until the "
    "server overwrites them, or drops the log"
)
_REPORTS = frozenset(form.file for form in FORMATS.values() if form.file is not None)
_PAGES = frozenset({"outbox.html", "now.json", COPY_OF_1})
_FOLDERS = frozenset({"outbox", "preview"})  # all in them is made from the record, or kept of its mail


@runtime_checkable
class Planned(Record, Protocol):
    """One that is made of receipts, and of the rows that a plan gives it."""


@dataclass(frozen=True, slots=True)
class InRecord:
    """What is to be blanked in the record here, and which of the files that were made of it are removed;
    `folders` are where they lie."""

    spot: Spot
    stories: Stories
    folders: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """In how many records, and where, as it was named."""

    records: int
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToForget:
    """What a person is asked about. `lists` are the other files that name them, which stay."""

    typed: str
    records: tuple[InRecord, ...]
    others: tuple[Path, ...]
    unread: tuple[Unread, ...]
    looked: Looked


@dataclass(frozen=True, slots=True, repr=False)
class Forgotten(Shown):
    """What was done. `blanked` is by where the record is; `removed` and `written` are files; `remain` is what
    names them still, each with what is to be done; `unread` what could not be looked into or changed."""

    typed: str
    blanked: tuple[tuple[str, Blanked], ...]
    removed: tuple[Path, ...]
    written: tuple[Path, ...]
    remain: tuple[tuple[str, str], ...]
    unread: tuple[Unread, ...]
    held: bool
    looked: Looked

    @property
    def exit_code(self) -> int:
        """0 where they are forgotten, 1 where nothing of them was found, 2 where something could not be read
        or changed, 5 where a run began meanwhile."""
        if self.held:
            return LockedError.exit_code
        if self.unread:
            return 2
        return 0 if self.blanked or self.removed else 1

    def told(self) -> Told:
        facts = {"records": str(len(self.blanked)), "files removed": str(len(self.removed))}
        return Told("a person was forgotten", facts, tuple(f"{one.what}: {one.why}" for one in self.unread))


def forget(
    typed: str, place: Where, ask: Callable[[ToForget], bool] | None, edge: Edge, stop: Stop
) -> Forgotten:
    """Raises CampaignError where nobody is named, LockedError while a run has one of the records, GuardError
    where the answer is no; then nothing was changed."""
    who = whose(typed)
    found = found_at(place, edge, stop)
    unread = list(found.unread)
    looked = Looked(len(found.spots), place.told)
    records = list(_records(found, who, edge, unread))
    names = _all_names(who, records)
    naming = Naming(names.addresses)
    records = list(_with_files(records, naming, unread))
    records = [one for one in records if one.stories or one.files or _is_left(one.spot.folder, naming)]
    folders = {folder for one in records for folder in one.folders}
    others = tuple(_elsewhere(place.tops, folders, naming, stop, unread))
    if not records:
        remain = tuple((shown(path), _what_to_do(path, found.campaigns)) for path in others)
        return Forgotten(who.typed, (), (), (), remain, tuple(unread), False, looked)
    if ask is not None and not ask(ToForget(who.typed, tuple(records), others, tuple(unread), looked)):
        raise GuardError("nobody was forgotten: the answer was no")
    stop.heed()
    return _Work(who, names, naming, edge, unread).of(records, found.campaigns, others, looked)


def _records(found: Found, who: Whose, edge: Edge, unread: list[Unread]) -> Iterator[InRecord]:
    """What a record has left that moved comes last: the files beside it may be those of the record. Raises
    LockedError where a run is alive on one that knows them."""
    for spot in sorted(found.spots, key=lambda spot: spot.has_moved):
        try:
            told = _stories(spot, found, who, edge)
        except SendbatchError as error:
            unread.append(Unread(spot.title, one_line(error.message, 500)))
            continue
        if told is None:
            continue
        stories, under_way = told
        if under_way and stories:
            raise LockedError(
                f"{spot.title}: a run of this campaign is under way; nobody was forgotten",
                hint="let it end, or stop it, and say it again: nobody changes what a run sends from",
            )
        yield InRecord(spot, stories, tuple(folders_of(spot, found.campaigns, edge)))


def _stories(spot: Spot, found: Found, who: Whose, edge: Edge) -> tuple[Stories, bool] | None:
    """What it tells of them, and whether a run is under way; None where it is known not to know them."""
    if spot.repository is not None and spot.has_moved:
        return None  # nobody is named in what it has left
    with spot.looked_at(who) as record:
        if record is None:
            return None
        if spot.repository is not None:
            _name(spot, record, found.campaigns, edge)
        return record.stories(who), record.under_way


def _name(spot: Spot, record: Telling | Forgetting, campaigns: list[Campaign], edge: Edge) -> None:
    """The list of recipients says whose receipts they are. Raises as a plan does."""
    assert isinstance(record, Planned)
    campaign, folder = in_repository(spot, campaigns, edge)
    record.recover(edge.clock.wall())
    plan_anew(campaign, folder, record, edge)


def _with_files(records: list[InRecord], naming: Naming, unread: list[Unread]) -> Iterator[InRecord]:
    """Each with the files that are its own."""
    seen = set[Path]()
    for record in records:
        files = [
            path
            for folder in record.folders
            for path in _files(folder, naming, unread)
            if path.resolve() not in seen
        ]
        seen.update(path.resolve() for path in files)
        yield replace(record, files=tuple(files))


def _all_names(who: Whose, records: list[InRecord]) -> Names:
    """By what they are called in any of the records: an address of before may stand in a file of another."""
    addresses, keys = set(who.addresses), set(who.keys)
    for record in records:
        for story in record.stories.stories:
            addresses.update(one.lower() for one in story.addresses if "@" in one)
    return Names(frozenset(addresses), frozenset(keys))


def _files(folder: Path, naming: Naming, unread: list[Unread]) -> Iterator[Path]:
    """Those beside a record that were made of it, or of its mail, and name them."""
    for path in _within(folder):
        if _is_made(path.relative_to(folder)) and _is_in(path, naming, unread):
            yield path


def _is_made(inner: Path) -> bool:
    """Whether a file in the folder of a record is made of it; also one that was not finished."""
    name = str(inner)
    if name.startswith(".") and name.endswith(".tmp"):
        name = name[1:].rsplit(".", 2)[0]  # files.replacing
    return inner.parts[0] in _FOLDERS or name in _REPORTS | _PAGES


def _within(folder: Path) -> Iterator[Path]:
    for inner in folders_below(folder):
        for name in sorted(os.listdir(inner)):
            path = inner / name
            if path.is_file() and not path.is_symlink():
                yield path


def _is_in(path: Path, naming: Naming, unread: list[Unread]) -> bool:
    try:
        return naming.is_in(path)
    except OSError as error:
        unread.append(Unread(shown(path), error.strerror or str(error)))
        return False


def _is_left(folder: Path | None, naming: Naming) -> bool:
    """Whether bytes of theirs are left in the files of a record that tells nothing of them any more."""
    if folder is None:
        return False
    paths = (folder / name for name in OF_RECORD)
    return any(naming.left_in(path) for path in paths if path.is_file())


def _elsewhere(
    tops: tuple[Path, ...], records: set[Path], naming: Naming, stop: Stop, unread: list[Unread]
) -> Iterator[Path]:
    """Files that are no record's and name them: lists of recipients and of the suppressed, plans, copies."""
    seen = set[Path]()
    for top in tops:
        for folder in folders_below(top, stop.heed):
            if (real := folder.resolve()) in seen:
                continue
            seen.add(real)
            inside = any(folder.is_relative_to(record) for record in records)
            for name in sorted(os.listdir(folder)):
                path = folder / name
                if not path.is_file() or path.is_symlink():
                    continue
                if inside and (name in OF_RECORD or _is_of_record(path, records)):
                    continue
                if _is_in(path, naming, unread):
                    yield path


def _is_of_record(path: Path, records: set[Path]) -> bool:
    return any(_is_made(path.relative_to(one)) for one in records if path.is_relative_to(one))


def _what_to_do(path: Path, campaigns: list[Campaign]) -> str:
    real = path.resolve()
    for campaign in campaigns:
        if any(real == one.file.resolve() for one in campaign.suppress):
            return f"leave it: this suppression list keeps {campaign.name} from mailing them"
        if real == campaign.recipients.file.resolve():
            return f"the list of recipients of {campaign.name}: take them out"
    if path.name in OF_RECORD:
        return "of a record that could not be looked into: leave it, for without it everybody is mailed again"
    if any(_is_made(Path(*path.parts[-parts:])) for parts in (1, 2, 3)):
        return "made of a record that could not be looked into, or of none: say it again once it can be read"
    return "no file of a record: take them out, or remove it"


class _Work:
    """Blanks record by record, and remembers what was done."""

    def __init__(self, who: Whose, names: Names, naming: Naming, edge: Edge, unread: list[Unread]) -> None:
        self._who, self._names, self._naming, self._edge, self._unread = who, names, naming, edge, unread
        self._blanked: list[tuple[str, Blanked]] = []
        self._removed: list[Path] = []
        self._written: list[Path] = []
        self._remain: list[tuple[str, str]] = []
        self._is_held = False

    def of(
        self, records: list[InRecord], campaigns: list[Campaign], others: tuple[Path, ...], looked: Looked
    ) -> Forgotten:
        for record in records:
            try:
                self._forget(record, campaigns)
            except SendbatchError as error:
                self._is_held |= isinstance(error, LockedError)
                self._unread.append(Unread(record.spot.title, one_line(error.message, 500)))
        self._remain += [(shown(path), _what_to_do(path, campaigns)) for path in others]
        return Forgotten(
            self._who.typed,
            tuple(self._blanked),
            tuple(self._removed),
            tuple(self._written),
            tuple(self._remain),
            tuple(self._unread),
            self._is_held,
            looked,
        )

    def _forget(self, record: InRecord, campaigns: list[Campaign]) -> None:
        spot, folder, wall = record.spot, record.spot.folder, self._edge.clock.wall
        with spot.in_hand(holder=self._edge.holder, now=wall) as open_record:
            if spot.repository is not None:
                _name(spot, open_record, campaigns, self._edge)
            done = open_record.forget(self._who, Words(_spelled, _words_of), wall())
            erased = open_record.erase()
            self._blanked.append((spot.title, done))
            removed = [path for path in record.files if self._remove(path)]
            for one in record.folders if not spot.has_moved else ():
                if any(path.parent == one and path.name in _REPORTS for path in removed):
                    self._report(spot, one, open_record, campaigns)
        if done.others:
            rows = count(done.others, "row of another", "rows of others")
            self._remain.append((spot.title, f"the address stands in a cell of {rows}"))
        if spot.place is not None:
            self._remain.append((spot.title, _IN_DATABASE))
        elif not erased or _is_left(folder, self._naming):
            self._remain.append(
                (spot.title, "another process has the record open: say it again when that has ended")
            )

    def _remove(self, path: Path) -> bool:
        try:
            path.unlink()
        except OSError as error:
            self._unread.append(Unread(shown(path), f"cannot be removed: {error.strerror}"))
            return False
        self._removed.append(path)
        return True

    def _report(self, spot: Spot, folder: Path, record: Forgetting, campaigns: list[Campaign]) -> None:
        """Made anew, where the campaign is at hand."""
        for campaign, place in made_from(spot, folder, record.reading, campaigns, self._edge):
            report = report_of(campaign, place, record.reading, at=self._edge.clock.wall())
            write_files(report, folder, encryption_of(self._edge.environ))
            names = (form.file for form in FORMATS.values() if form.file is not None)
            self._written += [folder / name for name in names]
            return


def _spelled(key: str) -> set[str]:
    return {*spellings(key), *(of_today(key, is_address=one) for one in (False, True))} - {""}


def _words_of(packed: str) -> str:
    """What a letter that is kept says."""
    letter = unpacked(packed)
    return "" if letter is None else "\n".join(text.text or "" for text in letter.texts.values())
