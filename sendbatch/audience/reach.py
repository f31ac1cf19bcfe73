"""Whom a profile may reach where its `only_to` says so: addresses, domains, and what is below a domain."""

from __future__ import annotations

from collections.abc import Sequence

from sendbatch.audience.addresses import default_key, normalise


class Reach:
    """`only_to` are those of a profile: addresses as they are written, @domain and @*.domain as A-labels.
    Raises ValueError with a reason for an address that is none."""

    def __init__(self, only_to: Sequence[str], *, as_given: bool = False) -> None:
        whole = [entry for entry in only_to if entry.startswith("@")]
        self._addresses = frozenset(
            default_key(normalise(entry, as_given=as_given).email)
            for entry in only_to
            if not entry.startswith("@")
        )
        self._domains = frozenset(entry[1:] for entry in whole if not entry.startswith("@*."))
        self._below = tuple(entry[2:] for entry in whole if entry.startswith("@*."))

    def includes(self, email: str, domain: str) -> bool:
        """Whether an address may be reached, as `normalise` gives it with its domain as A-labels."""
        if domain in self._domains or default_key(email) in self._addresses:
            return True
        return bool(self._below) and domain.endswith(self._below)
