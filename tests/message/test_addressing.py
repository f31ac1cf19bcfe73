"""Addresses as the wire has them; what is none never comes near it, whoever wrote it into a record."""

from __future__ import annotations

import pytest

from sendbatch.message.headers import wire_address


@pytest.mark.parametrize(
    ("address", "wired", "smtputf8"),
    [
        ("ada@example.com", "ada@example.com", False),
        ("o'neil+news/x=y@example.com", "o'neil+news/x=y@example.com", False),
        ("ada@bücher.example", "ada@xn--bcher-kva.example", False),
        ("björk@bücher.example", "björk@xn--bcher-kva.example", True),
    ],
)
def test_an_address_has_its_domain_as_a_labels(address: str, wired: str, smtputf8: bool) -> None:
    assert wire_address(address) == (wired, smtputf8)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@example.com\r\nRCPT TO:<eve@example.com>",
        "ada@example.com\n",
        "ada @example.com",
        "ada@example.com SIZE=1",
        "ada\u00a0@example.com",
        "ada\u2028@example.com",
        "ada\u0085@example.com",
        "ada@example.com> NOTIFY=NEVER",
        "ada@example.com,eve@example.com",
        "friends:ada@example.com;",
        "@relay.example:ada@example.com",
        "eve@example.com@example.org",
        '"ada eve"@example.com',
        "ada(eve)@example.com",
        "ada\\@example.com",
    ],
)
def test_what_could_be_another_address_or_more_than_one_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="characters that no message can carry"):
        wire_address(address)
