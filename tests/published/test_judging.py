"""What is said of a sender, by a name server of our own over real UDP and TCP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import dns.rcode
import pytest

from sendbatch.findings import Finding
from sendbatch.published.asking import Asking
from sendbatch.published.judging import Sender, judged, unasked
from sendbatch.published.keys import Published
from tests.kit.nameserver import NameServer

SPF = '"v=spf1 include:relay.example -all"'
WELL: dict[str, object] = {
    "mx.example.com.": {"A": ["192.0.2.1"]},
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
        ("broken-spf", spf("v=spf1 include:relay.example -all ipv4:192.0.2.1")),
        ("broken-spf", spf("v=spf1 include:relay.example ip4:10.0.0.0/255.0.0.0 -all")),
        ("broken-spf", spf("v=spf1 include:relay.example a/99 -all")),
        ("broken-spf", spf("v=spf1 include:relay.example -all:x")),
        ("broken-spf", spf("v=spf1 redirect=relay.example redirect=relay.example")),
        ("spf-without-relay", spf("v=spf1 -all include:relay.example")),
        ("open-spf", spf("v=spf1 include:relay.example +all")),
        ("open-spf", spf("v=spf1 include:relay.example all")),
        ("loose-spf", spf("v=spf1 include:relay.example")),
        ("loose-spf", spf("v=spf1 include:relay.example ?all")),
        ("loose-spf", spf("v=spf1 ptr include:relay.example -all")),
        ("spf-without-relay", spf("v=spf1 ip4:192.0.2.1 -all")),
        ("unreachable-sender", {"mx.example.com.": {}}),
        ("unreachable-sender", {"mx.example.com.": {"A": ["127.0.0.1"], "AAAA": ["::1"]}}),
        ("unpublished-key", {"s1._domainkey.example.com.": {}}),
        ("unpublished-key", {"s1._domainkey.example.com.": {"TXT": ['"v=DKIM1; p="']}}),
        ("key-on-trial", {"s1._domainkey.example.com.": {"TXT": ['"v=DKIM1; t=y; p=YWJj"']}}),
        ("no-dmarc", {"_dmarc.example.com.": {}}),
        ("broken-dmarc", dmarc("v=DMARC1; p=none", "v=DMARC1; p=reject")),
        ("broken-dmarc", dmarc("v=DMARC1; p=refuse")),
        ("broken-dmarc", dmarc("v=DMARC1; adkim=s")),
        ("broken-dmarc", dmarc("v=dmarc1; p=reject")),
        ("no-dmarc", dmarc("v=DMARC10; p=reject")),
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
        spf("v=spf1 redirect=%{d}._spf.other.example"),
        spf("v=spf1 exists:%{i}._spf.other.example -all"),
        spf("v=spf1 include:relay.example a/24//64 mx:%{d}/24 -all"),
        spf(*(f"verification={n}" for n in range(150)), "v=spf1 include:relay.example -all"),
        {"mx.example.com.": {"AAAA": ["2001:db8::1"]}},
        {"mx.example.com.": {"CNAME": ["other.example."]}, "other.example.": {"A": ["192.0.2.1"]}},
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


def test_a_domain_whose_servers_fail_is_not_taken_for_a_machine_without_a_network(
    server: NameServer, zone: dict[str, object]
) -> None:
    zone["example.com."] = dns.rcode.SERVFAIL
    (only,) = found(server)
    assert only.rule == "unanswered-question"
    assert "no name server answers" not in only.message
    zone.update(dict.fromkeys(WELL, dns.rcode.REFUSED))
    (only,) = found(server)
    assert "(REFUSED)" in only.message
    assert only.hint is not None
    assert "the network is there" in only.hint


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ("v=DKIM1; t=y; p=YWJj", "does not begin as one of RSA"),
        ("v=DKIM1; k=rsa; t=y; p=MIGf", "shorter than 1024 bits"),
        ("v=DKIM1; k=ed25519; t=y; p=YWJj", "one of ed25519 has 32 bytes"),
        ("v=DKIM1; k=\\027[2Jx; t=y; p=YWJj", "k=�[2jx"),
    ],
)
def test_of_a_key_that_is_not_to_be_had_here_it_is_seen_whether_one_is_published(
    server: NameServer, zone: dict[str, object], record: str, says: str
) -> None:
    zone["s1._domainkey.example.com."] = {"TXT": [f'"{record}"']}
    (only,) = found(server, replace(SENDER, keys=(Published("s1", "example.com"),)))
    assert only.rule == "unpublished-key"
    assert says in only.message


def test_no_advice_breaks_what_others_send_by(
    server: NameServer, zone: dict[str, object]
) -> None:
    def advice() -> str:
        return " ".join(finding.hint or "" for finding in found(server))

    zone["s1._domainkey.example.com."] = {"TXT": ['"v=DKIM1; p=YWJk"']}
    assert "choose another selector, for other mail may be signed by the one that is there" in advice()
    zone.update(dict(WELL) | {"example.com.": {"MX": ["10 mx.example.com."]}})
    assert "naming your relay and all others who send for it" in advice()
    zone.update(dict(WELL) | dmarc("v=DMARC1; p=none"))
    assert "once its reports (rua=) show that all of your own mail passes" in advice()
    zone.update(TEN | spf(f"v=spf1 {' '.join(f'include:i{n}.example' for n in (6, 10))} -all"))
    assert "look-ups already, and breaks with more than 10" in advice()


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
