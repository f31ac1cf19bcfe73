"""What may not be meant is looked for by one list of functions, and said when it is news."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.ledger.store import Record
from sendbatch.message.reading import read_content
from sendbatch.planning.doubts import DOUBTS, Sight, doubts
from sendbatch.planning.keys import shared_addresses
from sendbatch.values import Status
from tests.kit.campaigns import campaign
from tests.kit.desks import Make
from tests.kit.pictures import png

YAML = """\
name: spring
from: Example News <news@example.com>
bounces_to: bounces@example.net
preheader: "What grows now, {{ name }}"
subject: "{% if active %}{{ nmae|default('friend') }}{% endif %}, spring is here"
recipients: {file: people.csv, key: number, where: name != 'Zoe'}
templates: {html: letter.html}
attachments: ["{{ bill }}", nothing.csv]
invite: party.ics
unsubscribe: {url: "https://a.example/leave", one_click: true}
smtp: {host: 127.0.0.1, dkim: {domain: example.com, selector: s1, key_file: dkim.pem}}
"""
BULK = """\
name: spring
from: Example News <news@example.com>
subject: Your invoice
recipients: {file: people.csv}
templates: {text: letter.txt}
smtp: {host: 127.0.0.1}
"""
PEOPLE = """\
email,number,name,active,bill
ann@example.com,1,Ann,no,bill.pdf
ann@example.com,2,Ann,yes,bill.pdf
bob@gmial.com,3,,yes,bill.pdf
"""
PARTY = """\
BEGIN:VCALENDAR
VERSION:2.0
METHOD:PUBLISH
BEGIN:VEVENT
UID:1
DTSTART:20270612T160000Z
END:VEVENT
END:VCALENDAR
"""
COLUMNS = ("email", "number", "name", "active", "bill")

LOOKING = ["open-attachment", "plainer-feature", "missing-signing-key"]
PLANNED = ["bare-text-part", "second-preheader"]
CHANGED = [
    *("bare-condition", "empty-cell", "likely-typo", "shared-address", "misspelt-name", "unknown-ignore"),
    *("picture-without-scheme", "wide-picture"),
    *("broken-link", "picture-without-alt", "picture-alone", "unclosed-tag", "open-link", "unencoded-value"),
    *("remote-style-sheet", "unsupported-feature", "empty-attachment", "incomplete-invitation"),
    *("strange-bounces", "one-link-for-all"),
]


@pytest.fixture
def sight(tmp_path: Path, ledger: Record, make: Make) -> Sight:
    """A plan with what all but one of the rules find; that `where` matches nobody is only said of it."""
    (tmp_path / "bill.pdf").write_text("%PDF")
    (tmp_path / "nothing.csv").touch()
    (tmp_path / "party.ics").write_text(PARTY)
    linked = "<link rel=stylesheet href=//a.example/x.css>"
    (tmp_path / "wide.png").write_bytes(png(701, 2))
    letter = "<div hidden>Spring</div><a href='www.a.example'><img src='//a.example/x.png'></a>"
    letter += "<img src='wide.png' style='border-radius: 4px'><b>"
    letter += "<a href='http://b.example/{{ name }}'></a>"
    letter += "<!-- sendbatch: hush -->"
    (tmp_path / "letter.html").write_text(linked + letter)
    one = campaign(tmp_path, people=PEOPLE, yaml=YAML)
    make(one)
    totals = {Status.FILTERED: 2}
    return Sight(one, read_content(one), ledger.reading, COLUMNS, totals)


@pytest.mark.parametrize(
    ("occasion", "found"),
    [
        ("looking", ["where-matches-nobody", *CHANGED, *LOOKING, *PLANNED]),
        ("planned", ["where-matches-nobody", *CHANGED, *PLANNED]),
        ("changed", ["where-matches-nobody", *CHANGED]),
        ("", ["where-matches-nobody"]),
    ],
)
def test_each_doubt_is_said_when_it_is_news(sight: Sight, occasion: str, found: list[str]) -> None:
    said = {when: when == occasion for when in ("looking", "planned", "changed")}
    warnings = [*doubts(sight, **said)]
    assert [warning.rule for warning in warnings] == found
    assert {warning.severity for warning in warnings} <= {"warning", "hint"}


def test_the_whole_list_is_tried_here() -> None:
    # A text, conditions, Markdown, MJML, files and invitations of rows, many invalid rows, free mail.
    of_others = 8
    assert len(DOUBTS) == 1 + len(CHANGED) + len(PLANNED) + len(LOOKING) + of_others


@pytest.mark.parametrize(
    ("check", "severity"), [("bulk: true", "warning"), ("bulk: false", "hint"), ("ignore: []", "warning")]
)
def test_two_keys_of_one_address_are_a_hint_where_the_mail_is_not_in_bulk(
    tmp_path: Path, ledger: Record, make: Make, check: str, severity: str
) -> None:
    yaml = f"recipients: {{file: people.csv, key: number}}\ncheck: {{{check}}}\n"
    one = campaign(tmp_path, people=PEOPLE, yaml=BULK.replace("recipients: {file: people.csv}\n", yaml))
    make(one)
    (found,) = shared_addresses(ledger.reading, one)
    assert (found.rule, found.severity) == ("shared-address", severity)
