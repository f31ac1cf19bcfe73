"""What is said of a mail as it arrived: each rule with a mail that breaks it, and one that nearly does."""

from __future__ import annotations

import pytest

from sendbatch.cli.inspect import as_text

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


FORGED = (
    "Authentication-Results: {}; dkim=pass header.d=example.com; spf=pass smtp.mailfrom=a@example.com; "
    "dmarc=pass header.from=example.com\n"
)
FAILED = (("dkim=pass", "dkim=fail"), ("spf=pass", "spf=fail"), ("dmarc=pass", "dmarc=fail"))


@pytest.mark.parametrize(
    "forged",
    [
        "Received: from laptop by relay.example.net; x\n" + FORGED.format("mx.gmail.example"),
        FORGED.format("mx.bank.example"),
    ],
)
def test_what_the_mail_was_sent_with_is_not_believed_where_its_server_writes_nothing(
    said, forged: str
) -> None:
    mail = changed((RESULTS, forged))
    assert look(mail).verdict is None
    assert "whoever sent it may have written them, and they are not believed" in said(mail)


@pytest.mark.parametrize("before", ["DKIM-Signature", "Subject: Hello"])
def test_who_forges_the_servers_own_name_below_it_changes_nothing(before: str) -> None:
    mail = changed(*FAILED, (before, FORGED.format("mx.gmail.example") + before))
    assert rules(mail) == ["unauthenticated", "failed-dmarc"]


def test_several_servers_of_one_organisation_are_one_verdict() -> None:
    """As iCloud writes them."""
    each = ("bimi; bimi=skipped", "dkim; dkim=pass header.d=example.com", "spf; spf=pass")
    apart = "".join(f"Authentication-Results: {one.replace(';', '.mail.example;', 1)}\n" for one in each)
    received = "Received: from relay.example.net"
    found = look(changed((RESULTS, ""), (received, apart + received)))
    assert found.findings == ()
    assert found.verdict is not None
    assert len(found.verdict.results) == 3


def test_neighbours_below_one_country_are_no_organisation() -> None:
    mail = WELL.replace("mx.gmail.example", "mx.one.co.uk")
    other = mail.replace("DKIM-Signature", "Authentication-Results: x.two.co.uk; arc=pass\nDKIM-Signature")
    found = look(other).verdict
    assert found is not None
    assert found.others == 1


def test_a_server_that_says_nothing_of_spf_and_dkim_is_not_said_to_find_them_wrong() -> None:
    mail = changed((RESULTS, "Authentication-Results: mx.gmail.example; bimi=none\n"))
    assert rules(mail) == ["no-verdict"]


def test_a_carriage_return_alone_begins_no_header() -> None:
    found = look(changed(("From: =?", "X-A: b\rFrom: forged@bank.example\nFrom: =?")))
    assert found.mail.shown.sender == "Schön <news@example.com>"


def test_of_thousands_of_signatures_the_first_are_looked_at() -> None:
    found = look(changed((SIGNATURE, SIGNATURE + "DKIM-Signature: d=a; h=to\n" * 2000)))
    assert len(found.signatures) == 50
    assert len(found.findings) < 100
    assert "(1,951 more signatures, not looked at)" in as_text(found)


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
