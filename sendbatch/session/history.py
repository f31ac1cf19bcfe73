"""The records of one campaign that stand beside each other: its editions, and those of mail that was kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sendbatch.campaign.model import Campaign
from sendbatch.errors import LedgerError, SendbatchError, one_line, shown
from sendbatch.ledger.ending import ended_of
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.records import all_in_database, has_record, read_record
from sendbatch.message.identity import short
from sendbatch.reports.history import Edition, History, Unread
from sendbatch.reports.tally import settled
from sendbatch.values import Status

MOST_CONTENTS = 5  # of one record, the newest


def history_of(campaign: Campaign, folder: RecordFolder) -> History:
    """All of them, whichever edition and profile was asked for. No lock is taken, and a record that cannot be
    read keeps none of the others from being told. Raises LedgerError where their folder cannot be read."""
    folder.refuse_links()
    editions: list[Edition] = []
    unread: list[Unread] = []
    for one in _records(campaign.name, folder):
        try:
            found = _edition(campaign.name, one)
        except SendbatchError as error:
            found = Unread(one.path.name, one_line(error.message, 500))
        if isinstance(found, Unread):
            unread.append(found)
        elif found is not None:
            editions.append(found)
    editions.sort(key=lambda one: (one.first_attempt_at is None, one.first_attempt_at or 0.0, one.folder))
    return History(campaign.name, tuple(editions), tuple(unread))


def _records(name: str, folder: RecordFolder) -> list[RecordFolder]:
    if folder.database is not None:
        return all_in_database(folder)
    return [RecordFolder(path.parent, path.name) for path in folders_of(name, folder.base)]


def folders_of(name: str, base: Path) -> Iterator[Path]:
    """Those that a record of this campaign may be in, by their names: neither @ nor a dot is part of one."""
    try:
        names = sorted(os.listdir(base))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise LedgerError(f"{shown(base)}: cannot be read: {error.strerror or error}") from None
    for one in names:
        if one == name or one.startswith((f"{name}@", f"{name}.")):
            yield base / one


def _edition(name: str, folder: RecordFolder) -> Edition | Unread | None:
    """None where nothing was planned there. Raises SendbatchError."""
    path = folder.path
    if folder.is_here and path.is_symlink():
        return Unread(path.name, "a link, which is not followed")
    if (folder.is_here and not path.is_dir()) or not has_record(folder):
        return None
    with read_record(folder) as record:
        assert record is not None  # it is in no repository
        reading = record.reading
        if (found := reading.meta("name")) not in (None, name):
            return Unread(path.name, f"the record of another campaign: {one_line(found or '', 80)}")
        totals = {Status(status): number for status, number in reading.totals().items() if number}
        first, last = reading.span()
        newest = reading.contents()[-MOST_CONTENTS:]
        return Edition(
            path.name,
            one_line(reading.meta("run") or "", 200),
            one_line(reading.meta("server") or "", 200),
            record.under_way,
            totals if record.under_way else settled(totals),
            first,
            last,
            tuple(short(digest) for digest, _ in newest),
            ended_of(reading),
        )
