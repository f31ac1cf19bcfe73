"""What is shown before anything is sent, as values: the plan, the question, the rehearsal's findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sendbatch.campaign.model import Rate, Tolerance
from sendbatch.errors import one_line, shown
from sendbatch.findings import Finding, Group, Groups, Rule
from sendbatch.ledger.facts import NOBODY, Lacking
from sendbatch.values import Status


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`built` counts all messages, `failures` are those that could not be built, by the reason.
    `having` counts the messages that have each of the placeholders looked for."""

    built: int
    failures: Groups
    largest: int  # bytes of the largest message
    having: tuple[int, ...] = ()

    @property
    def failed(self) -> int:
        """How many messages could not be built."""
        return self.failures.number


@dataclass(frozen=True, slots=True)
class Seen:
    """A plan that was looked at. `done_in` is in seconds, None where nothing limits the rate;
    `quotas` are (limit, used); `digest` is that of the plan.json written, if one was;
    `warnings` what may not be meant: entries of suppression lists, conditions, paths. `invalid` and
    `duplicates` are such rows by the reason, looked for only where every message was built; `csv` is the
    file they stand in. `failing` are rows that fail by their attachments, `without` those that are
    sent without one, where the plan was made anew."""

    name: str
    run: str
    server: str
    account: str | None
    delivers: bool
    totals: Mapping[Status, int]
    holders: int
    sendable: int
    left_over: int
    subjects: tuple[str, ...]
    done_in: float | None
    quotas: tuple[tuple[Rate, int], ...]
    difference: tuple[int, int, int] | None
    moved: tuple[tuple[int, str, str], ...]
    twins: int
    twin_rows: tuple[tuple[int, int], ...]
    missing: int | None
    in_doubt: int
    notices: tuple[str, ...]
    warnings: tuple[Finding, ...]
    tolerate: Tolerance
    csv: Path
    failing: Lacking = NOBODY
    without: Lacking = NOBODY
    digest: str | None = None
    rehearsal: Rehearsal | None = None
    invalid: Groups = field(default_factory=Groups)
    duplicates: Groups = field(default_factory=Groups)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that was found: the warnings, then the bad rows and what cannot be built, each once with its
        first rows."""
        found = [
            (Rule.INVALID_ROW, self.invalid, "invalid: ", "that are invalid"),
            (Rule.DUPLICATE_ROW, self.duplicates, "duplicate: ", "that are duplicates"),
        ]
        if self.rehearsal is not None:
            failures = self.rehearsal.failures
            found.append((Rule.UNBUILDABLE_MESSAGE, failures, "", "that cannot be built"))
        return (
            *self.warnings,
            *(
                finding
                for rule, groups, what, others in found
                for finding in groups.findings(rule, shown(self.csv), partial(_said, what), others)
            ),
        )

    @property
    def exit_code(self) -> int:
        """0 when all is well or tolerated, 1 with bad rows or messages that cannot be built."""
        bad = self.totals.get(Status.INVALID, 0)
        bad += self.failing.count if self.rehearsal is None else self.rehearsal.failed
        share = self.tolerate.share
        allowed = self.tolerate.count if share is None else share * (self.holders + bad) + 1e-9
        return 0 if bad <= allowed else 1


def _said(what: str, group: Group) -> str:
    return f"{group.who}: {what}{one_line(group.words, 500)}{group.where_if_many}"


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked before mail goes out. `must_type` means that the number of recipients
    has to be typed."""

    plan: Seen
    must_type: bool
