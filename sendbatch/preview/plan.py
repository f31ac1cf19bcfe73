"""A plan as a person reads it before saying yes: who, what changed, through which server, until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendbatch.errors import printable
from sendbatch.values import Status

SHOWN_AS = {
    Status.ACCEPTED: "have it already",
    Status.REJECTED: "refused for good (--retry rejected)",
    Status.IN_DOUBT: "in doubt (--in-doubt resend, or sendbatch resolve)",
    Status.INVALID: "invalid",
    Status.FILTERED: "filtered by `where`",
    Status.SUPPRESSED: "suppressed",
    Status.DUPLICATE: "duplicates",
}


@dataclass(frozen=True, slots=True)
class QuotaView:
    """A limit per hour or day: "50,000/day", how many of it are used, of how many."""

    limit: str
    used: int
    of: int


@dataclass(frozen=True, slots=True)
class PlanView:
    """All that is shown. `server` is host and port, `account` the user name, None if unknown.

    `added`, `removed`, `corrected` compare with the last plan, None where it is the first or the
    same. `moved` are (row, old address, new address) of people who have it at the old one. `twins`
    counts duplicates whose message would differ, `twin_rows` some of them as (row, first row).
    `done_in` is in seconds, None where nothing limits the rate. `missing` counts those approved in
    a plan.json who are no longer to be sent to.
    """

    name: str
    run: str
    server: str
    account: str | None
    delivers: bool
    totals: Mapping[Status, int]
    holders: int
    sendable: int
    left_over: int
    subjects: Sequence[str]
    done_in: str | None
    difference: tuple[int, int, int] | None = None
    moved: Sequence[tuple[int, str, str]] = ()
    twins: int = 0
    twin_rows: Sequence[tuple[int, int]] = ()
    quotas: Sequence[QuotaView] = ()
    quotas_of_host: bool = False
    missing: int | None = None
    notices: Sequence[str] = ()


def plan_text(view: PlanView) -> str:
    """The whole plan, ending with a line break."""
    return "".join(f"{line}\n" for line in _lines(view))


def _lines(view: PlanView) -> Iterator[str]:
    title = f"{view.name} ({view.run})" if view.run else view.name
    whose = f" as {printable(view.account, 80)}" if view.account else ""
    kept = "" if view.delivers else ", which keeps the mail and delivers none"
    yield f"{title}: {view.sendable:,} to send through {view.server}{whose}{kept}"
    yield from _counts(view)
    yield from _changes(view)
    yield from _doubles(view)
    for subject in view.subjects:
        yield f"  subject: {printable(subject, 100)}"
    for quota in view.quotas:
        shared = " (all accounts at this host)" if view.quotas_of_host else ""
        yield f"  quota {quota.limit}: {quota.used:,} of {quota.of:,} used{shared}"
    if view.done_in is not None:
        yield f"  takes about {view.done_in}"
    for notice in view.notices:
        yield from (f"  {line}" for line in printable(notice).splitlines())


def _counts(view: PlanView) -> Iterator[str]:
    if view.left_over:
        yield f"  {view.left_over:,} more are left for a later run"
    told = [
        (view.totals[status], words)
        for status, words in SHOWN_AS.items()
        if view.totals.get(status)
    ]
    width = max((len(f"{number:,}") for number, _ in told), default=0)
    for number, words in told:
        yield f"  {number:>{width},} {words}"
    if view.missing:
        yield f"  {view.missing:,} of the approved plan are no longer to be sent to"


def _changes(view: PlanView) -> Iterator[str]:
    if view.difference is not None:
        added, removed, corrected = view.difference
        if added or removed or corrected:
            more = f", {corrected:,} corrected" if corrected else ""
            yield f"  since the last plan: +{added:,} −{removed:,}{more}"
        else:
            yield "  since the last plan: nobody added, removed or corrected"
    for row, old, new in view.moved:
        yield f"  row {row}: sent to {printable(old, 80)} already, now {printable(new, 80)}"


def _doubles(view: PlanView) -> Iterator[str]:
    if view.twins:
        rows = ", ".join(f"row {later} as row {first}" for later, first in view.twin_rows)
        yield (
            f"  {view.twins:,} of the duplicates would have got another message than the first: {rows}"
        )
