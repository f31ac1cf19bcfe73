"""One campaign under two names of its project: whoever begins a record under the second would mail everybody
again whom the first one knows.

A clone has the `origin` that was typed, in whatever letters, through whatever name of the host; and a
`project:` may be written, or changed, once a record is there.
"""

from __future__ import annotations

import json
from typing import Final

from sendbatch.errors import GuardError, one_line
from sendbatch.ledger.postgres.connecting import Cursor, one
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.postgres.text import stored, told

MOST: Final = 10_000  # records of one name that are looked at
_HAS_PLAN: Final = "SELECT 1 FROM sendbatch.plan WHERE record = %s LIMIT 1"
# Under another project, and somebody was sent to. What a record says of itself may be older than its place.
_OTHERS: Final = (
    "SELECT project, coalesce((SELECT value FROM sendbatch.meta AS m WHERE m.record = r.id "
    "AND m.key = 'project'), '') FROM sendbatch.record AS r WHERE name = %s AND edition = %s "
    "AND profile = %s AND project <> %s AND EXISTS (SELECT 1 FROM sendbatch.delivery AS d "
    "WHERE d.record = r.id) ORDER BY made_at, id LIMIT %s"
)

MOST_ASKED: Final = 20  # records whose people are looked at, the newest
FIRST: Final = 200  # of their people
_NEWEST: Final = (
    "SELECT id, project FROM sendbatch.record AS r WHERE name = %s AND edition = %s AND profile = %s "
    "AND project <> %s AND EXISTS (SELECT 1 FROM sendbatch.delivery AS d WHERE d.record = r.id) "
    "ORDER BY id DESC LIMIT %s"
)
_FIRST_KEYS: Final = "SELECT key FROM sendbatch.delivery WHERE record = %s ORDER BY id LIMIT %s"


def sent_to_by_others(cursor: Cursor, place: Place) -> list[tuple[str, list[str]]]:
    """Of each record of this name under another project: whose it is, and the keys of the first who were sent
    to. A look at a few rows, however many there are."""
    project, name, edition, profile = map(stored, place.identity)
    rows = cursor.execute(_NEWEST, (name, edition, profile, project, MOST_ASKED)).fetchall()
    found = []
    for record, other in rows:
        keys = cursor.execute(_FIRST_KEYS, (record, FIRST)).fetchall()
        found.append((told(other), [told(key) for (key,) in keys]))
    return found


def hold_only(cursor: Cursor, record: int | None, place: Place) -> None:
    """Raises GuardError where this one, which may be there without a plan, would be the second."""
    if record is not None and one(cursor, _HAS_PLAN, (record,)) is not None:
        return
    project, name, edition, profile = map(stored, place.identity)
    rows = cursor.execute(_OTHERS, (name, edition, profile, project, MOST)).fetchall()
    for whose in rows:
        other, own = map(told, whose)
        if _are_one(place, other) or own.casefold() == place.project.casefold():
            raise _another(place, other)


def _are_one(place: Place, other: str) -> bool:
    """They differ by letters, or by the host alone, or the other one is what the repository is called."""
    ours, theirs = place.project.casefold(), other.casefold()
    return theirs in (ours, place.origin.casefold()) or (_path(ours) != "" and _path(ours) == _path(theirs))


def _path(project: str) -> str:
    """Owner and name in a repository's address, "" where it is none."""
    path = project.partition("/")[2]
    return path if "/" in path else ""


def _another(place: Place, other: str) -> GuardError:
    written = json.dumps(one_line(other, 300), ensure_ascii=False)
    return GuardError(
        f"{place.title}: there is no record of this campaign, and the database has one of the same name "
        f"under another project, which seems to be the same: {one_line(other, 300)}; a new one would mail "
        "again whom that one knows; nothing was sent",
        hint="is it the same? then write at the top of profiles.yaml, for all who send it:  project: "
        f"{written}\n  if it is another campaign, give it another name",
    )
