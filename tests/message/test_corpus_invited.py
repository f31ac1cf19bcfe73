"""Invitations, variants, senders and languages, with words made to be hard: both parsers read the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sendbatch.campaign.language.environment import is_template
from sendbatch.campaign.language.paths import path_template
from sendbatch.campaign.model import Attachment, Mailbox, Senders, Templates, Unsubscribe
from sendbatch.message.content import Content
from sendbatch.message.invitations.lines import as_text, in_quotes
from sendbatch.message.variants import Variants
from tests.conftest import Needs

from .conftest import bundle, content
from .parsers import INVITATION, PNG, SIGNER, WORDS, Case, boxes, composed, hold, in_a_line

EVENT = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Party//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:party@example.com
SEQUENCE:1
DTSTAMP:20260101T000000Z
DTSTART:20260201T100000Z
ORGANIZER;CN="Example News":mailto:news@example.com
ATTENDEE;CN="{{ first_name }}";RSVP=TRUE:mailto:{{ email }}
SUMMARY:For {{ first_name }}, and all
END:VEVENT
END:VCALENDAR
"""
NEWS = """\
# For {{ first_name }}

![Logo](logo.png) ![Map](maps/{{ customer_id }}.png)
"""
METHODS = ("REQUEST", "PUBLISH", "CANCEL")


PDF = bytes(range(256)) * 3


def event(method: str, word: str) -> dict[str, str]:
    return {
        "METHOD": method,
        "SUMMARY": f"For {word}, and all",
        "CN": word,
        "ATTENDEE": "mailto:jane@example.org",
    }


def with_method(number: int) -> tuple[str, str]:
    """One after the other, and the file of it."""
    method = METHODS[number % len(METHODS)]
    return method, EVENT.replace("REQUEST", method)


def beside_text() -> list[Case]:
    """A text and a calendar, with lines that end as on no system."""
    cases = []
    for number, word in enumerate(WORDS):
        method, source = with_method(number)
        source = source.replace("\n", ("\n", "\r\n", "\r")[number % 3])
        letter = content(text="Dear {{ first_name }}", invite=bundle(source, "party.ics"))
        case = Case(
            message=composed(letter, word),
            subject=in_a_line(word),
            boxes=boxes(in_a_line(word), []),
            text=f"Dear {word}",
            html="",
            addresses=[],
            files=[("party.ics", INVITATION, b"")],
            inline=0,
            event=event(method, word),
        )
        cases.append(case)
    return cases


def beside_pictures(reading: Callable[..., Content], folder: Path) -> list[Case]:
    """Markdown in the built-in layout with a picture of everybody and one of the recipient, a file, and a
    calendar beside them."""
    own = PNG + b"of twelve"
    letters = {
        method: reading(
            {
                "templates/news.md": NEWS,
                "templates/logo.png": PNG,
                "templates/maps/12.png": own,
                "campaigns/Früh.ics": source,
                "campaigns/t.pdf": PDF,
            },
            templates=Templates(markdown=folder / "templates/news.md"),
            attachments=(Attachment("t.pdf"),),
            invite=folder / "campaigns/Früh.ics",
            unsubscribe=Unsubscribe("https://example.com/u?l=1", None, True, ("${S}",)),
        )
        for method, source in map(with_method, range(len(METHODS)))
    }
    link = f"https://example.com/u?l=1&{SIGNER.query('jane@example.org')}"
    return [
        Case(
            message=composed(letters[METHODS[number % len(METHODS)]], word),
            subject=in_a_line(word),
            boxes=boxes(in_a_line(word), []),
            text=f"For {word} Logo Map {FOOT} Unsubscribe: {link}",
            html=f"For {word} {FOOT} Unsubscribe",
            addresses=["{cid}", "{cid}", link],
            files=[
                ("logo.png", "image/png", PNG),
                ("12.png", "image/png", own),
                ("Früh.ics", INVITATION, b""),
                ("t.pdf", "application/pdf", PDF),
            ],
            inline=2,
            event=event(METHODS[number % len(METHODS)], word),
        )
        for number, word in enumerate(WORDS)
    ]


def of_their_own(reading: Callable[..., Content]) -> list[Case]:
    """A file for each, that no value is put into; one that looks like a template is refused."""
    written, sources = {}, []
    words = [word for word in WORDS if not is_template(word)]
    for number, word in enumerate(words):
        method, source = with_method(number)
        source = source.replace("{{ email }}", "jane@example.org")
        source = source.replace('"{{ first_name }}"', in_parameter(word))
        source = source.replace("{{ first_name }}", as_text(word))
        written[f"campaigns/own/{number}.ics"] = source
        sources.append(method)
    letter = reading(
        {"templates/body.html": "<p>{{ first_name }}</p>", **written}, invite="own/{{ number }}.ics"
    )
    return [
        Case(
            message=composed(letter, word, number=str(number)),
            subject=in_a_line(word),
            boxes=boxes(in_a_line(word), []),
            text=word,
            html=word,
            addresses=[],
            files=[(f"{number}.ics", INVITATION, b"")],
            inline=0,
            event=event(sources[number], word),
        )
        for number, word in enumerate(words)
    ]


def in_parameter(word: str) -> str:
    return f'"{in_quotes(word)}"'


FOOT = "You receive this mail because your address is on our mailing list."
AGENTS = (Mailbox("", "ann@example.com"), Mailbox("", "bob@sales.example"))
GREETINGS = {"de": "Grüße an", "ar": "مرحبا", "ja": "こんにちは"}


def of_several(reading: Callable[..., Content], folder: Path) -> list[Case]:
    """A language, a sender and a subject for each."""
    news = {
        f"templates/news.{one}.md": f"{said} {{{{ first_name }}}}\n"
        for one, said in GREETINGS.items()
    }
    path = path_template("../templates/news.{{ locale }}.md", folder / "campaigns")
    letter = reading(
        {**news, "campaigns/party.ics": EVENT},
        templates=Templates(markdown=path, fallback={"locale": "de"}),
        senders=Senders("{{ agent }}", AGENTS, take_bounces=True),
        invite=folder / "campaigns/party.ics",
    )
    subjects = ("{{ first_name }}", "An {{ first_name }}", "{{ first_name }} 🎉")
    letter = replace(letter, variants=Variants("spring", subjects))
    cases = []
    for number, word in enumerate(WORDS):
        locale, agent = [*GREETINGS, "fr"][number % 4], AGENTS[number % 2].address
        greeting = GREETINGS.get(locale, GREETINGS["de"])
        message = composed(letter, word, key=f"{number}@example.org", locale=locale, agent=agent)
        variant = Variants("spring", subjects).of(f"{number}@example.org")
        case = Case(
            message=message,
            subject=in_a_line(subjects[variant].replace("{{ first_name }}", word)).strip(),
            boxes=[
                [[in_a_line(word), agent]],
                *boxes(in_a_line(word), [])[1:],
            ],
            text=f"{greeting} {word} {FOOT}",
            html=f"{greeting} {word} {FOOT}",
            addresses=[],
            files=[("party.ics", INVITATION, b"")],
            inline=0,
            event=event("REQUEST", word),
        )
        cases.append(case)
    return cases


def test_two_parsers_read_the_same_invitation_beside_whatever_a_mail_has(
    reading: Callable[..., Content], needs: Needs, tmp_path: Path
) -> None:
    hold([*beside_text(), *beside_pictures(reading, tmp_path), *of_their_own(reading)], needs)


def test_two_parsers_read_each_version_with_its_subject_and_sender(
    reading: Callable[..., Content], needs: Needs, tmp_path: Path
) -> None:
    hold(of_several(reading, tmp_path), needs)
