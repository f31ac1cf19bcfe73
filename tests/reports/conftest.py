"""A record held in memory, for reports that need one of any shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from sendbatch.ledger.facts import Answer, Entry, Event, Held, Plan, ReportRow
from sendbatch.ledger.figures import UNIT, Figures, counted
from sendbatch.ledger.states import TRIED_WITH
from sendbatch.ledger.store import Reading
from sendbatch.reasons import OURS
from sendbatch.reports.report import Report, ThisRun
from sendbatch.reports.tally import take
from sendbatch.values import Status

BLANK = Entry(
    id=0,
    row=0,
    key="",
    email="",
    status=Status.PENDING,
    was=None,
    attempts=0,
    due_at=None,
    code=None,
    enhanced=None,
    reply=None,
    why=None,
    detail=None,
    content=None,
    dated_at=None,
    first_attempt_at=None,
    finished_at=None,
)


@dataclass
class Record:
    """Satisfies `Reading`. `gone` are entries that the current plan no longer has."""

    rows: list[Entry] = field(default_factory=list)
    gone: list[Entry] = field(default_factory=list)
    facts: dict[str, str] = field(
        default_factory=lambda: {"name": "spring", "run": "", "server": "mx", "salt": "ab" * 16}
    )
    history: list[Event] = field(default_factory=list)
    used: list[tuple[str, int]] = field(default_factory=list)
    columns: tuple[str, ...] = ()  # of the list, with the `cells` of each entry by its id
    cells: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def add(self, status: Status, **values: Any) -> Entry:
        number = len(self.rows) + 2
        if "reason" in values:  # words of any kind
            values |= {"why": "other", "detail": values.pop("reason")}
        given = {"row": number, "key": f"k{number}", "email": f"p{number}@example.com", **values}
        entry = replace(BLANK, id=number, status=status, **given)
        self.rows.append(entry)
        return entry

    def report(
        self,
        title: str = "spring",
        places: dict[str, str] | None = None,
        run: ThisRun | None = None,
    ) -> Report:
        return Report(self, take(self), title, places or {}, run)

    def meta(self, key: str) -> str | None:
        return self.facts.get(key)

    def plan(self) -> Plan | None:
        return Plan(1, "", 0.0, self.columns, "", "") if self.columns else None

    def rows_with_cells(self) -> Iterator[tuple[ReportRow, tuple[str, ...]]]:
        ids = [one.id for one in self.entries(all_rows=True)]
        for id_, told in zip(ids, self.report_rows(all_rows=True), strict=True):
            yield told, self.cells.get(id_, ())

    def totals(self) -> dict[Status, int]:
        return dict(Counter(entry.status for entry in self.rows))

    def departed(self) -> dict[Status, int]:
        return dict(Counter(entry.status for entry in self.gone))

    def entries(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[Entry]:
        chosen = self.rows + (self.gone if all_rows else [])
        for entry in sorted(chosen, key=lambda entry: entry.row):
            if statuses is None or entry.status in statuses:
                yield entry

    def report_rows(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[ReportRow]:
        for one in self.entries(statuses, all_rows=all_rows):
            reply = (one.code, one.enhanced, one.reply, one.attempts, one.content)
            times = (one.first_attempt_at, one.finished_at)
            yield one.row, one.key, one.email, str(one.status), *reply, *times, one.why, one.detail

    def span(self) -> tuple[float | None, float | None]:
        rows = self.rows + self.gone
        begun = [entry.first_attempt_at for entry in rows if entry.first_attempt_at is not None]
        ended = [entry.finished_at for entry in rows if entry.finished_at is not None]
        return min(begun, default=None), max(ended, default=None)

    def replies(self, limit: int = 20) -> list[tuple[int, str | None, str, int]]:
        groups = Counter(
            (entry.code, entry.enhanced, entry.reply or "")
            for entry in self.rows
            if (entry.code or 0) >= 400
        )
        return [(*group, number) for group, number in groups.most_common(limit)]  # type: ignore

    def held(self, limit: int = 20) -> list[Held]:
        held = [
            entry
            for entry in self.rows
            if entry.status is Status.DEFERRED and (entry.code or 0) >= 500
        ]
        groups = Counter((entry.code, entry.enhanced, entry.reply or "") for entry in held)
        ours = {entry.reply: entry.why for entry in held if entry.why in OURS}
        return [
            Held(*group, number, self.rows[0].key, ours.get(group[2]))
            for group, number in groups.most_common(limit)
        ]  # type: ignore

    def accepted_since(self, at: float) -> int:
        return sum(
            entry.status is Status.ACCEPTED and (entry.finished_at or 0) >= at for entry in self.rows
        )

    def answers(self, statuses: Collection[Status], limit: int) -> list[Answer]:
        groups = Counter(
            (one.status, one.code, one.enhanced, one.reply or "", one.why, one.detail or "")
            for one in self.entries(statuses)
        )
        return [Answer(*group, number) for group, number in groups.most_common(limit)]

    def figures(self) -> Figures:
        """Whoever has both times was accepted between them; all others ended at the second."""
        tried = [one for one in self.rows if one.first_attempt_at is not None]
        ended = [one for one in tried if one.finished_at is not None]
        taken = [one for one in ended if one.status is Status.ACCEPTED]
        return counted(
            _grouped((one.email.rpartition("@")[2], one.status, one.attempts) for one in tried),
            _grouped((_moment(one),) for one in taken),
            _grouped((_moment(one),) for one in ended if one.status is not Status.ACCEPTED),
            _grouped(
                (one.attempts > 1, int((one.finished_at - one.first_attempt_at) * 1000))
                for one in taken
            ),
        )

    def events(self, limit: int = 200) -> list[Event]:
        return self.history[-limit:]

    def contents(self) -> list[tuple[str, int]]:
        return list(Counter(entry.content for entry in self.rows if entry.content).items())

    def servers(self) -> list[tuple[str, int]]:
        return self.used

    def tried_with(self, contents: Collection[str]) -> Iterator[tuple[str, str, str]]:
        for one in self.entries(TRIED_WITH):
            if one.content in contents:
                yield one.key, one.content or "", one.status

    def subjects(self) -> dict[str, str]:
        start = "subjects of "
        facts = self.facts.items()
        return {key.removeprefix(start): text for key, text in facts if key.startswith(start)}

    def domain_of(self, content: str) -> str:
        return "example.com"


def _grouped(told: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(*one, many) for one, many in Counter(told).items()]


def _moment(one: Entry) -> int:
    assert one.finished_at is not None
    return int(one.finished_at / UNIT + 0.5)


@pytest.fixture
def record() -> Record:
    reading: Reading = Record()
    assert isinstance(reading, Record)
    return reading
