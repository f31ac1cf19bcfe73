"""A cell with an address and little else is that address; with several, nobody is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.audience.named import address_of
from sendbatch.values import Status

from .conftest import check, told


@pytest.mark.parametrize(
    "cell",
    [
        "Li, Ann <ann@example.com>",
        '"Li, Ann" <ann@example.com>',
        "<ann@example.com>",
        "Ann (ann@example.com)",
        "ann@example.com (Ann)",
        "ann@example.com <ann@example.com>",
        "mailto:ann@example.com",
        "MAILTO: ann%40example.com?subject=Hello",
        "ann@example.com;",
        "ann@example.com,",
        "ann@example.com.",
        "'ann@example.com'",
        '"ann@example.com"',
        "“ann@example.com”",
        "\u200bann@example.com\ufeff",
        "Ann <mailto:ann@example.com> ;",
    ],
)
def test_the_one_address_of_a_cell_is_written_to(cell: str) -> None:
    found = check("email name", cell, "x")
    assert (found.status, found.email, found.key) == (
        Status.PENDING,
        "ann@example.com",
        "ann@example.com",
    )
    assert found.cells == ("ann@example.com", "x")  # what templates see


@pytest.mark.parametrize(
    "cell",
    [
        "ann@example.com; bob@example.org",
        "ann@example.com bob@example.org",
        "ann@example.com ::: bob@example.org",
        "ann@example.com/bob@example.org",
        "Ann <ann@example.com>, Bob <bob@example.org>",
        '"ann@example.com" <bob@example.org>',
        "ann@example.com (bob@example.org)",
    ],
)
def test_two_addresses_in_a_cell_are_named_and_nobody_is_written_to(cell: str) -> None:
    found = check("email", cell)
    assert found.status is Status.INVALID
    said = "two in one cell: ann@example.com and bob@example.org; give each a row of its own"
    assert told(found) == f"not a usable address: {said}"


@pytest.mark.parametrize(
    "cell", ["Ann <ann>", "ann at example.com", "mailto:", "()", "<>", '"', "@"]
)
def test_what_is_no_address_stays_none(cell: str) -> None:
    assert check("email", cell).status is Status.INVALID


@given(st.text("a@.<>()\"'“”:;, mailto%40", max_size=40))
def test_any_cell_is_looked_at(cell: str) -> None:
    try:
        found = address_of(cell)
    except ValueError as error:
        found = str(error)
    assert len(found) <= max(len(cell), 200)


def test_a_row_of_a_carrier_is_written_to_and_its_cell_stays_as_it_is() -> None:
    found = check("email", "to..my@docomo.ne.jp")
    assert (found.email, found.cells) == ('"to..my"@docomo.ne.jp', ("to..my@docomo.ne.jp",))


def test_a_full_width_address_is_its_ordinary_one_in_a_template_too() -> None:
    found = check("email", "ｊａｎｅ@example.com")
    assert (found.key, found.cells) == ("jane@example.com", ("jane@example.com",))
