"""All rows of a CSV are searched, in whatever way somebody types what they look for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sendbatch.preview.live import rows as searched
from sendbatch.preview.live.rows import Rows
from sendbatch.rendering.batches import Staged, staged
from sendbatch.values import Checked, Status


def row(line: int, key: str, *cells: str, status: Status = Status.PENDING) -> Staged:
    email = f"p{line}@example.org"
    return staged(Checked(line, status, key, email, "example.org", (email, *cells)))


@pytest.fixture
def rows() -> Iterator[Rows]:
    some = Rows()
    yield some
    some.close()


def lines(rows: Rows, text: str) -> list[int]:
    return [one.line for one in rows.search(text, 100).rows]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("müller", [2]),
        ("MU\u0308LLER", [2]),  # typed as two characters
        ("P3@EXAMPLE", [3]),
        ("key-4", [4]),
        ('say "hi"', [3]),
        ("back\\slash", [4]),
        ("two lines", []),
        ("strasse", [2]),
        (", ", []),  # what stands between two cells is none of them
        ('"', [3]),
        ("nobody", []),
        ("  ", [2, 3, 4]),
    ],
)
def test_a_text_is_found_in_key_address_and_cells(rows: Rows, text: str, found: list[int]) -> None:
    rows.add([row(2, "key-2", "Müller", "Straße")])
    rows.add([row(3, "key-3", 'say "hi"', "two\nlines"), row(4, "key-4", "back\\slash")])

    assert lines(rows, text) == found


def test_a_row_is_known_by_its_key_and_not_by_part_of_it(rows: Rows) -> None:
    rows.add([row(2, "ann", "ann"), row(3, "jo-ann"), row(4, "Ann"), row(5, "dup"), row(6, "dup")])
    rows.settle([(5, Status.DUPLICATE)])

    assert [rows.of_key(key).line for key in ("ann", "jo-ann", "Ann", "dup")] == [2, 3, 4, 6]
    assert rows.of_key("an") is None


def test_a_row_is_known_by_its_line_or_the_next_one_behind_it(rows: Rows) -> None:
    rows.add([row(2, "a"), row(5, "b")])

    assert [found.key for line in (1, 2, 3, 5) if (found := rows.of_line(line))] == list("aabb")
    assert rows.of_line(6) is None


def test_many_hits_are_counted_to_a_bound_and_the_first_come_back(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searched, "AT_ONCE", 1000)  # so that a search reads more than once
    monkeypatch.setattr(searched, "MOST_COUNTED", 3000)
    for start in range(2, 2002, 100):
        rows.add([row(line, f"k{line}", "each") for line in range(start, start + 100)])

    found = rows.search("each", 7)
    assert [one.line for one in found.rows] == [2, 3, 4, 5, 6, 7, 8]
    assert (found.number, found.exact) == (2000, True)
    assert lines(rows, "k1999") == [1999]

    monkeypatch.setattr(searched, "MOST_COUNTED", 1500)
    found = rows.search("each", 7)
    assert (found.number, found.exact) == (1500, False)


def test_how_a_row_stands_follows_the_plan_once_it_is_settled(rows: Rows) -> None:
    rows.add([row(2, "a"), row(3, "b", status=Status.FILTERED)])
    rows.settle([(2, Status.SUPPRESSED), (99, Status.ACCEPTED)])

    statuses = [one.status for one in rows.search("", 10).rows]
    assert statuses == [Status.SUPPRESSED, Status.FILTERED]
