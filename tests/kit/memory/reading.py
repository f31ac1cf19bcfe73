"""What a state in memory tells. Behind `store.Reading` and `store.People`."""

from __future__ import annotations

import heapq
import string
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

from sendbatch.ledger.facts import Answer, Entry, Event, Held, Plan, ReportRow, Saying
from sendbatch.ledger.figures import UNIT, Figures, counted
from sendbatch.ledger.states import SENT, TRIED_WITH, status_of
from sendbatch.values import OF_DNS, Recipient, Reply, Status, Why
from tests.kit.memory.state import Delivery, Row, State

LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)  # and no other letter
BLANKS = " \t\r\n\u00a0"


def entry_of(row: Row, one: Delivery | None) -> Entry:
    """Where somebody of the plan stands."""
    if one is None:
        nothing = (None,) * 4
        return Entry(
            row.id, row.line, row.key, row.email, row.status, None, 0, *nothing, row.why, row.detail,
            *nothing,
        )  # fmt: skip
    is_deliverys = row.holds or one.status in SENT  # and not what the checks say
    found = one if is_deliverys else row
    return _entry(one, row, status_of(row.status, one.status), is_deliverys, found.why, found.detail)


def entry_of_gone(one: Delivery) -> Entry:
    row = Row(one.gone or 0, one.key, one.email, (), Status.PENDING)
    status = status_of(None, one.status)
    return _entry(one, row, status, status is one.status, one.why, one.detail)


def _entry(
    one: Delivery, row: Row, status: Status, is_deliverys: bool, why: str | None, detail: str | None
) -> Entry:
    was = one.was if is_deliverys else one.status
    due_at = one.due_at if one.gone is None else None
    return Entry(
        one.id, row.line, row.key, one.email, status, was, one.attempts, due_at, one.code, one.enhanced,
        one.reply, why, detail, one.content, one.dated_at, one.first_attempt_at, one.finished_at,
    )  # fmt: skip


def recipient_of(row: Row, one: Delivery | None) -> Recipient:
    found = entry_of(row, one)
    refused = None
    if found.code is not None and found.code >= 500:
        refused = Reply(found.code, found.reply or "", "", found.enhanced)
    return Recipient(
        found.id, found.row, found.key, found.email, row.cells, found.status, found.attempts, found.dated_at,
        found.content, found.was is Status.IN_DOUBT, refused, bool(refused and found.finished_at is not None),
    )  # fmt: skip


def saying(rows: Iterable[Row], place: int, words: Sequence[str]) -> Saying:
    said = [(row.cells[place].strip(BLANKS), row.line) for row in rows]
    said = [(cell, line) for cell, line in said if cell.translate(LOWER) in words]
    cells = tuple(dict.fromkeys(cell for cell, _ in said))
    return Saying(len(said), cells[:5], tuple(line for _, line in said[:5]))


