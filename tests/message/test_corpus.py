"""Messages made to be hard: the standard library's parser and nodemailer's read the same from each, and
that is what the campaign says."""

from __future__ import annotations

import base64
import email
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import TypeAlias

from sendbatch.campaign.model import Attachment, Mailbox
from sendbatch.message.content import Content
from sendbatch.values import Message
from tests.conftest import Needs, skip_or_fail

from .conftest import built, content, parsed

Told: TypeAlias = dict[str, object]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SCRIPT = Path(__file__).with_name("mailparser.js")
WORDS = [  # each is subject, a person's name, text and a file's name
    *("Jörg Müller", "日本語のニュース", "שלום עולם 12", "مرحبا 3", "Привет, мир", "ยินดีต้อนรับ"),
    *("🎉 Party 👩‍👩‍👧", "e\u0301 as two", "ﬁne ligatures", "\U0001d54f beyond", "naïve — “quoted” …"),
    *('Raman, "Dr." B.', "back\\slash", "semi; colon: and <angle>", "per%20cent %41 100%", "it's 'so'"),
    *("a=?utf-8?q?b?=c", "=?utf-8?q?=C3=BC?=", "x" * 78, "y" * 79, "ü" * 78, "word " * 30 + "end"),
    *("(comment) [list] {set}", "Eve <eve@example.net>, Bob", "CON", "nul", "dots...in.it", "a  b   c"),
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


def corpus(reading: Callable[..., Content]) -> list[Message]:
    """Two for each word: a text alone, and all that a mail can have."""
    named = Mailbox("{{ first_name }}", "news@example.com")
    text = content(text="Dear {{ first_name }},\n\nbye: {{ first_name }}\n")
    terms = Attachment("t.pdf", name="{{ first_name }}.pdf", type="application/x-terms")
    full = reading(
        {
            "templates/body.html": '<p>{{ first_name }}</p><img src="logo.png" alt="Logo"><p>Bye</p>',
            "templates/logo.png": PNG,
            "campaigns/t.pdf": bytes(range(256)) * 3,
            "campaigns/Übersicht.ics": b"BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nEND:VCALENDAR\r\n",
        },
        attachments=(Attachment("Übersicht.ics"), terms),
    )
    made = []
    for one, replies in ((text, ()), (full, (named, Mailbox("", "b@example.com")))):
        letter = replace(
            one, subject="{{ first_name }}", sender=named, recipient_name="{{ first_name }}", reply_to=replies
        )
        made += [built(letter, first_name=word) for word in WORDS]
    return made


def test_two_parsers_read_the_same_from_each_message(
    reading: Callable[..., Content], needs: Needs
) -> None:
    node = needs("node", "another parser is asked what it reads")
    asked = subprocess.run([node, "-e", "require('mailparser')"], capture_output=True, check=False)
    if asked.returncode:
        skip_or_fail("there is no mailparser: npm install mailparser, and NODE_PATH at its node_modules")
    messages = corpus(reading)
    for message, theirs in zip(messages, read_by_node(node, messages), strict=True):
        assert without_end(told(message)) == without_end(theirs)
