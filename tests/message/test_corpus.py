"""Messages made to be hard: from each, the standard library's parser and nodemailer's read what the campaign
says, and the same."""

from __future__ import annotations

import base64
import email
import html
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import NamedTuple, TypeAlias
from unicodedata import normalize

from sendbatch.campaign.model import Attachment, Mailbox, Templates, Unsubscribe
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content
from sendbatch.message.tokens import Signer
from sendbatch.values import Message
from tests.conftest import Needs, skip_or_fail

from .conftest import COLUMNS, NOW, SALT, content, parsed, recipient

Told: TypeAlias = dict[str, object]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = bytes(range(256)) * 3
CALENDAR = b"BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nEND:VCALENDAR\r\n"
SIGNER = Signer("spring", b"secret" * 6)
SCRIPT = Path(__file__).with_name("mailparser.js")
WORDS = [  # each is subject, a person's name, text and a file's name
    *("Jörg Müller", "日本語のニュース", "שלום עולם 12", "مرحبا 3", "Привет, мир", "ยินดีต้อนรับ"),
    *("🎉 Party 👩‍👩‍👧", "e\u0301 as two", "ﬁne ligatures", "\U0001d54f beyond", "naïve — “quoted” …"),
    *('Raman, "Dr." B.', "back\\slash", "semi; colon: and <angle>", "per%20cent %41 100%", "it's 'so'"),
    *("a=?utf-8?q?b?=c", "=?utf-8?q?=C3=BC?=", "x" * 78, "y" * 79, "ü" * 78, "word " * 30 + "end"),
    *("(comment) [list] {set}", "Eve <eve@example.net>, Bob", "CON", "nul", "dots...in.it", "a  b   c"),
    *("\u202eoverride\u202c of the order", "\u2067שלום\u2069, Bob", "👨🏽‍🚀 🇩🇪 ❤️"),
    *("*Bob* [x](http://evil.example) `c`", "# H", "![p](logo.png)", "{{ 7 * 7 }}", "<script>x</script>"),
    *("tab\tin it", "-- \ndashes", "From here", ".dot", "--=_boundary", "A & B &amp; C"),
]


def told(message: Message) -> Told:
    """What Python's parser reads."""
    mail = parsed(message)

    # The newer parser puts a blank between two encoded words of a name.
    older = email.message_from_bytes(message.data)

    def boxes(name: str) -> list[list[str]]:
        found = getaddresses([older[name].replace("\r\n", "")] if name in older else [])
        return [[str(make_header(decode_header(shown))), address] for shown, address in found]

    def body(kind: str) -> str:
        part = mail.get_body((kind,))
        return "" if part is None else str(part.get_content())

    files = [part for part in mail.walk() if part.get_content_disposition() is not None]
    return {
        "subject": str(mail["Subject"]),
        "boxes": [boxes("From"), boxes("To"), boxes("Reply-To")],
        "text": body("plain"),
        "html": body("html"),
        "files": [_file(part) for part in files],
    }


def _file(part: EmailMessage) -> list[str]:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    kind, cid = part.get_content_type(), str(part["Content-ID"] or "")
    return [part.get_filename() or "", kind, cid, base64.b64encode(data).decode()]


def without_end(found: Told) -> Told:
    """Whose the last line's end is (the body's or the boundary's) is told in two ways."""
    ends = {kind: str(found[kind]).replace("\r\n", "\n").rstrip("\n") for kind in ("text", "html")}
    return {**found, **ends}


def read_by_node(node: str, messages: list[Message]) -> list[Told]:
    given = json.dumps([base64.b64encode(message.data).decode() for message in messages])
    done = subprocess.run(
        [node, str(SCRIPT)], input=given, capture_output=True, text=True, check=True, timeout=60
    )
    found: list[Told] = json.loads(done.stdout)
    return found


class Case(NamedTuple):
    """A message, and what is to be read from it. Of a body these are its words: where its lines break is no
    matter of this test."""

    message: Message
    subject: str
    boxes: list[list[list[str]]]
    text: str
    html: str  # what it shows
    addresses: list[str]  # that the HTML links to or shows, {cid} for that of each part in turn
    files: list[tuple[str, str, bytes]]  # name, type, bytes
    inline: int  # how many of the files, the first ones, are shown in the HTML

    def hold(self, found: Told) -> None:
        """Asserts that this is what was read."""
        assert (found["subject"], found["boxes"]) == (self.subject, self.boxes)
        files = found["files"]
        assert isinstance(files, list)
        encoded = [(name, kind, base64.b64encode(data).decode()) for name, kind, data in self.files]
        assert [(name, kind, data) for name, kind, _, data in files] == encoded
        cids = [cid.strip("<>") for _, _, cid, _ in files]
        assert all(cids[: self.inline])
        assert not any(cids[self.inline :])
        written, shown = str(found["html"]), iter(cids)
        links = [re.sub("{cid}", lambda _: f"cid:{next(shown)}", one) for one in self.addresses]
        assert [html.unescape(one) for one in ADDRESS.findall(written)] == links
        assert words(str(found["text"])) == words(self.text)
        assert words(seen(written)) == words(self.html)


ADDRESS = re.compile(r' (?:href|src)="([^"]*)"')
UNSEEN = re.compile(r"<!--.*?-->|<(head|style)\b.*?</\1>|<[^>]*>", re.DOTALL)


def words(text: str) -> list[str]:
    """Those of a text; what it draws is none: the line below a heading, a table's rules."""
    return [word for word in text.split() if word.strip("-=|")]


def seen(document: str) -> str:
    """The text of an HTML, without the characters that pad a preheader."""
    return re.sub("[\u034f\u200c]\xa0|\u034f", "", html.unescape(UNSEEN.sub(" ", document)))


def in_a_line(word: str) -> str:
    """As it stands in a header: what would break its line is a blank, and nothing turns its order round."""
    return re.sub("[\u202a-\u202e]", "", re.sub(r"[\t\n]", " ", word))


def in_a_name(word: str) -> str:
    """As it stands in the name of a file: in one normal form, naming no folder, and as it is read."""
    named = re.sub(r"[\\/]", "_", normalize("NFC", in_a_line(word)))
    return re.sub("[\u2066-\u2069]", "", named)


NAMED = Mailbox("{{ first_name }}", "news@example.com")
CALENDAR_FILE = ("Übersicht.ics", "text/calendar", CALENDAR)


def boxes(word: str, replies: list[list[str]]) -> list[list[list[str]]]:
    return [[[word, "news@example.com"]], [[word, "jane@example.org"]], replies]


def composed(letter: Content, word: str) -> Message:
    letter = replace(letter, subject="{{ first_name }}", sender=NAMED, recipient_name="{{ first_name }}")
    made = Composer(letter, COLUMNS, SALT, SIGNER).compose(recipient(first_name=word), NOW)
    assert isinstance(made, Message), made
    return made


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
    node = needs("node", "another parser is asked what it reads")
    asked = subprocess.run([node, "-e", "require('mailparser')"], capture_output=True, check=False)
    if asked.returncode:
        skip_or_fail("there is no mailparser: npm install mailparser, and NODE_PATH at its node_modules")
    cases = [*texts_alone(), *with_files(reading), *in_markdown(reading, tmp_path)]
    theirs = read_by_node(node, [case.message for case in cases])
    for case, of_node in zip(cases, theirs, strict=True):
        of_python = told(case.message)
        assert without_end(of_python) == without_end(of_node)
        case.hold(of_python)
