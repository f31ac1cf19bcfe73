"""Where everybody stands, as SQL: the rows of a plan, each with what has become of its delivery.

A row (`plan_row`) says what the CSV says now, and the status that its checks gave it. A delivery says what
was tried: it is there from the first attempt on, and no plan replaces it. A row points to the delivery of
its key (`delivery`), or, where nobody of the key was tried before this plan, to the one that will have its
own id.

So a status follows from both, and is stored nowhere: a row that holds its key stands where its delivery does,
*pending* before there is one; one that the checks leave out has the status that they gave it, unless the
message was sent. A delivery that no row points to any more is `gone`, at the line where it last stood:
*withdrawn*, unless the message was sent.

What a run brings is appended to `attempt`, and folded into the deliveries later (`folding`). Until then a
delivery stands where the newest attempt about it says: `KNOWN` are the deliveries with both in one, and
whoever reads reads them. One statement sees one moment, so it sees each attempt once, here or there. `FOLDED`
are the deliveries alone, for who has folded just before.
"""

from __future__ import annotations

from collections.abc import Callable

from sendbatch.ledger.conditions import listed
from sendbatch.ledger.states import SETTLED, Event, sources
from sendbatch.values import Status

SENT = listed((Status.ACCEPTED, Status.IN_DOUBT, Status.SENDING))
DONE = listed((Status.ACCEPTED, Status.IN_DOUBT, Status.REJECTED))
CURRENT = "(SELECT max(id) FROM plan)"
FOLDED = "delivery"
NOBODY = "temp.nobody"  # a table of deliveries in which there are none
# Of a delivery: it belongs to the record. Others were about to be tried, and belong to their plan.
TRIED = "(attempts > 0 OR was IS NOT NULL OR first_attempt_at IS NOT NULL OR status <> 'pending')"
# Of a delivery: where it stands. An attempt has these too, as they are after it.
STANDING = (
    "status", "was", "attempts", "due_at", "code", "enhanced_code", "reply", "why", "detail", "content",
    "dated_at", "first_attempt_at", "finished_at",
)  # fmt: skip
DELIVERY = ("id", "key", "email", *STANDING, "vars", "gone")
EXCEPTED = "r.id IN temp.excepted_rows"
UNFOLDED = (
    "id > (SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM meta WHERE key = 'folded')"
)
# The cells of a message that may have arrived are kept: another one is no repetition.
_CELLS = (
    "CASE WHEN a.what IN ('doubt', 'crash') THEN (SELECT r.vars FROM plan_row AS r WHERE "
    "(r.delivery = a.delivery OR r.id = a.delivery AND r.delivery IS NULL) AND r.plan = "
    f"{CURRENT}) WHEN a.status IN ('accepted', 'rejected') THEN NULL ELSE d.vars END"
)
# Whoever has attempts that are not folded yet, as their delivery will be.
LATEST = (
    "(SELECT a.delivery AS id, coalesce(d.key, r.key) AS key, coalesce(d.email, r.email) AS email, "
    f"{', '.join(f'a.{name} AS {name}' for name in STANDING)}, {_CELLS} AS vars, d.gone AS gone "
    "FROM attempt AS a LEFT JOIN delivery AS d ON d.id = a.delivery "
    "LEFT JOIN plan_row AS r ON r.id = a.delivery "
    f"WHERE a.id IN (SELECT max(id) FROM attempt WHERE {UNFOLDED} GROUP BY delivery))"
)
KNOWN = (
    f"(SELECT {', '.join(DELIVERY)} FROM delivery "
    f"WHERE id NOT IN (SELECT delivery FROM attempt WHERE {UNFOLDED}) "
    f"UNION ALL SELECT {', '.join(DELIVERY)} FROM {LATEST})"
)
_OF_DELIVERY = ["code", "enhanced_code", "reply", "content", "dated_at", "first_attempt_at", "finished_at"]


_Column = Callable[[str], str]


def rows_of(plan: str, deliveries: str = KNOWN, *, at_rest: bool = False) -> str:
    """The rows of this plan as a table, as in `_rows`. `at_rest`: it is read by who does not write it."""
    joined, of = _joined(deliveries, "coalesce(r.delivery, r.id)")
    return _rows(plan, joined, of, _at_rest(of) if at_rest else of("status"), "0", "0")


def tried(deliveries: str, *, at_rest: bool) -> str:
    """Whoever was tried and is in the plan, with status and attempts; `at_rest` as in `rows_of`. An attempt
    that is under way counts."""
    status = _at_rest("d.{}".format) if at_rest else "d.status"
    return (
        f"(SELECT email, {status} AS status, attempts + (d.status = 'sending') AS attempts "
        f"FROM {deliveries} AS d "
        "WHERE gone IS NULL AND (attempts > 0 OR first_attempt_at IS NOT NULL))"
    )


