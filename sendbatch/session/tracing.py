"""Who was mailed, over all campaigns: what every record that can be seen tells of one person, and which
suppression lists leave them out. Nothing is changed, and no lock is taken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sendbatch.audience.entries import BELOW, DOMAIN, KEY, TEXT, said_by
from sendbatch.audience.suppression import Entry, read_suppression
from sendbatch.campaign.campaigns import campaigns_in
from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.model import Campaign
from sendbatch.campaign.profiles import repository_root
from sendbatch.campaign.secrets import read_address
from sendbatch.errors import CampaignError, SendbatchError, one_line, shown
from sendbatch.ledger import reach
from sendbatch.ledger.everywhere import (
    Spot,
    folders_below,
    has_file,
    move_in_repository,
    spot_of,
    spots_in,
)
from sendbatch.ledger.folder import GIT, Recorded, RecordFolder
from sendbatch.ledger.moving import Move
from sendbatch.ledger.person import Story, Whose
from sendbatch.ledger.postgres.address import address_of
from sendbatch.ledger.store import Reading
from sendbatch.message.identity import message_id
from sendbatch.reports.traced import InRecord, OnList, Trace, Unread
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.stop import Stop
from sendbatch.session.database import names_database, typed_as
from sendbatch.session.job import folder_of

_PLAIN = re.compile(r"[^\s<>:]+@[^\s<>]+")


def whose(typed: str) -> Whose:
    """Who is meant by an address, written in any way that keys may be, or by a key of a campaign. Raises
    CampaignError where it is neither, or more than one."""
    text = unicodedata.normalize("NFC", typed.strip())
    if not text or any("\ud800" <= character <= "\udfff" for character in text):
        raise CampaignError("nobody is named: give an address, or the key of somebody")
    said = said_by(text, keyed=False, subdomains=False, as_given=True)
    addresses = frozenset(one.value for one in said if one.kind == KEY)
    if any(one.kind == DOMAIN for one in said) or _is_several(text, addresses):
        raise CampaignError(
            f"{one_line(text, 320)}: this is more than one person", hint="give one address at a time"
        )

    if _PLAIN.fullmatch(text):
        addresses |= {text.lower()}  # as it is written: of no use for mail, it stands in records all the same

    def is_theirs(other: object) -> bool:
        return isinstance(other, str) and (
            other.lower() in addresses
            or any(
                one.value in addresses
                for one in said_by(other, keyed=False, subdomains=False, as_given=True)
                if one.kind == KEY
            )
        )

    return Whose(text, addresses, frozenset({text, *addresses}), is_theirs)


def _is_several(text: str, addresses: frozenset[str]) -> bool:
    """One written in full-width letters has two spellings, and is one all the same."""
    return len(addresses) > 1 and sum(text.count(mark) for mark in "@＠﹫") > 1


@dataclass
class Found:
    """What a walk has come upon so far."""

    spots: list[Spot] = field(default_factory=list)
    campaigns: list[Campaign] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    databases: set[str] = field(default_factory=set)  # whose records are among the spots


def found_in(tops: tuple[Path, ...], stop: Stop) -> Found:
    """The records and campaigns below these folders. Raises CampaignError where there is no such folder,
    Interrupted."""
    found, seen = Found(), set[Path]()
    for top in tops:
        if not top.is_dir():
            raise CampaignError(f"{shown(top)}: there is no such folder")

        def unread(folder: Path, why: str) -> None:
            found.unread.append(Unread(shown(folder), why))

        for folder in folders_below(top, stop.heed, unread):
            if (real := folder.resolve()) in seen:
                continue
            seen.add(real)
            if has_file(folder):
                found.spots.append(spot_of(folder))
            found.campaigns += _campaigns(folder, found.unread)
    return found


def found_at(place: Where, edge: Edge, stop: Stop) -> Found:
    """The same, with the records of databases: of the one that is named, and of those in which campaigns that
    were found have theirs; with those of receipts in a repository; and with those that one of these went
    to."""
    found = found_in(place.tops, stop)
    said: list[tuple[str, Path | None]] = [(place.database, None)] if place.database is not None else []
    said += [(one.record, one.record_file) for one in found.campaigns if names_database(one.record)]
    for written, file in dict.fromkeys(said):
        try:
            found.spots += _in_database(written, file, found, edge)
        except SendbatchError as error:
            found.unread.append(Unread("the records of a database", one_line(error.message, 300)))
    for campaign in found.campaigns:
        if GIT in (place.receipts, campaign.record):
            found.spots += _in_repository(campaign, found.unread, edge)
    _follow(found, edge, stop)
    return found


def _in_database(written: str, file: Path | None, found: Found, edge: Edge) -> list[Spot]:
    """Those that are not found yet. Raises SendbatchError."""
    address = address_of(read_address(written, file, edge.environ))
    if address.shown in found.databases:  # with other parameters it is the same one
        return []
    spots = spots_in(address, "" if file is not None else written)
    found.databases.add(address.shown)
    return spots


def _follow(found: Found, edge: Edge, stop: Stop) -> None:
    """What a record has left says where it went: more is known of people there, and it is sent from."""
    for spot in found.spots:  # it grows
        stop.heed()
        move, why = spot.left, ""
        if move is None or any(one.is_end_of(move) for one in found.spots):
            continue
        try:
            found.spots += _ends_of(move, found, edge)
        except (SendbatchError, OSError, ValueError) as error:
            why = f": {one_line(str(error), 200)}"
        if not any(one.is_end_of(move) for one in found.spots):
            found.unread.append(Unread(spot.title, f"{_gone(move)}{why}"))


def _ends_of(move: Move, found: Found, edge: Edge) -> list[Spot]:
    if names_database(move.there):
        return _in_database(move.there, None, found, edge)
    folder = Path(move.to)
    return [spot_of(folder)] if folder.is_absolute() and has_file(folder) else []


def _gone(move: Move) -> str:
    to = one_line(move.to, 300)
    if not move.is_done:
        return (
            f"this record is on its way to {to}, and has not arrived: the same sendbatch record command "
            "again ends that, and with --cancel takes it back"
        )
    return f"this record moved to {to}, and that cannot be looked into from here: name it by --record"


def _in_repository(campaign: Campaign, unread: list[Unread], edge: Edge) -> list[Spot]:
    """Each edition's. What no recipient gets has its record on a disk."""
    try:
        folder = folder_of(campaign, GIT, edge.environ)
        if folder.repository is None:
            return []
        folder.repository.secret()
        editions = (
            folder_of(replace(campaign, run=run), GIT, edge.environ) for run in folder.editions()
        )
        return [_spot_in_repository(one) for one in editions]
    except SendbatchError as error:
        why = one_line(error.message, 300)
        unread.append(Unread(f"the receipts of {one_line(campaign.name, 200)} in the repository", why))
        return []


