"""What a call asks for beyond the campaign file: which recipients, and what it takes upon itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sendbatch.audience.addresses import default_key, normalise
from sendbatch.values import Status


@dataclass(frozen=True, slots=True)
class Options:
    """`only` are keys or addresses as a person typed them; None is everyone. `stop_after` seconds."""

    only: tuple[str, ...] | None = None
    limit: int | None = None
    retry: frozenset[Status] = frozenset()
    resend_in_doubt: bool = False
    accept_changes: bool = False
    strict: bool = False
    approval: Path | None = None  # a plan.json to be held to
    no_wait: bool = False
    stop_after: float | None = None


def spellings(typed: str) -> tuple[str, ...]:
    """Under which key or address a person may mean someone; what they typed comes first."""
    found = {typed: None, unicodedata.normalize("NFC", typed.strip()): None}
    try:
        email = normalise(typed).email
    except ValueError:
        return tuple(found)
    return tuple(found | {email: None, default_key(email): None})


def all_spellings(typed: Collection[str] | None) -> list[tuple[str, ...]] | None:
    return None if typed is None else [spellings(one) for one in typed]
