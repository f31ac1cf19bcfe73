"""Where everybody stands, as SQL: the rows of a plan, each with what has become of its delivery.

What a row and a delivery are, and how a status follows from both, is told in `sqlite.view`. Here an intent
changes the delivery itself, so there is nothing that is not folded yet; and many machines send, so a row
*sending* may be another's, who may be gone.

The fragments hold numbers and no parameters, no percent sign either. They are tables: `(SELECT …)`, and where
they are told from directly, named: `(SELECT …) AS people`, as older versions want it. A plan is
read whole, or a part at a time (`Rows.part`), for whoever reads a million rows and must keep neither them all
nor a transaction open. A part is found by its ids alone, whatever the database believes of its tables: of
what is fresh from a COPY it knows nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sendbatch.ledger.conditions import listed
from sendbatch.ledger.states import SETTLED, Event, sources
from sendbatch.values import Status

SENT: Final = listed((Status.ACCEPTED, Status.IN_DOUBT, Status.SENDING))
DONE: Final = listed((Status.ACCEPTED, Status.IN_DOUBT, Status.REJECTED))
NOBODY: Final = "(SELECT * FROM sendbatch.delivery WHERE false)"  # deliveries, of which there are none
ALL_HELD: Final = ""  # for `unheld`: whoever is *sending* is in somebody's hand
# Of a delivery: it belongs to the record. Others were about to be tried, and belong to their plan.
TRIED: Final = "(attempts > 0 OR was IS NOT NULL OR first_attempt_at IS NOT NULL OR status <> 'pending')"
# Of a delivery: where it stands.
STANDING: Final = (
    "status", "was", "attempts", "due_at", "code", "enhanced_code", "reply", "why", "detail", "content",
    "dated_at", "first_attempt_at", "finished_at",
)  # fmt: skip
# The database's time: of one question, all that it tells is of one moment.
NOW: Final = "extract(epoch from transaction_timestamp())"
_OF_DELIVERY = ("code", "enhanced_code", "reply", "content", "dated_at", "first_attempt_at", "finished_at")
_OUTCOME = (*_OF_DELIVERY, "why", "detail")

_Column = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class PlanRows:
    """The rows of one plan: those of `table` for which `where` and, of a table that other plans share, `also`
    holds. A part of them is looked up by `where` and the ids."""

    table: str
    where: str = "true"
    also: str = "true"

    def __str__(self) -> str:
        return f"(SELECT * FROM {self.table} WHERE {self.where} AND {self.also})"

    def part(self, after: int, upto: int) -> str:
        """Those with an id behind `after`, up to `upto`."""
        return (
            f"(SELECT * FROM {self.table} WHERE {self.where} AND id > {after:d} AND id <= {upto:d} "
            f"AND {self.also})"
        )

    def next_part(self, after: int, most: int) -> str:
        """A query: up to which id a part goes that begins behind `after` and has at most so many rows, and
        the bytes of their cells; NULL where there are no more."""
        return f"SELECT max(id), sum(octet_length(vars)) FROM {self._next(after, most)} AS next"

    def smaller_part(self, after: int, most: int, size: int) -> str:
        """A query: up to which id it goes with no more than `size` bytes in their cells, or one row."""
        return (
            f"SELECT coalesce(max(id) FILTER (WHERE so_far <= {size:d}), min(id)) FROM (SELECT id, "
            f"sum(octet_length(vars)) OVER (ORDER BY id) AS so_far FROM {self._next(after, most)} AS next) "
            "AS sized"
        )

    def _next(self, after: int, most: int) -> str:
        return (
            f"(SELECT id, vars FROM {self.table} WHERE {self.where} AND id > {after:d} "
            f"ORDER BY id LIMIT {most:d})"
        )


NO_ROWS: Final = PlanRows("sendbatch.plan_row", "false")


@dataclass(frozen=True, slots=True)
class Rows:
    """A table of people, made of the rows of a plan: `id` is the delivery's, `place` orders them by line,
    `holds` says that a row holds its key. The other columns have the names that facts.Entry gives them."""

    of: PlanRows
    made: Callable[[str, bool], str]  # of a table of rows, which may be a part

    def __str__(self) -> str:
        return self.made(str(self.of), False)

    def part(self, after: int, upto: int) -> str:
        """Those whose `place` is behind `after`, up to `upto`."""
        return self.made(self.of.part(after, upto), True)


def current(record: int) -> str:
    """The number under which the rows of the last plan stand."""
    return f"(SELECT rows FROM sendbatch.plan WHERE record = {record:d} ORDER BY id DESC LIMIT 1)"


def plan_rows(record: int, number: int | str | None = None) -> PlanRows:
    """The rows that stand under this number, else those of the last plan."""
    under = current(record) if number is None else f"{number}"
    return PlanRows("sendbatch.plan_row", f"record = {record:d}", f"plan = {under}")


def deliveries_of(record: int) -> str:
    """What was tried, as a table."""
    return f"(SELECT * FROM sendbatch.delivery WHERE record = {record:d})"


def rows_of(rows: PlanRows, deliveries: str, *, unheld: str | None = None) -> Rows:
    """The rows of a plan as people. With `unheld` they are read by who does not write."""
    status, left = _status(unheld)

    def made(table: str, is_part: bool) -> str:
        return _people(table, [_joined(deliveries, "d", is_part), left], status)

    return Rows(rows, made)


def rows_of_draft(
    rows: PlanRows,
    deliveries: str,
    *,
    asked: str | None = None,
    is_new: bool,
    excepted: str | None = None,
) -> Rows:
    """As `rows_of`, as it will be once a draft is merged: whoever's delivery is in the table `asked` is sent
    to again, rows in the table `excepted` have the mail by a person's word, and where the plan `is_new`, who
    has another address in it is pending there, unless the message was sent."""
    again = "a.id IS NOT NULL" if asked is not None else "false"
    is_moved = f"{_true(is_new)} AND d.status IN {listed(sources(Event.READDRESS))}"
    moved = f"(r.status = 'pending' AND r.email <> '' AND r.email <> d.email AND ({is_moved} OR {again}))"

    def made(table: str, is_part: bool) -> str:
        joins = [_joined(deliveries, "d", is_part)]
        if asked is not None:
            joins.append(_joined(asked, "a", is_part))
        if excepted is not None:
            joins.append(_joined(excepted, "e", is_part, "r.id"))
        return _people(
            table, joins, "d.status", again, moved, "e.id IS NOT NULL" if excepted is not None else None
        )

    return Rows(rows, made)


def _joined(table: str, name: str, is_part: bool, id_: str = "coalesce(r.delivery, r.id)") -> str:
    """Whoever of `table` has this id. To a part they are looked up one by one: a join of its own choice may
    go through all deliveries for each part."""
    if is_part:
        one = f"SELECT * FROM {table} AS one WHERE one.id = {id_} OFFSET 0"
        return f"LEFT JOIN LATERAL ({one}) AS {name} ON true"
    return f"LEFT JOIN {table} AS {name} ON {name}.id = {id_}"


def _people(
    table: str,
    joins: list[str],
    status: str,
    asked: str | None = None,
    moved: str | None = None,
    excepted: str | None = None,
) -> str:
    of_delivery = f"(r.status = 'pending' OR {status} IN {SENT})"  # the status is the delivery's
    now = f"CASE WHEN {of_delivery} THEN coalesce({status}, r.status) ELSE r.status END"
    was = f"CASE WHEN {of_delivery} THEN d.was ELSE d.status END"
    if asked is not None:
        now = f"CASE WHEN {asked} OR {moved} THEN 'pending' ELSE {now} END"
        was = f"CASE WHEN {asked} THEN {status} ELSE {was} END"
    if excepted is not None:
        was_open = f"coalesce({status}, 'pending') IN {listed(sources(Event.EXCEPT))}"
        now = f"CASE WHEN {excepted} AND {was_open} THEN 'accepted' ELSE {now} END"

    def kept(name: str) -> str:
        return f"d.{name}" if moved is None else f"CASE WHEN {moved} THEN NULL ELSE d.{name} END"

    def reason(name: str) -> str:
        return f"CASE WHEN {of_delivery} THEN {kept(name)} ELSE r.{name} END AS {name}"

    address = "coalesce(d.email, r.email)"
    email = address if moved is None else f"CASE WHEN {moved} THEN r.email ELSE {address} END"
    told = ", ".join(f"{kept(name)} AS {name}" for name in _OF_DELIVERY)
    return (
        '(SELECT r.id AS place, coalesce(r.delivery, r.id) AS id, r."row" AS "row", r.key AS key, '
        f"{email} AS email, r.vars AS vars, {now} AS status, {was} AS was, "
        f"coalesce(d.attempts, 0) AS attempts, {kept('due_at')} AS due_at, {told}, "
        f"{reason('why')}, {reason('detail')}, r.status = 'pending' AS holds "
        f"FROM {table} AS r {' '.join(joins)}) AS people"
    )


def gone(deliveries: str, *, unheld: str | None = None) -> str:
    """Those once tried that the last plan has no row of any more, as a table like `rows_of`."""
    status, left = _status(unheld)
    told = ", ".join(f"d.{name} AS {name}" for name in _OUTCOME)
    return (
        '(SELECT d.id AS id, d.gone AS "row", d.key AS key, d.email AS email, NULL::text AS vars, '
        f"CASE WHEN {status} IN {SENT} THEN {status} ELSE 'withdrawn' END AS status, "
        f"CASE WHEN {status} IN {SENT} THEN d.was ELSE d.status END AS was, d.attempts AS attempts, "
        f"NULL::double precision AS due_at, {told}, false AS holds "
        f"FROM {deliveries} AS d {left} WHERE d.gone IS NOT NULL) AS gone"
    )


def tried(deliveries: str, *, unheld: str | None = None) -> str:
    """Whoever was tried and is in the plan, with status and attempts. An attempt that is under way counts."""
    status, left = _status(unheld)
    return (
        f"(SELECT d.email AS email, {status} AS status, "
        "d.attempts + CASE WHEN d.status = 'sending' THEN 1 ELSE 0 END AS attempts "
        f"FROM {deliveries} AS d {left} "
        "WHERE d.gone IS NULL AND (d.attempts > 0 OR d.first_attempt_at IS NOT NULL)) AS tried"
    )


def unheld(record: int, lease: float, but: int = 0) -> str:
    """The ids of deliveries that are *sending* in nobody's hand who is alive; that of the runner `but` is
    none. A block is its owner's up to `until`; a time further ahead than two leases is none that a runner
    wrote."""
    block = (
        f"SELECT * FROM sendbatch.block AS b WHERE b.record = {record:d} AND b.first <= s.id "
        "ORDER BY b.first DESC LIMIT 1"
    )
    return (
        f"(SELECT s.id FROM sendbatch.delivery AS s WHERE s.record = {record:d} AND s.status = 'sending' "
        f"AND NOT EXISTS (SELECT 1 FROM ({block}) AS b JOIN sendbatch.runner AS owner "
        "ON owner.record = b.record AND owner.id = b.owner WHERE b.last >= s.id AND b.state = 'held' "
        f"AND b.owner <> {but:d} "
        f"AND b.until > {NOW} AND b.until < {NOW} + {2 * lease!r}))"
    )


def _status(unheld: str | None) -> tuple[str, str]:
    """The status of a delivery `d`, and what is joined for it. For who does not write: whoever was to be sent
    to again, and was not, is what they were, for the run puts them back; and whose runner is gone is in
    doubt, as whoever takes its block will find."""
    if unheld is None:
        return "d.status", ""
    is_for_a_run = f"d.status IN {listed(sources(Event.RESTORE))} AND d.was IN {listed(SETTLED)}"
    restored = f"WHEN {is_for_a_run} THEN d.was ELSE d.status END"
    if unheld == ALL_HELD:
        return f"CASE {restored}", ""
    return f"CASE WHEN u.id IS NOT NULL THEN 'in_doubt' {restored}", f"LEFT JOIN {unheld} AS u ON u.id = d.id"


def _true(value: bool) -> str:
    return "true" if value else "false"
