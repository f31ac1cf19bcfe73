"""What a commit writes, as the values of one call of the procedure in commit.sql, and what that says.

Rows go as JSON, each without what is null.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, LiteralString, NamedTuple

from sendbatch.ledger.postgres.arrays import numbers
from sendbatch.ledger.postgres.connecting import Cursor
from sendbatch.ledger.postgres.text import stored
from sendbatch.ledger.postgres.writes import Answered, Begun, Stated, Wave, released
from sendbatch.ledger.standing import UNTRIED, Standing
from sendbatch.values import Status

COMMIT: Final[LiteralString] = (
    "CALL sendbatch.commit(%(record)s, %(run)s, %(runner)s, %(lease)s, %(commit)s, %(accepted)s, %(clears)s, "
    "%(firsts)s, %(tokens)s, %(woken)s, %(woken_at)s, %(answers)s, %(answer_stories)s, %(undone)s, "
    "%(states)s, %(state_stories)s, %(intents)s, NULL, NULL, NULL, NULL)"
)
WAKE: Final[LiteralString] = "SELECT sendbatch.wake(%(record)s, %(ids)s, %(due_at)s)"
_UNDO: Final[LiteralString] = "SELECT sendbatch.answer(%(record)s, %(answers)s, NULL, %(undone)s)"
# Too many refusals in a row stop all runners.
NOT_TRIPPED: Final[LiteralString] = (
    "NOT EXISTS (SELECT 1 FROM sendbatch.run AS n WHERE n.record = %(record)s AND n.streak LIKE 'tripped%%')"
)
NOTE: Final[LiteralString] = (
    "INSERT INTO sendbatch.event (record, at, kind, detail, told) SELECT %(record)s, u.at, u.kind, u.detail, "
    "u.told FROM unnest(%(ats)s::float8[], %(kinds)s::text[], %(details)s::text[], %(numbers)s::bigint[]) "
    "WITH ORDINALITY AS u(at, kind, detail, told, place) ORDER BY u.place "
    "ON CONFLICT (record, told) WHERE told IS NOT NULL DO NOTHING"
)
REMEMBER: Final[LiteralString] = (
    "INSERT INTO sendbatch.meta (record, key, value) VALUES (%(record)s, %(key)s, %(value)s) "
    "ON CONFLICT (record, key) DO UPDATE SET value = excluded.value"
)
FORGET: Final[LiteralString] = (
    "DELETE FROM sendbatch.meta WHERE record = %(record)s AND key = %(key)s"
)

Values = dict[str, Any]


class Said(NamedTuple):
    """What a call says: the blocks that are still held, by their first; the ids that an answer counts for,
    and whose intent holds; and when this was, None where this runner has no place any more."""

    ours: Sequence[int] | None
    came: Sequence[int] | None
    stands: Sequence[int] | None
    heard_at: float | None


def of_wave(wave: Wave) -> Values:
    """What it says of people."""
    late = [one for one in wave.answered if _may_be_due(one.after)]
    undone = [one.attempt for one in wave.answered if one.what == "release"]
    return {
        "woken": numbers(one.id for one in late) if late else None,
        "woken_at": numbers(one.after.due_at for one in late) if late else None,
        "answers": _rows(map(_answered, wave.answered)),
        "answer_stories": _rows(_answered(one) for one in wave.answered if one.story),
        "undone": numbers(undone) if undone else None,
        "states": _rows(map(_stated, wave.stated)),
        "state_stories": _rows(_stated(one) for one in wave.stated if one.story),
        "intents": _rows(map(_begun, wave.begun)),
    }


def undo(cursor: Cursor, seat: Values, begun: Sequence[Begun]) -> None:
    """No dot left for these, whatever is known of their intent: they are as before it. Another may have been
    through with their block, in which they were in doubt."""
    if not begun:
        return
    those = [
        Answered(one.change.id, one.attempt, "release", None, released(one), story=False)
        for one in begun
    ]
    undone = {
        "answers": _rows(map(_answered, those)),
        "undone": numbers(one.attempt for one in those),
    }
    cursor.execute(_UNDO, seat | undone)
    woken = {"ids": numbers(one.id for one in those), "due_at": numbers(None for _ in those)}
    cursor.execute(WAKE, seat | woken)


def _may_be_due(after: Standing) -> bool:
    """A late answer may make somebody due in a block that is not held any more."""
    if after.status is Status.DEFERRED:
        return after.due_at is not None
    return after.status in (Status.PENDING, Status.FAILED)


def _rows(rows: Iterable[Values]) -> str | None:
    """None where there are none."""
    found = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")) if found else None


def _begun(one: Begun) -> Values:
    change, block = one.change, one.block
    row: Values = {
        "id": change.id,
        "number": one.attempt,
        "first": block.first,
        "token": block.token,
        "content": stored(change.content),
        "dated_at": change.dated_at,
        "first_attempt_at": one.after.first_attempt_at,
    }
    if one.before is not UNTRIED:
        row |= {"stood": one.before.status, "tried": one.before.attempts, "was": one.after.was}
    return row


def _answered(one: Answered) -> Values:
    return {"id": one.id, "number": one.attempt, "what": one.what, "at": one.at} | _standing(
        one.after
    )


def _stated(one: Stated) -> Values:
    told = {"id": one.id, "number": one.number, "what": one.what, "at": one.at} | _standing(
        one.after
    )
    if one.block is not None:
        told |= {"first": one.block.first, "token": one.block.token}
    if one.before is not UNTRIED:
        told |= {"stood": one.before.status, "tried": one.before.attempts}
    return told


def _standing(after: Standing) -> Values:
    return {
        "status": after.status,
        "was": after.was,
        "attempts": after.attempts,
        "due_at": after.due_at,
        "code": after.code,
        "enhanced_code": stored(after.enhanced),
        "reply": stored(after.reply),
        "why": after.why,
        "detail": stored(after.detail),
        "first_attempt_at": after.first_attempt_at,
        "finished_at": after.finished_at,
    }
