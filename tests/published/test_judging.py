"""What is said of a sender, by a name server of our own over real UDP and TCP."""

from __future__ import annotations

from collections.abc import Iterator

import dns.rcode
import pytest

from sendbatch.findings import Finding
from sendbatch.published.asking import Asking
from sendbatch.published.judging import Sender, judged, unasked
from sendbatch.published.keys import Published
from tests.kit.nameserver import NameServer

SPF = '"v=spf1 include:relay.example -all"'
WELL: dict[str, object] = {
    "example.com.": {"MX": ["10 mx.example.com."], "TXT": [SPF]},
    "relay.example.": {"TXT": ['"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all"']},
    "_dmarc.example.com.": {"TXT": ['"v=DMARC1; p=reject; rua=mailto:d@example.com"']},
    "s1._domainkey.example.com.": {"TXT": ['"v=DKIM1; k=rsa; p=YWJj"']},
    "com.": {},
    "_dmarc.com.": {},
}
KEY = Published("s1", "example.com", "rsa", b"abc")
SENDER = Sender("example.com", "example.com", (KEY,), ("The relay", "relay.example"))


@pytest.fixture
def zone() -> dict[str, object]:
    return dict(WELL)


@pytest.fixture
def server(zone: dict[str, object]) -> Iterator[NameServer]:
    with NameServer(zone) as server:  # type: ignore[arg-type]
        yield server


def found(server: NameServer, sender: Sender = SENDER, timeout: float = 30) -> list[Finding]:
    asking = Asking(server.resolver(), timeout)
    return [*judged(sender, asking), *unasked(asking)]


def rules(server: NameServer, sender: Sender = SENDER) -> list[str]:
    return [finding.rule for finding in found(server, sender)]


def spf(*records: str) -> dict[str, object]:
    return {"example.com.": {"MX": ["10 mx.example.com."], "TXT": [f'"{one}"' for one in records]}}


def dmarc(*records: str) -> dict[str, object]:
    return {"_dmarc.example.com.": {"TXT": [f'"{one}"' for one in records]}}


def test_of_a_sender_on_whom_all_is_well_nothing_is_said(server: NameServer) -> None:
    assert rules(server) == []


CHAIN = {f"i{n}.example.": {"TXT": [f'"v=spf1 include:i{n + 1}.example -all"']} for n in range(12)}
TEN = CHAIN | {"i11.example.": WELL["relay.example."]}
LOOP = {"loop.example.": {"TXT": ['"v=spf1 include:loop.example -all"']}}


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("unreachable-sender", {"example.com.": {"MX": ["0 ."], "TXT": [SPF]}}),
        ("unreachable-sender", {"example.com.": {"TXT": [SPF]}}),
        ("no-spf", spf("hello", "v=spf10 -all")),
        ("broken-spf", spf("v=spf1 -all", "v=spf1 ~all")),
        ("broken-spf", spf("v=spf1 include:nowhere.example -all")),
        ("broken-spf", spf("v=spf1 ipv4:192.0.2.1 -all")),
        ("broken-spf", spf("v=spf1 ip4:192.0.2.300 -all")),
        ("broken-spf", spf("v=spf1 ip4:2001:db8::1 -all")),
        ("broken-spf", spf("v=spf1 include -all")),
        ("broken-spf", spf("v=spf1 include:i0.example -all") | CHAIN),
        ("broken-spf", spf("v=spf1 include:loop.example -all") | LOOP),
        ("broken-spf", spf("v=spf1 a:a.example a:b.example mx:c.example -all")),
        ("open-spf", spf("v=spf1 include:relay.example +all")),
        ("open-spf", spf("v=spf1 include:relay.example all")),
        ("loose-spf", spf("v=spf1 include:relay.example")),
        ("loose-spf", spf("v=spf1 include:relay.example ?all")),
        ("loose-spf", spf("v=spf1 ptr include:relay.example -all")),
        ("spf-without-relay", spf("v=spf1 ip4:192.0.2.1 -all")),
        ("unpublished-key", {"s1._domainkey.example.com.": {}}),
        ("unpublished-key", {"s1._domainkey.example.com.": {"TXT": ['"v=DKIM1; p="']}}),
        ("key-on-trial", {"s1._domainkey.example.com.": {"TXT": ['"v=DKIM1; t=y; p=YWJj"']}}),
        ("no-dmarc", {"_dmarc.example.com.": {}}),
        ("broken-dmarc", dmarc("v=DMARC1; p=none", "v=DMARC1; p=reject")),
        ("broken-dmarc", dmarc("v=DMARC1; p=refuse")),
        ("broken-dmarc", dmarc("v=DMARC1; adkim=s")),
        ("watching-dmarc", dmarc("v=DMARC1; p=none")),
        ("watching-dmarc", dmarc("v=DMARC1; rua=mailto:a@b.example")),
    ],
)
def test_each_rule_finds_a_sender_that_breaks_it(
    server: NameServer, zone: dict[str, object], rule: str, changes: dict[str, object]
) -> None:
    zone.update(changes)
    assert rules(server) == [rule]


