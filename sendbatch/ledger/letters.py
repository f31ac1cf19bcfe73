"""What a record remembers of the letters that it sent, each by its content's digest: the last few of them."""

from __future__ import annotations

import json

from sendbatch.ledger.store import Draft, Reading

LETTERS = "letters"  # in meta: the digests of those that are kept, the oldest first
LETTER = "letter of "  # how the line of each begins
MOST = 4
_LONGEST = 10_000  # characters that are read of it


def remember(draft: Draft, content: str, letter: str) -> None:
    """Keep this letter, as it is packed, until a few others are sent."""
    known = [one for one in digests(draft.reading) if one != content]
    for old in known[: -(MOST - 1)]:
        draft.remember(_of(old), "")
    draft.remember(_of(content), letter)
    draft.remember(LETTERS, json.dumps([*known[-(MOST - 1) :], content]))


def is_kept(reading: Reading, content: str) -> bool:
    return content in digests(reading)[-1:] and letter_in(reading, content) is not None


def letter_in(reading: Reading, content: str) -> str | None:
    """As it is packed; None where it is not kept."""
    return reading.meta(_of(content)) or None


def digests(reading: Reading) -> list[str]:
    """Of those that are kept, the one that was sent last at the end."""
    try:
        found = json.loads((reading.meta(LETTERS) or "[]")[:_LONGEST])
    except (ValueError, RecursionError):
        return []
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _of(content: str) -> str:
    return f"{LETTER}{content}"
