"""What a run has learned of its server on the way in."""

from __future__ import annotations

from dataclasses import dataclass, field

from sendbatch.smtp.addresses import Addresses


@dataclass(frozen=True, slots=True)
class Known:
    """One object for all connections of a run. `unfit` are the ways to log in that the server offers and
    refuses."""

    addresses: Addresses = field(default_factory=Addresses)
    unfit: set[str] = field(default_factory=set)
