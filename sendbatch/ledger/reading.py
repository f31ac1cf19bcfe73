"""The record as it is told: totals, recipients, replies, events. Changes nothing.

Behind `store.Reading`; works on a reader's connection and on the writer's alike.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import Any

from sendbatch.ledger.cells import Saying, saying, usual
from sendbatch.ledger.merging import TRIED
from sendbatch.ledger.sending import COLUMNS, to_recipient
from sendbatch.ledger.sql import listed
from sendbatch.ledger.states import SETTLED, sources
from sendbatch.ledger.states import Event as Change
from sendbatch.ledger.store import Entry, Event, Held, Plan, Told
from sendbatch.values import Recipient, Status

CURRENT = "plan = (SELECT max(id) FROM plan)"
ENTRY = (
    'id, "row", key, email, status, was, attempts, due_at, code, enhanced_code, reply, reason, '
    "content, dated_at, first_attempt_at, finished_at"
)
TOLD = (
    '"row", key, email, status, code, enhanced_code, reply, attempts, content, first_attempt_at, '
    "finished_at, reason"
)
_STATUSES = {str(status): status for status in Status}
SENT = "('accepted', 'in_doubt', 'sending')"


# Where nobody writes: who was to be sent to again, and was not, is what they were. The next run puts
# them back.
AT_REST = (
    f"iif(status IN {listed(sources(Change.PUT_BACK))} AND was IN {listed(SETTLED)}, was, status)"
)


class LedgerReading:
    """`at_rest`: the record is read by who does not write it."""

    def __init__(self, connection: sqlite3.Connection, *, at_rest: bool = False) -> None:
        self._db = connection
        self._status = AT_REST if at_rest else "status"

    def meta(self, key: str) -> str | None:
        found = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(found[0]) if found else None

    def plan(self) -> Plan | None:
        found = self._db.execute(
            "SELECT id, inputs, completed_at, columns, recipients_digest, content_digest FROM plan "
            "WHERE completed_at IS NOT NULL ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if found is None:
            return None
        id_, inputs, completed_at, columns, recipients, content = found
        return Plan(id_, inputs, completed_at, tuple(json.loads(columns)), recipients, content)

    def totals(self) -> dict[Status, int]:
        return self._counts(CURRENT)

    def census(self) -> tuple[dict[Status, int], int]:
        """`totals`, and how many `holders` there are, from one look at the record."""
        rows = self._db.execute(
            f"SELECT status, count(*), count(claim) FROM recipient WHERE {CURRENT} GROUP BY status"
        ).fetchall()
        return {Status(status): count for status, count, _ in rows}, sum(n for *_, n in rows)

    def departed(self) -> dict[Status, int]:
        return self._counts(f"NOT {CURRENT}")

    def _counts(self, condition: str) -> dict[Status, int]:
        rows = self._db.execute(
            f"SELECT {self._status}, count(*) FROM recipient WHERE {condition} GROUP BY 1"
        )
        return {Status(status): count for status, count in rows}

    def entries(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[Entry]:
        return map(_entry, self._by_line(ENTRY, statuses, all_rows))

    def told(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[Told]:
        return iter(self._by_line(TOLD, statuses, all_rows))

    def _by_line(
        self, columns: str, statuses: Collection[Status] | None, all_rows: bool
    ) -> sqlite3.Cursor:
        wanted = f" AND {self._status} IN {listed(statuses)}" if statuses is not None else ""
        condition = "1" if all_rows else CURRENT
        (plans,) = self._db.execute("SELECT count(*) FROM plan").fetchone()
        # The rows of a first plan stand as they were read: to sort them takes as long as to read them.
        order = "id" if plans == 1 else '"row", id'
        return self._db.execute(
            f"SELECT {columns.replace('status', self._status)} FROM recipient "
            f"WHERE {condition}{wanted} ORDER BY {order}"
        )

    def holders(self) -> Iterator[Recipient]:
        """All who hold a key in the current plan, those already done included, by line."""
        rows = self._db.execute(
            f'SELECT {COLUMNS} FROM recipient WHERE {CURRENT} AND claim IS NOT NULL ORDER BY "row"'
        )
        return (to_recipient(row) for row in rows)

    def named(self, spellings: tuple[str, ...]) -> Recipient | None:
        """The recipient of the current plan with this key or address, in any of its spellings."""
        found = self._db.execute(
            f"SELECT {COLUMNS} FROM recipient WHERE {CURRENT} AND claim IS NOT NULL AND "
            "(key IN (SELECT value FROM json_each(?1)) OR email IN (SELECT value FROM json_each(?1)))"
            ' ORDER BY "row" LIMIT 1',
            (json.dumps(spellings),),
        ).fetchone()
        return to_recipient(found) if found else None

    def tried_keys_of_before(self) -> Iterator[str]:
        """Keys of whoever was tried that an earlier version may have made otherwise: beyond ASCII, or
        within quotes."""
        rows = self._db.execute(
            f"SELECT key FROM recipient WHERE (key GLOB '*[^ -~]*' OR key GLOB '\"*\"') AND {TRIED}"
        )
        return (key for (key,) in rows)

    def unlike_their_key(self) -> Iterator[tuple[int, str, str]]:
        """(row, key, address) of whoever holds a key that is not the address in small letters."""
        return self._db.execute(
            'SELECT "row", key, email FROM recipient '
            f"WHERE {CURRENT} AND claim IS NOT NULL AND lower(email) <> key"
        )

    def shared_addresses(self, most: int) -> tuple[int, list[tuple[int, int]]]:
        """Addresses, in any case of ASCII letters, of more than one who holds a key: how many, and (first
        row, last row) of some."""
        rows = self._db.execute(
            'SELECT count(*) OVER (), min("row"), max("row") FROM recipient '
            f"WHERE {CURRENT} AND claim IS NOT NULL GROUP BY lower(email) HAVING count(*) > 1 "
            "ORDER BY 2 LIMIT ?",
            (most,),
        ).fetchall()
        return (rows[0][0] if rows else 0), [(first, last) for _, first, last in rows]

    def saying(self, place: int, words: Sequence[str]) -> Saying:
        """Those who hold a key and whose cell at this place is one of `words`, as `cells.saying` has it."""
        return saying(self._db, "recipient", f"{CURRENT} AND claim IS NOT NULL", place, words)

    def usual(self, place: int, most: int) -> list[str]:
        """The cells at this place that most rows of the current plan have."""
        return usual(self._db, "recipient", CURRENT, place, most)

    def domains_without_mail(self, prefix: str) -> list[str]:
        """The addresses' domains of rows invalid for DNS alone: their reason starts with `prefix`."""
        rows = self._db.execute(
            f"SELECT DISTINCT email FROM recipient WHERE {CURRENT} AND status = 'invalid' "
            "AND substr(reason, 1, length(?1)) = ?1",
            (prefix,),
        )
        return sorted({email.rpartition("@")[2] for (email,) in rows})

    def has_tried(self) -> bool:
        """Whether any row was ever tried."""
        found = self._db.execute(
            "SELECT 1 FROM recipient WHERE attempts > 0 OR first_attempt_at IS NOT NULL LIMIT 1"
        )
        return found.fetchone() is not None

    def tried_cells(self, limit: int) -> Iterator[tuple[str, dict[str, str]]]:
        """(key, cells by column) of so many rows of the current plan that were tried."""
        rows = self._db.execute(
            "SELECT key, columns, vars FROM recipient JOIN plan ON plan.id = recipient.plan "
            f"WHERE {CURRENT} AND (attempts > 0 OR first_attempt_at IS NOT NULL) LIMIT ?",
            (limit,),
        )
        for key, columns, cells in rows.fetchall():
            pairs = zip(json.loads(columns), json.loads(cells), strict=True)
            yield key, {name: cell for name, cell in pairs if isinstance(cell, str)}

    def latest(self) -> float:
        """The latest time that stands in the record, 0 in an empty one: no clock of before was behind it."""
        found = self._db.execute(
            "SELECT max(at) FROM (SELECT max(at) AS at FROM event UNION ALL SELECT "
            "max(max(coalesce(first_attempt_at, 0)), max(coalesce(finished_at, 0)), "
            "max(coalesce(dated_at, 0))) FROM recipient)"
        ).fetchone()[0]
        return float(found or 0)

    def span(self) -> tuple[float | None, float | None]:
        first, last = self._db.execute(
            f"SELECT min(first_attempt_at), max(finished_at) FROM recipient WHERE {CURRENT} "
            "AND first_attempt_at IS NOT NULL"
        ).fetchone()
        return first, last

    def replies(self, limit: int = 20) -> list[tuple[int, str | None, str, int]]:
        return self._db.execute(
            "SELECT code, enhanced_code, reply, count(*) AS many FROM recipient "
            f"WHERE {CURRENT} AND code >= 400 GROUP BY code, enhanced_code, reply "
            "ORDER BY many DESC, code, reply LIMIT ?",
            (limit,),
        ).fetchall()

    def held(self, limit: int = 20) -> list[Held]:
        rows = self._db.execute(
            "SELECT code, enhanced_code, coalesce(reply, ''), count(*) AS many, min(key) FROM recipient "
            f"WHERE {CURRENT} AND status = 'deferred' AND {self._status} = 'deferred' AND code >= 500 "
            "GROUP BY code, enhanced_code, reply ORDER BY many DESC, code, reply LIMIT ?",
            (limit,),
        )
        return [Held(*row) for row in rows]

    def events(self, limit: int = 200) -> list[Event]:
        rows = self._db.execute(
            "SELECT at, kind, detail FROM event ORDER BY rowid DESC LIMIT ?", (limit,)
        ).fetchall()
        return [Event(*row) for row in reversed(rows)]

    def contents(self) -> list[tuple[str, int]]:
        sent = f"FROM recipient WHERE content IS NOT NULL AND status IN {SENT}"
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
            "SELECT count(*) FROM recipient WHERE status = 'accepted' AND finished_at >= ? "
            "AND finished_at < ?",
            (start, end),
        )
        return int(found.fetchone()[0])

    def domain_of(self, content: str) -> str:
        return self.meta(f"domain of {content}") or ""


def _entry(row: tuple[Any, ...]) -> Entry:
    id_, line, key, email, status, was, *rest = row
    return Entry(id_, line, key, email, _STATUSES[status], _STATUSES[was] if was else None, *rest)
