"""Only an answer of the DNS is a verdict; asked over real UDP, of a name server of our own."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from sendbatch.audience.deliverability import Deliverability
from sendbatch.values import OF_DNS, Why
from tests.kit.nameserver import NameServer, Zone

# By name and type; a name that is missing here does not exist.
ZONE: Zone = {
    "mail.example.": {"MX": ["10 mx.mail.example."]},
    "two.example.": {"MX": ["10 mx.mail.example.", "20 ."]},
    "null.example.": {"MX": ["0 ."]},
    "plain.example.": {"A": ["192.0.2.1"]},
    "six.example.": {"AAAA": ["2001:db8::1"]},
    "text.example.": {"TXT": ['"no mail here"']},
    "broken.example.": dns.rcode.SERVFAIL,
    "refused.example.": dns.rcode.REFUSED,
    "silent.example.": None,
    "xn--mnchen-3ya.example.": {"MX": ["10 mx.mail.example."]},
}


@pytest.fixture
def server() -> Iterator[NameServer]:
    with NameServer(ZONE) as running:
        yield running


def asking(port: int, timeout: float = 30.0) -> Deliverability:
    """`timeout` in seconds: less than what a busy machine may need only where no answer will come."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = port
    return Deliverability(timeout=timeout, resolver=resolver)


@pytest.fixture
def verdict(server: NameServer) -> Deliverability:
    return asking(server.port)


def test_who_is_asked_to_stop_looks_up_no_more(verdict: Deliverability, server: NameServer) -> None:
    def stops() -> None:
        raise InterruptedError

    server.answering.clear()
    with pytest.raises(InterruptedError):
        verdict.check([f"d{number}.example" for number in range(500)], stops)
    server.answering.set()
    assert verdict.check(["mail.example"]) == {"mail.example": None}  # behind all that was asked
    assert len(server.asked) < 100


def test_who_is_asked_to_stop_waits_for_no_answer(server: NameServer) -> None:
    def stops() -> None:
        raise InterruptedError

    patient = Deliverability(timeout=60.0, resolver=asking(server.port)._resolver)
    began = time.monotonic()
    with pytest.raises(InterruptedError):
        patient.check(["silent.example"], stops)
    assert time.monotonic() - began < 30


def test_a_look_up_that_fails_for_a_fault_of_ours_is_not_waited_for() -> None:
    class Broken(dns.resolver.Resolver):
        def resolve(self, *args, **kwargs):
            raise AttributeError("no such thing")

    with pytest.raises(AttributeError, match="no such thing"):
        Deliverability(resolver=Broken(configure=False)).check(["a.example", "b.example"])


def test_where_nobody_answers_not_everybody_is_asked_after(server: NameServer) -> None:
    verdict = asking(server.port, 0.2)
    domains = [f"d{number}.silent.example" for number in range(200)]
    ZONE.update(dict.fromkeys((f"{domain}." for domain in domains), None))
    assert set(verdict.check(domains).values()) == {None}
    assert verdict.unanswered == set(domains)
    assert len({name for name, _ in server.asked}) < 100


@pytest.mark.parametrize("domain", ["mail.example", "two.example", "xn--mnchen-3ya.example"])
def test_a_domain_with_a_mail_server_takes_mail(verdict: Deliverability, domain: str) -> None:
    assert verdict.check([domain]) == {domain: None}


@pytest.mark.parametrize("domain", ["plain.example", "six.example"])
def test_without_an_mx_the_domains_own_address_counts(verdict: Deliverability, domain: str) -> None:
    assert verdict.check([domain]) == {domain: None}


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        ("null.example", Why.NULL_MX),
        ("gone.example", Why.NO_DOMAIN),
        ("text.example", Why.NO_HOST),
    ],
)
def test_an_answer_that_there_is_no_mail_is_a_verdict(
    verdict: Deliverability, domain: str, why: Why
) -> None:
    assert verdict.check([domain]) == {domain: why}
    assert why in OF_DNS


@pytest.mark.parametrize("domain", ["broken.example", "refused.example", "silent.example"])
def test_a_look_up_that_fails_is_no_verdict(server: NameServer, domain: str) -> None:
    assert asking(server.port, 0.2).check([domain]) == {domain: None}


def test_no_name_server_at_all_is_no_verdict() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert asking(port, 0.2).check(["mail.example"]) == {"mail.example": None}


@pytest.mark.parametrize("domain", ["a" * 64 + ".example", "a..example"])
def test_what_is_no_name_in_the_dns_is_no_verdict(verdict: Deliverability, domain: str) -> None:
    assert verdict.check([domain]) == {domain: None}


def test_each_domain_is_asked_for_once(server: NameServer, verdict: Deliverability) -> None:
    verdict.check(["mail.example", "null.example", "mail.example"])
    again = verdict.check(["mail.example", "plain.example"])
    assert again == {"mail.example": None, "plain.example": None}
    assert server.asked["mail.example.", "MX"] == 1


def test_the_verdicts_of_many_domains_are_not_mixed_up(verdict: Deliverability) -> None:
    domains = [f"gone{i}.example" for i in range(50)]
    found = verdict.check([*domains, "mail.example"])
    assert found.pop("mail.example") is None
    assert found == dict.fromkeys(domains, Why.NO_DOMAIN)
