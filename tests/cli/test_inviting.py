"""Invitations by the command: what a plan, a dry run and a proof show of them, and whose file is whose."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage

import icalendar
import pytest

from tests.kit.command import Desk
from tests.kit.pages import document_in

PARTY = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Party//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:party@example.com
DTSTAMP:20260101T000000Z
DTSTART:20270612T160000Z
ORGANIZER:mailto:news@example.com
ATTENDEE;CN="{{ first_name }}";RSVP=TRUE:mailto:{{ email }}
SUMMARY:Summer party of the {{ plan }} plan
LOCATION:Town hall\\, room 2
END:VEVENT
END:VCALENDAR
"""
PLAIN = (
    PARTY.replace("{{ plan }}", "paid")
    .replace("{{ first_name }}", "")
    .replace("{{ email }}", "a@b.de")
)


@pytest.fixture
def inviting(desk: Desk) -> Desk:
    desk.write("party.ics", PARTY)
    desk.campaign(more="invite: party.ics\n")
    return desk


def summary(mail: EmailMessage) -> str:
    """Of the event that is asked for, which the file says too."""
    (part,) = [one for one in mail.walk() if one.get_content_type() == "text/calendar"]
    (file,) = [one for one in mail.walk() if one.get_content_type() == "application/ics"]
    data = file.get_payload(decode=True)
    assert isinstance(data, bytes)
    assert part.get_content().splitlines() == data.decode().splitlines()
    (event,) = icalendar.Calendar.from_ical(data).walk("VEVENT")
    return str(event["SUMMARY"])


def test_a_plan_names_the_invitation(inviting: Desk) -> None:
    assert "  invite: party.ics\n" in inviting.run("plan", "spring.yaml").ended(0).said
    inviting.write("own/paid.ics", PLAIN)
    inviting.write("own/free.ics", PLAIN)
    inviting.campaign(more='invite: "own/{{ plan }}.ics"\n')
    said = inviting.run("plan", "spring.yaml").ended(0).said
    assert "  invite: own/{{ plan }}.ics, each recipient's own\n" in said
    assert re.search(
        r"  invitations of their own: up to .* in a message \(base64\), .* for 3\n", said
    )


def test_a_dry_run_shows_what_the_invitation_says(inviting: Desk) -> None:
    inviting.run("run", "spring.yaml", "--dry-run").ended(0)
    preview = inviting.record() / "preview"
    shown = {one["file"]: one for one in document_in(preview / "index.html")["recipients"]}
    said = dict(shown["01-row2.eml"]["invitation"]["said"])
    assert said["Invitation"] == "REQUEST: asks for an answer"
    assert said["Event"] == "Summer party of the paid plan"
    assert (said["Begins"], said["Where"]) == ("2027-06-12 16:00 (UTC)", "Town hall, room 2")
    assert said["Asked"] == "ada@example.com"
    for path in preview.glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert summary(mail) == dict(shown[path.name]["invitation"]["said"])["Event"]


def test_a_proof_carries_the_invitation_of_the_recipient(inviting: Desk) -> None:
    inviting.run("proof", "spring.yaml", "--to", "me@example.com").ended(0)
    assert {summary(mail) for mail in inviting.proofs()} == {
        "Summer party of the paid plan",
        "Summer party of the free plan",
    }
    assert all(
        mail["To"].endswith("me@example.com>") or "me@" in mail["To"] for mail in inviting.proofs()
    )


def test_everybody_is_invited_in_the_language_of_the_letter(desk: Desk) -> None:
    """The plans stand for languages."""
    for one in ("paid", "free"):
        desk.write(f"news.{one}.md", f"# {one} {{{{ first_name }}}}\n")
        desk.write(
            f"party.{one}.ics",
            PARTY.replace("the {{ plan }} plan", f"{one} for {{{{ first_name }}}}"),
        )
    news = ("  html: spring.html\n  text: spring.txt\n", "  markdown: news.{{ plan }}.md\n")
    desk.campaign(news, more='invite: "party.{{ plan }}.ics"\n')
    assert (
        "  invite: party.free.ics, party.paid.ics\n"
        in desk.run("check", "spring.yaml").ended(0).said
    )
    desk.run("run", "spring.yaml", "--yes").ended(0)
    read = [
        (str(mail.get_body(("plain",)).get_content()).split()[:2], mail) for mail in desk.kept()
    ]
    assert {plan for (plan, _), _ in read} == {"paid", "free"}
    for (plan, name), mail in read:
        assert summary(mail) == f"Summer party of {plan} for {name}"


def test_a_file_of_their_own_that_is_missing_refuses_the_plan(desk: Desk) -> None:
    desk.write("own/paid.ics", PLAIN)
    desk.campaign(more='invite: "own/{{ plan }}.ics"\n')
    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 2
    assert "error: invite own/free.ics: no such file" in told.said
    assert [*desk.folder.rglob("*.eml")] == []
