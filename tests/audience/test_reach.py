"""Whom a profile reaches where its `only_to` says so."""

from __future__ import annotations

import pytest

from sendbatch.audience.addresses import normalise
from sendbatch.audience.reach import Reach

REACH = Reach(("@example.com", "Jane@Example.ORG", "@*.example.net", "@xn--bcher-kva.example"))


def is_reached(written: str) -> bool:
    address = normalise(written)
    return REACH.includes(address.email, address.domain)


@pytest.mark.parametrize(
    "written",
    [
        "ada@example.com",
        "ADA@EXAMPLE.COM",
        "jane@example.org",
        "JANE@example.org",
        "x@a.example.net",
        "x@b.a.example.net",
        "jürgen@bücher.example",
        "x@BÜCHER.example",
    ],
)
def test_addresses_domains_and_what_is_below_one_are_reached_in_any_spelling(written: str) -> None:
    assert is_reached(written)


@pytest.mark.parametrize(
    "written",
    [
        "ada@sub.example.com",
        "ada@notexample.com",
        "ada@example.com.evil.example",
        "jane+x@example.org",
        "jane@sub.example.org",
        "x@example.net",
        "x@evilexample.net",
    ],
)
def test_nobody_else_is_reached(written: str) -> None:
    assert not is_reached(written)
