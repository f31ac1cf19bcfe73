"""A record is moved to another folder, or into a database: the campaign's own to a place, or one from a place
to where the campaign has its record."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sendbatch.campaign.model import Campaign
from sendbatch.errors import CampaignError
from sendbatch.ledger.ends import coming, leaving
from sendbatch.ledger.folder import Recorded, RecordFolder
from sendbatch.ledger.moving import Source, cancel, move
from sendbatch.ledger.records import twin_of
from sendbatch.ledger.store import Reading, Record
from sendbatch.planning.ownership import hold_project
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.stop import Stop
from sendbatch.session.job import folder_of
from sendbatch.session.record import hold_recorded, lines_of
from sendbatch.session.recorded import plan_anew


@runtime_checkable
class Planned(Record, Source, Protocol):
    """One that is made of receipts, and names those whom a plan names."""

    def take_secret_along(self) -> None:
        """Whom it does not name is known where it goes."""
        ...


@runtime_checkable
class Telling(Source, Protocol):
    """One that says whose it is. In a database its place does."""

    @property
    def reading(self) -> Reading: ...


@dataclass(frozen=True, slots=True)
class Moved:
    """`to` is where the record is from now on, `there` what --record names it by, `goes_on` the line that
    sends from there, without a password."""

    source: str
    to: str
    there: str
    goes_on: str


def move_record(
    campaign: Campaign,
    place: Recorded,
    record: Recorded,
    edge: Edge,
    stop: Stop,
    *,
    comes: bool,
    takes_back: bool = False,
) -> Moved:
    """Move the record to `place`, or where it `comes` from there, to where `record` or profiles.yaml has it.
    `takes_back` one that was begun and did not arrive.

    Raises GuardError where a record is there already, or this one goes elsewhere, or is another project's;
    LockedError while a run has it; LedgerError, RecordStopped, Interrupted.
    """
    own, other = (folder_of(campaign, said, edge.environ) for said in (record, place))
    source, target = (other, own) if comes else (own, other)
    to = place_of(target)
    if place_of(source) == to:
        raise CampaignError(f"{to}: the record is there; name another place")
    hold_recorded(campaign, source, edge)
    there = str(target.base.resolve()) if target.is_here else _typed(target)
    with contextlib.ExitStack() as ends:
        leaves = ends.enter_context(
            leaving(
                source,
                holder=edge.holder,
                now=edge.clock.wall,
                without_log=not campaign.profile.mails_the_list,
            )
        )
        if isinstance(leaves, Telling) and not takes_back:
            hold_project(leaves.reading, campaign)
            if (twin := twin_of(target)) is not None:
                raise twin
        comes_to = ends.enter_context(coming(target, holder=edge.holder))
        is_done = leaves.move is not None and leaves.move.is_done
        if isinstance(leaves, Planned) and not takes_back and not is_done:
            plan_anew(campaign, source, leaves, edge)
            leaves.take_secret_along()
        if takes_back:
            cancel(leaves, comes_to, to)
            return Moved(to, place_of(source), there, lines_of(campaign, source).run())
        move(leaves, comes_to, to, there, edge.clock.wall, stop.heed)
    return Moved(place_of(source), to, there, lines_of(campaign, target).run())


def _typed(target: RecordFolder) -> str:
    """What --record names, "" where profiles.yaml says it."""
    return str(target.given) if target.given is not None else ""


def place_of(folder: RecordFolder) -> str:
    """Where it is, for people, in words that are the same wherever the command is called from."""
    if folder.database is not None:
        return folder.database.title
    if folder.repository is not None:
        return folder.repository.ref
    return str(folder.path.resolve())