@pytest.mark.parametrize(
    "changes",
    [
        {"example.com.": {"A": ["192.0.2.1"], "TXT": [SPF]}},
        spf("google-site-verification=x", "V=SPF1 INCLUDE:RELAY.EXAMPLE ~ALL"),
        spf("v=spf1 redirect=other.example") | {"other.example.": {"TXT": [SPF]}},
        spf("v=spf1 include:%{i}._spf.other.example include:relay.example exists:%{i}.x.example -all"),
        spf("v=spf1 a:nowhere.example a:none.example include:relay.example x=y -all"),
        spf("v=spf1 include:i3.example include:relay.example -all") | TEN,
        dmarc("v=DMARC1 ; P = Quarantine"),
    ],
)
def test_what_nearly_breaks_a_rule_is_left_alone(
    server: NameServer, zone: dict[str, object], changes: dict[str, object]
) -> None:
    zone.update(changes)
    assert rules(server) == []


def test_the_organisation_speaks_for_what_is_below_it(
    server: NameServer, zone: dict[str, object]
) -> None:
    for name in ("news.example.com.", "bounce.example.com."):
        zone[name] = zone["example.com."]
    key = Published("s1", "example.com", "rsa", b"abc")
    below = Sender("news.example.com", "bounce.example.com", (key,))
    assert rules(server, below) == []
    zone.update(dmarc("v=DMARC1; p=reject; sp=none"))
    assert rules(server, below) == ["watching-dmarc"]


def test_strict_alignment_is_held_to(server: NameServer, zone: dict[str, object]) -> None:
    zone["news.example.com."] = zone["example.com."]
    zone["_dmarc.news.example.com."] = {"TXT": ['"v=DMARC1; p=reject; adkim=s; aspf=s"']}
    sender = Sender("news.example.com", "example.com", (KEY,))
    assert rules(server, sender) == ["unaligned-key", "unaligned-envelope"]


def test_an_envelope_of_another_organisation_is_told_and_an_unknown_signer(
    server: NameServer, zone: dict[str, object]
) -> None:
    zone["bounces.example."] = zone["example.com."]
    assert rules(server, Sender("example.com", "bounces.example")) == ["unknown-signer", "unaligned-envelope"]


def test_a_public_suffix_that_says_so_is_no_organisation(
    server: NameServer, zone: dict[str, object]
) -> None:
    zone["_dmarc.com."] = {"TXT": ['"v=DMARC1; p=reject; psd=y"']}
    zone["other.com."] = zone["example.com."]
    assert rules(server, Sender("example.com", "other.com", (KEY,))) == ["unaligned-envelope"]


def test_what_could_not_be_asked_is_no_pass(server: NameServer, zone: dict[str, object]) -> None:
    zone["_dmarc.example.com."] = dns.rcode.SERVFAIL
    (only,) = found(server)
    assert (only.rule, only.severity) == ("unanswered-question", "warning")
    assert "_dmarc.example.com (txt): the name servers answer with a fault" in only.message.lower()


def test_where_nothing_answers_that_is_an_error_and_soon(
    server: NameServer, zone: dict[str, object]
) -> None:
    zone.clear()
    zone.update(dict.fromkeys(WELL))
    last = found(server, timeout=0.1)[-1]
    assert (last.rule, last.severity) == ("unreachable-dns", "error")
    assert sum(server.asked.values()) < 10


def test_what_does_not_fit_into_a_datagram_is_asked_for_over_tcp(
    server: NameServer, zone: dict[str, object]
) -> None:
    many = [f"verification={'x' * 200}{n}" for n in range(50)]
    zone.update(spf(*many, "v=spf1 include:relay.example -all"))
    assert rules(server) == []
    assert server.over_tcp == 1


def test_a_chain_of_aliases_without_an_end_is_not_known(
    server: NameServer, zone: dict[str, object]
) -> None:
    zone["relay.example."] = {"CNAME": ["other.example."]}
    zone["other.example."] = {"CNAME": ["relay.example."]}
    assert rules(server) == ["unanswered-question"]


def test_hostile_bytes_are_bounded_and_escaped(
    server: NameServer, zone: dict[str, object]
) -> None:
    record = "v=spf1 \\027[2J" + "x" * 200
    zone.update(spf(record))
    zone.update(dmarc("v=DMARC1; p=\\027[31m" + "y" * 200))
    for finding in found(server):
        assert "\x1b" not in str(finding)
        assert len(finding.message) < 400
