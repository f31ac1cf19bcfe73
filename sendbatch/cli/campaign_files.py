"""The campaign file that is meant where none is typed, and those to choose from."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from sendbatch.campaign.campaigns import campaigns_in
from sendbatch.errors import SendbatchError, shell_line

DEFAULT = Path("campaign.yaml")
_NAMED = 5  # in an error


def the_one_here(verb: str) -> Path:
    """`campaign.yaml` of this folder. Raises SendbatchError where there is none, with what to write."""
    if os.path.lexists(DEFAULT):
        return DEFAULT
    found = islice(filter(_can_be_typed, campaigns_in(Path())), _NAMED)
    lines = [f"\n    {shell_line('sendbatch', verb, str(path))}" for path in found]
    hint = f"write sendbatch {verb} FILE; sendbatch init writes a campaign that runs at once"
    if lines:
        hint = f"write{' one of these' if len(lines) > 1 else ''}:{''.join(lines)}"
    said = f"no campaign file is named, and there is no {DEFAULT} in this folder"
    raise SendbatchError(said, hint=hint)


def _can_be_typed(path: Path) -> bool:
    return str(path).isprintable() and not str(path).startswith("-")
