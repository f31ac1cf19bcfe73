"""`init --ci`: a pipeline for the campaign that is there, or for one that is written with it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sendbatch.campaign.campaigns import campaigns_in
from sendbatch.campaign.pipelines import IN_GIT, KINDS
from sendbatch.campaign.pipelines.written import hold_free, write
from sendbatch.campaign.profiles import repository_root
from sendbatch.campaign.starter import write_starter
from sendbatch.errors import CampaignError, SendbatchError, shell_line, shown

CAMPAIGN = "campaign.yaml"  # what init writes
_NAMED = 5  # in an error


@dataclass(frozen=True, slots=True)
class Begun:
    """What was written, for which campaign, and what a person has to do before it works, a line each."""

    written: list[Path]
    campaign: Path
    advice: tuple[str, ...]


def begin(at: Path, ci: str, *, markdown: bool = False) -> Begun:
    """Write the pipeline `ci` for the campaign file `at`, for the one in the folder `at`, or for a new one.

    Raises CampaignError where a file is there already or cannot be written; nothing is written then.
    """
    if ci not in KINDS:
        raise SendbatchError(f"no pipeline is known for {ci}", hint=f"there are {', '.join(KINDS)}")
    campaign = at if at.is_file() else _in_folder(at, ci)
    is_new = not os.path.lexists(campaign)
    real = Path(os.path.realpath(campaign))
    pipeline = KINDS[ci](real, repository_root(real.parent))
    hold_free(pipeline)
    written = write_starter(at, markdown=markdown, in_git=ci in IN_GIT) if is_new else []
    return Begun([*written, *write(pipeline)], campaign, pipeline.advice)


def _in_folder(folder: Path, ci: str) -> Path:
    """The campaign file of this folder; that of a new campaign where it has none."""
    if os.path.lexists(folder / CAMPAIGN):
        return folder / CAMPAIGN
    if folder.suffix in (".yaml", ".yml"):
        raise CampaignError(f"{shown(folder)}: there is no such campaign file")
    found = list(campaigns_in(folder))
    if len(found) > 1:
        lines = [shell_line("sendbatch", "init", "--ci", ci, str(path)) for path in found[:_NAMED]]
        said = f"{shown(folder)} has several campaign files"
        raise SendbatchError(said, hint="\n    ".join(["write one of these:", *lines]))
    return found[0] if found else folder / CAMPAIGN
