"""Profiles that reach few, or somebody in the recipients' place."""

from __future__ import annotations

import json

import pytest

from tests.kit.command import Desk
from tests.kit.mailhost import MailHost

ADA, BJORK, CARL, QA = "ada@example.com", "bjork@example.org", "carl@example.net", "qa@example.com"
LEAVING = """\
unsubscribe: {url: "https://example.com/u?who={{ email }}", one_click: true, sign: "${LEAVING_SECRET}"}
"""


def through(desk: Desk, mailhost: MailHost, keys: str, more: str = "") -> None:
    mailhost.take_over(desk, more=more)
    desk.write("profiles.yaml", mailhost.profiles + f"    {keys}\n")


@pytest.fixture
def redirected(desk: Desk, mailhost: MailHost) -> Desk:
    through(desk, mailhost, f"redirect_to: {QA}")
    return desk


@pytest.fixture
def restricted(desk: Desk, mailhost: MailHost) -> Desk:
    through(desk, mailhost, 'only_to: ["@EXAMPLE.com", Carl@example.net]')
    return desk


def test_everything_goes_to_the_one_address_and_says_whose_it_is(
    redirected: Desk, mailhost: MailHost
) -> None:
    told = redirected.run("run", "spring.yaml", "--yes").ended(0)

    assert mailhost.receivers == [QA] * 3
    heads = [(mail["To"], mail["X-Originally-To"], mail["Subject"]) for mail in mailhost.mails]
    assert heads[:2] == [
        (QA, ADA, "Ada, spring is here"),
        (QA, BJORK, "Björk, spring is here"),
    ]
    assert f"everything goes to {QA}: nobody on the list gets it" in told.err
    assert f"spring, redirected to {QA}: all 3 accepted" in told.err
    rows = redirected.rows()
    assert rows[ADA]["reason"] == f"went to {QA} in the recipient's place (redirect_to)"
    as_json = json.loads(redirected.run("report", "spring.yaml", "--format", "json").out)
    assert as_json["reach"] == f"redirected to {QA}"


def test_no_link_to_unsubscribe_of_a_redirected_mail_leads_anywhere_and_no_secret_is_read(
    desk: Desk, mailhost: MailHost
) -> None:
    through(desk, mailhost, f"redirect_to: {QA}", more=LEAVING)
    desk.write("spring.txt", "{{ unsubscribe_url }} https://example.com/u?who={{ email }}\n")
    shown = '<a href="https://example.com/u?who={{ email }}">leave</a>{{ unsubscribe_url }}\n'
    desk.write("spring.html", shown)

    desk.run("run", "spring.yaml", "--yes").ended(0)

    for mail in mailhost.mails:
        assert "unsubscribe.invalid" in mail["List-Unsubscribe"]
        assert "example.com/u" not in mail.as_string().replace("=\n", "").replace("\n", "")


def test_an_address_that_only_smtputf8_carries_and_one_of_the_authors_headers_change_nothing(
    desk: Desk, mailhost: MailHost
) -> None:
    through(desk, mailhost, f"redirect_to: {QA}", more="headers: {x-originally-to: forged}\n")
    desk.write("people.csv", "email,first_name\njürgen@bücher.example,J\n")

    desk.run("run", "spring.yaml", "--yes").ended(0)

    (mail,) = mailhost.mails
    assert mail.get_all("X-Originally-To") == ["jürgen@xn--bcher-kva.example"]


def test_a_redirected_run_counts_for_no_other(redirected: Desk, mailhost: MailHost) -> None:
    redirected.run("run", "spring.yaml", "--yes").ended(0)
    redirected.write("profiles.yaml", mailhost.profiles)  # the same profile, without redirect_to

    redirected.run("run", "spring.yaml", "--yes").ended(0)

    assert mailhost.receivers == [QA] * 3 + [ADA, BJORK, CARL]
    ids = [mail["Message-ID"] for mail in mailhost.mails]
    assert len(set(ids)) == 6


def test_a_redirected_run_asks_and_begins_anew_with_another_text_or_address(
    redirected: Desk, mailhost: MailHost
) -> None:
    redirected.run("run", "spring.yaml").ended(4)
    redirected.run("run", "spring.yaml", "--yes").ended(0)
    redirected.write("spring.txt", "Another text.\n")
    told = redirected.run("run", "spring.yaml", "--yes").ended(0)
    assert "the text changed since 3 were sent it, and no recipient got any" in told.err
    redirected.change("profiles.yaml", QA, "other@example.com")
    told = redirected.run("run", "spring.yaml", "--yes").ended(0)
    assert "the mail goes to other@example.com in the recipients' place" in told.err
    assert f"and that of before went to {QA}" in told.err

    assert mailhost.receivers == [QA] * 6 + ["other@example.com"] * 3


