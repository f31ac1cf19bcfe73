"""`check --online` and `probe --sender`: the DNS is asked, of a name server of our own."""

from __future__ import annotations

import dns.resolver
import pytest

from tests.kit.command import Desk
from tests.kit.mailhost import MailHost
from tests.kit.nameserver import NameServer

WELL: dict[str, object] = {
    "mx.example.com.": {"A": ["192.0.2.1"]},
    "example.com.": {"MX": ["10 mx.example.com."], "TXT": ['"v=spf1 ip4:192.0.2.1 -all"']},
    "_dmarc.example.com.": {"TXT": ['"v=DMARC1; p=reject"']},
    "_dmarc.com.": {},
}


def asking(zone: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> NameServer:
    """The system's name server from now on."""
    server = NameServer(zone)  # type: ignore[arg-type]
    found = server.resolver()
    found.lifetime = 0.2
    monkeypatch.setattr(dns.resolver, "Resolver", lambda: found)
    return server


def test_a_sender_on_whom_all_is_well_passes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with asking(WELL, monkeypatch) as server:
        assert "DMARC" not in desk.run("check", "spring.yaml").ended(0).out
        assert not server.asked
        told = desk.run("check", "spring.yaml", "--online").ended(0)
    assert "whether the relay signs with example.com (d=) is not known here" in told.err + told.out


def test_an_error_in_the_dns_ends_with_2_at_the_line_of_from(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {"example.com.": {"MX": ["10 mx.example.com."], "TXT": ['"v=spf1 -all"', '"v=spf1 ~all"']}}
    with asking(WELL | broken, monkeypatch):
        told = desk.run("check", "spring.yaml", "--online", "--format", "github").ended(2)
    assert "::error file=spring.yaml,line=" in told.out
    assert "example.com has 2 SPF records" in told.out


def test_a_dns_that_never_answers_is_no_pass(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sendbatch.published.asking.TIMEOUT", 0.1)
    monkeypatch.setattr("sendbatch.published.asking.Asking.__init__.__defaults__", (None, 0.1))
    with asking(dict.fromkeys(WELL), monkeypatch):
        told = desk.run("check", "spring.yaml", "--online").ended(2)
    assert "nothing could be asked of the DNS" in told.err + told.out


def test_probe_tells_the_same(
    desk: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("profiles.yaml", mailhost.profiles)
    with asking(WELL | {"_dmarc.example.com.": {}}, monkeypatch):
        told = desk.run("probe", "live", "--sender", "spring.yaml").ended(0).out
    assert "ok   sender      warning: example.com publishes no DMARC policy" in told


def test_domains_that_are_too_many_to_be_asked_for_are_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = ", ".join(f"a@s{n}.example" for n in range(7))
    desk.campaign(
        ("from: Example News <news@example.com>", f'from: "a@{{{{ of }}}}"\nsenders: [{boxes}]')
    )
    desk.write("people.csv", "email,first_name,of\nada@example.com,Ada,s0.example\n")
    with asking(WELL | {f"s{n}.example.": WELL["example.com."] for n in range(7)}, monkeypatch):
        told = desk.run("check", "spring.yaml", "--online")
    assert "2 further domains in From not asked for: s5.example, s6.example" in told.out + told.err
