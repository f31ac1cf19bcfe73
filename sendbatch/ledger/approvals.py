"""Who has approved what a run was held to, as the record remembers it: for whoever reads its report."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from sendbatch.errors import one_line
from sendbatch.ledger.store import Draft, Reading

APPROVALS = "approvals"  # in meta: those of the last runs that were held to an approved plan
LAST_HELD_TO = "approved plan"  # in meta: what the last run was held to, empty where nobody had approved it
APPROVED = "approved"  # the kind of the event
MOST = 20
MOST_REMEMBERED = 50_000  # characters that are read of it
LONGEST_NAME = 100  # characters


class Approved(NamedTuple):
    """Who said yes to the plan of which `digest`, when (RFC 3339), and by which key that was found to be
    so: "SSH key SHA256:…", or "SENDBATCH_APPROVAL_KEY 1a2b…"."""

    by: str
    at: str
    key: str
    digest: str

    @property
    def short(self) -> str:
        """The plan, as people are shown it."""
        return self.digest[:16]

    def __str__(self) -> str:
        return f"plan {self.short} approved by {self.by} on {self.at} ({self.key})"


class Approvals(NamedTuple):
    """Those that the record knows, the newest last, and whether the last run was held to a plan with one."""

    known: tuple[Approved, ...] = ()
    of_last_run: bool = False

    @property
    def lapsed(self) -> str | None:
        """That the last run was held to no approved plan, where an earlier one was."""
        return "the last run was held to no approved plan" if self.known and not self.of_last_run else None


NO_APPROVALS = Approvals()


def remember(draft: Draft, approved: Iterable[Approved], now: float) -> None:
    """Write down that the run which begins is held to a plan that these approved; none: to no such plan."""
    found, known = list(approved), approvals_of(draft.reading).known
    if not found and not known:
        return
    draft.remember(LAST_HELD_TO, found[0].digest if found else "")
    news = [one for one in found if one not in known]
    if news:
        draft.remember(APPROVALS, json.dumps([one._asdict() for one in (*known, *news)[-MOST:]]))
    for one in found:
        draft.note(APPROVED, str(one), now)


def approvals_of(reading: Reading) -> Approvals:
    """None are known where what stands there is not what was written."""
    try:
        found = json.loads((reading.meta(APPROVALS) or "[]")[:MOST_REMEMBERED])
        known = tuple(
            Approved(*(one_line(str(one[name]), 200) for name in Approved._fields)) for one in found[-MOST:]
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        known = ()
    return Approvals(known, bool(reading.meta(LAST_HELD_TO)))