def test_an_approved_plan_of_a_redirected_run_approves_no_real_one(
    redirected: Desk, mailhost: MailHost
) -> None:
    redirected.run("plan", "spring.yaml", "--out", "plan.json").ended(0)
    redirected.write("profiles.yaml", mailhost.profiles)

    redirected.run("run", "spring.yaml", "--plan", "plan.json").ended(4)

    assert mailhost.receivers == []


def test_only_those_who_are_named_get_mail_and_the_others_are_filtered_with_why(
    restricted: Desk, mailhost: MailHost
) -> None:
    told = restricted.run("run", "spring.yaml", "--yes").ended(0)

    assert mailhost.receivers == [ADA, CARL]
    assert "it goes only to @example.com, Carl@example.net, and to nobody else" in told.err
    assert "1 left out by the profile's only_to" in told.err
    assert "spring, only to @example.com" in told.err
    row = restricted.rows()[BJORK]
    assert (row["status"], row["reason"]) == ("filtered", "the profile's only_to leaves this address out")


def test_who_is_named_later_gets_it_then_and_nobody_twice(restricted: Desk, mailhost: MailHost) -> None:
    restricted.run("run", "spring.yaml", "--yes").ended(0)
    restricted.change("profiles.yaml", "Carl@example.net", BJORK)

    restricted.run("run", "spring.yaml", "--yes").ended(0)

    assert mailhost.receivers == [ADA, CARL, BJORK]


def test_the_record_of_few_is_guarded_as_that_of_all(
    restricted: Desk, mailhost: MailHost
) -> None:
    restricted.run("run", "spring.yaml", "--yes").ended(0)
    restricted.write("spring.txt", "Another text.\n")
    told = restricted.run("run", "spring.yaml", "--yes").ended(4)
    assert "the text changed since 2 of 2 were sent it" in told.err
    (restricted.record("spring.live") / "ledger.sqlite").unlink()

    told = restricted.run("run", "spring.yaml", "--yes").ended(2)

    assert "starting without it would mail everyone again" in told.err
    assert mailhost.receivers == [ADA, CARL]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"redirect_to: {QA}", "only_to: '@example.com'"),
        ("only_to: '@example.com'", f"redirect_to: {QA}"),
    ],
)
def test_a_profile_of_one_kind_does_not_go_on_with_the_record_of_the_other(
    desk: Desk, mailhost: MailHost, before: str, after: str
) -> None:
    through(desk, mailhost, before)
    desk.run("run", "spring.yaml", "--yes").ended(0)
    sent = len(mailhost.receivers)
    through(desk, mailhost, after)

    told = desk.run("run", "spring.yaml", "--yes").ended(4)

    assert "the one must not count for the other" in told.err
    assert "give the profile another name" in told.err
    assert len(mailhost.receivers) == sent


def test_of_both_keys_the_first_says_whose_messages_go_to_the_second(desk: Desk, mailhost: MailHost) -> None:
    through(desk, mailhost, f"only_to: '@example.org'\n    redirect_to: {QA}")

    desk.run("run", "spring.yaml", "--yes").ended(0)

    assert [(mail["To"], mail["X-Originally-To"]) for mail in mailhost.mails] == [(QA, BJORK)]


def test_a_proof_goes_to_those_alone_whom_the_profile_reaches(desk: Desk, mailhost: MailHost) -> None:
    for keys, key in ((f"redirect_to: {QA}", "redirect_to"), ("only_to: '@example.com'", "only_to")):
        through(desk, mailhost, keys)
        told = desk.run("proof", "spring.yaml", "--to", QA, "--to", "rita@example.net").ended(2)
        said = f"--to rita@example.net: the profile live does not reach this address: {key} says whom"
        assert said in told.err
    assert mailhost.receivers == []
    desk.run("proof", "spring.yaml", "--to", QA, "--count", "1").ended(0)
    assert mailhost.receivers == [QA]


def test_what_the_domain_of_the_one_address_takes_limits_all(desk: Desk, mailhost: MailHost) -> None:
    through(desk, mailhost, f"redirect_to: {QA}\n    domains: {{example.com: 2/h, example.net: 1/h}}")

    told = desk.run("run", "spring.yaml", "--yes", "--no-wait").ended(3)

    assert mailhost.receivers == [QA] * 2, told.err


def test_a_gallery_says_whom_it_would_go_to(redirected: Desk) -> None:
    redirected.run("preview", "spring.yaml", "--out", "page.html").ended(0)

    page = (redirected.folder / "page.html").read_text("utf-8")

    assert f"everything goes to {QA}: nobody on the list gets it" in page


def test_in_ci_few_need_a_record_that_lasts_and_a_tester_none(
    desk: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    through(desk, mailhost, "only_to: '@example.com'")
    desk.run("run", "spring.yaml", "--yes").ended(4)
    desk.write("profiles.yaml", mailhost.profiles.replace("live:", "trial:") + f"    redirect_to: {QA}\n")
    desk.run("run", "spring.yaml", "--yes", "--smtp", "trial").ended(0)

    assert mailhost.receivers == [QA] * 3
