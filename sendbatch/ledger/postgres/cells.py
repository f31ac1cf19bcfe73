"""What the cells of a column say: asked of a plan in the making, and of the record."""

from __future__ import annotations

from collections.abc import Sequence

from sendbatch.ledger.facts import Saying
from sendbatch.ledger.postgres.parts import Asked, ask
from sendbatch.ledger.postgres.text import stored
from sendbatch.ledger.sqlite.cells import BLANKS


def cell(place: int) -> str:
    """The cell at `place`, as SQL: what is stored of it, compared by its bytes."""
    return f'(vars::json ->> {place:d}) COLLATE "C"'


def saying(
    asked: Asked, table: str, condition: str, place: int, words: Sequence[str], most: int = 5
) -> Saying:
    """The rows of `table` under `condition` whose cell at `place` is one of `words` (ASCII, lower case)
    in any case, blanks around it left out."""
    found = (
        f'(SELECT "row", btrim({cell(place)}, %s) AS text FROM {table} WHERE {condition}) AS cells '
        "WHERE lower(text) = ANY(%s)"
    )
    values = (BLANKS, list(map(stored, words)))
    cells = ask(asked, f'SELECT text, count(*), min("row") FROM {found} GROUP BY 1 ORDER BY 3', values)
    if not cells:
        return Saying(0, (), ())
    rows = ask(asked, f'SELECT "row" FROM {found} ORDER BY "row" LIMIT {most:d}', values)
    told = tuple(text for text, *_ in cells[:most])
    return Saying(sum(count for _, count, _ in cells), told, tuple(line for (line,) in rows))


def empty(
    asked: Asked, table: str, condition: str, places: Sequence[int], most: int = 5
) -> list[Saying]:
    """The rows of `table` under `condition` whose cell at each of the `places` has no character. Rows without
    such a cell anywhere, which JSON shows by two quotes, are not taken apart."""
    if not places:
        return []
    cells = [f"{cell(place)} = ''" for place in places]
    some = f"""FROM {table} WHERE {condition} AND strpos(vars, '""') > 0"""
    (numbers,) = ask(asked, f"SELECT {', '.join(f'count(*) FILTER (WHERE {one})' for one in cells)} {some}")
    found = []
    for number, one in zip(numbers, cells, strict=True):
        rows: list[tuple[int, ...]] = []
        if number:
            rows = ask(asked, f'SELECT "row" {some} AND {one} ORDER BY "row" LIMIT {most:d}')
        found.append(Saying(number, ("",) if number else (), tuple(line for (line,) in rows)))
    return found


def usual(asked: Asked, table: str, condition: str, place: int, most: int) -> list[str]:
    """The cells at `place` that most rows of `table` under `condition` have, blanks around them left out."""
    rows = ask(
        asked,
        f"SELECT btrim({cell(place)}, %s) AS text FROM {table} WHERE {condition} "
        "GROUP BY text ORDER BY count(*) DESC, text NULLS FIRST LIMIT %s",
        (BLANKS, most),
    )
    return [text for (text,) in rows]
