"""Whom the envelope names beside whom From names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sendbatch.campaign.model import Campaign, Mailbox
from sendbatch.message.checks.senders import free_mail, strange_bounces
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


@pytest.mark.parametrize(
    ("sender", "host", "is_told"),
    [
        ("a@gmail.com", "smtp.relay.example", True),
        ("a@yahoo.co.uk", "smtp.relay.example", True),
        ("a@hotmail.fr", "smtp.relay.example", True),
        ("a@gmail.com", "smtp.gmail.com", False),
        ("a@outlook.com", "smtp-mail.outlook.com", False),
        ("a@gmail.com", "127.0.0.1", False),
        ("a@gmail.com", "notgmail.com", True),
        ("a@mygmail.com", "smtp.relay.example", False),
        ("a@yahoo.example.com", "smtp.relay.example", False),
        ("a@live.example", "smtp.relay.example", False),
    ],
)
def test_a_free_mailbox_that_another_server_sends_for_is_told(
    campaign: Callable[..., Campaign], sender: str, host: str, is_told: bool
) -> None:
    made = campaign(sender=Mailbox("", sender))
    made = replace(made, profile=replace(made.profile, host=host, delivers=True))
    found = [*free_mail(read_content(made), made)]
    assert [one.rule for one in found] == ["free-mail-sender"] * is_told
    kept = replace(made, profile=replace(made.profile, delivers=False))
    assert not [*free_mail(read_content(kept), kept)]
