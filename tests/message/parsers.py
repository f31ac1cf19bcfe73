"""What two parsers, the standard library's and nodemailer's, read from a message, and what is to be read."""

from __future__ import annotations

import base64
import email
import html
import json
import re
import subprocess
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import NamedTuple, TypeAlias
from unicodedata import normalize

import icalendar

from sendbatch.campaign.model import Mailbox
from sendbatch.message.content import Content
from sendbatch.message.tokens import Signer
from sendbatch.message.versions.composers import composer_of
from sendbatch.values import Message
from tests.conftest import Needs
from tests.kit.tools import skip_or_fail

from .conftest import COLUMNS, NOW, SALT, parsed, recipient

Told: TypeAlias = dict[str, object]
SCRIPT = Path(__file__).with_name("mailparser.js")
INVITATION = "application/ics"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SIGNER = Signer("spring", b"secret" * 6)
WORDS = [  # each is subject, a person's name, text and a file's name
    *("Jörg Müller", "日本語のニュース", "שלום עולם 12", "مرحبا 3", "Привет, мир", "ยินดีต้อนรับ"),
    *(
        "🎉 Party 👩‍👩‍👧",
        "e\u0301 as two",
        "ﬁne ligatures",
        "\U0001d54f beyond",
        "naïve — “quoted” …",
    ),
    *(
        'Raman, "Dr." B.',
        "back\\slash",
        "semi; colon: and <angle>",
        "per%20cent %41 100%",
        "it's 'so'",
    ),
    *("a=?utf-8?q?b?=c", "=?utf-8?q?=C3=BC?=", "x" * 78, "y" * 79, "ü" * 78, "word " * 30 + "end"),
    *(
        "(comment) [list] {set}",
        "Eve <eve@example.net>, Bob",
        "CON",
        "nul",
        "dots...in.it",
        "a  b   c",
    ),
    *("\u202eoverride\u202c of the order", "\u2067שלום\u2069, Bob", "👨🏽‍🚀 🇩🇪 ❤️"),
    *(
        "*Bob* [x](http://evil.example) `c`",
        "# H",
        "![p](logo.png)",
        "{{ 7 * 7 }}",
        "<script>x</script>",
    ),
    *("tab\tin it", "-- \ndashes", "From here", ".dot", "--=_boundary", "A & B &amp; C"),
]


def hold(cases: list[Case], needs: Needs) -> None:
    """Asserts that both parsers read from each what is to be read, and the same."""
    node = needs("node", "another parser is asked what it reads")
    asked = subprocess.run([node, "-e", "require('mailparser')"], capture_output=True, check=False)
    if asked.returncode:
        skip_or_fail(
            "there is no mailparser: npm install mailparser, and NODE_PATH at its node_modules"
        )
    theirs = read_by_node(node, [case.message for case in cases])
    for case, of_node in zip(cases, theirs, strict=True):
        of_python = told(case.message)
        assert without_end(of_python) == without_end(of_node)
        case.hold(of_python)


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
    calendars = [
        [str(part.get_param("method")), _data(part)]
        for part in mail.walk()
        if part.get_content_type() == "text/calendar" and part not in files
    ]
    return {
        "subject": str(mail["Subject"]),
        "boxes": [boxes("From"), boxes("To"), boxes("Reply-To")],
        "text": body("plain"),
        "html": body("html"),
        "files": [_file(part) for part in files],
        "calendars": calendars,
    }


def _file(part: EmailMessage) -> list[str]:
    kind, cid = part.get_content_type(), str(part["Content-ID"] or "")
    return [part.get_filename() or "", kind, cid, _data(part)]


def _data(part: EmailMessage) -> str:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return base64.b64encode(data).decode()


def without_end(found: Told) -> Told:
    """Whose the last line's end is (the body's or the boundary's) is told in two ways."""
    ends = {kind: str(found[kind]).replace("\r\n", "\n").rstrip("\n") for kind in ("text", "html")}
    calendars = found["calendars"]
    assert isinstance(calendars, list)
    return {**found, **ends, "calendars": [(one, _lines(data)) for one, data in calendars]}


def _lines(data: str) -> list[str]:
    return base64.b64decode(data).decode().splitlines()


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
    files: list[
        tuple[str, str, bytes]
    ]  # name, type, bytes; an invitation's are those of its other part
    inline: int  # how many of the files, the first ones, are shown in the HTML
    event: dict[str, str] | None = None  # METHOD, SUMMARY, CN and ATTENDEE of its invitation

    def hold(self, found: Told) -> None:
        """Asserts that this is what was read."""
        assert (found["subject"], found["boxes"]) == (self.subject, self.boxes)
        files = found["files"]
        assert isinstance(files, list)
        encoded = [(name, kind, base64.b64encode(data).decode()) for name, kind, data in self.files]
        assert [
            (name, kind, "" if kind == INVITATION else data) for name, kind, _, data in files
        ] == encoded
        calendars = without_end(found)["calendars"]
        assert isinstance(calendars, list)
        as_files = [_lines(data) for _, kind, _, data in files if kind == INVITATION]
        assert [lines for _, lines in calendars] == as_files
        assert event_of(found) == self.event
        cids = [cid.strip("<>") for _, _, cid, _ in files]
        assert all(cids[: self.inline])
        assert not any(cids[self.inline :])
        written, shown = str(found["html"]), iter(cids)
        links = [re.sub("{cid}", lambda _: f"cid:{next(shown)}", one) for one in self.addresses]
        assert [html.unescape(one) for one in ADDRESS.findall(written)] == links
        assert words(str(found["text"])) == words(self.text)
        assert words(seen(written)) == words(self.html)


def event_of(found: Told) -> dict[str, str] | None:
    """What the icalendar library reads from the part that is an alternative."""
    calendars = found["calendars"]
    assert isinstance(calendars, list)
    if not calendars:
        return None
    ((method, data),) = calendars
    whole = icalendar.Calendar.from_ical(base64.b64decode(data))
    assert method == whole["METHOD"]
    (event,) = whole.walk("VEVENT")
    asked = event["ATTENDEE"]
    name = asked.params["CN"]
    return {"METHOD": method, "SUMMARY": str(event["SUMMARY"]), "CN": name, "ATTENDEE": str(asked)}


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


def boxes(word: str, replies: list[list[str]]) -> list[list[list[str]]]:
    return [[[word, "news@example.com"]], [[word, "jane@example.org"]], replies]


def composed(letter: Content, word: str, key: str | None = None, **cells: str) -> Message:
    """The message to somebody of that name and key, in whose row more stands."""
    letter = replace(
        letter, subject="{{ first_name }}", sender=NAMED, recipient_name="{{ first_name }}"
    )
    to = recipient(first_name=word)
    to = to._replace(cells=(*to.cells, *cells.values()), key=key or to.key)
    made = composer_of(letter, (*COLUMNS, *cells), SALT, SIGNER).compose(to, NOW)
    assert isinstance(made, Message), made
    return made