def _spot_in_repository(folder: RecordFolder) -> Spot:
    """Raises SendbatchError."""
    assert folder.repository is not None
    left = move_in_repository(folder.repository)
    return Spot(None, repository=folder.repository, beside=folder.path, left=left)


def _campaigns(folder: Path, unread: list[Unread]) -> Iterator[Campaign]:
    for file in campaigns_in(folder):
        try:
            yield load_campaign(file)
        except SendbatchError as error:
            why = f"its suppression lists are not known: {one_line(error.message, 300)}"
            unread.append(Unread(shown(file), why))


@dataclass(frozen=True, slots=True)
class Where:
    """Where is looked: in folders with all below them, and in the whole of a database, if --record names one,
    or in the receipts of the campaigns that are found, if it says so."""

    tops: tuple[Path, ...]
    database: str | None = None
    receipts: str | None = None

    @property
    def told(self) -> tuple[str, ...]:
        return (*map(shown, self.tops), *([typed_as(self.database)] if self.database is not None else []))


def where(folder: Path | None, record: Recorded) -> Where:
    """The folder given, else the repository this one is in; and what --record names."""
    top = folder if folder is not None else repository_root(Path.cwd())
    if isinstance(record, Path):
        return Where((top, record))
    if record == GIT:
        return Where((top,), receipts=GIT)
    return Where((top,), record if record is not None and names_database(record) else None)


