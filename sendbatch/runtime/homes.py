"""The folders that a system keeps for a user: for configuration, and for what outlives a campaign.

A user of a container may have neither a home nor a name. Then there is no such folder, unless a variable
names one (XDG Base Directory Specification); it is never guessed, nor made in the folder we are in.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from platformdirs import user_config_path, user_state_path

NAME = "sendbatch"


def config_folder() -> Path | None:
    """Where profiles.yaml is looked for last, None for a user without a home."""
    return _of_user(user_config_path)


def state_folder() -> Path | None:
    """Where the use of quotas is kept, None for a user without a home."""
    return _of_user(user_state_path)


def _of_user(folder: Callable[[str], Path]) -> Path | None:
    try:
        found = folder(NAME)
    except RuntimeError:  # pathlib finds no home: no HOME, and no entry for this uid
        return None
    return found if found.is_absolute() else None
