"""The SQL of a commit: intents, answers, and what is written beside them, each as rows of arrays.

All statements of a commit are sent at once, COMMIT among them. Whatever must be so for one to hold, the
database decides in it: that the block's token is the newest, that a row is as it was said to be, that an
answer is that of the newest attempt. Who came back holds. """

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, LiteralString

from sendbatch.ledger.postgres.arrays import numbers, texts, truths
from sendbatch.ledger.postgres.blocks import IS_OURS
from sendbatch.ledger.postgres.connecting import NOW, Connection, Cursor
from sendbatch.ledger.postgres.text import stored
from sendbatch.ledger.postgres.writes import Answered, Begun, Stated, released
from sendbatch.ledger.standing import UNTRIED, Standing

# Too many refusals in a row stop all runners.
NOT_TRIPPED: Final[LiteralString] = (
    "NOT EXISTS (SELECT 1 FROM sendbatch.run AS n WHERE n.record = %(record)s AND n.streak LIKE 'tripped%%')"
)

CURRENT: Final[LiteralString] = (
    "(SELECT p.rows FROM sendbatch.plan AS p WHERE p.record = %(record)s ORDER BY p.id DESC LIMIT 1)"
)
_STANDING: Final[LiteralString] = (
    "status, was, attempts, due_at, code, enhanced_code, reply, why, detail, content, dated_at, "
    "first_attempt_at, finished_at"
)
# Of a delivery `d`: its row in the plan holds its key.
_HOLDS: Final[LiteralString] = (
    "d.gone IS NULL AND (EXISTS (SELECT 1 FROM sendbatch.plan_row AS r WHERE r.record = %(record)s "
    f"AND r.delivery = d.id AND r.plan = {CURRENT} AND r.status = 'pending') "
    "OR EXISTS (SELECT 1 FROM sendbatch.plan_row AS r WHERE r.record = %(record)s AND r.id = d.id "
    f"AND r.delivery IS NULL AND r.plan = {CURRENT} AND r.status = 'pending'))"
)
# The block of a row `u` is this runner's.
_HELD: Final[LiteralString] = (
    "JOIN sendbatch.block AS b ON b.record = %(record)s AND b.first = u.first AND b.token = u.token "
    "AND u.id BETWEEN b.first AND b.last"
)
# The cells of a message that may have arrived are kept: another one is no repetition.
_CELLS: Final[LiteralString] = (
    "coalesce((SELECT r.vars FROM sendbatch.plan_row AS r WHERE r.record = d.record AND r.delivery = d.id "
    f"AND r.plan = {CURRENT}), (SELECT r.vars FROM sendbatch.plan_row AS r WHERE r.record = d.record "
    f"AND r.id = d.id AND r.delivery IS NULL AND r.plan = {CURRENT}))"
)
_KEEP: Final[LiteralString] = (
    f"CASE WHEN u.what IN ('doubt', 'crash') THEN {_CELLS} "
    "WHEN u.status IN ('accepted', 'rejected') THEN NULL ELSE d.vars END"
)
_STORY: Final[LiteralString] = (
    f"INSERT INTO sendbatch.attempt (record, id, delivery, what, at, {_STANDING}) "
    "SELECT %(record)s, u.number, u.id, u.what, u.at, u.status, u.was, u.attempts, u.due_at, u.code, "
    "u.enhanced_code, u.reply, u.why, u.detail, done.content, done.dated_at, u.first_attempt_at, "
    "u.finished_at FROM told AS u JOIN done ON done.id = u.id WHERE u.story "
    # what was in doubt meanwhile is so no more
    "ON CONFLICT (record, id) DO UPDATE SET what = excluded.what, at = excluded.at, "
    "status = excluded.status, was = excluded.was, attempts = excluded.attempts, "
    "due_at = excluded.due_at, code = excluded.code, enhanced_code = excluded.enhanced_code, "
    "reply = excluded.reply, why = excluded.why, detail = excluded.detail, "
    "finished_at = excluded.finished_at"
)
_SET: Final[LiteralString] = (
    "status = u.status, was = u.was, attempts = u.attempts, due_at = u.due_at, code = u.code, "
    "enhanced_code = u.enhanced_code, reply = u.reply, why = u.why, detail = u.detail, "
    f"vars = {_KEEP}, first_attempt_at = u.first_attempt_at, finished_at = u.finished_at"
)
_TOLD: Final[LiteralString] = (
    "SELECT * FROM unnest(%(ids)s::bigint[], %(numbers)s::bigint[], %(whats)s::text[], %(ats)s::float8[], "
    "%(stories)s::boolean[], %(status)s::text[], %(was)s::text[], %(attempts)s::bigint[], "
    "%(due_at)s::float8[], %(code)s::integer[], %(enhanced)s::text[], %(reply)s::text[], %(why)s::text[], "
    "%(detail)s::text[], %(first_attempt_at)s::float8[], %(finished_at)s::float8[]{}) "
    "AS u(id, number, what, at, story, status, was, attempts, due_at, code, enhanced_code, reply, why, "
    "detail, first_attempt_at, finished_at{})"
)
_GUARDED: Final[LiteralString] = _TOLD.format(
    ", %(firsts)s::bigint[], %(tokens)s::bigint[], %(stood)s::text[], %(tried)s::bigint[]",
    ", first, token, stood, tried",
)

