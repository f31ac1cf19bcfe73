"""The note beside the reports: which record it is, and how far it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.errors import LedgerError
from sendbatch.ledger.postgres.noted import Mark, mark_in, note, noted_in

NAME = "0123456789abcdef"


def away(name: str) -> int:
    raise LedgerError("the database is away")


def test_each_run_raises_the_same_mark(tmp_path: Path) -> None:
    names = []

    def raised(name: str) -> int:
        names.append(name)
        return len(names)

    note(tmp_path, "shop/spring in db/news", 5, raised)
    note(tmp_path, "shop/spring in db/news", 3, raised)
    assert noted_in(tmp_path) == "shop/spring in db/news"
    assert mark_in(tmp_path) == Mark(names[0], 2, 5)
    assert len(set(names)) == 1


def test_where_the_database_is_away_the_mark_stays_and_the_place_is_known(tmp_path: Path) -> None:
    note(tmp_path, "shop/spring in db/news", 5, away)
    assert (noted_in(tmp_path), mark_in(tmp_path)) == ("shop/spring in db/news", None)
    note(tmp_path, "shop/spring in db/news", 5, lambda name: 7)
    kept = mark_in(tmp_path)
    note(tmp_path, "shop/spring in db/news", 9, away)
    assert mark_in(tmp_path) == kept is not None


def test_a_database_put_back_under_a_run_does_not_lower_the_mark(tmp_path: Path) -> None:
    note(tmp_path, "shop/spring in db/news", 5, lambda name: 7)
    note(tmp_path, "shop/spring in db/news", 6, lambda name: 7)
    found = mark_in(tmp_path)
    assert found is not None
    assert (found.number, found.accepted) == (7, 5)


@pytest.mark.parametrize(
    "line",
    [
        f"seen {NAME} -1 2",
        f"seen {NAME} {'9' * 5000} 2",
        f"seen {NAME} \u0661 2",
        f"seen {NAME}'; DROP 1 2",
        "\x1b[31m",
    ],
)
def test_a_mark_that_none_has_written_is_none(tmp_path: Path, line: str) -> None:
    (tmp_path / "database.txt").write_text(f"shop/spring in db/news\n{line}\n")
    assert noted_in(tmp_path) == "shop/spring in db/news"
    assert mark_in(tmp_path) is None
