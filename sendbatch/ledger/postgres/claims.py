"""Who is to be sent to next, out of the blocks that this runner holds. SQL, and recipients out of its rows.

The fragments hold the numbers of record and plan, and no percent sign; parameters are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sendbatch.ledger.facts import Lane
from sendbatch.ledger.postgres.connecting import NOW
from sendbatch.ledger.postgres.taking import standing_of
from sendbatch.ledger.postgres.text import told, told_cells
from sendbatch.ledger.postgres.view import STANDING, current
from sendbatch.ledger.standing import UNTRIED, Standing
from sendbatch.values import Recipient, Reply, Status

MOST_BYTES: Final = 4_000_000  # of the cells of those fetched in one go, who are at least one
# By a SELECT: of an array that it sees the planner weighs each id, which took longer than to find the people.
_UNCLAIMED: Final = "people.id <> ALL((SELECT %(claimed)s::bigint[])::bigint[])"
_OF_DELIVERY: Final = ", ".join(f"d.{name}" for name in STANDING)


class Queries:
    """Of one record; `selected` is a table of the ids that the run may send to, None where it is all of them.
    `began_at` is when it began: who failed before is tried again, who failed since is not."""

    def __init__(self, record: int, selected: str | None, began_at: float | None) -> None:
        self._record = record
        self._selected = selected
        # attempts since then, by whichever runner
        self._tries = (
            "0"
            if began_at is None
            else "CASE WHEN d.attempts > 0 THEN (SELECT count(*) FROM sendbatch.attempt AS a "
            f"WHERE a.record = {record:d} AND a.delivery = d.id AND a.what <> 'condemn' "
            f"AND a.at >= {began_at!r}) ELSE 0 END"
        )
        self._failed = (
            "status = 'failed'"
            if began_at is None
            else f"status = 'failed' AND (finished_at IS NULL OR finished_at < {began_at!r})"
        )

    def _rows(self, block: str, behind: str | None) -> str:
        """The rows of this block who hold their key and whom the run selects, from `behind` this place on."""
        ours = f"p.record = {self._record:d} AND p.plan = {current(self._record)} AND p.status = 'pending'"
        ours += "" if behind is None else f" AND p.id > {behind}"
        which = f"BETWEEN {block}.first AND {block}.last" if self._selected is None else "= s.id"
        rows = (
            f"SELECT p.* FROM sendbatch.plan_row AS p WHERE {ours} AND p.delivery IS NULL AND p.id {which} "
            f"UNION ALL SELECT p.* FROM sendbatch.plan_row AS p WHERE {ours} AND p.delivery {which}"
        )
        if self._selected is None:
            return rows
        # a few of very many: each is looked up, and the others are not looked at
        return (
            f"SELECT p.* FROM (SELECT id FROM {self._selected} AS them WHERE id BETWEEN {block}.first "
            f"AND {block}.last OFFSET 0) AS s, LATERAL (SELECT * FROM ({rows}) AS found OFFSET 0) AS p"
        )

    def _in(self, block: str, behind: str | None = None) -> str:
        """A table of those in this block (with `first` and `last`) whom the run may send to, from `behind`
        this place on; `tried` is NULL where nobody ever was."""
        rows = self._rows(block, behind)
        return (
            '(SELECT coalesce(r.delivery, r.id) AS id, r.id AS place, r."row" AS "row", '
            "r.key AS key, coalesce(d.email, r.email) AS email, r.vars AS vars, d.id AS tried, "
            f"coalesce(d.status, 'pending') AS status, {_OF_DELIVERY.replace('d.status, ', '')}, "
            f"{self._tries} AS tries "
            # looked up one by one, whatever the database believes of its tables
            f"FROM ({rows}) AS r LEFT JOIN LATERAL (SELECT * FROM sendbatch.delivery AS one "
            f"WHERE one.record = {self._record:d} AND one.id = coalesce(r.delivery, r.id) OFFSET 0) AS d "
            "ON true)"
        )

    def new(self, lane: Lane) -> str:
        """Those to be sent to now, from behind line `after`, of a block from behind the place `behind`, by
        line."""
        which = f"(status = 'pending' OR {self._failed}) AND \"row\" > %(after)s"
        return self._claim(f"{which}{within(lane)}", "place", "b.behind")

    def due(self, lane: Lane) -> str:
        """Those deferred whose time has come, the longest due first."""
        which = "status = 'deferred' AND due_at <= %(now)s"
        return self._claim(f"{which}{within(lane)}", "due_at, place")

    def _claim(self, which: str, order: str, behind: str | None = None) -> str:
        return (
            "SELECT * FROM (SELECT c.*, sum(octet_length(c.vars)) OVER (ORDER BY number) AS so_far FROM "
            f"(SELECT people.*, row_number() OVER (ORDER BY {order}) AS number FROM "
            "unnest(%(firsts)s::bigint[], %(lasts)s::bigint[], %(behinds)s::bigint[]) "
            f"AS b(first, last, behind), LATERAL {self._in('b', behind)} AS people WHERE {which} "
            f"AND {_UNCLAIMED} ORDER BY {order} LIMIT %(limit)s) AS c) AS c "
            f"WHERE so_far - octet_length(vars) <= {MOST_BYTES} ORDER BY number"
        )

    @property
    def left(self) -> str:
        """A table of those of a block `b` who may be sent to, now (`due_at` is NULL) or later."""
        return (
            f"(SELECT CASE WHEN status = 'deferred' THEN due_at END AS due_at FROM {self._in('b')} AS people "
            f"WHERE status = 'pending' OR {self._failed} OR status = 'deferred' AND due_at IS NOT NULL)"
        )

    def anybody(self, lane: Lane) -> str:
        """Whether anybody at these domains may be sent to in this run, now or later, or is being sent to, by
        whichever runner."""
        return (
            f"SELECT 1 FROM sendbatch.block AS b, LATERAL {self._in('b')} AS people "
            f"WHERE b.record = {self._record:d} AND (status IN ('pending', 'sending') OR {self._failed} "
            f"OR status = 'deferred' AND due_at IS NOT NULL){within(lane)} LIMIT 1"
        )

    def deferred(self, lane: Lane) -> str:
        """A table of those deferred who are due in this run, each with its block: `due_at`, `first`, `state`,
        `owner`, and `is_free`: anybody may take that."""
        r = self._record
        selected = (
            "" if self._selected is None
            else f" AND EXISTS (SELECT 1 FROM {self._selected} AS them WHERE them.id = people.id OFFSET 0)"
        )
        place = (
            f"coalesce((SELECT p.id FROM sendbatch.plan_row AS p WHERE p.record = {r:d} "
            f"AND p.delivery = d.id AND p.plan = {current(r)}), d.id)"
        )
        return (
            "(SELECT people.*, b.first, b.state, b.owner, "
            f"(b.state = 'open' AND (b.due_at IS NULL OR b.due_at <= {NOW}) OR b.state = 'held' "
            f"AND (b.until <= {NOW} OR b.until > {NOW} + 2 * %(lease)s)) AS is_free "
            "FROM (SELECT d.id AS id, d.due_at AS due_at, d.email AS email FROM sendbatch.delivery AS d "
            f"WHERE d.record = {r:d} AND d.status = 'deferred' AND d.due_at IS NOT NULL AND d.gone IS NULL "
            f"AND EXISTS (SELECT 1 FROM sendbatch.plan_row AS r WHERE r.record = {r:d} AND r.id = {place} "
            f"AND r.plan = {current(r)} AND r.status = 'pending')) AS people "
            "CROSS JOIN LATERAL (SELECT * FROM sendbatch.block AS b "
            f"WHERE b.record = {r:d} AND b.first <= people.id ORDER BY b.first DESC LIMIT 1) AS b "
            f"WHERE {_UNCLAIMED}"
            f"{selected}{within(lane)}) AS deferred"
        )


def within(lane: Lane) -> str:
    """A condition on the address's domain, whose names are the parameter `domains`."""
    if not lane.domains:
        return ""
    word = "<> ALL" if lane.others else "= ANY"
    return (
        " AND lower(substr(people.email, strpos(people.email, '@') + 1)) "
        f"{word} (%(domains)s::text[])"
    )


def to_recipients(
    columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> list[tuple[Recipient, Standing]]:
    """Each with where it stands, as the changes of a run build upon."""
    at = {name: place for place, name in enumerate(columns)}
    places = [at[name] for name in STANDING]
    made = []
    for row in rows:
        standing = UNTRIED if row[at["tried"]] is None else standing_of([row[n] for n in places])
        known = (
            row[at["id"]], row[at["row"]], told(row[at["key"]]), told(row[at["email"]]),
            tuple(told_cells(row[at["vars"]])), standing.status, standing.attempts, standing.dated_at,
            standing.content, standing.was is Status.IN_DOUBT,
        )  # fmt: skip
        code = standing.code
        if code is None or code < 500:  # as nearly always
            made.append((Recipient(*known, tries=row[at["tries"]]), standing))
            continue
        reply = Reply(code, standing.reply or "", "", standing.enhanced)
        is_own = standing.finished_at is not None
        made.append((Recipient(*known, reply, is_own, tries=row[at["tries"]]), standing))
    return made
