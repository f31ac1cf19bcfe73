"""Messages made to be hard: from each, the standard library's parser and nodemailer's read what the campaign
says, and the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sendbatch.campaign.model import Attachment, Mailbox, Templates, Unsubscribe
from sendbatch.message.content import Content
from tests.conftest import Needs

from .conftest import content
from .parsers import NAMED, PNG, SIGNER, WORDS, Case, boxes, composed, hold, in_a_line, in_a_name

PDF = bytes(range(256)) * 3
CALENDAR = b"BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nEND:VCALENDAR\r\n"
CALENDAR_FILE = ("Übersicht.ics", "text/calendar", CALENDAR)


def texts_alone() -> list[Case]:
    letter = content(text="Dear {{ first_name }},\n\nbye: {{ first_name }}\n")
    return [
        Case(
            message=composed(letter, word),
            subject=in_a_line(word),
            boxes=boxes(in_a_line(word), []),
            text=f"Dear {word},\n\nbye: {word}\n",
            html="",
            addresses=[],
            files=[],
            inline=0,
        )
        for word in WORDS
    ]


def with_files(reading: Callable[..., Content]) -> list[Case]:
    """HTML that shows a picture, with files that are named after a value."""
    terms = Attachment("t.pdf", name="{{ first_name }}.pdf", type="application/x-terms")
    letter = reading(
        {
            "templates/body.html": '<p>{{ first_name }}</p><img src="logo.png" alt="Logo"><p>Bye</p>',
            "templates/logo.png": PNG,
            "campaigns/t.pdf": PDF,
            "campaigns/Übersicht.ics": CALENDAR,
        },
        attachments=(Attachment("Übersicht.ics"), terms),
        reply_to=(NAMED, Mailbox("", "b@example.com")),
    )
    return [
        Case(
            message=composed(letter, word),
            subject=in_a_line(word),
            boxes=boxes(in_a_line(word), [[in_a_line(word), "news@example.com"], ["", "b@example.com"]]),
            text=f"{word} Logo Bye",
            html=f"{word} Bye",
            addresses=["{cid}"],
            files=[
                ("logo.png", "image/png", PNG),
                CALENDAR_FILE,
                (f"{in_a_name(word)}.pdf", "application/x-terms", PDF),
            ],
            inline=1,
        )
        for word in WORDS
    ]


NEWS = """\
# News for {{ first_name }}

![Logo](logo.png) and ![Map of {{ customer_id }}](maps/{{ customer_id }}.png) for {{ first_name }}.

| for | code |
|-----|-----:|
| {{ first_name }} | 7 |
"""


def in_markdown(reading: Callable[..., Content], folder: Path) -> list[Case]:
    """Markdown in the built-in layout: a preheader, a picture of everybody and one of the recipient, a link
    to unsubscribe that is signed."""
    own = PNG + b"of twelve"
    letter = reading(
        {"templates/news.md": NEWS, "templates/logo.png": PNG, "templates/maps/12.png": own},
        templates=Templates(markdown=folder / "templates/news.md"),
        preheader="Only today: {{ first_name }}",
        unsubscribe=Unsubscribe("https://example.com/u?l=1", None, True, ("${S}",)),
    )
    link = f"https://example.com/u?l=1&{SIGNER.query('jane@example.org')}"
    foot = "You receive this mail because your address is on our mailing list. Unsubscribe"
    return [
        Case(
            message=composed(letter, word),
            subject=in_a_line(word),
            boxes=boxes(in_a_line(word), []),
            text=f"News for {word} Logo and Map of 12 for {word}. for code {word} 7 {foot}: {link}",
            html=f"Only today: {word} News for {word} and for {word}. for code {word} 7 {foot}",
            addresses=["{cid}", "{cid}", link],
            files=[("logo.png", "image/png", PNG), ("12.png", "image/png", own)],
            inline=2,
        )
        for word in WORDS
    ]


def test_two_parsers_read_what_the_campaign_says_from_each_message(
    reading: Callable[..., Content], needs: Needs, tmp_path: Path
) -> None:
    hold([*texts_alone(), *with_files(reading), *in_markdown(reading, tmp_path)], needs)