def trace(typed: str, place: Where, edge: Edge, stop: Stop) -> Trace:
    """Raises CampaignError where nobody or no folder is named, Interrupted. What else cannot be read is in
    the trace."""
    who = whose(typed)
    found = found_at(place, edge, stop)
    records: list[InRecord] = []
    for spot in found.spots:
        stop.heed()
        try:
            record = _in_record(spot, who)
        except SendbatchError as error:
            found.unread.append(Unread(spot.title, one_line(error.message, 500)))
            continue
        if record is not None:
            records.append(record)
    lists, read = _lists(found, who, stop)
    looked = (len(found.spots), read)
    return Trace(who.typed, place.told, tuple(records), lists, tuple(found.unread), looked)


def _in_record(spot: Spot, who: Whose) -> InRecord | None:
    """None where it does not know them."""
    with spot.looked_at(who) as record:
        if record is None:
            return None
        stories, reading = record.stories(who), record.reading
        if not stories:
            return None

        def said(key: str) -> str:
            return one_line(reading.meta(key) or "", 300)

        return InRecord(
            spot.title,
            said("name"),
            said("run"),
            said("server"),
            _reach(reading),
            record.under_way,
            record.move.to if record.move is not None and record.move.is_done else None,
            stories,
            tuple(_message_id(reading, story) for story in stories.stories),
        )


def _reach(reading: Reading) -> str:
    is_kept = reach.kind_of(reading.meta(reach.REACH) or "") == reach.KEPT
    return ", the mail was kept by the server" if is_kept else reach.told(reading)


def _message_id(reading: Reading, story: Story) -> str | None:
    content, salt = story.entry.content, bytes.fromhex(reading.meta("salt") or "")
    if content is None:
        return None
    return message_id(salt, story.entry.key, content, reading.domain_of(content))


def _lists(found: Found, who: Whose, stop: Stop) -> tuple[tuple[OnList, ...], int]:
    """Which lists of the campaigns leave them out, and how many were read."""
    by_entry: dict[tuple[Path, int, str], list[Path]] = {}
    read = set[Path]()
    for campaign in found.campaigns:
        for declared in campaign.suppress:
            recipients = campaign.recipients
            keyed = recipients.key not in (None, recipients.email)
            try:
                for entry in read_suppression(
                    declared, recipients.email, keyed=keyed, as_given=recipients.as_given, heed=stop.heed
                ):
                    if (by := _leaves_out(entry, who)) is not None:
                        by_entry.setdefault((declared.file, entry.line, by), []).append(campaign.file)
                read.add(declared.file)
            except SendbatchError as error:
                left = Unread(shown(declared.file), one_line(error.message, 300))
                if left not in found.unread:
                    found.unread.append(left)
    lists = (
        OnList(file, line, by, tuple(dict.fromkeys(files)))
        for (file, line, by), files in sorted(by_entry.items())
    )
    return tuple(lists), len(read)


def _leaves_out(entry: Entry, who: Whose) -> str | None:
    """What of a list leaves them out."""
    domains = {address.rpartition("@")[2] for address in who.addresses}
    if entry.kind == KEY and entry.value in who.addresses:
        return entry.value
    if entry.kind == DOMAIN and entry.value in domains:
        return f"@{entry.value}"
    if entry.kind == BELOW and any(domain.endswith(f".{entry.value}") for domain in domains):
        return f"@{entry.value} and all below"
    if entry.kind == TEXT and entry.why is None and entry.value in who.keys:
        return entry.value
    return None
