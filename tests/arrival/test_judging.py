"""What is said of a mail as it arrived: each rule with a mail that breaks it, and one that nearly does."""

from __future__ import annotations

import pytest

from .conftest import WELL, changed, look, rules

RESULTS = WELL[WELL.index("Authentication-Results") : WELL.index("DKIM-Signature")]
SIGNATURE = WELL[WELL.index("DKIM-Signature") : WELL.index("From: =?")]


def test_of_a_mail_on_which_all_is_well_nothing_is_said() -> None:
    found = look(WELL)
    assert found.findings == ()
    assert found.exit_code == 0
    assert found.verdict is not None
    assert found.verdict.server == "mx.gmail.example"
    assert [one.said for one in found.verdict.results] == [
        "dkim pass (example.com)",
        "spf pass (mail.example.com)",
        "dmarc pass (example.com)",
    ]


BROKEN = [
    ("no-verdict", changed((RESULTS, ""))),
    ("unauthenticated", changed(("dkim=pass", "dkim=fail"), ("spf=pass", "spf=softfail"))),
    ("failed-spf", changed(("spf=pass", "spf=softfail"))),
    ("failed-dkim", changed(("dkim=pass", "dkim=fail"))),
    ("failed-dmarc", changed(("dmarc=pass", "dmarc=fail"))),
    ("no-dmarc-seen", changed(("dmarc=pass", "dmarc=none"))),
    ("no-dmarc-seen", changed(("dmarc=pass", "dmarc=bestguesspass"))),
    ("unsigned-mail", changed((SIGNATURE, ""), ("dkim=pass", "dkim=none"))),
    ("unsigned-from", changed(("h=From:", "h="))),
    ("unsigned-headers", changed((":Message-ID:Date", ":Message-ID"))),
    ("unsigned-unsubscribe", changed((":\n\t List-Unsubscribe-Post", ""))),
    ("weak-signature", changed(("bh=x;", "bh=x; l=10;"))),
    ("weak-signature", changed(("rsa-sha256", "rsa-sha1"))),
    ("no-one-click", changed(("List-Unsubscribe-Post: List-Unsubscribe=One-Click\n", ""))),
    ("no-one-click", changed(("<https://example.com/u/1>", "<mailto:u@example.com>"))),
    (
        "no-unsubscribe-seen",
        changed(
            ("List-Unsubscribe-Post: List-Unsubscribe=One-Click\n", ""),
            ("List-Unsubscribe: <https://example.com/u/1>\n", ""),
        ),
    ),
    ("clipped-mail", changed(("<p>Hi", f"<p>{'word ' * 21_000}"))),
    ("diverted-link", changed(("www.example.com<", "https://other.example/<"))),
]


@pytest.mark.parametrize(("rule", "mail"), BROKEN)
def test_each_rule_finds_a_mail_that_breaks_it(rule: str, mail: str) -> None:
    assert rules(mail) == [rule]


@pytest.mark.parametrize(
    "mail",
    [
        changed(("<p>Hi", f"<p>{'word ' * 20_000}")),
        changed(("www.example.com<", "example.com/page<")),
        changed(("www.example.com<", "our page<"), ('href="https://example.com/', 'href="https://x.example/')),
        changed(('href="https://example.com/', 'href="https://shop.example.com/')),
        changed(("List-Unsubscribe=One-Click\n", "list-unsubscribe=one-click\n")),
        changed(("<https://example.com/u/1>", "<mailto:u@example.com>, <https://example.com/u/1>")),
        changed((SIGNATURE, f"{SIGNATURE}{SIGNATURE.replace('abc', 'other').replace('List-', 'X-')}")),
        "From jane Sat Jan  1 00:00:00 2020\n" + WELL,
        WELL.replace("\n", "\r\n"),
    ],
)
def test_what_nearly_breaks_a_rule_is_left_alone(mail: str) -> None:
    assert rules(mail) == []


def test_a_finding_names_the_line_of_its_header(said) -> None:
    told = said(changed((":\n\t List-Unsubscribe-Post", "")))
    assert told.startswith("a.eml:9: warning: no signature is over all of List-Unsubscribe")
    assert "example.com (abc) leaves out List-Unsubscribe-Post" in told


def test_only_the_topmost_server_is_believed() -> None:
    forged = "Authentication-Results: mx.gmail.example; dkim=fail header.d=example.com\n"
    below = "Authentication-Results: bank.example; spf=fail\n"
    received = "Received: from elsewhere.example by relay.example.net; Fri, 27 Nov 2026 10:00:00 -0800\n"
    found = look(changed((SIGNATURE, f"{received}{forged}{below}{SIGNATURE}")))
    assert found.findings == ()
    assert found.verdict is not None
    assert found.verdict.others == 2


def test_several_of_one_server_are_one_verdict() -> None:
    """As Fastmail writes a header for each method."""
    apart = RESULTS.replace(";\n       spf", "\nAuthentication-Results: mx.gmail.example; spf")
    found = look(changed((RESULTS, apart)))
    assert found.findings == ()
    assert found.verdict is not None
    assert len(found.verdict.results) == 3


def test_a_signature_that_does_not_hold_covers_nothing() -> None:
    """The relay's own holds, and leaves out what matters."""
    other = SIGNATURE.replace("example.com", "relay.example.net").replace("abc", "r1")
    other = other.replace("List-Unsubscribe:\n\t List-Unsubscribe-Post:", "")
    mail = changed(
        (SIGNATURE, SIGNATURE + other),
        ("dkim=pass header.i=@example.com", "dkim=fail header.i=@example.com"),
        (";\n       spf", ";\n       dkim=pass header.d=relay.example.net header.s=r1;\n       spf"),
    )
    assert rules(mail) == ["unsigned-unsubscribe"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("example.org; none", []),
        ("example.org 1; spf=pass (a (b; c) spf=fail) smtp.mailfrom=a@b.example", ["spf pass (b.example)"]),
        ('example.org; dkim=pass reason="a; dkim=fail" header.d=b.example', ["dkim pass (b.example)"]),
        ("example.org; DKIM = PASS header . d = b.example", ["dkim pass (b.example)"]),
        ("dkim=pass header.d=b.example", ["dkim pass (b.example)"]),
        ("a.example; dkim=pass header.d=b.example; dkim=fail (a", ["dkim pass (b.example)", "dkim fail"]),
    ],
)
def test_results_are_read_as_rfc_8601_has_them(written: str, expected: list[str]) -> None:
    found = look(f"Authentication-Results: {written}\nFrom: a@b.example\n\nhi")
    assert found.verdict is not None
    assert [one.said for one in found.verdict.results] == expected
