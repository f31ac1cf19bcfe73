"""Whether the key that the DNS publishes is ours; asked over real UDP, of a name server of our own."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import dns.rcode
import dns.resolver
import pytest

from sendbatch.message.dkim.keys import private_key
from sendbatch.published.asking import Asking
from sendbatch.published.keys import Found, Published, look_up
from tests.kit.dkim import made, pem
from tests.kit.nameserver import NameServer, Zone

NAME = "s1._domainkey.example.com."
RSA = Published("s1", "example.com", "rsa", private_key(pem()).public)
ED25519 = Published("s1", "example.com", "ed25519", private_key(pem(made("ed25519"))).public)
P = b64encode(RSA.key).decode()


@pytest.fixture
def zone() -> dict[str, dict[str, list[str]] | dns.rcode.Rcode | None]:
    return {}


@pytest.fixture
def resolver(zone: Zone) -> Iterator[dns.resolver.Resolver]:
    with NameServer(zone) as server:
        yield server.resolver()


def strings(text: str) -> str:
    """As a zone has it: no string is longer than 255."""
    return " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200)) or '""'


def asked(
    resolver: dns.resolver.Resolver, zone: dict[str, object], *records: str, wanted: Published = RSA
) -> Found:
    zone[NAME] = {"TXT": [strings(one) for one in records]}
    return look_up(wanted, Asking(resolver, 30))


@pytest.mark.parametrize(
    "record",
    [
        RSA.record,
        f"p={P}",
        f"v=DKIM1; p={P}; n=a note;",
        f" v = DKIM1 ;\tk = RSA ; h=sha1:sha256; s=*; t=s; p = {P[:99]} {P[99:]} ;",
    ],
)
def test_our_key_is_ours_however_its_record_is_written(
    resolver: dns.resolver.Resolver, zone: dict[str, object], record: str
) -> None:
    found = asked(resolver, zone, record)
    assert found == Found(True, "s1._domainkey.example.com: our key is published (rsa)")


def test_a_key_of_ed25519_is_published_bare(
    resolver: dns.resolver.Resolver, zone: dict[str, object]
) -> None:
    assert asked(resolver, zone, ED25519.record, wanted=ED25519).ok
    assert len(ED25519.record) == len("v=DKIM1; k=ed25519; p=") + 44


def test_a_key_that_is_only_tried_is_told_so(
    resolver: dns.resolver.Resolver, zone: dict[str, object]
) -> None:
    found = asked(resolver, zone, RSA.record + "; t=y:s")
    assert found.ok
    assert found.hint is not None
    assert "t=y says that it is only tried" in found.hint


OTHER = Published("s1", "example.com", "rsa", private_key(pem(made("rsa", 1024))).public)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (OTHER.record, "another key than ours is published"),
        (f"v=DKIM1; p={P[:-8]}", "another key than ours"),
        ("v=DKIM1; p=%%%", "what is published is no key: %%%"),
        ("v=DKIM1; k=rsa; p=", "the key is revoked"),
        (f"k=ed25519; p={'A' * 43}=", "a key of ed25519 is published, ours is rsa"),
        ("v=spf1 -all", "what is published is no key: v=spf1 -all"),
        ("", "what is published is no key"),
        (f"v=DKIM2; p={P}", "what is published is no key"),
        (f"v=DKIM1; h=sha1; p={P}", "not for this: h=sha1"),
        (f"v=DKIM1; s=tlsrpt; p={P}", "not for this: s=tlsrpt"),
        ("v=DKIM1; \x1b[2J; k=\x07" + "x" * 999 + "; p=a", "a key of \ufffdxxx"),
    ],
)
def test_what_is_not_our_key_is_told(
    resolver: dns.resolver.Resolver, zone: dict[str, object], record: str, said: str
) -> None:
    found = asked(resolver, zone, record.replace("\x1b", "\\027").replace("\x07", "\\007"))
    assert not found.ok
    assert said in found.text
    assert len(found.text) < 300
    assert found.hint


def test_two_records_are_one_too_many(
    resolver: dns.resolver.Resolver, zone: dict[str, object]
) -> None:
    found = asked(resolver, zone, RSA.record, OTHER.record)
    assert (found.ok, "2 records are published" in found.text) == (False, True)


def test_where_nothing_is_published_the_record_is_shown(
    resolver: dns.resolver.Resolver, zone: dict[str, object]
) -> None:
    for there in ({}, {NAME: {"A": ["192.0.2.1"]}}):
        zone.clear()
        zone.update(there)
        found = look_up(RSA, Asking(resolver, 30))
        assert (found.ok, "nothing is published" in found.text) == (False, True)
        assert found.hint == f"publish as TXT: {RSA.record}"


@pytest.mark.parametrize("answer", [None, dns.rcode.SERVFAIL])
def test_a_look_up_that_fails_says_nothing_of_the_key(
    resolver: dns.resolver.Resolver, zone: dict[str, object], answer: object
) -> None:
    zone[NAME] = answer
    found = look_up(RSA, Asking(resolver, 0.2))
    assert not found.ok
    assert "what is published cannot be told" in found.text
    assert found.hint == "try again, or ask where the domain is kept"
