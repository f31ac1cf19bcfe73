"""Several subjects of one campaign, split evenly over its recipients, and for good.

Whose subject is whose follows from the campaign's name and the recipient's key alone: it is the same in a
plan, a proof, a run and the next one, in whatever order the CSV is, and nothing has to be remembered of each
recipient. Of each content the record remembers the subjects, so that it tells for good what somebody got.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from string import ascii_uppercase


@dataclass(frozen=True, slots=True)
class Variants:
    """The `subjects`, as they are declared, of the campaign that is called so."""

    campaign: str
    subjects: tuple[str, ...]

    def of(self, key: str) -> int:
        """The number of a recipient's subject."""
        return self.chooser()(key)

    def chooser(self) -> Callable[[str], int]:
        """`of`, for many recipients."""
        many, begun = len(self.subjects), sha256(f"{self.campaign}\0".encode("utf-8", "replace"))

        def of(key: str) -> int:
            told = begun.copy()
            told.update(key.encode("utf-8", "replace"))
            return int.from_bytes(told.digest(), "big") % many

        return of

    def name_of(self, key: str) -> str:
        """What people call a recipient's."""
        return ascii_uppercase[self.of(key)]

    @property
    def names(self) -> Sequence[str]:
        """What people call them, by their numbers."""
        return ascii_uppercase[: len(self.subjects)]

    def remembered(self) -> str:
        """As a record keeps it."""
        return json.dumps([self.campaign, *self.subjects], ensure_ascii=False)


def recalled(text: str) -> Variants | None:
    """What `remembered` wrote; None where that is something else."""
    try:
        found = json.loads(text)
        "".join(found).encode()  # texts, and no half of a surrogate pair
    except (ValueError, TypeError, RecursionError):
        return None
    if not isinstance(found, list):
        return None
    return Variants(found[0], tuple(found[1:])) if 3 <= len(found) <= len(ascii_uppercase) + 1 else None