_BEGIN_FIRST: Final[LiteralString] = (
    "INSERT INTO sendbatch.delivery (record, id, key, email, status, was, attempts, content, dated_at, "
    "first_attempt_at, attempt) SELECT r.record, r.id, r.key, r.email, 'sending', 'pending', 0, u.content, "
    "u.dated_at, u.at, u.attempt FROM unnest(%(ids)s::bigint[], %(firsts)s::bigint[], "
    "%(tokens)s::bigint[], %(contents)s::text[], %(dates)s::float8[], %(ats)s::float8[], "
    f"%(numbers)s::bigint[]) AS u(id, first, token, content, dated_at, at, attempt) {_HELD} "
    f"JOIN sendbatch.plan_row AS r ON r.record = %(record)s AND r.id = u.id AND r.plan = {CURRENT} "
    f"AND r.status = 'pending' AND r.delivery IS NULL WHERE {IS_OURS} "
    f"AND {NOT_TRIPPED} ON CONFLICT DO NOTHING RETURNING id"
)
_BEGIN_AGAIN: Final[LiteralString] = (
    "UPDATE sendbatch.delivery AS d SET status = 'sending', was = u.was, content = u.content, "
    "dated_at = u.dated_at, first_attempt_at = u.began_at, attempt = u.attempt FROM "
    "unnest(%(ids)s::bigint[], %(firsts)s::bigint[], %(tokens)s::bigint[], %(contents)s::text[], "
    "%(dates)s::float8[], %(began)s::float8[], %(numbers)s::bigint[], %(stood)s::text[], "
    "%(tried)s::bigint[], %(was)s::text[]) "
    "AS u(id, first, token, content, dated_at, began_at, attempt, stood, tried, was) "
    f"{_HELD} WHERE d.record = %(record)s AND d.id = u.id AND d.status = u.stood AND d.attempts = u.tried "
    f"AND {_HOLDS} AND {IS_OURS} AND {NOT_TRIPPED} RETURNING d.id"
)
# A late "accepted" counts also where a person's word has made the row pending, and nobody has begun.
_ANSWER: Final[LiteralString] = (
    f"WITH told AS ({_TOLD.format('', '')}), done AS (UPDATE sendbatch.delivery AS d SET {_SET}, "
    "attempt = CASE WHEN u.what = 'release' THEN NULL ELSE d.attempt END FROM told AS u "
    "WHERE d.record = %(record)s AND d.id = u.id AND d.attempt = u.number AND (d.status IN ('sending', "
    "'in_doubt') OR u.what = 'accept' AND d.status = 'pending') RETURNING d.id, d.content, d.dated_at), "
    f"story AS ({_STORY}), undone AS (DELETE FROM sendbatch.attempt AS a USING told AS u, done "
    "WHERE u.what = 'release' AND done.id = u.id AND a.record = %(record)s AND a.id = u.number) "
    "SELECT id FROM done"
)
_STATE: Final[LiteralString] = (
    f"WITH told AS ({_GUARDED}), done AS (UPDATE sendbatch.delivery AS d SET {_SET} FROM told AS u "
    "WHERE d.record = %(record)s AND d.id = u.id AND d.status = u.stood AND d.attempts = u.tried "
    "AND d.gone IS NULL AND (u.first IS NULL OR EXISTS (SELECT 1 FROM sendbatch.block AS b "
    "WHERE b.record = %(record)s AND b.first = u.first AND b.token = u.token) AND "
    f"{IS_OURS}) RETURNING d.id, d.content, d.dated_at), story AS ({_STORY}) SELECT id FROM done"
)
_STATE_FIRST: Final[LiteralString] = (
    f"WITH told AS ({_GUARDED}), done AS (INSERT INTO sendbatch.delivery (record, id, key, email, status, "
    "was, attempts, due_at, code, enhanced_code, reply, why, detail, first_attempt_at, finished_at) "
    "SELECT r.record, r.id, r.key, r.email, u.status, u.was, u.attempts, u.due_at, u.code, "
    "u.enhanced_code, u.reply, u.why, u.detail, u.first_attempt_at, u.finished_at "
    f"FROM told AS u {_HELD} JOIN sendbatch.plan_row AS r ON r.record = %(record)s AND r.id = u.id "
    f"AND r.plan = {CURRENT} AND r.status = 'pending' AND r.delivery IS NULL WHERE {IS_OURS} "
    f"ON CONFLICT DO NOTHING RETURNING id, content, dated_at), story AS ({_STORY}) SELECT id FROM done"
)
# Blocks of others, or of nobody by now, in which somebody can be sent to again.
WAKE: Final[LiteralString] = (
    "UPDATE sendbatch.block AS b SET state = 'open', due_at = CASE WHEN b.state = 'done' THEN u.due_at "
    "ELSE least(b.due_at, u.due_at) END FROM (SELECT f.first, min(coalesce(u.due_at, 0)) AS due_at FROM "
    "unnest(%(ids)s::bigint[], %(due_at)s::float8[]) AS u(id, due_at), LATERAL (SELECT o.first, o.last "
    "FROM sendbatch.block AS o WHERE o.record = %(record)s AND o.first <= u.id ORDER BY o.first DESC "
    "LIMIT 1) AS f GROUP BY f.first) AS u "
    "WHERE b.record = %(record)s AND b.first = u.first AND b.state IN ('open', 'done')"
)
CLEAR: Final[LiteralString] = (
    "UPDATE sendbatch.run SET streak = 'clear' WHERE record = %(record)s AND id = %(run)s "
    "AND streak <> 'clear' AND streak NOT LIKE 'tripped%%'"
)
COUNTED: Final[LiteralString] = (
    "UPDATE sendbatch.runner SET committed = greatest(committed, %(commit)s), sent = %(accepted)s, "
    f"seen_at = {NOW} WHERE record = %(record)s AND id = %(runner)s RETURNING seen_at"
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
FORGET: Final[LiteralString] = "DELETE FROM sendbatch.meta WHERE record = %(record)s AND key = %(key)s"

Values = dict[str, Any]


def begin(connection: Connection, seat: Values, begun: Sequence[Begun]) -> list[Cursor]:
    """Cursors of the ids that hold."""
    first = [one for one in begun if one.before is UNTRIED]
    again = [one for one in begun if one.before is not UNTRIED]
    made = []
    for query, some in ((_BEGIN_FIRST, first), (_BEGIN_AGAIN, again)):
        if some:
            made.append(connection.execute(query, seat | _of_begun(some)))
    return made


def answer(connection: Connection, seat: Values, answered: Sequence[Answered]) -> list[Cursor]:
    """Cursors of the ids that it counts for."""
    if not answered:
        return []
    told = [(one.id, one.attempt, one.what, one.at, one.story, one.after) for one in answered]
    return [connection.execute(_ANSWER, seat | _of_told(told))]


def state(connection: Connection, seat: Values, stated: Sequence[Stated]) -> list[Cursor]:
    """The same."""
    first = [one for one in stated if one.before is UNTRIED]
    again = [one for one in stated if one.before is not UNTRIED]
    made = []
    for query, some in ((_STATE_FIRST, first), (_STATE, again)):
        if some:
            told = [(one.id, one.number, one.what, one.at, one.story, one.after) for one in some]
            guard = {
                "firsts": numbers(one.block.first if one.block else None for one in some),
                "tokens": numbers(one.block.token if one.block else None for one in some),
                "stood": texts(one.before.status for one in some),
                "tried": numbers(one.before.attempts for one in some),
            }
            made.append(connection.execute(query, seat | _of_told(told) | guard))
    return made


def undo(cursor: Cursor, seat: Values, begun: Sequence[Begun]) -> None:
    """No dot left for these, whatever is known of their intent: they are as before it."""
    if begun:
        told = [(one.change.id, one.attempt, "release", None, False, released(one)) for one in begun]
        cursor.execute(_ANSWER, seat | _of_told(told))


def _of_begun(begun: Sequence[Begun]) -> Values:
    return {
        "ids": numbers(one.change.id for one in begun),
        "firsts": numbers(one.block.first for one in begun),
        "tokens": numbers(one.block.token for one in begun),
        "contents": texts(stored(one.change.content) for one in begun),
        "dates": numbers(one.change.dated_at for one in begun),
        "ats": numbers(one.change.at for one in begun),
        "began": numbers(one.after.first_attempt_at for one in begun),
        "numbers": numbers(one.attempt for one in begun),
        "stood": texts(one.before.status for one in begun),
        "tried": numbers(one.before.attempts for one in begun),
        "was": texts(one.after.was for one in begun),
    }


def _of_told(told: Sequence[tuple[int, int, str, float | None, bool, Standing]]) -> Values:
    after = [one[5] for one in told]
    return {
        "ids": numbers(one[0] for one in told),
        "numbers": numbers(one[1] for one in told),
        "whats": texts(one[2] for one in told),
        "ats": numbers(one[3] for one in told),
        "stories": truths(one[4] for one in told),
        "status": texts(one.status for one in after),
        "was": texts(one.was for one in after),
        "attempts": numbers(one.attempts for one in after),
        "due_at": numbers(one.due_at for one in after),
        "code": numbers(one.code for one in after),
        "enhanced": texts(stored(one.enhanced) for one in after),
        "reply": texts(stored(one.reply) for one in after),
        "why": texts(one.why for one in after),
        "detail": texts(stored(one.detail) for one in after),
        "first_attempt_at": numbers(one.first_attempt_at for one in after),
        "finished_at": numbers(one.finished_at for one in after),
    }
