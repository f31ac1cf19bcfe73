"""What the cells of a column say: asked of a plan in the making, and of the record."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from sendbatch.ledger.facts import Saying

BLANKS = " \t\r\n\u00a0"


def saying(
    connection: sqlite3.Connection,
    table: str,
    condition: str,
    place: int,
    words: Sequence[str],
    most: int = 5,
) -> Saying:
    """The rows of `table` under `condition` whose cell at `place` is one of `words` (ASCII, lower case)
    in any case, blanks around it left out."""
    cell = f"json_extract(vars, '$[{place}]')"
    marks = ", ".join("?" * len(words))
    found = f"FROM {table} WHERE {condition} AND lower(trim({cell}, ?)) IN ({marks})"
    values = (BLANKS, *words)
    cells = connection.execute(
        f'SELECT trim({cell}, ?), count(*), min("row") {found} GROUP BY 1 ORDER BY 3',
        (BLANKS, *values),
    ).fetchall()
    if not cells:
        return Saying(0, (), ())
    rows = connection.execute(
        f'SELECT "row" {found} ORDER BY "row" LIMIT {most}', values
    ).fetchall()
    told = tuple(text for text, *_ in cells[:most])
    return Saying(sum(count for _, count, _ in cells), told, tuple(line for (line,) in rows))


def empty(
    connection: sqlite3.Connection, table: str, condition: str, places: Sequence[int], most: int = 5
) -> list[Saying]:
    """The rows of `table` under `condition` whose cell at each of the `places` has no character. Rows without
    such a cell anywhere, which JSON shows by two quotes, are not taken apart."""
    if not places:
        return []
    cells = [f"json_extract(vars, '$[{place}]') = ''" for place in places]
    some = f"""FROM {table} WHERE {condition} AND instr(vars, '""')"""
    numbers = connection.execute(
        f"SELECT {', '.join(f'coalesce(sum({cell}), 0)' for cell in cells)} {some}"
    ).fetchone()
    found = []
    for number, cell in zip(numbers, cells, strict=True):
        rows = []
        if number:
            query = f'SELECT "row" {some} AND {cell} ORDER BY "row" LIMIT {most}'
            rows = connection.execute(query).fetchall()
        found.append(Saying(number, ("",) if number else (), tuple(line for (line,) in rows)))
    return found


def usual(
    connection: sqlite3.Connection, table: str, condition: str, place: int, most: int
) -> list[str]:
    """The cells at `place` that most rows of `table` under `condition` have, blanks around them left out."""
    rows = connection.execute(
        f"SELECT trim(json_extract(vars, '$[{place}]'), ?) AS cell FROM {table} WHERE {condition} "
        "GROUP BY cell ORDER BY count(*) DESC, cell LIMIT ?",
        (BLANKS, most),
    )
    return [cell for (cell,) in rows]