def deferred_of(plan: str) -> str:
    """Those of `rows_of` who are deferred, looked up from the deliveries: few of many rows are. All is
    folded."""
    row = f"coalesce((SELECT id FROM plan_row WHERE delivery = d.id AND plan = {plan}), d.id)"
    return (
        '(SELECT d.id AS id, r."row" AS "row", r.key AS key, d.email AS email, r.vars AS vars, '
        "d.status AS status, d.was AS was, d.attempts AS attempts, d.due_at AS due_at, "
        f"{', '.join(f'd.{name} AS {name}' for name in _OF_DELIVERY)}, r.status = 'pending' AS holds "
        f"FROM delivery AS d CROSS JOIN plan_row AS r ON r.id = {row} AND r.plan = {plan} "
        "WHERE d.status = 'deferred' AND d.gone IS NULL)"
    )


def rows_of_draft(
    plan: str, deliveries: str = FOLDED, *, is_new: bool, excepts: bool = False
) -> str:
    """As `rows_of`, as it will be once a draft is merged: whoever is among temp.asked is sent to again,
    where it `excepts` those of temp.excepted_rows have the mail by a person's word, and where the plan
    `is_new`, who has another address in it is pending there, unless the message was sent."""
    asked = "coalesce(r.delivery, r.id) IN temp.asked"
    joined, of = _joined(deliveries, "coalesce(r.delivery, r.id)")
    moved = (
        f"(r.status = 'pending' AND r.email <> '' AND r.email <> {of('email')} AND "
        f"({is_new:d} AND {of('status')} IN {listed(sources(Event.READDRESS))} OR {asked}))"
    )
    return _rows(plan, joined, of, of("status"), asked, moved, EXCEPTED if excepts else "0")


def _joined(deliveries: str, id_: str) -> tuple[str, _Column]:
    """How the delivery of this id is joined to a row, and what its columns are called then."""
    if deliveries != KNOWN:
        return f"LEFT JOIN {deliveries} AS d ON d.id = {id_}", "d.{}".format
    # Not as one table: that would be made, whole, for each statement.
    joined = f"LEFT JOIN {LATEST} AS a ON a.id = {id_} LEFT JOIN delivery AS d ON d.id = {id_}"
    return joined, "iif(a.id IS NULL, d.{0}, a.{0})".format


def _at_rest(of: _Column) -> str:
    """The status where nobody writes: who was to be sent to again, and was not, is what they were. The next
    run puts them back."""
    is_for_a_run = f"{of('status')} IN {listed(sources(Event.RESTORE))} AND {of('was')} IN {listed(SETTLED)}"
    return f"iif({is_for_a_run}, {of('was')}, {of('status')})"


def _rows(
    plan: str, joined: str, of: _Column, status: str, asked: str, moved: str, excepted: str = "0"
) -> str:
    """`id` is the delivery's, `place` orders them by line, `holds` says that a row holds its key. The other
    columns have the names that facts.Entry gives them."""
    of_delivery = f"(r.status = 'pending' OR {status} IN {SENT})"  # the status is the delivery's
    now = f"iif({of_delivery}, coalesce({status}, r.status), r.status)"
    was = f"iif({of_delivery}, {of('was')}, {of('status')})"
    if asked != "0":
        now = f"iif({asked} OR {moved}, 'pending', {now})"
        was = f"iif({asked}, {of('status')}, {was})"
    if excepted != "0":
        was_open = f"coalesce({status}, 'pending') IN {listed(sources(Event.EXCEPT))}"
        now = f"iif({excepted} AND {was_open}, 'accepted', {now})"

    def kept(name: str) -> str:
        return of(name) if moved == "0" else f"iif({moved}, NULL, {of(name)})"

    def reason(name: str) -> str:
        return f"iif({of_delivery}, {kept(name)}, r.{name}) AS {name}"

    address = f"coalesce({of('email')}, r.email)"
    email = address if moved == "0" else f"iif({moved}, r.email, {address})"
    told = ", ".join(f"{kept(name)} AS {name}" for name in _OF_DELIVERY)
    return (
        '(SELECT r.id AS place, coalesce(r.delivery, r.id) AS id, r."row" AS "row", r.key AS key, '
        f"{email} AS email, r.vars AS vars, {now} AS status, {was} AS was, "
        f"coalesce({of('attempts')}, 0) AS attempts, {kept('due_at')} AS due_at, {told}, "
        f"{reason('why')}, {reason('detail')}, r.status = 'pending' AS holds "
        f"FROM plan_row AS r {joined} WHERE r.plan = {plan})"
    )


def gone(deliveries: str = FOLDED, *, at_rest: bool = False) -> str:
    """Those once tried that the last plan has no row of any more, as a table like `rows_of`. Nothing is
    appended about them."""
    status = _at_rest("d.{}".format) if at_rest else "d.status"
    told = ", ".join(f"d.{name} AS {name}" for name in (*_OF_DELIVERY, "why", "detail"))
    return (
        '(SELECT d.id AS id, d.gone AS "row", d.key AS key, d.email AS email, NULL AS vars, '
        f"iif({status} IN {SENT}, {status}, 'withdrawn') AS status, "
        f"iif({status} IN {SENT}, d.was, d.status) AS was, d.attempts AS attempts, NULL AS due_at, {told}, "
        f"0 AS holds FROM {deliveries} AS d WHERE d.gone IS NOT NULL)"
    )
