"""Whom a draft selects, in PostgreSQL: --only, --limit, --retry, and whom a person's word sends to again.

All of it stands in tables of the draft's own, until it is merged.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from sendbatch.ledger.conditions import happens, listed
from sendbatch.ledger.facts import Retried
from sendbatch.ledger.postgres.connecting import NOW, lease_seconds
from sendbatch.ledger.postgres.heeding import Heeded
from sendbatch.ledger.postgres.parts import ask
from sendbatch.ledger.postgres.rows import COLUMNS, in_parts, to_recipients
from sendbatch.ledger.postgres.runs import YOUNG
from sendbatch.ledger.postgres.scratch import Scratch
from sendbatch.ledger.postgres.selecting import CHOSEN, LEFT, SCOPE, PostgresSelection, Tally
from sendbatch.ledger.postgres.text import stored
from sendbatch.ledger.postgres.view import Rows
from sendbatch.ledger.states import SENDABLE, Event, sources
from sendbatch.values import Recipient, Status

_SENDABLE: Final = listed(SENDABLE)


class Choice(PostgresSelection, ABC):
    """Among the people of a draft."""

    def __init__(self, asked: Heeded, scratch: Scratch, record: int) -> None:
        super().__init__(asked, record, {})
        self._db = asked
        self._scratch = scratch
        self._excepted: tuple[str, float] | None = None
        self._tallied: tuple[int, str, Tally] | None = None

    @property
    @abstractmethod
    def whom(self) -> Rows:
        """These people, as they will be."""

    @property
    def rows(self) -> str:
        return str(self.whom)

    def tally(self) -> Tally:
        """As long as the draft changes nothing of it, all is counted once."""
        known, query = self._tallied, self.counting
        if known is None or known[:2] != (self._db.changes, query):
            known = self._tallied = self._db.changes, query, super().tally()
        return known[2]

    def _select(self, kind: str, holds: bool = True) -> None:
        """From now on it goes by the table of this kind, or not."""
        kinds = {one: table for one, table in self.kinds.items() if one != kind}
        self.kinds = {**kinds, kind: self._scratch[kind]} if holds else kinds

    def only(self, named: Sequence[tuple[str, ...]] | None) -> list[str]:
        self._scratch.drop(SCOPE, "wanted")
        self._select(SCOPE, holds=False)
        if named is None:
            return []
        scope = self._scratch.make(SCOPE)
        spelled = ((stored(one), n) for n, spellings in enumerate(named) for one in spellings)
        self._scratch.put("wanted", spelled)
        found = self._db.of_all(
            f"WITH found AS (SELECT people.id, w.number FROM {self.rows}, {self._scratch['wanted']} AS w "
            f"WHERE people.key = w.spelling UNION SELECT people.id, w.number FROM {self.rows}, "
            f"{self._scratch['wanted']} AS w WHERE people.email = w.spelling), "
            f"put AS (INSERT INTO {scope} (id) SELECT DISTINCT id FROM found) "
            "SELECT DISTINCT number FROM found"
        )
        known = {number for (number,) in found}
        self._select(SCOPE)
        return [spellings[0] for n, spellings in enumerate(named) if n not in known]

    def retry(self, asked: Sequence[Retried], at: float) -> int:
        return sum(self._retry(one, at) for one in asked)

    def _retry(self, asked: Retried, at: float) -> int:
        assert asked.status in sources(Event.RETRY)
        those = f"FROM {self.rows} WHERE holds AND status = %s{self.scope}{self._not_excepted}"
        code = 'coalesce(enhanced_code, code::text) COLLATE "C"'
        values: list[Any] = [str(asked.status)]
        if asked.codes is not None:
            there = self._db.execute(f"SELECT DISTINCT {code} {those}", values).fetchall()
            those += f" AND {code} = ANY(%s)"
            values.append([one for (one,) in there if one is not None and fnmatchcase(one, asked.codes)])
        if asked.status is Status.REJECTED:
            into = (
                f"INSERT INTO {self._scratch.make('asked')} (id) SELECT id FROM found ON CONFLICT DO NOTHING"
            )
        else:
            into = (
                f"INSERT INTO {self._scratch.make('hurried')} (id, due_at) SELECT id, %s::double precision "
                "FROM found ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at"
            )
            values.append(at)
        # what is asked of stays as it was: a table that is made within would be among it
        query = f"WITH found AS (SELECT id {those}), put AS ({into}) SELECT count(*) FROM found"
        return int(self._db.one(query, values))

    @property
    def _not_excepted(self) -> str:
        if self._excepted is None:
            return ""
        named = self._scratch["excepted_rows"]
        return f" AND NOT EXISTS (SELECT 1 FROM {named} AS e WHERE e.id = people.place)"

    def resend(self, only: Collection[int] | None = None) -> int:
        those = f"SELECT id FROM {self.rows} WHERE holds AND {happens(Event.RESEND)}{self.scope}"
        values: list[Any] = []
        if only is not None:
            those += " AND id = ANY(%s)"
            values.append(sorted(only))
        else:  # an answer may still come, of a runner that is only slow or paused
            those += f" AND (finished_at IS NULL OR finished_at < {NOW} - %s)"
            values.append(YOUNG + lease_seconds())
        statement = f"INSERT INTO {self._scratch.make('asked')} (id) {those} ON CONFLICT DO NOTHING"
        return self._db.execute(statement, values or None).rowcount

    def doubt_with_key(self, content: str, dated_after: float) -> frozenset[int]:
        rows = self._db.execute(
            f"SELECT id FROM {self.rows} WHERE status = 'in_doubt' AND content = %s AND dated_at > %s"
            f"{self.scope}",
            (stored(content), dated_after),
        )
        return frozenset(id_ for (id_,) in rows)

    def limit(self, count: int | None) -> None:
        self._choose(count)
        if count is None or (asked := self._scratch.get("asked")) is None:
            return
        kept = f"EXISTS (SELECT 1 FROM {self._scratch[CHOSEN]} AS c WHERE c.id = a.id)"
        self._db.execute(
            f"WITH over AS (DELETE FROM {asked} AS a WHERE NOT {kept} RETURNING a.id) "
            f"INSERT INTO {self._scratch.make(LEFT)} (id) SELECT id FROM over ON CONFLICT DO NOTHING"
        )
        self._select(LEFT)

    def _choose(self, count: int | None) -> None:
        """Of the rows in scope that can be sent to, take the first so many by line."""
        self._scratch.drop(CHOSEN)
        self._select(CHOSEN, holds=False)
        if count is None:
            return
        self._db.execute(
            f"INSERT INTO {self._scratch.make(CHOSEN)} (id) SELECT id FROM {self.rows} "
            f"WHERE holds AND status IN {_SENDABLE}{self.scope} ORDER BY place LIMIT %s "
            "ON CONFLICT DO NOTHING",
            (count,),
        )
        self._select(CHOSEN)

    def samples(self, count: int) -> list[Recipient]:
        if CHOSEN in self.kinds:  # who looks for more than there are looks through all
            few = f"(SELECT 1 FROM {self.kinds[CHOSEN]} AS c LIMIT {count:d})"
            count = int(self._db.one(f"SELECT count(*) FROM {few} AS few"))
        rows = ask(
            self._db,
            f"SELECT {COLUMNS} FROM {self.rows} WHERE holds AND status IN {_SENDABLE}{self.each_of_those} "
            f"ORDER BY place LIMIT %s",
            (count,),
        )
        return to_recipients(rows)

    def to_send(self) -> Iterator[Recipient]:
        yield from in_parts(self._db, self.whom, f"holds AND status IN {_SENDABLE}{self.each_of_those}")

    @property
    def those_to_send(self) -> str:
        """From which, and under which condition: those that this run may send to."""
        return f"FROM {self.rows} WHERE holds AND status IN {_SENDABLE}{self.those}"
