"""Headers that a mailing bears by itself, where its readers can unsubscribe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sendbatch.campaign.model import Campaign, Mailbox, Unsubscribe
from sendbatch.campaign.providers import presets
from sendbatch.message.content import Content
from sendbatch.message.reading import read_content

from .conftest import built, parsed

Make = Callable[..., Campaign]
LEAVE = Unsubscribe("https://example.com/u/{{ email|urlencode }}")


def of_google(campaign: Campaign) -> Content:
    wanted = presets()["google-workspace-relay"].mailing
    return read_content(replace(campaign, profile=replace(campaign.profile, mailing=wanted)))


def test_a_mailing_is_a_list_of_its_own(campaign: Make) -> None:
    made = campaign(unsubscribe=LEAVE, sender=Mailbox("", "news@Bücher.example"))
    mail = parsed(built(read_content(made)))
    assert mail.get_all("List-Id") == ["<spring.xn--bcher-kva.example>"]
    assert mail["Precedence"] is None
    assert mail["Feedback-ID"] is None


def test_a_mail_from_which_nobody_can_unsubscribe_is_no_mailing(campaign: Make) -> None:
    mail = parsed(built(of_google(campaign())))
    assert mail["List-Id"] is mail["Feedback-ID"] is mail["Precedence"] is None


def test_what_a_provider_wants_in_mailings_is_written(campaign: Make) -> None:
    mail = parsed(built(of_google(campaign(unsubscribe=LEAVE))))
    assert mail["Feedback-ID"] == "spring:::example-com"
    assert mail["Precedence"] == "bulk"


def test_what_the_author_wrote_wins(campaign: Make) -> None:
    own = {"list-ID": "{{ first_name }} <mine.example.com>", "Precedence": "list"}
    mail = parsed(built(of_google(campaign(unsubscribe=LEAVE, headers=own))))
    assert mail.get_all("List-Id") == ["Jane <mine.example.com>"]
    assert mail.get_all("Precedence") == ["list"]
    assert mail["Feedback-ID"] == "spring:::example-com"


def test_they_change_no_content_and_nobodys_message_id(campaign: Make) -> None:
    with_them = of_google(campaign(unsubscribe=LEAVE))
    without = replace(with_them, added_headers=())
    assert with_them.added_headers
    assert with_them.digest == without.digest
    assert built(with_them).message_id == built(without).message_id


@pytest.mark.parametrize(
    ("domain", "sender"),
    [("x.de", "x-de0"), ("a.b", "a-b00"), ("newsletter.example.com", "newsletter-exam")],
)
def test_a_sender_is_of_five_to_fifteen_characters(campaign: Make, domain: str, sender: str) -> None:
    made = of_google(campaign(unsubscribe=LEAVE, sender=Mailbox("", f"news@{domain}")))
    assert dict(made.added_headers)["Feedback-ID"] == f"spring:::{sender}"


def test_a_list_id_that_would_be_too_long_is_left_out(campaign: Make) -> None:
    domain = ".".join(["a" * 60] * 4) + ".example"
    made = campaign(unsubscribe=LEAVE, sender=Mailbox("", f"news@{domain}"), name="n" * 60)
    assert read_content(made).added_headers == ()
