"""Keys of a ledger.sqlite that is not looked into further: it may be broken, or hostile. So nothing is
checked, all is bounded, and whatever goes wrong means that there are none."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from sendbatch.runtime.files import Linked, is_regular, refuse_linked_database

_FILE = "ledger.sqlite"
_STEPS = 5_000  # of SQLite's machine between two looks at the clock
_PLANNED = """
SELECT key FROM plan_row
WHERE plan = (SELECT max(id) FROM plan) AND substr(key, 1, length(:begin)) = :begin LIMIT :most
"""
# What was brought and is not folded yet counts too (`view` has it exactly).
_UNSETTLED = """
SELECT key FROM (
    SELECT key FROM delivery
    WHERE status IN ('in_doubt', 'sending') OR (status = 'deferred' AND code BETWEEN 500 AND 599)
    UNION
    SELECT coalesce(d.key, r.key) FROM attempt AS a
    LEFT JOIN delivery AS d ON d.id = a.delivery LEFT JOIN plan_row AS r ON r.id = a.delivery
    WHERE a.status IN ('in_doubt', 'sending')
) WHERE substr(key, 1, length(:begin)) = :begin LIMIT :most
"""


def has_record(folder: Path) -> bool:
    """Whether there seems to be one."""
    return not os.path.islink(folder) and is_regular(folder / _FILE)


def keys_in(folder: Path, begin: str, *, most: int, seconds: float, unsettled: bool) -> list[str]:
    """Some keys of the plan that begin so; with `unsettled` those whom `resolve` settles. None where there is
    no record that can be read; in `seconds` no more than were found by then."""
    found: list[str] = []
    if not has_record(folder):
        return found
    until = time.monotonic() + seconds
    with contextlib.suppress(sqlite3.Error, Linked, UnicodeError):
        refuse_linked_database(folder / _FILE)
        where = f"{(folder / _FILE).absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(where, uri=True, timeout=0)) as connection:
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
            rows = connection.execute(
                _UNSETTLED if unsettled else _PLANNED, {"begin": begin, "most": most}
            )
            for (key,) in rows:
                found.append(str(key))
    return found
