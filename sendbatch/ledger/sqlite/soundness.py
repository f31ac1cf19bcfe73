"""What a record may hold. The file is data that anybody may have written, and is believed only so far.

Everything is looked at once, when a record is opened, by SQLite itself: to look at each value where it is
used would cost more for a million rows than to read them. The cells alone are looked at where they are
decoded. Comparisons say more than they seem to: NULL is less than a number, a number less than a text,
a text less than a blob.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence

from sendbatch.ledger.facts import Unsound
from sendbatch.ledger.sqlite.view import STANDING, UNFOLDED
from sendbatch.ledger.states import LEFT_OUT, Event
from sendbatch.values import Status, Why

MOST_TEXT = 100_000  # characters of what others said, or we noted
MOST_META = 1_000_000  # characters: what mailboxes answered stands in one value
MOST_COLUMNS = 10_000_000  # characters of all names of a plan's columns
MOST_TIME = 253_402_300_799  # seconds: the end of the year 9999, after which no date can be told
MOST_NUMBER = 2**53

# What the checks of a plan say of a row, and where a delivery may stand.
PLANNED = (*LEFT_OUT, Status.PENDING, Status.DUPLICATE)
TRIED = tuple(set(Status) - {*LEFT_OUT, Status.DUPLICATE, Status.WITHDRAWN})


def _listed(words: Iterable[str]) -> str:
    return "(" + ", ".join(f"'{word}'" for word in sorted(words)) + ")"


_WHYS = _listed(Why)


def _text(name: str, most: int | None = None) -> str:
    bounded = f" AND length({name}) <= {most}" if most is not None else ""
    return f"{name} >= '' AND {name} < x''{bounded}"


def _number(name: str, least: int, most: int) -> str:
    return f"{name} BETWEEN {least} AND {most}"


def _if_any(name: str, condition: str) -> str:
    return f"({name} IS NULL OR {condition})"


_META = {"key": _text("key", MOST_TEXT), "value": _text("value", MOST_META)}
_EVENT = {
    "at": _number("at", 0, MOST_TIME),
    "kind": _text("kind", MOST_TEXT),
    "detail": _text("detail", MOST_TEXT),
}
_PLAN = {
    "id": _number("id", 1, MOST_NUMBER),
    "inputs": _text("inputs", MOST_TEXT),
    "started_at": _number("started_at", 0, MOST_TIME),
    "completed_at": _number("completed_at", 0, MOST_TIME),  # none is kept before it is complete
    "columns": _text("columns", MOST_COLUMNS),
    "recipients_digest": _text("recipients_digest", MOST_TEXT),
    "content_digest": _text("content_digest", MOST_TEXT),
    "counts": _text("counts", MOST_TEXT),
}
_REASON = {
    "why": _if_any("why", f"why IN {_WHYS}"),
    "detail": _if_any("detail", _text("detail", MOST_TEXT)),
}
_ROW = {
    "id": _number("id", 1, MOST_NUMBER),
    "row": _number('"row"', 1, MOST_NUMBER),
    "key": _text("key"),
    "email": _text("email"),
    "status": f"status IN {_listed(PLANNED)}",
    "delivery": _if_any(
        "delivery", f"typeof(delivery) = 'integer' AND {_number('delivery', 1, MOST_NUMBER)}"
    ),
    **_REASON,
}
_DELIVERY = {
    "id": _number("id", 1, MOST_NUMBER),
    "key": _text("key"),
    "email": _text("email"),
    "status": f"status IN {_listed(TRIED)}",
    "was": _if_any("was", f"was IN {_listed(TRIED)}"),
    "attempts": _number("attempts", 0, MOST_NUMBER),
    "due_at": _if_any("due_at", _number("due_at", 0, MOST_TIME)),
    "code": _if_any("code", _number("code", 0, 999)),
    **_REASON,
    **{
        name: _if_any(name, _text(name, MOST_TEXT))
        for name in ("enhanced_code", "reply", "content")
    },
    "vars": _if_any("vars", _text("vars")),
    **{
        name: _if_any(name, _number(name, 0, MOST_TIME))
        for name in ("dated_at", "first_attempt_at", "finished_at")
    },
    "gone": _if_any("gone", _number("gone", 1, MOST_NUMBER)),
}
_ATTEMPT = {
    "id": _number("id", 1, MOST_NUMBER),
    "delivery": _number("delivery", 1, MOST_NUMBER),
    "what": f"what IN {_listed((*Event, 'own'))}",
    "at": _if_any("at", _number("at", 0, MOST_TIME)),
    **{name: _DELIVERY[name] for name in STANDING},
    "email": _if_any("email", _text("email")),
}
_FORGOTTEN = {
    "mark": _text("mark", MOST_TEXT),
    "name": _text("name", MOST_TEXT),
    "at": _number("at", 0, MOST_TIME),
}
OURS: Mapping[str, frozenset[str]] = {  # the tables and their columns
    "meta": frozenset(_META),
    "plan": frozenset(_PLAN),
    "plan_row": frozenset({*_ROW, "plan", "vars"}),
    "delivery": frozenset(_DELIVERY),
    "attempt": frozenset(_ATTEMPT),
    "event": frozenset(_EVENT),
    "forgotten": frozenset(_FORGOTTEN),
}


def hold_tables(
    db: sqlite3.Connection, ours: Mapping[str, frozenset[str]] = OURS
) -> None:
    """The record has our tables, and nothing that acts by itself. Raises Unsound, sqlite3.Error."""
    made = db.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    for kind, name, statement in made:
        if kind not in ("table", "index") or "VIRTUAL" in str(statement)[:20].upper():
            raise Unsound(f"{kind} {str(name)[:50]!r}")
    for table, columns in ours.items():
        found = db.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (table,))
        missing = columns - {name for (name,) in found}
        if missing:
            raise Unsound(f"a table {table} without {', '.join(sorted(missing))}")


def hold_plans(db: sqlite3.Connection) -> None:
    """What stands in `meta` and `plan` can be used. Raises Unsound, sqlite3.Error."""
    _hold(db, "meta", _META, "key")
    for key, is_right in _IN_META.items():
        found = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if found is not None and not is_right(found[0]):
            raise Unsound(f"meta: {key} is {found[0][:50]!r}")
    _hold(db, "plan", _PLAN, "id")
    _columns(db)


def hold_rows(db: sqlite3.Connection) -> None:
    """What stands in `plan_row`, `delivery`, `attempt`, `event` and `forgotten` can be used. Raises Unsound,
    sqlite3.Error."""
    _hold(db, "event", _EVENT, "rowid")
    plans = _columns(db)
    last = max(plans, default=0)
    count = len(plans.get(last, ()))
    # Rows of another plan are nobody's: a plan that was not finished left them.
    vars_ = f"{_text('vars')} AND (json_array_length(vars) = {count} OR plan <> {last})"
    _hold(db, "plan_row", {**_ROW, "plan": "plan >= 1", "vars": vars_}, "id")
    _hold(db, "delivery", _DELIVERY, "id")
    _hold_attempts(db)
    _hold(db, "forgotten", _FORGOTTEN, "mark")
    strange = db.execute(
        "SELECT r.id FROM plan_row AS r JOIN delivery AS d ON d.id = r.delivery WHERE r.key <> d.key LIMIT 1"
    ).fetchone()
    if strange is not None:
        raise Unsound(f"plan_row {strange[0]}: delivery")


def _hold_attempts(db: sqlite3.Connection) -> None:
    """How far is folded can be believed: beyond it are attempts of people there are, and no intent stands
    before it, where only the ends of attempts are kept."""
    _hold(db, "attempt", _ATTEMPT, "id")
    if db.execute("SELECT value FROM meta WHERE key = 'folded'").fetchone() is None:
        raise Unsound("meta: folded")
    strange = db.execute(
        f"SELECT id FROM attempt WHERE {UNFOLDED} AND delivery NOT IN (SELECT id FROM delivery) "
        "AND delivery NOT IN (SELECT id FROM plan_row) UNION ALL "
        f"SELECT id FROM attempt WHERE NOT {UNFOLDED} AND what = 'intent' LIMIT 1"
    ).fetchone()
    if strange is not None:
        raise Unsound(f"attempt {strange[0]}")


def decoded(texts: Sequence[str]) -> list[list[str]]:
    """The cells of rows, each as its JSON has them. All are decoded in one go, which takes a third of the
    time. Raises Unsound where one is no text that can be written."""
    try:
        cells: list[list[str]] = json.loads(f"[{','.join(texts)}]")
        for own in cells:
            "".join(own).encode()  # no number, no half of a surrogate pair
        if len(cells) != len(texts) or set(map(type, cells)) - {list}:
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise Unsound("recipient: cells that are no texts") from None
    return cells


def _columns(db: sqlite3.Connection) -> dict[int, tuple[str, ...]]:
    """The names of the cells by plan."""
    found: dict[int, tuple[str, ...]] = {}
    for id_, text in db.execute("SELECT id, columns FROM plan"):
        try:
            columns = json.loads(text)
            "".join(columns).encode()
        except (ValueError, TypeError, RecursionError):
            columns = None
        if not isinstance(columns, list):
            raise Unsound(f"plan {id_}: columns that are no names")
        found[id_] = tuple(columns)
    return found


def _hold(db: sqlite3.Connection, table: str, conditions: Mapping[str, str], named: str) -> None:
    together = " AND ".join(conditions.values())
    wrong = db.execute(
        f"SELECT {named} FROM {table} WHERE ({together}) IS NOT TRUE LIMIT 1"
    ).fetchone()
    if wrong is None:
        return
    which = (
        f"{table} {str(wrong[0])[:50]!r}" if isinstance(wrong[0], str) else f"{table} {wrong[0]}"
    )
    for name, condition in conditions.items():
        query = f"SELECT 1 FROM {table} WHERE {named} IS ? AND ({condition}) IS NOT TRUE"
        if db.execute(query, wrong).fetchone() is not None:
            raise Unsound(f"{which}: {name}")
    raise Unsound(which)


def _is_hex(text: str) -> bool:
    try:
        return bool(bytes.fromhex(text))
    except ValueError:
        return False


def _begins_with_a_time(text: str) -> bool:
    try:
        return math.isfinite(float(text.partition(" ")[0]))
    except ValueError:
        return False


_IN_META: Mapping[str, Callable[[str], bool]] = {
    "salt": _is_hex,
    "forgetting": _is_hex,
    "receipts": lambda text: text == "" or _is_hex(text),
    "keyed": _begins_with_a_time,
    "path": lambda text: "\0" not in text,
    "folded": lambda text: text.isascii() and text.isdecimal() and int(text) < MOST_NUMBER,
}
