"""Domains of throw-away mail, as the list in the package has them; addresses of a role."""

from __future__ import annotations

import hashlib
import json
from importlib import resources

import pytest

from sendbatch.audience.disposable import is_disposable
from sendbatch.audience.roles import OF_RFC_2142, role_of

DATA = resources.files("sendbatch.audience") / "data"


@pytest.mark.parametrize("domain", ["mailinator.com", "yopmail.com", "a.b.mailinator.com", "trash-mail.com"])
def test_throw_away_mail_is_known_with_what_lies_below_its_domain(domain: str) -> None:
    assert is_disposable(domain)


# Firms, mailboxes for life, and services that forward to one's own mailbox.
OTHERS = """
gmail.com gmx.com example.com com duck.com mozmail.com privaterelay.appleid.com ourmailinator.example
mailinator.com.example simplelogin.com proton.me bücher.example
"""


@pytest.mark.parametrize("domain", OTHERS.split())
def test_other_domains_are_not(domain: str) -> None:
    assert not is_disposable(domain)


def test_the_list_is_the_one_that_its_facts_speak_of() -> None:
    facts = json.loads((DATA / "disposable.json").read_text(encoding="utf-8"))
    data = (DATA / "disposable.txt").read_bytes()
    assert facts["license"] == "CC0-1.0"
    assert hashlib.sha256(data).hexdigest() == facts["sha256"]
    domains = data.decode("ascii").split()
    assert domains == sorted(set(domains))
    assert len(domains) > 5000
    assert all("." in domain and domain == domain.lower() for domain in domains)


@pytest.mark.parametrize(
    "local", ["info", "Info", "SALES", "info+news", "büro", "no-reply", *sorted(OF_RFC_2142)]
)
def test_an_address_of_a_role_goes_by_it(local: str) -> None:
    assert role_of(local) == local.lower().partition("+")[0]


@pytest.mark.parametrize("local", ["", "ann", "information", "info.ann", "ann+info", '"info"', "salesman"])
def test_that_of_a_person_does_not(local: str) -> None:
    assert role_of(local) is None
