"""Which campaign a record is of that was found somewhere, and where on this disk its reports are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sendbatch.campaign.model import Campaign
from sendbatch.errors import LedgerError
from sendbatch.ledger.everywhere import Spot
from sendbatch.ledger.folder import GIT, Recorded, RecordFolder
from sendbatch.ledger.store import Reading
from sendbatch.runtime.edge import Edge
from sendbatch.session.database import names_database
from sendbatch.session.job import folder_of


def folders_of(spot: Spot, campaigns: list[Campaign], edge: Edge) -> Iterator[Path]:
    """Where the reports of the record lie: with it, or, where it is on no disk, with the campaign."""
    if spot.folder is not None:
        yield spot.folder
    if spot.beside is not None:
        yield spot.beside
    for campaign in campaigns:
        if (folder := _in_database(spot, campaign, edge)) is not None and folder.path.is_dir():
            yield folder.path


def made_from(
    spot: Spot, folder: Path, reading: Reading, campaigns: list[Campaign], edge: Edge
) -> Iterator[tuple[Campaign, RecordFolder]]:
    """What a report in this folder is made with."""
    if spot.repository is not None:
        yield in_repository(spot, campaigns, edge)
    for one in campaigns:
        campaign = replace(one, run=reading.meta("run") or "")
        place = _in_database(spot, campaign, edge)
        if spot.folder is not None:
            place = folder_of(campaign, folder.parent, edge.environ)
        elif place is not None and place.path != folder:
            place = None
        is_its = place is not None and place.path.name == folder.name and place.profile == _own(campaign)
        if place is not None and is_its and campaign.name == reading.meta("name"):
            yield campaign, place


def in_repository(spot: Spot, campaigns: list[Campaign], edge: Edge) -> tuple[Campaign, RecordFolder]:
    """Whose receipts these are. Raises LedgerError where it is none of these campaigns."""
    place = spot.repository
    assert place is not None
    for one in campaigns:
        said: Recorded = None if one.record == GIT else GIT
        folder = folder_of(one, said, edge.environ)
        for run in folder.editions_among([place.record]):
            campaign = replace(one, run=run)
            if folder.repository is not None and one.folder == place.checkout:
                return campaign, folder_of(campaign, said, edge.environ)
    raise LedgerError(f"{place.ref}: no campaign file here is that of these receipts")


def _own(campaign: Campaign) -> str:
    return campaign.profile.name if campaign.profile.has_own_record else ""


def _in_database(spot: Spot, campaign: Campaign, edge: Edge) -> RecordFolder | None:
    """The folder of the campaign's reports, where this record of a database is one of its own."""
    place = spot.place
    if place is None or campaign.name != place.name:
        return None
    if campaign.belongs.project.casefold() != place.project.casefold():
        return None
    said = None if names_database(campaign.record) else spot.said or None
    return replace(
        folder_of(replace(campaign, run=place.edition), said, edge.environ), profile=place.profile
    )
