"""Durations, bounds, tolerances and mailboxes, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.model import Bounds, Mailbox, Tolerance
from sendbatch.campaign.written import parsing


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("10m", 600), ("1h30m", 5400), ("500ms", 0.5), ("2d", 172800)],
)
def test_a_duration_is_read_as_seconds(text: str, seconds: float) -> None:
    assert parsing.parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "60", "s", "-1s", "400d", "1 year", "9" * 100 + "s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"length of time|longer"):
        parsing.parse_duration(text)


def test_bounds_are_a_number_or_two() -> None:
    assert parsing.parse_bounds("900-1100") == Bounds(900, 1100)
    assert parsing.parse_bounds(1000) == Bounds(1000, 1000)
    with pytest.raises(ValueError, match="greater number comes first"):
        parsing.parse_bounds("1100-900")


def test_a_tolerance_is_a_count_or_a_share() -> None:
    assert parsing.parse_tolerance(3) == Tolerance(count=3)
    assert parsing.parse_tolerance("1%") == Tolerance(share=0.01)
    with pytest.raises(ValueError, match="more than all"):
        parsing.parse_tolerance("101%")


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("news@example.com", Mailbox("", "news@example.com")),
        ("Example News <news@example.com>", Mailbox("Example News", "news@example.com")),
        ('"Doe, \\"J\\"" <j@example.com>', Mailbox('Doe, "J"', "j@example.com")),
        ("a@mail.test", Mailbox("", "a@mail.test")),
    ],
)
def test_a_mailbox_is_a_name_and_an_address(text: str, mailbox: Mailbox) -> None:
    assert parsing.parse_mailbox(text) == mailbox


@pytest.mark.parametrize(
    "text", ["", "nobody", "a@b, c@d", "A <a@example.com>, B <b@example.com>", "a@x\r\nBcc: c@d"]
)
def test_what_is_not_one_mailbox_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|mailbox|line break"):
        parsing.parse_mailbox(text)


@given(st.text(max_size=40))
def test_nothing_but_a_value_error_comes_of_any_text(text: str) -> None:
    for read in (
        parsing.parse_duration,
        parsing.parse_bounds,
        parsing.parse_tolerance,
        parsing.parse_mailbox,
    ):
        try:
            read(text)
        except ValueError:
            continue
