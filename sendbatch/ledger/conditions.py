"""The states as SQL, for whichever store: conditions on a status, and where an event leads from it."""

from __future__ import annotations

from collections.abc import Collection

from sendbatch.ledger.states import TABLE, Event, sources
from sendbatch.values import Status


def listed(statuses: Collection[Status]) -> str:
    """Statuses as an SQL list. They are ours, never a user's text."""
    return "(" + ", ".join(f"'{status}'" for status in sorted(statuses)) + ")"


def happens(event: Event) -> str:
    """A condition: the present status is one that the event may happen in."""
    first, *others = sources(event)
    # One alone with "=": a partial index is found by its very words.
    return f"status IN {listed(sources(event))}" if others else f"status = '{first}'"


def leads_to(event: Event) -> str:
    """The status after the event, as an expression over the present one and what it `was`."""
    told = {f"'{to}'" if to is not None else "was" for to in TABLE[event].values()}
    if len(told) == 1:
        return told.pop()
    whens = (f"WHEN '{old}' THEN " + (f"'{to}'" if to else "was") for old, to in TABLE[event].items())
    return f"CASE status {' '.join(whens)} END"
