"""A campaign file becomes a Campaign, its short forms and defaults filled in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.model import (
    BULK,
    Bounds,
    Checking,
    Mailbox,
    Rate,
    Retry,
    SuppressionList,
    Tolerance,
)
from sendbatch.errors import CampaignError

from .conftest import Desk


def test_the_smallest_campaign_has_sensible_defaults(desk: Desk) -> None:
    campaign = desk.load()
    assert campaign.file == desk.folder / "spring.yaml"
    assert campaign.sender == Mailbox("Example News", "news@example.com")
    assert campaign.bounces_to == "news@example.com"
    assert campaign.recipients.file == desk.folder / "people.csv"
    assert campaign.templates.html == desk.folder / "spring.html"
    assert (campaign.run, campaign.rates, campaign.expect) == ("", (), None)
    assert campaign.tolerate == Tolerance()
    assert campaign.retry == Retry()
    assert [campaign.check.is_bulk(number) for number in (1, BULK - 1, BULK)] == [False, False, True]
    assert campaign.profile.name == "sandbox"
    assert not campaign.profile.delivers


@pytest.mark.parametrize(
    "written",
    [
        "14/s, 5,000/day",
        '"14/s, 5,000/day"',
        "[14/s, 5,000/day]",
        "[14/s, '5,000/day']",
        ">\n  14/s,\n  5,000/day",
    ],
)
def test_rates_are_a_list_or_one_text_and_thousands_are_no_other_rate(
    desk: Desk, written: str
) -> None:
    assert desk.load(f"rate: {written}").rates == (Rate(14, 1), Rate(5000, 86400))


def test_a_million_in_a_list_is_one_rate_and_numbers_apart_are_none(desk: Desk) -> None:
    assert desk.load("rate: [1,500,000/day, 14/s]").rates == (Rate(1_500_000, 86400), Rate(14, 1))
    (fault,) = desk.faults("rate: [5, 500/day]")
    assert "a rate needs its unit of time" in fault.message
    assert fault.hint == "write 5/s or 5/min"
    (fault,) = desk.faults("rate: 0.5")
    assert fault.hint == "write 0.5/s or 0.5/min"


@pytest.mark.parametrize(
    ("written", "column"),
    [
        ("100/m", 7),
        ("14/s, 100/m", 13),
        ('"14/s, 100/m"', 14),
        ("[14/s, 100/m]", 14),
        ("[1/s, 5,000/m]", 13),
    ],
)
def test_a_rate_that_may_mean_two_things_is_asked_about_where_it_stands(
    desk: Desk, written: str, column: int
) -> None:
    with pytest.raises(CampaignError) as raised:
        desk.load(f"rate: {written}")
    [fault] = raised.value.findings
    assert fault.place is not None
    assert fault.place.column == column
    assert "m may mean minutes or months" in fault.message


def test_a_relay_that_wants_a_domain_of_ours_is_told_that_of_the_sender(desk: Desk) -> None:
    written = "{provider: gsuite, username: '${U}', password: '${P}'}"
    assert desk.load(smtp=f"smtp: {written}\n").profile.helo == "example.com"
    own = written.replace("gsuite", "gsuite, helo: mail.example.org")
    assert desk.load(smtp=f"smtp: {own}\n").profile.helo == "mail.example.org"
    assert desk.load(smtp="smtp: {provider: gmail}\n").profile.helo is None


def test_everything_that_can_be_said_is_understood(desk: Desk) -> None:
    for name in ("terms.pdf", "never.csv", "spring.txt"):
        (desk.folder / name).write_text("x")
    campaign = desk.load(
        "run: '{{ edition }}'",
        "bounces_to: bounces@example.com",
        "rate: [14/s, 50000/day]",
        "reply_to: help@example.com",
        "headers: {X-Campaign: spring, X-Year: 2026, Content-Language: he}",
        'attachments: [terms.pdf, "invoices/{{ customer_id }}.pdf"]',
        'unsubscribe: {url: "https://x.example/{{ email|urlencode }}", one_click: true}',
        "suppress: never.csv",
        "variables: {product: Widget, edition: 2026, tags: [a, 1]}",
        "expect: 900-1100",
        "tolerate: 1%",
        "check: {ignore: wide-picture, bulk: true, clients: [gmail, yahoo]}",
        "retry: {attempts: 3, first_delay: 10s, max_delay: 1m, offline: 0s}",
        recipients="""recipients:
  file: people.csv
  email: E-Mail
  name: "{{ first_name }}"
  key: Customer ID
  where: plan != "free"
  defaults: {First Name: friend, zip: 01234}
  required: customer_id
