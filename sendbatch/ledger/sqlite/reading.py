"""The record as it is told: totals, recipients, replies, events. Changes nothing.

Behind `store.Reading`; works on a reader's connection and on the writer's alike.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import cast

from sendbatch.ledger.conditions import listed
from sendbatch.ledger.facts import Answer, Event, Held, Plan, ReportRow
from sendbatch.ledger.figures import Figures
from sendbatch.ledger.sqlite.counting import answers, figures
from sendbatch.ledger.sqlite.people import SqlitePeople
from sendbatch.ledger.sqlite.sql import Connection
from sendbatch.ledger.sqlite.view import CURRENT, FOLDED, KNOWN, SENT, TRIED, gone, rows_of
from sendbatch.ledger.states import TRIED_WITH
from sendbatch.reasons import OURS
from sendbatch.values import Status

TOLD = (
    '"row", key, email, status, code, enhanced_code, reply, attempts, content, first_attempt_at, '
    "finished_at, why, detail"
)
SUBJECTS = "subjects of "  # a content, in `meta`
_OURS = "(" + ", ".join(f"'{why}'" for why in OURS) + ")"


class SqliteReading(SqlitePeople):
    """Of the last plan, and all the rest that the record tells. `deliveries` is the table of what was tried,
    `at_rest`: the record is read by who does not write it."""

    def __init__(
        self,
        connection: Connection,
        deliveries: str = KNOWN,
        *,
        at_rest: bool = False,
    ) -> None:
        super().__init__(
            connection,
            rows_of(CURRENT, deliveries, at_rest=at_rest),
            gone(FOLDED if deliveries == KNOWN else deliveries, at_rest=at_rest),
        )
        self._deliveries = deliveries
        self._at_rest = at_rest

    def meta(self, key: str) -> str | None:
        found = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(found[0]) if found else None

    def plan(self) -> Plan | None:
        found = self._db.execute(
            "SELECT id, inputs, completed_at, columns, recipients_digest, content_digest FROM plan "
            "ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if found is None:
            return None
        id_, inputs, completed_at, columns, recipients, content = found
        return Plan(id_, inputs, completed_at, tuple(json.loads(columns)), recipients, content)

    def totals(self) -> dict[Status, int]:
        return self._counts(self._rows)

    def departed(self) -> dict[Status, int]:
        return self._counts(self._gone)

    def _counts(self, rows: str) -> dict[Status, int]:
        found = self._db.execute(f"SELECT status, count(*) FROM {rows} GROUP BY status")
        return {Status(status): count for status, count in found}

    def report_rows(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[ReportRow]:
        return iter(self._by_line(TOLD, statuses, all_rows))

    def rows_with_cells(self) -> Iterator[tuple[ReportRow, tuple[str, ...]]]:
        for *told, cells in self._by_line(f"{TOLD}, vars", None, True):
            known = json.loads(cells) if cells is not None else ()
            yield cast(ReportRow, tuple(told)), tuple(one if isinstance(one, str) else "" for one in known)

    def tried_with(self, contents: Collection[str]) -> Iterator[tuple[str, str, str]]:
        return self._db.read(
            f"SELECT key, content, status FROM {self._rows} "
            f"WHERE content IN (SELECT value FROM json_each(?)) AND status IN {listed(TRIED_WITH)}",
            (json.dumps(list(contents)),),
        )

    def tried_keys_of_before(self) -> Iterator[str]:
        rows = self._db.read(
            f"SELECT key FROM {self._deliveries} "
            f"WHERE (key GLOB '*[^ -~]*' OR key GLOB '\"*\"') AND {TRIED}"
        )
        return (key for (key,) in rows)

    def has_tried(self) -> bool:
        found = self._db.execute(
            f"SELECT 1 FROM {self._deliveries} WHERE attempts > 0 OR first_attempt_at IS NOT NULL LIMIT 1"
        )
        return found.fetchone() is not None

    def tried_cells(self, limit: int) -> Iterator[tuple[str, dict[str, str]]]:
        plan = self.plan()
        rows = self._db.execute(
            f"SELECT key, vars FROM {self._rows} "
            "WHERE attempts > 0 OR first_attempt_at IS NOT NULL LIMIT ?",
            (limit,),
        )
        for key, cells in rows.fetchall():
            assert plan is not None
            pairs = zip(plan.columns, json.loads(cells), strict=True)
            yield key, {name: cell for name, cell in pairs if isinstance(cell, str)}

    def latest(self) -> float:
        found = self._db.execute(
            "SELECT max(at) FROM (SELECT max(at) AS at FROM event UNION ALL SELECT "
            "max(max(coalesce(first_attempt_at, 0)), max(coalesce(finished_at, 0)), "
            f"max(coalesce(dated_at, 0))) FROM {self._deliveries})"
        ).fetchone()[0]
        return float(found or 0)

    def span(self) -> tuple[float | None, float | None]:
        first, last = self._db.execute(
            "SELECT min(first_attempt_at), max(CASE WHEN why IS NOT 'by-hand' THEN finished_at END) "
            f"FROM {self._deliveries} WHERE gone IS NULL AND first_attempt_at IS NOT NULL"
        ).fetchone()
        return first, last

    def accepted_since(self, at: float) -> int:
        return self._accepted_between(at, float("inf"))

    def replies(self, limit: int = 20) -> list[tuple[int, str | None, str, int]]:
        return self._db.execute(
            "SELECT code, enhanced_code, coalesce(reply, '') AS text, count(*) AS many "
            f"FROM {self._deliveries} "
            "WHERE gone IS NULL AND code >= 400 GROUP BY code, enhanced_code, text "
            "ORDER BY many DESC, code, text LIMIT ?",
            (limit,),
        ).fetchall()

    def held(self, limit: int = 20) -> list[Held]:
        rows = self._db.execute(
            "SELECT code, enhanced_code, coalesce(reply, ''), count(*) AS many, min(key), "
            f"min(iif(why IN {_OURS}, why, NULL)) FROM {self._rows} "
            "WHERE status = 'deferred' AND code >= 500 "
            "GROUP BY code, enhanced_code, reply ORDER BY many DESC, code, reply LIMIT ?",
            (limit,),
        )
        return [Held(*row) for row in rows]

    def answers(self, statuses: Collection[Status], limit: int) -> list[Answer]:
        return answers(self._db, self._rows, statuses, limit)

    def figures(self) -> Figures:
        return figures(self._db, at_rest=self._at_rest)

    def events(self, limit: int = 200) -> list[Event]:
        rows = self._db.execute(
            "SELECT at, kind, detail FROM event ORDER BY rowid DESC LIMIT ?", (limit,)
        ).fetchall()
        return [Event(*row) for row in reversed(rows)]

    def contents(self) -> list[tuple[str, int]]:
        sent = f"FROM {self._deliveries} WHERE content IS NOT NULL AND status IN {SENT}"
        count, first, last = self._db.execute(
            f"SELECT count(*), min(content), max(content) {sent}"
        ).fetchone()
        if first == last:  # as nearly always: no need to sort everyone by a digest
            return [(first, count)] if count else []
        rows = self._db.execute(
            f"SELECT content, count(*), max(finished_at) AS last {sent} GROUP BY content ORDER BY last"
        )
        return [(content, count) for content, count, _ in rows]

    def servers(self) -> list[tuple[str, int]]:
        changes = self._db.execute(
            "SELECT at, detail FROM event WHERE kind = 'server' ORDER BY rowid"
        ).fetchall()
        bounds = [float("-inf"), *(at for at, _ in changes[1:]), float("inf")]
        counts: dict[str, int] = {}
        for (_, server), (start, end) in zip(changes, pairwise(bounds), strict=False):
            counts[server] = counts.get(server, 0) + self._accepted_between(start, end)
        return list(counts.items())

    def _accepted_between(self, start: float, end: float) -> int:
        found = self._db.execute(
            f"SELECT count(*) FROM {self._deliveries} WHERE status = 'accepted' AND finished_at >= ? "
            "AND finished_at < ?",
            (start, end),
        )
        return int(found.fetchone()[0])

    def domain_of(self, content: str) -> str:
        return self.meta(f"domain of {content}") or ""

    def subjects(self) -> dict[str, str]:
        rows = self._db.execute(
            "SELECT substr(key, ?), value FROM meta WHERE key GLOB ?",
            (len(SUBJECTS) + 1, f"{SUBJECTS}*"),
        )
        return dict(rows.fetchall())
