"""The record as it is told: totals, recipients, replies, events. Changes nothing.

Behind `store.Reading`. Each question is one statement, and sees one moment; a plan is read in parts
(`parts`), and whoever reads one that is replaced meanwhile is told so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, cast

from sendbatch.errors import LedgerError
from sendbatch.ledger.conditions import listed
from sendbatch.ledger.facts import Answer, Event, Held, Plan, ReportRow
from sendbatch.ledger.figures import Figures
from sendbatch.ledger.postgres.counting import answers, figures
from sendbatch.ledger.postgres.parts import Asked, ends, first, read
from sendbatch.ledger.postgres.people import PostgresPeople
from sendbatch.ledger.postgres.text import stored, told_cells
from sendbatch.ledger.postgres.view import (
    SENT,
    TRIED,
    PlanRows,
    current,
    deliveries_of,
    gone,
    plan_rows,
    rows_of,
)
from sendbatch.ledger.sqlite.reading import SUBJECTS
from sendbatch.ledger.states import TRIED_WITH
from sendbatch.reasons import OURS
from sendbatch.values import Status

TOLD: Final = (
    '"row", key, email, status, code, enhanced_code, reply, attempts, content, first_attempt_at, '
    "finished_at, why, detail"
)
_OURS = "(" + ", ".join(f"'{why}'" for why in OURS) + ")"


class PostgresReading(PostgresPeople):
    """Of the last plan, and all the rest that the record tells. `deliveries` is the table of what was tried,
    if it is not the record's; with `unheld` (`view`) the record is read by who does not write it."""

    def __init__(
        self,
        asked: Asked,
        record: int,
        deliveries: str | None = None,
        *,
        unheld: str | None = None,
    ) -> None:
        of = deliveries if deliveries is not None else deliveries_of(record)
        super().__init__(
            asked, rows_of(plan_rows(record), of, unheld=unheld), gone(of, unheld=unheld)
        )
        self._record = record
        self._of = of
        self._deliveries = f"{of} AS d"
        self._unheld = unheld

    def meta(self, key: str) -> str | None:
        found = first(
            self._asked,
            f"SELECT value FROM sendbatch.meta WHERE record = {self._record:d} AND key = %s",
            (stored(key),),
        )
        return found if found is None else str(found)

    def plan(self) -> Plan | None:
        found = self._ask(
            "SELECT id, inputs, completed_at, columns, recipients_digest, content_digest FROM sendbatch.plan "
            f"WHERE record = {self._record:d} ORDER BY id DESC LIMIT 1"
        )
        if not found:
            return None
        id_, inputs, completed_at, columns, recipients, content = found[0]
        return Plan(
            id_, inputs, completed_at, tuple(told_cells(columns)), recipients, content
        )

    def totals(self) -> dict[Status, int]:
        return self._counts(str(self._rows))

    def departed(self) -> dict[Status, int]:
        return self._counts(self._gone)

    def _counts(self, rows: str) -> dict[Status, int]:
        found = self._ask(f"SELECT status, count(*) FROM {rows} GROUP BY status")
        return {Status(status): count for status, count in found}

    def _read(
        self, columns: str, condition: str, values: Sequence[object] = ()
    ) -> Iterator[tuple[Any, ...]]:
        number = self._current()
        if number is None:
            return
        rows = rows_of(plan_rows(self._record, number), self._of, unheld=self._unheld)
        yield from read(self._asked, rows, columns, condition, values)
        if self._current() != number:
            raise LedgerError(
                "the record was planned anew while it was being read, and what was read is not all",
                hint="read it again",
            )

    def _current(self) -> int | None:
        """The number of the rows of the last plan."""
        found = first(self._asked, f"SELECT {current(self._record)}")
        return found if found is None else int(found)

    def report_rows(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[ReportRow]:
        return cast(Iterator[ReportRow], self._by_line(TOLD, statuses, all_rows))

    def rows_with_cells(self) -> Iterator[tuple[ReportRow, tuple[str, ...]]]:
        for *told, cells in self._by_line(f"{TOLD}, vars", None, True):
            yield cast(ReportRow, tuple(told)), tuple(told_cells(cells)) if cells is not None else ()

    def tried_with(self, contents: Collection[str]) -> Iterator[tuple[str, str, str]]:
        return self._read(
            "key, content, status",
            f"content = ANY(%s) AND status IN {listed(TRIED_WITH)}",
            (list(map(stored, contents)),),
        )

    def tried_keys_of_before(self) -> Iterator[str]:
        odd = "(key ~ '[^ -~]' OR length(key) > 1 AND left(key, 1) = '\"' AND right(key, 1) = '\"')"
        all_of_them = PlanRows(self._deliveries)
        for after, upto in ends(self._asked, all_of_them):
            part = all_of_them.part(after, upto)
            for (key,) in self._ask(f"SELECT key FROM {part} AS d WHERE {odd} AND {TRIED}"):
                yield key

    def has_tried(self) -> bool:
        return bool(
            first(
                self._asked,
                f"SELECT EXISTS (SELECT 1 FROM {self._deliveries} "
                "WHERE attempts > 0 OR first_attempt_at IS NOT NULL)",
            )
        )

    def tried_cells(self, limit: int) -> Iterator[tuple[str, dict[str, str]]]:
        plan = self.plan()
        rows = self._ask(
            f"SELECT key, vars FROM {self._rows} "
            "WHERE attempts > 0 OR first_attempt_at IS NOT NULL LIMIT %s",
            (limit,),
        )
        for key, cells in rows:
            assert plan is not None
            yield key, dict(zip(plan.columns, told_cells(cells), strict=True))

    def latest(self) -> float:
        found = first(
            self._asked,
            f"SELECT greatest((SELECT max(at) FROM sendbatch.event WHERE record = {self._record:d}), "
            f"max(first_attempt_at), max(finished_at), max(dated_at)) FROM {self._deliveries}",
        )
        return float(found or 0)

    def span(self) -> tuple[float | None, float | None]:
        ((begun, ended),) = self._ask(
            "SELECT min(first_attempt_at), "
            "max(CASE WHEN why IS DISTINCT FROM 'by-hand' THEN finished_at END) "
            f"FROM {self._deliveries} WHERE gone IS NULL AND first_attempt_at IS NOT NULL"
        )
        return begun, ended

    def accepted_since(self, at: float) -> int:
        return self._accepted_between(at, float("inf"))

    def replies(self, limit: int = 20) -> list[tuple[int, str | None, str, int]]:
        return self._ask(
            "SELECT code, enhanced_code, coalesce(reply, '') AS text, count(*) AS many "
            f"FROM {self._deliveries} WHERE gone IS NULL AND code >= 400 "
            "GROUP BY code, enhanced_code, text "
            "ORDER BY many DESC, code, text, enhanced_code NULLS FIRST LIMIT %s",
            (limit,),
        )

    def held(self, limit: int = 20) -> list[Held]:
        rows = self._ask(
            "SELECT code, enhanced_code, coalesce(reply, ''), count(*) AS many, min(key), "
            f"min(why) FILTER (WHERE why IN {_OURS}) FROM {self._rows} "
            "WHERE status = 'deferred' AND code >= 500 GROUP BY code, enhanced_code, reply "
            "ORDER BY many DESC, code, reply NULLS FIRST, enhanced_code NULLS FIRST LIMIT %s",
            (limit,),
        )
        return [Held(*row) for row in rows]

    def answers(self, statuses: Collection[Status], limit: int) -> list[Answer]:
        return answers(self._asked, str(self._rows), statuses, limit)

    def figures(self) -> Figures:
        return figures(self._asked, self._record, self._unheld)

    def events(self, limit: int = 200) -> list[Event]:
        rows = self._ask(
            f"SELECT at, kind, detail FROM sendbatch.event WHERE record = {self._record:d} "
            "ORDER BY id DESC LIMIT %s",
            (limit,),
        )
        return [Event(*row) for row in reversed(rows)]

    def contents(self) -> list[tuple[str, int]]:
        sent = f"FROM {self._deliveries} WHERE content IS NOT NULL AND status IN {SENT}"
        ((count, least, most),) = self._ask(f"SELECT count(*), min(content), max(content) {sent}")
        if least == most:  # as nearly always: no need to sort everyone by a digest
            return [(least, count)] if count else []
        return self._ask(
            f"SELECT content, count(*) {sent} GROUP BY content ORDER BY max(finished_at) NULLS FIRST"
        )

    def servers(self) -> list[tuple[str, int]]:
        changes = self._ask(
            f"SELECT at, detail FROM sendbatch.event WHERE record = {self._record:d} AND kind = 'server' "
            "ORDER BY id"
        )
        bounds = [float("-inf"), *(at for at, _ in changes[1:]), float("inf")]
        counts: dict[str, int] = {}
        for (_, server), (start, end) in zip(changes, pairwise(bounds), strict=False):
            counts[server] = counts.get(server, 0) + self._accepted_between(start, end)
        return list(counts.items())

    def _accepted_between(self, start: float, end: float) -> int:
        found = first(
            self._asked,
            f"SELECT count(*) FROM {self._deliveries} WHERE status = 'accepted' AND finished_at >= %s "
            "AND finished_at < %s",
            (start, end),
        )
        return int(found)

    def domain_of(self, content: str) -> str:
        return self.meta(f"domain of {content}") or ""

    def subjects(self) -> dict[str, str]:
        rows = self._ask(
            f"SELECT key, value FROM sendbatch.meta WHERE record = {self._record:d} "
            "AND left(key, %s) = %s",
            (len(SUBJECTS), SUBJECTS),
        )
        return {key.removeprefix(SUBJECTS): value for key, value in rows}