""",
        templates="templates: {html: spring.html, text: spring.txt}",
    )
    assert campaign.run == "2026"
    assert campaign.rates == (Rate(14, 1), Rate(50000, 86400))
    assert campaign.reply_to == (Mailbox("", "help@example.com"),)
    assert campaign.headers == {"X-Campaign": "spring", "X-Year": "2026", "Content-Language": "he"}
    assert campaign.unsubscribe is not None
    assert campaign.unsubscribe.one_click
    assert campaign.suppress == (SuppressionList(desk.folder / "never.csv"),)
    assert campaign.variables == {"product": "Widget", "edition": 2026, "tags": ["a", 1]}
    assert type(campaign.variables["edition"]) is int
    assert campaign.expect == Bounds(900, 1100)
    assert campaign.tolerate == Tolerance(share=0.01)
    assert campaign.retry == Retry(3, 10, 60, 0)
    assert campaign.check == Checking(("wide-picture",), True, ("gmail", "yahoo"))
    recipients = campaign.recipients
    assert (recipients.email, recipients.key) == ("e_mail", "customer_id")
    assert recipients.defaults == {"first_name": "friend", "zip": "01234"}
    assert recipients.required == ("customer_id",)


def test_how_a_suppression_list_is_read_can_be_said(desk: Desk) -> None:
    never = desk.folder / "never.csv"
    never.write_text("x")
    options = (
        "{file: never.csv, column: Mail, encoding: cp1252, subdomains: true, unreadable: warn}"
    )
    meant = SuppressionList(never, "Mail", "cp1252", subdomains=True, lenient=True)
    plain = SuppressionList(never)
    assert desk.load(f"suppress: {options}").suppress == (meant,)
    assert desk.load(f"suppress: [never.csv, {options}]").suppress == (plain, meant)
    desk.profiles(f"suppress: [{options}]")
    assert desk.load("suppress: never.csv").suppress == (plain, meant)


def test_what_the_command_line_says_wins_over_the_file(desk: Desk) -> None:
    campaign = desk.load(
        "run: first",
        "rate: 1/s",
        "variables: {product: Widget}",
        smtp="smtp: nowhere",
        asked={
            "run": "",
            "settings": {"product": "Gadget"},
            "smtp": "sandbox",
            "rate": "5/s, 100/h",
            "expect": "3",
            "tolerate": "2",
        },
    )
    assert campaign.run == ""
    assert campaign.variables == {"product": "Gadget"}
    assert campaign.overrides == ("product",)
    assert campaign.rates == (Rate(5, 1), Rate(100, 3600))
    assert (campaign.expect, campaign.tolerate) == (Bounds(3, 3), Tolerance(count=2))


def test_the_edition_is_rendered_with_what_is_set(desk: Desk) -> None:
    asked: dict[str, object] = {"settings": {"version": "2026-12"}}
    assert desk.load('run: "{{ version }}"', asked=asked).run == "2026-12"
    assert desk.load("run: 1.10").run == "1.10"


def test_places_are_kept_for_errors_that_come_later(desk: Desk) -> None:
    campaign = desk.load(
        "headers: {X-A: b}",
        "attachments: ['{{ x }}.pdf']",
        recipients="recipients: {file: people.csv, defaults: {First Name: x}, required: [a]}",
    )
    for path in (
        "subject",
        "from",
        "headers.X-A",
        "attachments.0",
        "templates.html",
        "recipients.file",
        "recipients.required.0",
        "recipients.defaults.first_name",
    ):
        place = campaign.places[path]
        assert place.text == (desk.folder / "spring.yaml").read_text().splitlines()[place.line - 1]  # type: ignore[operator]


def test_a_short_form_has_the_place_of_its_text(desk: Desk) -> None:
    place = desk.load().places["recipients.file"]
    assert (place.line, place.column) == (4, 13)


def test_the_path_is_shown_as_it_was_given(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write("bogus: 1")
    monkeypatch.chdir(desk.folder.parent)
    with pytest.raises(CampaignError, match=r"^campaigns/spring\.yaml:7:1: error: unknown key"):
        load_campaign(Path("campaigns/spring.yaml"), config_folder=desk.config)


def test_a_missing_file_and_a_folder_are_errors(desk: Desk) -> None:
    with pytest.raises(CampaignError, match="no such file"):
        load_campaign(desk.folder / "nothing.yaml", config_folder=desk.config)
    with pytest.raises(CampaignError, match="is a folder"):
        load_campaign(desk.folder, config_folder=desk.config)


def test_a_file_reached_through_a_link_keeps_its_name(desk: Desk) -> None:
    os.symlink(desk.folder / "people.csv", desk.folder / "today.csv")
    campaign = desk.load(recipients="recipients: today.csv")
    assert campaign.recipients.file == desk.folder / "today.csv"


def test_a_header_of_mailboxes_may_be_a_template(desk: Desk) -> None:
    for value in ("{{ a }}", "{{ a }} <b@x.test>", "'B, {{ a }}' <b@x.test>", "{{ a }}@x.test"):
        written = value.replace("'", '\\"')
        assert desk.load(f'headers: {{Sender: "{written}"}}').headers
    assert desk.load("headers: {Errors-To: '{% if a %}A <a@x.test>{% else %}b@x.test{% endif %}'}")


def test_a_profile_that_is_asked_for_stands_for_the_one_left_out(desk: Desk) -> None:
    assert desk.load(smtp="", asked={"smtp": "sandbox"}).profile.name == "sandbox"
