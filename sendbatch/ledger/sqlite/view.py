"""Where everybody stands, as SQL: the rows of a plan, each with what has become of its delivery.

A row (`plan_row`) says what the CSV says now, and the status that its checks gave it. A delivery says what
was tried: it is there from the first attempt on, and no plan replaces it. A row points to the delivery of
its key (`delivery`), or, where nobody of the key was tried before this plan, to the one that will have its
own id.

So a status is folded, and stored nowhere: a row that holds its key stands where its delivery does, *pending*
before there is one; one that the checks leave out has the status that they gave it, unless the message was
sent. A delivery that no row points to any more is `gone`, at the line where it last stood: *withdrawn*,
unless the message was sent.
"""

from __future__ import annotations

from sendbatch.ledger.sqlite.sql import listed
from sendbatch.ledger.states import SETTLED, Event, sources
from sendbatch.values import Status

SENT = listed((Status.ACCEPTED, Status.IN_DOUBT, Status.SENDING))
DONE = listed((Status.ACCEPTED, Status.IN_DOUBT, Status.REJECTED))
CURRENT = "(SELECT max(id) FROM plan)"
NOBODY = "temp.nobody"  # a table of deliveries in which there are none
# Of a delivery: it belongs to the record. Others were about to be tried, and belong to their plan.
TRIED = "(attempts > 0 OR was IS NOT NULL OR first_attempt_at IS NOT NULL OR status <> 'pending')"
# Where nobody writes: who was to be sent to again, and was not, is what they were. The next run puts them
# back.
_AT_REST = (
    f"iif(d.status IN {listed(sources(Event.RESTORE))} AND d.was IN {listed(SETTLED)}, "
    "d.was, d.status)"
)
_OF_DELIVERY = ["code", "enhanced_code", "reply", "content", "dated_at", "first_attempt_at", "finished_at"]


def rows_of(plan: str, deliveries: str = "delivery", *, at_rest: bool = False) -> str:
    """The rows of this plan as a table, as in `_rows`. `at_rest`: it is read by who does not write it."""
    return _rows(plan, deliveries, _AT_REST if at_rest else "d.status", "0", "0")


def deferred_of(plan: str) -> str:
    """Those of `rows_of` who are deferred, looked up from the deliveries: few of many rows are."""
    row = f"coalesce((SELECT id FROM plan_row WHERE delivery = d.id AND plan = {plan}), d.id)"
    return (
        '(SELECT d.id AS id, r."row" AS "row", r.key AS key, d.email AS email, r.vars AS vars, '
        "d.status AS status, d.was AS was, d.attempts AS attempts, d.due_at AS due_at, "
        f"{', '.join(f'd.{name} AS {name}' for name in _OF_DELIVERY)}, r.status = 'pending' AS holds "
        f"FROM delivery AS d CROSS JOIN plan_row AS r ON r.id = {row} AND r.plan = {plan} "
        "WHERE d.status = 'deferred' AND d.gone IS NULL)"
    )


def rows_of_draft(plan: str, deliveries: str = "delivery", *, is_new: bool) -> str:
    """As `rows_of`, as it will be once a draft is merged: whoever is among temp.asked is sent to again, and
    where the plan `is_new`, who has another address in it is pending there, unless the message was sent."""
    asked = "coalesce(r.delivery, r.id) IN temp.asked"
    moved = (
        "(r.status = 'pending' AND r.email <> '' AND r.email <> d.email AND "
        f"({is_new:d} AND d.status IN {listed(sources(Event.READDRESS))} OR {asked}))"
    )
    return _rows(plan, deliveries, "d.status", asked, moved)


def _rows(plan: str, deliveries: str, status: str, asked: str, moved: str) -> str:
    """`id` is the delivery's, `place` orders them by line, `holds` says that a row holds its key. The other
    columns have the names that facts.Entry gives them."""
    of_delivery = f"(r.status = 'pending' OR {status} IN {SENT})"  # the status is the delivery's
    now = f"iif({of_delivery}, coalesce({status}, r.status), r.status)"
    was = f"iif({of_delivery}, d.was, d.status)"
    if asked != "0":
        now = f"iif({asked} OR {moved}, 'pending', {now})"
        was = f"iif({asked}, d.status, {was})"
    told = ", ".join(f"{_kept(name, moved)} AS {name}" for name in _OF_DELIVERY)
    return (
        '(SELECT r.id AS place, coalesce(r.delivery, r.id) AS id, r."row" AS "row", r.key AS key, '
        f"{_address(moved)} AS email, r.vars AS vars, {now} AS status, {was} AS was, "
        f"coalesce(d.attempts, 0) AS attempts, {_kept('due_at', moved)} AS due_at, {told}, "
        f"{_reason('why', of_delivery, moved)}, {_reason('detail', of_delivery, moved)}, "
        "r.status = 'pending' AS holds "
        f"FROM plan_row AS r LEFT JOIN {deliveries} AS d ON d.id = coalesce(r.delivery, r.id) "
        f"WHERE r.plan = {plan})"
    )


def _address(moved: str) -> str:
    kept = "coalesce(d.email, r.email)"
    return kept if moved == "0" else f"iif({moved}, r.email, {kept})"


def _kept(name: str, moved: str) -> str:
    return f"d.{name}" if moved == "0" else f"iif({moved}, NULL, d.{name})"


def _reason(name: str, of_delivery: str, moved: str) -> str:
    return f"iif({of_delivery}, {_kept(name, moved)}, r.{name}) AS {name}"


def gone(deliveries: str = "delivery", *, at_rest: bool = False) -> str:
    """Those once tried that the last plan has no row of any more, as a table like `rows_of`."""
    status = _AT_REST if at_rest else "d.status"
    told = ", ".join(f"d.{name} AS {name}" for name in (*_OF_DELIVERY, "why", "detail"))
    return (
        '(SELECT d.id AS id, d.gone AS "row", d.key AS key, d.email AS email, d.vars AS vars, '
        f"iif({status} IN {SENT}, {status}, 'withdrawn') AS status, "
        f"iif({status} IN {SENT}, d.was, d.status) AS was, d.attempts AS attempts, NULL AS due_at, {told}, "
        f"0 AS holds FROM {deliveries} AS d WHERE d.gone IS NOT NULL)"
    )