class People:
    def __init__(self, state: Callable[[], State]) -> None:
        self._state = state

    def plan(self) -> Plan | None:
        return self._state().plan

    def _all(self) -> Iterator[tuple[Row, Entry]]:
        return ((row, entry_of(row, one)) for row, one in self._state().people())

    def census(self) -> tuple[dict[Status, int], int]:
        rows = list(self._all())
        return Counter(one.status for _, one in rows), sum(row.holds for row, _ in rows)

    def entries(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[Entry]:
        departed = list(self._departed()) if all_rows else []
        found = heapq.merge(
            sorted(departed, key=lambda one: (one.row, one.id)),
            [one for _, one in self._all()],
            key=lambda one: (one.row, one.id),
        )
        return (one for one in found if statuses is None or one.status in statuses)

    def _departed(self) -> Iterator[Entry]:
        return (
            entry_of_gone(one) for one in self._state().deliveries.values() if one.gone is not None
        )

    def holders(self) -> Iterator[Recipient]:
        return (recipient_of(row, one) for row, one in self._state().people() if row.holds)

    def named(self, spellings: tuple[str, ...]) -> Recipient | None:
        found = (one for one in self.holders() if {one.key, one.email} & set(spellings))
        return next(found, None)

    def unlike_their_key(self) -> Iterator[tuple[int, str, str]]:
        for one in self.holders():
            if one.email.translate(LOWER) != one.key:
                yield one.row, one.key, one.email

    def addresses(self) -> Iterator[tuple[int, str, str]]:
        return ((one.row, one.key, one.email) for one in self.holders())

    def shared_addresses(self, most: int) -> tuple[int, list[tuple[int, int]]]:
        lines: dict[str, list[int]] = {}
        for one in self.holders():
            lines.setdefault(one.email.translate(LOWER), []).append(one.row)
        shared = [(rows[0], rows[-1]) for rows in lines.values() if len(rows) > 1]
        return len(shared), sorted(shared)[:most]

    def saying(self, column: str, words: Sequence[str]) -> Saying:
        return saying((row for row, _ in self._all() if row.holds), self._place(column), words)

    def empty(self, columns: Sequence[str]) -> dict[str, Saying]:
        rows = [row for row, _ in self._all() if row.holds]
        found = {}
        for column in columns:
            lines = [row.line for row in rows if row.cells[self._place(column)] == ""]
            found[column] = Saying(len(lines), ("",) if lines else (), tuple(lines[:5]))
        return found

    def usual(self, column: str, most: int) -> list[str]:
        place = self._place(column)
        cells = Counter(row.cells[place].strip(BLANKS) for row, _ in self._all())
        return sorted(cells, key=lambda cell: (-cells[cell], cell))[:most]

    def _place(self, column: str) -> int:
        plan = self.plan()
        assert plan is not None
        return plan.columns.index(column)

    def domains_without_mail(self) -> list[str]:
        found = (one for _, one in self._all() if one.status is Status.INVALID)
        return sorted({one.email.rpartition("@")[2] for one in found if one.why in OF_DNS})


class Reading(People):
    def meta(self, key: str) -> str | None:
        return self._state().meta.get(key)

    def totals(self) -> dict[Status, int]:
        return Counter(one.status for _, one in self._all())

    def departed(self) -> dict[Status, int]:
        return Counter(one.status for one in self._departed())

    def report_rows(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[ReportRow]:
        return map(_told, self.entries(statuses, all_rows=all_rows))

    def rows_with_cells(self) -> Iterator[tuple[ReportRow, tuple[str, ...]]]:
        cells = {entry.id: row.cells for row, entry in self._all()}
        for one in self.entries(all_rows=True):
            yield _told(one), cells.get(one.id, ())

    def tried_with(self, contents: Collection[str]) -> Iterator[tuple[str, str, str]]:
        for one in self.entries(TRIED_WITH):
            if one.content in contents:
                yield one.key, one.content or "", one.status

    def _deliveries(self) -> list[Delivery]:
        return list(self._state().deliveries.values())

    def has_tried(self) -> bool:
        return any(one.was_tried for one in self._deliveries())

    def tried_keys_of_before(self) -> Iterator[str]:
        for one in self._deliveries():
            is_plain = all(" " <= letter <= "~" for letter in one.key)
            is_quoted = len(one.key) > 1 and one.key[0] == one.key[-1] == '"'
            if one.is_records and (is_quoted or not is_plain):
                yield one.key

    def tried_cells(self, limit: int) -> Iterator[tuple[str, dict[str, str]]]:
        plan = self.plan()
        for row, _ in islice(
            ((r, d) for r, d in self._state().people() if d and d.was_tried), limit
        ):
            assert plan is not None
            yield row.key, dict(zip(plan.columns, row.cells, strict=True))

    def latest(self) -> float:
        times = [event.at for event in self._state().events]
        for one in self._deliveries():
            times += [one.first_attempt_at or 0, one.finished_at or 0, one.dated_at or 0]
        return max(times, default=0.0)

    def _present(self) -> list[Delivery]:
        return [one for one in self._deliveries() if one.gone is None]

    def accepted_since(self, at: float) -> int:
        return sum(
            one.status is Status.ACCEPTED and (one.finished_at or 0) >= at for one in self._deliveries()
        )

    def span(self) -> tuple[float | None, float | None]:
        tried = [one for one in self._present() if one.first_attempt_at is not None]
        first = min((one.first_attempt_at for one in tried if one.first_attempt_at), default=None)
        sent = [one.finished_at for one in tried if one.finished_at and one.why != Why.BY_HAND]
        return first, max(sent, default=None)

    def replies(self, limit: int = 20) -> list[tuple[int, str | None, str, int]]:
        said = Counter(
            (one.code, one.enhanced, one.reply or "")
            for one in self._present()
            if (one.code or 0) >= 400
        )
        found = [(code or 0, enhanced, text, many) for (code, enhanced, text), many in said.items()]
        return sorted(found, key=lambda one: (-one[3], one[0], one[2]))[:limit]

    def held(self, limit: int = 20) -> list[Held]:
        keys: dict[tuple[int, str | None, str], list[str]] = {}
        for one in self.entries([Status.DEFERRED]):
            if one.code is not None and one.code >= 500:
                keys.setdefault((one.code, one.enhanced, one.reply or ""), []).append(one.key)
        found = [Held(*reply, len(those), min(those)) for reply, those in keys.items()]
        return sorted(found, key=lambda one: (-one.recipients, one.code, one.text))[:limit]

    def answers(self, statuses: Collection[Status], limit: int) -> list[Answer]:
        alike: dict[tuple[object, ...], list[Entry]] = {}
        for one in self.entries(statuses):
            texts = (_alike(one.reply or "", one.email), _alike(one.detail or "", one.email))
            alike.setdefault((one.status, one.code, one.enhanced, one.why, *texts), []).append(one)
        found = [_answer(those) for those in alike.values()]
        return sorted(
            found,
            key=lambda one: (
                -one.recipients, one.status, one.code or 0, one.enhanced or "", one.text, one.why or "",
                one.detail,
            ),
        )[:limit]  # fmt: skip

    def figures(self) -> Figures:
        state = self._state()
        tried = [one for one in self._present() if one.was_tried]
        taken = [one for one in tried if one.status is Status.ACCEPTED and one.why != Why.BY_HAND]
        ends = [at for id_, at in state.ends if state.deliveries[id_].gone is None]
        return counted(
            _grouped(
                (one.email.rpartition("@")[2], one.status, one.attempts + (one.status is Status.SENDING))
                for one in tried
            ),
            _grouped((_moment(one.finished_at),) for one in taken),
            _grouped((_moment(at),) for at in ends),
            _grouped((one.attempts > 1, _ms(one)) for one in taken),
        )

    def events(self, limit: int = 200) -> list[Event]:
        return self._state().events[-limit:] if limit else []

    def contents(self) -> list[tuple[str, int]]:
        sent = [one for one in self._deliveries() if one.content is not None and one.status in SENT]
        last: dict[str, float] = {}
        for one in sent:
            content = one.content or ""
            last[content] = max(last.get(content, 0.0), one.finished_at or 0.0)
        counts = Counter(one.content for one in sent)
        return [(content, counts[content]) for content in sorted(last, key=lambda one: last[one])]

    def servers(self) -> list[tuple[str, int]]:
        changes = [event for event in self._state().events if event.kind == "server"]
        bounds = [float("-inf"), *(event.at for event in changes[1:]), float("inf")]
        done = (one for one in self._deliveries() if one.status is Status.ACCEPTED)
        accepted = [one.finished_at for one in done if one.finished_at is not None]
        counts: Counter[str] = Counter()
        for event, (start, end) in zip(changes, pairwise(bounds), strict=False):
            counts[event.detail] += sum(start <= at < end for at in accepted)
        return list(counts.items())

    def domain_of(self, content: str) -> str:
        return self.meta(f"domain of {content}") or ""

    def subjects(self) -> dict[str, str]:
        start = "subjects of "
        meta = self._state().meta.items()
        return {key.removeprefix(start): text for key, text in meta if key.startswith(start)}


def _told(one: Entry) -> ReportRow:
    return (
        one.row, one.key, one.email, one.status, one.code, one.enhanced, one.reply, one.attempts,
        one.content, one.first_attempt_at, one.finished_at, one.why, one.detail,
    )  # fmt: skip


def _answer(those: list[Entry]) -> Answer:
    first = those[0]
    texts, details = {one.reply or "" for one in those}, {one.detail or "" for one in those}
    return Answer(
        first.status, first.code, first.enhanced, min(texts), first.why, min(details), len(those),
        len(texts) > 1 or len(details) > 1,
    )  # fmt: skip


def _alike(text: str, email: str) -> str:
    return "".join(one for one in text.replace(email or "\0", "") if one not in string.digits)


def _grouped(told: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(*one, many) for one, many in Counter(told).items()]


def _moment(at: float | None) -> int:
    assert at is not None
    return int(at * round(1 / UNIT))


def _ms(one: Delivery) -> int:
    assert one.finished_at is not None
    assert one.first_attempt_at is not None
    return int((one.finished_at - one.first_attempt_at) * 1000)
