"""A record in a database, as a person or profiles.yaml names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from sendbatch.campaign.model import Campaign
from sendbatch.campaign.profiles import SANDBOX, repository_root
from sendbatch.campaign.project import origin
from sendbatch.campaign.secrets import read_address
from sendbatch.campaign.written.values import REFERENCES
from sendbatch.errors import ProfileError
from sendbatch.ledger.postgres.address import Address, address_of, is_address
from sendbatch.ledger.postgres.place import Place
from sendbatch.words import listed

MOST_NAMED = 5  # variables that are not set


def names_database(record: str) -> bool:
    """Whether a person, or profiles.yaml, means a database by it."""
    return is_address(record) or REFERENCES.fullmatch(record) is not None


def typed_as(record: str) -> str:
    """How it is typed on a line that others may see. Raises CampaignError for an address that is none."""
    return address_of(record).typed if is_address(record) else record


def place_of(campaign: Campaign, record: str | None, environ: Mapping[str, str]) -> Place | None:
    """Which record of which database, None where it is in none. `record` is what a person typed, else
    profiles.yaml says; then what the sandbox keeps has its record on this disk, beside the mails."""
    profile = campaign.profile
    if record is not None:
        said, file = record, None
    elif profile.name != SANDBOX:
        said, file = campaign.record, campaign.record_file
    else:
        return None
    if not names_database(said):
        return None
    return Place(
        _reader(said, file, environ),
        project=campaign.belongs.project,
        name=campaign.name,
        edition=campaign.run,
        profile=profile.name if profile.has_own_record else "",
        offline=campaign.retry.offline,
        origin=origin(repository_root(campaign.folder.resolve())) or "",
    )


def _reader(said: str, file: Path | None, environ: Mapping[str, str]) -> Callable[[], Address | str]:
    """Reads it once, when it is needed."""

    @cache
    def read() -> Address | str:
        try:
            return address_of(read_address(said, file, environ))
        except ProfileError as error:
            return listed([one.message.removeprefix("record: ") for one in error.findings], MOST_NAMED)

    return read
