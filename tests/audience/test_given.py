"""Rows that a program gives are read as if they had come in a CSV, but for their numbers."""

from __future__ import annotations

import gc
import sqlite3
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.audience.cells import bare
from sendbatch.audience.given import Spool, cell_text
from sendbatch.audience.lines import SHIFT
from sendbatch.audience.reading import LONGEST_CELL, Format, Table, open_table
from sendbatch.errors import AudienceError
from sendbatch.values import Row
from tests.kit.thoroughness import examples

Cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


def table(rows: Any) -> Table:
    spool = Spool()
    columns = spool.fill(rows)
    opened = open_table(spool.file, form=Format(columns=columns))
    opened.spool = spool  # type: ignore[attr-defined]  # as a campaign keeps it
    return opened


def read(rows: Any) -> list[Row]:
    with table(rows) as opened:
        return list(opened)


def refused(rows: Any) -> str:
    with pytest.raises(AudienceError) as error:
        Spool().fill(rows)
    return str(error.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("07", "07"),
        (None, ""),
        (float("nan"), ""),
        (Decimal("NaN"), ""),
        (3, "3"),
        (3.0, "3"),
        (-0.5, "-0.5"),
        (1e-9, "1e-09"),
        (Decimal("3.10"), "3.10"),
        (Decimal("1E+2"), "100"),
        (True, "true"),
        (False, "false"),
        (date(2026, 5, 1), "2026-05-01"),
        (datetime(2026, 5, 1), "2026-05-01"),
        (datetime(2026, 5, 1, 9, 30), "2026-05-01T09:30:00"),
        (datetime(2026, 5, 1, tzinfo=UTC), "2026-05-01T00:00:00+00:00"),
        (time(9, 30), "09:30:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (StrEnum("Plan", {"FREE": "free"}).FREE, "free"),
        (Enum("Number", {"ONE": 1}).ONE, "1"),
    ],
)
def test_a_value_is_the_text_that_a_csv_would_have(value: object, text: str) -> None:
    assert cell_text(value) == text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"x", "a bytes is no cell"),
        ([1], "a list is no cell"),
        (float("inf"), "inf is no number"),
        (2.0**60, "its end is lost"),
        ("a\0b", "control character"),
        ("\x1b$B", "control character"),
        ("\ud800", "half a character"),
        ("x" * LONGEST_CELL, "longer than 1,000,000"),
    ],
)
def test_what_is_no_cell_is_an_error_with_its_row_and_column(value: object, said: str) -> None:
    text = refused([{"email": "a@example.com", "age": 1}, {"email": "b@example.com", "age": value}])
    assert text.startswith("recipients, row 2: error: column 'age': ")
    assert said in text


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("people.csv", "recipients: error: a file of recipients is named in the campaign file"),
        (Path("people.csv"), "recipients: error: a file of recipients is named in the campaign"),
        ({"email": ["a@example.com"]}, "recipients: error: a dict is no iterable of rows"),
        (7, "recipients: error: an int is no iterable of rows"),
        ([{"email": "a@b"}, "x"], "recipients, row 2: error: a str is no mapping"),
        ([{1: "x"}], "recipients, row 1: error: columns are named by text, and 1 is none"),
        ([], "recipients: error: there is no row"),
        ([{str(n): "x" * 999_999 for n in range(5)}], "recipients, row 1: error: the row has more"),
    ],
)
def test_what_is_no_row_is_an_error(rows: object, said: str) -> None:
    assert refused(rows).startswith(said)


def test_rows_are_numbered_from_1_whatever_is_in_their_cells() -> None:
    rows = [
        {"email": "a@example.com", "note": "two\nlines\r\nand a third"},
        {"email": "", "note": None},
        {},
        {"email": "d@example.com", "note": 'said "yes", he did'},
    ]
    assert read(rows) == [
        Row(1, ("a@example.com", "two\nlines\r\nand a third")),
        Row(4, ("d@example.com", 'said "yes", he did')),
    ]


def test_rows_may_have_columns_of_their_own_and_in_another_order() -> None:
    with table([{"email": "a", "x": 1}, {"y": 2, "email": "b"}, {"email": "c", "x": 3}]) as opened:
        assert opened.columns == ("email", "x", "y")
        found = [row.cells for row in opened]
    assert found == [("a", "1", ""), ("b", "", "2"), ("c", "3", "")]


def test_columns_go_by_usable_names_and_two_that_are_one_clash() -> None:
    with table([{"E-Mail": "a", "First Name": "A", "first_name": "B"}]) as opened:
        assert opened.columns == ("e_mail",)
        assert str(opened.clashes["first_name"]).startswith("recipients: error: the columns 'First")


