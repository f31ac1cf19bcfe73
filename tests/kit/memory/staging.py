"""The rows of a plan in the making, in memory. Behind `store.Staging`."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from sendbatch.ledger.facts import (
    NOBODY,
    Difference,
    Faulty,
    Lacking,
    Matched,
    Plan,
    Saying,
    Twins,
)
from sendbatch.ledger.states import LEFT_OUT
from sendbatch.values import Status, Why
from tests.kit.memory import reading
from tests.kit.memory.reading import LOWER
from tests.kit.memory.state import Row, State

SENT = (Status.ACCEPTED, Status.IN_DOUBT)
DONE = (*SENT, Status.REJECTED)


class Staging:
    """A plan over `last`, which it is compared with; `asked` are those done with whom the draft takes up
    again, `number` gives each row an id of its own, `finished` is handed the plan and its rows."""

    def __init__(
        self,
        columns: Sequence[str],
        last: State,
        asked: set[int],
        number: Callable[[], int],
        heed: Callable[[], None],
        finished: Callable[[Plan, dict[int, Row], dict[int, int], set[int]], None],
    ) -> None:
        self._columns = tuple(columns)
        self._last = last
        self._asked = asked
        self._number = number
        self._heed = heed
        self._finished = finished
        self._rows: list[Row] = []
        self._former: list[tuple[int, str]] = []
        self._since: list[tuple[str, str]] = []
        self._marks: dict[int, tuple[str, str, str | None]] = {}
        self._lacking: dict[str, set[int]] = {}
        self._faulty: dict[int, tuple[str, bool]] = {}
        self._weighed: dict[int, int] = {}
        self._excepted: set[str] = set()
        self._excepted_by: dict[int, set[str]] = {}
        self._suppressed: set[tuple[str, str]] = set()
        self._questioned: list[tuple[int, int, str, str, str]] = []
        self._tried = {
            one.key: one for one in last.deliveries.values() if one.is_records and one.key
        }

    def add(self, rows: Iterable[tuple[object, ...]]) -> None:
        for line, key, email, cells, status, why, detail in rows:
            self._heed()
            row = (
                line,
                key,
                email,
                tuple(json.loads(str(cells))),
                Status(str(status)),
                why,
                detail,
            )
            self._rows.append(Row(*row, self._number()))  # type: ignore[arg-type]

    def known_as(self, rows: Iterable[tuple[int, str]]) -> None:
        self._former += rows

    def called_since(self, keys: Iterable[tuple[str, str]]) -> None:
        self._since += keys

    def mark(self, rows: Iterable[tuple[object, ...]]) -> None:
        self._marks.update({line: rest for line, *rest in rows})  # type: ignore[misc]

    def lack(self, kind: str, lines: Iterable[int]) -> None:
        self._lacking.setdefault(kind, set()).update(lines)

    def weigh(self, rows: Iterable[tuple[int, int]]) -> None:
        self._weighed.update(rows)

    def fault(self, rows: Iterable[tuple[int, str, bool]]) -> None:
        self._faulty.update({line: (told, is_missing) for line, told, is_missing in rows})

    def suppress(self, entries: Iterable[tuple[str, str]]) -> None:
        self._suppressed.update(entries)

    def except_(self, file: int, entries: Iterable[str]) -> None:
        self._excepted_by.setdefault(file, set()).update(entries)
        self._excepted = set().union(*self._excepted_by.values())

    def _names_of(self, row: Row) -> set[str]:
        address, _, _ = self._marks.get(row.line, ("", "", None))
        return {name for name in (address, row.key, row.key.translate(LOWER)) if name}

    def _excepted_keys(self) -> set[str]:
        return {row.key for row in self._rows if row.key and self._names_of(row) & self._excepted}

    def _excepted_rows(self) -> set[int]:
        """Of each key the row that stands for its delivery, by the delivery's id."""
        keys, found = self._excepted_keys(), dict[str, int]()
        for these in ((Status.PENDING,), LEFT_OUT):
            for row in self._rows:
                if row.key in keys and row.status in these:
                    found.setdefault(row.key, row.id)
        return set(found.values())

    def matched(self, most: int) -> Matched:
        known = set().union(*map(self._names_of, self._rows))
        strangers = sorted(self._excepted - known)
        idle = sorted(file for file, these in self._excepted_by.items() if these and not these & known)
        return Matched(
            len(self._excepted_keys()), len(strangers), tuple(strangers[:most]), tuple(idle)
        )

    def question(self, entries: Iterable[tuple[int, int, str, str, str]]) -> None:
        self._questioned += entries

    def unread(self, number: int, most: int) -> tuple[int, list[tuple[int, str, str]]]:
        keys = {row.key for row in (*self._rows, *self._last.rows.values())}
        keys |= {one.key for one in self._last.deliveries.values()}
        left = sorted(
            (line, told, why)
            for list_, line, value, told, why in self._questioned
            if list_ == number and value not in keys
        )
        return len(left), left[:most]

    def domains(self) -> list[str]:
        return list(
            {
                self._marks[row.line][1]
                for row in self._rows
                if row.holds and row.line in self._marks
            }
        )

    def reject_domains(self, found: Iterable[tuple[str, Why]]) -> None:
        amiss = dict(found)
        for place, row in enumerate(self._rows):
            _, domain, _ = self._marks.get(row.line, ("", "", None))
            if row.holds and domain in amiss:
                why = amiss[domain]
                self._rows[place] = replace(row, status=Status.INVALID, why=why, detail=domain)

    def settle(self) -> None:
        self._leave_out_suppressed()
        self._recognise()
        self._leave_out_suppressed()  # a list may have the keys of today, or as a report told them
        first: dict[str, Row] = {}
        for place, row in enumerate(self._rows):
            if row.holds and first.setdefault(row.key, row) is not row:
                told = {"why": Why.DUPLICATE, "detail": str(first[row.key].line)}
                self._rows[place] = replace(row, status=Status.DUPLICATE, **told)
        self._point_to_deliveries()

    def _leave_out_suppressed(self) -> None:
        listed = self._suppressed
        for place, row in enumerate(self._rows):
            address, domain, _ = self._marks.get(row.line, (None, "", None))
            above = domain.split(".")
            about = {
                ("key", address), ("key", row.key), ("key", row.key.translate(LOWER)), ("text", row.key),
                ("text", row.email), ("domain", domain),
                *(("below", ".".join(above[n:])) for n in range(1, len(above))),
            }  # fmt: skip
            if row.holds and about & listed:
                told = {"why": Why.SUPPRESSED, "detail": None}
                self._rows[place] = replace(row, status=Status.SUPPRESSED, **told)

    def _recognise(self) -> None:
        """All rows of a key take the former one of any of them, where somebody was tried under that, and
        nobody under theirs, or in vain while who has the former one was sent the message. Of several, who
        is done with comes first. A key that stands in the CSV too is another's."""
        keys, of_line = {row.key for row in self._rows}, {row.line: row.key for row in self._rows}
        made = [(of_line[line], former) for line, former in self._former if line in of_line]
        made += [(key, former) for former, key in self._since]
        known: dict[str, str] = {}
        for key, former in sorted(made, key=lambda one: (not self._is_done(one[1]), one[1])):
            is_open = key not in self._tried or (self._was_sent(former) and not self._was_sent(key))
            if former in self._tried and former not in keys and is_open:
                known.setdefault(key, former)
        self._rows = [replace(row, key=known.get(row.key, row.key)) for row in self._rows]

    def _is_done(self, key: str) -> bool:
        return key in self._tried and self._tried[key].status in DONE

    def _was_sent(self, key: str) -> bool:
        return key in self._tried and self._tried[key].status in SENT

    def _point_to_deliveries(self) -> None:
        """Who was tried is the row that holds their key, else the first that the checks leave out."""
        taken = set()
        for these in ((Status.PENDING,), LEFT_OUT):
            for place, row in enumerate(self._rows):
                if row.key in self._tried and row.key not in taken and row.status in these:
                    taken.add(row.key)
                    self._rows[place] = replace(row, id=self._tried[row.key].id)

    def _open(self) -> list[Row]:
        """Rows that hold their key, where nobody of that key is done with."""
        done = {
            one.key
            for one in self._last.deliveries.values()
            if one.status in DONE and one.id not in self._asked
        }
        done |= self._excepted_keys()
        return [row for row in self._rows if row.holds and row.key not in done]

    def lacking(self, kind: str, most: int = 10) -> Lacking:
        lines = [row.line for row in self._open() if row.line in self._lacking.get(kind, ())]
        return Lacking(len(lines), tuple(lines[:most])) if lines else NOBODY

    def faulty(self, most: int) -> Faulty:
        found = [
            (row.line, *self._faulty[row.line]) for row in self._open() if row.line in self._faulty
        ]
        told = tuple((line, words) for line, words, _ in found[:most])
        return Faulty(len(found), any(missing for *_, missing in found), told)

    def may_be_sent_to(self, lines: Collection[int]) -> set[int]:
        return {row.line for row in self._open()} & set(lines)

    def saying(self, column: str, words: Sequence[str]) -> Saying:
        return reading.saying(self._rows, self._columns.index(column), words)

    def twins(self, used: Collection[str], most: int = 10) -> Twins:
        places = [place for place, name in enumerate(self._columns) if name in used]
        return self._twins(lambda row: [row.cells[place] for place in places], most)

    def twins_by_attachment(self, most: int = 10) -> Twins:
        return self._twins(lambda row: self._marks.get(row.line, (None,))[-1], most)

    def _twins(self, of: Callable[[Row], object], most: int) -> Twins:
        first = self._holders(self._rows)
        found = [
            (row.line, first[row.key].line)
            for row in self._rows
            if row.status is Status.DUPLICATE and of(row) != of(first[row.key])
        ]
        return Twins(len(found), tuple(found[:most])) if found else Twins()

    @staticmethod
    def _holders(rows: Iterable[Row]) -> dict[str, Row]:
        return {row.key: row for row in rows if row.holds}

    def difference(self) -> Difference:
        if not self._last.rows and not self._last.deliveries:
            return Difference(first=True)
        old, new = self._holders(self._last.rows.values()), self._holders(self._rows)
        moved = [
            (row.line, self._tried[key].email, row.email)
            for key, row in new.items()
            if self._was_sent(key)
            and self._tried[key].email != row.email
            and self._tried[key].id not in self._asked
        ]
        return Difference(
            len(new.keys() - old.keys()),
            len(old.keys() - new.keys()),
            sum(
                (old[key].email, old[key].cells) != (new[key].email, new[key].cells)
                for key in new.keys() & old.keys()
            ),
            tuple(moved[:10]),
        )

    def corrected_doubt(self) -> frozenset[int]:
        new = self._holders(self._rows)
        return frozenset(
            one.id
            for one in self._last.deliveries.values()
            if one.status is Status.IN_DOUBT and one.key in new
            and (one.email, one.cells) != (new[one.key].email, new[one.key].cells)
        )  # fmt: skip

    def finish(
        self,
        *,
        inputs: str,
        recipients_digest: str,
        content_digest: str,
        started_at: float,
        completed_at: float,
    ) -> None:
        id_ = self._last.plan.id + 1 if self._last.plan else 1
        made = Plan(id_, inputs, completed_at, self._columns, recipients_digest, content_digest)
        rows = {row.id: row for row in self._rows}
        self._finished(made, rows, self._weighed, self._excepted_rows())
