"""Whom the envelope names beside whom From names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sendbatch.campaign.model import Campaign, Mailbox
from sendbatch.message.checks.senders import strange_bounces
from sendbatch.message.reading import read_content


@pytest.mark.parametrize(
    ("bounces_to", "sender", "is_strange"),
    [
        ("b@bounces.net", "a@example.com", True),
        ("b@example.org", "a@example.com", True),
        ("b@example.com.evil.net", "a@example.com", True),
        ("b@bücher.example", "a@xn--bcher-kva.example", False),
        ("b@EXAMPLE.com", "a@example.com", False),
        ("b@bounces.example.com", "a@example.com", False),
        ("b@example.com", "a@news.example.com", False),
        ("b@bounces.example.com", "a@news.example.com", False),
        ("b@a.example.co.uk", "a@b.example.co.uk", False),
        ("b@other.co.uk", "a@example.co.uk", False),  # nobody here knows that co.uk is for all
    ],
)
def test_bounces_at_the_domain_of_another_are_told(
    campaign: Callable[..., Campaign], bounces_to: str, sender: str, is_strange: bool
) -> None:
    made = campaign(bounces_to=bounces_to, sender=Mailbox("", sender))
    found = [*strange_bounces(read_content(made), made)]
    assert [one.rule for one in found] == ["strange-bounces"] * is_strange
    for one in found:
        assert one.place == made.places["bounces_to"]
        assert f"at {sender.partition('@')[2]}, or at a subdomain" in (one.hint or "")