@settings(max_examples=examples(150))
@given(st.lists(st.lists(Cells, min_size=3, max_size=3), min_size=1, max_size=6))
def test_whatever_text_is_given_is_read_back_as_from_a_csv(rows: list[list[str]]) -> None:
    rows = [[SHIFT.sub("", cell) for cell in row] for row in rows]
    found = {
        row.line: row.cells for row in read([dict(zip("abc", row, strict=True)) for row in rows])
    }
    for number, row in enumerate(rows, 1):
        assert found.get(number, ("", "", "")) == tuple(bare(cell) for cell in row)


def test_a_table_of_pandas_is_rows_and_its_whole_floats_are_whole() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "email": ["a@example.com", "b@example.com"],
            "age": [30, None],  # which makes them floats
            "since": pandas.to_datetime(["2026-05-01", None]),
            "visits": pandas.array([3, None], dtype="Int64"),
            "paid": [True, False],
            "share": [0.1, 2.0],
        }
    )
    assert read(frame) == [
        Row(1, ("a@example.com", "30", "2026-05-01", "3", "true", "0.1")),
        Row(2, ("b@example.com", "", "", "", "false", "2")),
    ]
    assert "column 'age': inf" in refused(frame.assign(age=[1.0, float("inf")]))


@pytest.mark.parametrize(
    ("written", "unit", "text"),
    [
        ("2026-01-02T10:00:00", "ns", "2026-01-02T10:00:00"),
        ("2026-01-02T10:00:00.5", "ns", "2026-01-02T10:00:00.500000"),
        ("2026-01-02T10:00:00.123456789", "ns", "2026-01-02T10:00:00.123456789"),
        ("2026-01-02", "ns", "2026-01-02"),
        ("1969-12-31", "ps", "1969-12-31"),
        ("NaT", "ns", ""),
        ("2026-01-02T10:00", "us", "2026-01-02T10:00:00"),
        ("2026-01-02", "s", "2026-01-02"),
        ("2026-01-02T10", "h", "2026-01-02T10:00:00"),
        ("2026-01-02", "D", "2026-01-02"),
    ],
)
def test_a_date_of_numpy_is_a_date_however_fine_it_is(written: str, unit: str, text: str) -> None:
    numpy = pytest.importorskip("numpy")
    assert cell_text(numpy.datetime64(written, unit)) == text
    assert cell_text(numpy.array([written], f"M8[{unit}]")[0]) == text


def test_a_duration_or_an_array_of_numpy_is_no_cell_however_short() -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")

    def said(value: object) -> str:
        return refused([{"email": "a@example.com", "x": value}])

    for unit in ("ns", "s", "D", "M"):
        assert "column 'x': a timedelta" in said(numpy.timedelta64(3, unit))
    assert cell_text(numpy.timedelta64("NaT", "ns")) == ""
    assert "12026-01-02T00:00:00 is no date of the years" in said(numpy.datetime64("12026-01-02", "s"))
    for array in (numpy.array([1]), numpy.array([1, 2]), numpy.array(["x"]), numpy.array(1)):
        assert "a ndarray is no cell" in said(array)
    assert "a Series is no cell" in said(pandas.Series([1]))


class Polars:
    """What a table of polars can do, so far as it matters."""

    columns = ("email", "age")

    def iter_rows(self) -> Iterator[tuple[object, ...]]:
        yield ("a@example.com", 30)
        yield ("b@example.com", None)


def test_a_table_of_polars_is_rows() -> None:
    assert read(Polars()) == [Row(1, ("a@example.com", "30")), Row(2, ("b@example.com", ""))]


def test_rows_of_a_database_are_rows() -> None:
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    assert read(db.execute("SELECT 'a@example.com' AS email, 7 AS n")) == [
        Row(1, ("a@example.com", "7"))
    ]
    db.close()


def test_the_rows_are_in_a_private_file_that_goes_with_the_spool() -> None:
    spool = Spool()
    spool.fill([{"email": "a@example.com"}])
    folder = spool.file.parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert spool.file.stat().st_mode & 0o777 == 0o600
    del spool
    gc.collect()
    assert not folder.exists()


def test_many_rows_of_a_generator_are_never_held_at_once() -> None:
    spool = Spool()
    tracemalloc.start()
    try:
        spool.fill({"email": f"p{n}@example.com", "name": "x" * 50} for n in range(20_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert spool.file.stat().st_size > 1_380_000
    assert peak < 400_000
