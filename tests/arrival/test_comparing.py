"""What was changed on the way, where the mail is known as it was sent."""

from __future__ import annotations

import pytest

from .conftest import WELL, changed, look, rules

SENT = WELL[WELL.index("From: =?") :]
PICTURE = '<img src="https://example.com/a.png" alt="">'


@pytest.mark.parametrize(
    ("rule", "mail"),
    [
        ("replaced-id", changed(("<1@example.com>", "<2@relay.example.net>"))),
        ("lost-header", changed(("To: jane@gmail.example\n", ""))),
        ("changed-header", changed(("Subject: Hello", "Subject: [SPAM] Hello"))),
        ("rewritten-link", changed(("https://example.com/page", "https://a.example.com/c/1"))),
        ("added-picture", changed((PICTURE, f'{PICTURE}<img src="https://t.example/1.gif">'))),
        ("changed-text", changed(("</p>", "</p><p>Sent by relay</p>"))),
        ("changed-attachment", changed(("text/html; charset=utf-8", "text/html; name=a.html"))),
    ],
)
def test_each_change_is_found(rule: str, mail: str) -> None:
    assert rule in rules(mail, SENT)


def test_what_only_the_way_adds_is_no_change() -> None:
    found = look(changed(("Message-ID: <1", "X-Relay: 5\nMessage-ID: <1")), SENT)
    assert found.findings == ()
    assert found.added == ("x-relay",)


def test_encoding_anew_is_no_change() -> None:
    assert rules(changed(("=?utf-8?q?Sch=C3=B6n?=", "=?utf-8?b?U2Now7Zu?=")), SENT) == []


def test_encoding_anew_is_no_change_behind_a_hundred_headers_of_the_way() -> None:
    way = "".join(f"X-Way-{n}: 1\n" for n in range(120))
    mail = changed(("=?utf-8?q?Sch=C3=B6n?=", "=?utf-8?b?U2Now7Zu?="), ("Delivered-To", f"{way}Delivered-To"))
    assert rules(mail, SENT) == []


def test_what_was_lost_and_added_is_shown(said) -> None:
    told = said(changed(("<p>Hi", "<p>Ho ho")), SENT)
    assert "(lost: Hi; added: Ho ho)" in told


def test_where_links_lead_now_is_told(said) -> None:
    told = said(changed(("https://example.com/page", "https://click.relay.example/c/1")), SENT)
    assert "1 link of 1 were rewritten, and lead to click.relay.example: https://example.com/page" in told
