"""Whom a run is about, in PostgreSQL: --only, --limit, and who is sent to again by a person's word.

A draft has them in tables of its own; once it is merged they stand in `chosen`, for all runners alike:
"scope" has whom --only names, "chosen" whom this run may send to, "left" whom a limit has left over. The
run's column `selects` names those that hold, for an empty one lets nobody through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sendbatch.ledger.conditions import happens, leads_to, listed
from sendbatch.ledger.postgres.connecting import Cursor
from sendbatch.ledger.postgres.parts import Asked, ask, first
from sendbatch.ledger.postgres.view import deliveries_of, plan_rows, rows_of
from sendbatch.ledger.states import SENDABLE, SETTLED, Event
from sendbatch.values import Status

SCOPE, CHOSEN, LEFT = "scope", "chosen", "left"
KINDS: Final = (SCOPE, CHOSEN, LEFT)
MANY: Final = 1000  # rows from which on the server has to know how they are distributed
_SENDABLE: Final = listed(SENDABLE)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one look at all rows tells: how many there are, by status, and how many hold a key; and of those
    that are selected."""

    everyone: dict[Status, int]
    holders: int
    totals: dict[Status, int]
    left_over: int


class PostgresSelection:
    """Behind `store.Selection`. `kinds` are the tables of ids that it goes by, those that hold."""

    def __init__(self, asked: Asked, record: int, kinds: Mapping[str, str]) -> None:
        self._asked = asked
        self._record = record
        self.kinds = kinds

    @property
    def rows(self) -> str:
        """The table of rows that is selected from."""
        return str(rows_of(plan_rows(self._record), deliveries_of(self._record)))

    @property
    def scope(self) -> str:
        """A condition on the `id` of rows: --only names them."""
        return self._among(SCOPE)

    @property
    def those(self) -> str:
        """A condition on the `id` of rows: this run may send to them."""
        return self._among(SCOPE) + self._among(CHOSEN)

    @property
    def each_of_those(self) -> str:
        """As `those`, by a look for each of the `people`: for the first few of them, or a part."""
        if CHOSEN not in self.kinds:
            return self.scope
        return f" AND EXISTS (SELECT 1 FROM {self.kinds[CHOSEN]} AS c WHERE c.id = people.id OFFSET 0)"

    @property
    def selected(self) -> str | None:
        """A table of the ids that this run may send to, None where it is all of them. Who is chosen is in the
        scope."""
        return self.kinds.get(CHOSEN, self.kinds.get(SCOPE))

    def _among(self, kind: str, id_: str = "id") -> str:
        return f" AND {id_} IN (SELECT id FROM {self.kinds[kind]} AS them)" if kind in self.kinds else ""

    def totals(self) -> dict[Status, int]:
        return self.tally().totals

    def left_over(self) -> int:
        return self.tally().left_over if CHOSEN in self.kinds else 0

    def tally(self) -> Tally:
        """One look at all rows."""
        found = ask(self._asked, self.counting)
        left = {Status(status): (counted, over) for status, _, _, counted, over, _ in found}
        return Tally(
            {Status(status): number for status, number, *_ in found},
            sum(holders for _, _, holders, *_ in found),
            {status: counted for status, (counted, _) in left.items() if counted},
            sum(over for _, over in left.values()) + (found[0][-1] if found else 0),
        )

    @property
    def counting(self) -> str:
        """The query that a tally is made of: of each status how many rows there are, hold a key, count in the
        totals, and are kept back by the limit; and how many are left over of those to be sent to again."""
        is_in_scope = f"true{self._among(SCOPE, 'people.id')}"
        is_kept_back, is_left = "false", "0"
        if CHOSEN in self.kinds:
            is_kept_back = f"status IN {_SENDABLE} AND chosen.id IS NULL"
        is_counted = f"{is_in_scope} AND NOT ({is_kept_back})"
        if LEFT in self.kinds:
            is_counted += ' AND "left".id IS NULL'
            is_left = f"(SELECT count(*) FROM {self.kinds[LEFT]} AS l)"
        return (
            "SELECT status, count(*), count(*) FILTER (WHERE holds), "
            f"count(*) FILTER (WHERE {is_counted}), "
            f"count(*) FILTER (WHERE {is_in_scope} AND {is_kept_back}), {is_left} "
            f"FROM {self.rows}{self._joined(CHOSEN)}{self._joined(LEFT)} GROUP BY status"
        )

    def _joined(self, kind: str) -> str:
        if kind not in self.kinds:
            return ""
        return f' LEFT JOIN {self.kinds[kind]} AS "{kind}" ON "{kind}".id = people.id'


def selection_of(asked: Asked, record: int) -> PostgresSelection:
    """Whom the run is about that was merged last."""
    selects = first(asked, "SELECT selects FROM sendbatch.run WHERE record = %s", (record,))
    return PostgresSelection(asked, record, kept(record, (selects or "").split()))


def kept(record: int, kinds: list[str]) -> dict[str, str]:
    """The tables of ids that stand in the record."""
    return {
        kind: f"(SELECT c.id FROM sendbatch.chosen AS c WHERE c.record = {record:d} AND c.kind = '{kind}')"
        for kind in KINDS
        if kind in kinds
    }


def keep(cursor: Cursor, record: int, kinds: Mapping[str, str]) -> dict[str, str]:
    """A run goes by these from now on, in the place of what was there; returns the tables of the record."""
    cursor.execute("DELETE FROM sendbatch.chosen WHERE record = %s", (record,))
    many = 0
    for kind, table in kinds.items():
        many += cursor.execute(
            f"INSERT INTO sendbatch.chosen (record, kind, id) SELECT {record:d}, '{kind}', id FROM {table} "
            "AS them"
        ).rowcount
    if many >= MANY:
        cursor.execute("ANALYZE sendbatch.chosen")
    cursor.execute(
        "UPDATE sendbatch.run SET selects = %s WHERE record = %s", (" ".join(kinds), record)
    )
    return kept(record, list(kinds))


def restore(cursor: Cursor, record: int) -> int:
    """Whoever was made pending for one run is as before where they were not sent to; returns how many."""
    return cursor.execute(
        f"UPDATE sendbatch.delivery SET status = {leads_to(Event.RESTORE)}, was = NULL, due_at = NULL "
        f"WHERE record = %s AND {happens(Event.RESTORE)} AND was IN {listed(SETTLED)}",
        (record,),
    ).rowcount
