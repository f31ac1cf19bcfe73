"""Asking a repository whether it has records, for a call that keeps its own on this disk: once, for a short
time, and in a way that no window or terminal asks anybody for a password."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sendbatch.errors import LedgerError
from sendbatch.ledger.git.names import records_among
from sendbatch.ledger.git.program import Git
from sendbatch.ledger.git.remote import Away, Refused, Remote

PATIENCE = 10.0  # seconds
# An empty GIT_ASKPASS is none, and keeps git from asking the next: gitcredentials(7), its list.
_UNASKED = {"GIT_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never", "GCM_INTERACTIVE": "never"}


class Unasked(Exception):
    """Nobody knows what it has; says why."""


def records_elsewhere(
    checkout: Path, environ: Mapping[str, str], ended: Callable[[], bool] = lambda: False
) -> list[str]:
    """The names of all records in the `origin` of this checkout, of whatever project; none where it has no
    remote at all. Raises Unasked."""
    git = Git(checkout, {**environ, **_UNASKED})
    try:
        known = git.run("config", "--get-regexp", r"^remote\..*\.url$", seconds=PATIENCE)
        if known.code == 1:  # nothing of that kind
            return []
        refs = Remote(git, PATIENCE, ended).refs()
    except LedgerError as error:
        raise Unasked(error.message) from None
    except (Away, Refused) as error:
        raise Unasked(str(error)) from None
    return [record for _, record in records_among(list(refs))]
