"""A campaign of real files in a folder of its own, and messages read back as a mail program would."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from sendbatch import reasons
from sendbatch.campaign.model import Attachment, Campaign, Mailbox, Profile, Recipients, Templates
from sendbatch.errors import Place
from sendbatch.message.compose import Composer
from sendbatch.message.content import Bundle, Content
from sendbatch.message.letter import Proof
from sendbatch.message.reading import read_content
from sendbatch.values import Message, Recipient, Unbuildable, Why

SALT = b"salt" * 8
NOW = 1_785_000_000.0
# Of the name in Content-Type, which stands there for programs that read no other, and of the one in ASCII
# beside `filename*`.
MEANT = (
    *("encoded word inside quoted string", "missing trailing whitespace after encoded-word"),
    "duplicate parameter name; duplicate ignored",
)
COLUMNS = ("email", "first_name", "customer_id")


def bundle(source: str, name: str = "body.html", **others: str) -> Bundle:
    sources = {name: source, **others}
    return Bundle(name, sources, {each: f"templates/{each}" for each in sources})


def content(html: str | None = None, text: str | None = "Hello", **changes: Any) -> Content:
    """Content without any file; `html` and `text` are sources."""
    made = Content(
        subject="Hello",
        sender=Mailbox("Example News", "news@example.com"),
        bounces_to="bounces@example.com",
        html=None if html is None else bundle(html),
        text=None if text is None else bundle(text, "body.txt"),
    )
    return replace(made, **changes)


def recipient(**changes: Any) -> Recipient:
    cells = {"email": "jane@example.org", "first_name": "Jane", "customer_id": "12"}
    for name in list(changes):
        if name in cells:
            cells[name] = changes.pop(name)
    made = Recipient(1, 812, cells["email"], cells["email"], tuple(cells.values()))
    return made._replace(**changes)


def built(made: Content, proof: Proof | None = None, **changes: Any) -> Message:
    message = Composer(made, COLUMNS, SALT).compose(recipient(**changes), NOW, proof)
    assert isinstance(message, Message), message
    return message


def reason(made: Content, **changes: Any) -> str:
    found = Composer(made, COLUMNS, SALT).compose(recipient(**changes), NOW)
    assert isinstance(found, Unbuildable), found
    return reasons.reason(Why.UNBUILDABLE, found.reason, row=recipient().row)


def parsed(message: Message) -> EmailMessage:
    """The message as Python's own parser has it, without a single defect."""
    sound(message)
    found = email.message_from_bytes(message.data, policy=email.policy.default)
    for part in found.walk():
        assert not part.defects
        for value in part.values():
            wrong = [one for one in value.defects if str(one) not in MEANT]
            assert not wrong, (str(value), wrong)
    return found


def sound(message: Message) -> None:
    """What every message must be on the wire."""
    data = message.data
    assert data.endswith(b"\r\n")
    assert data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert b"\0" not in data
    assert message.envelope.smtputf8 or data.isascii()
    assert b"\r\n." not in data
    assert not data.startswith(b".")
    assert message.plain == data.isascii()
    body = data.partition(b"\r\n\r\n")[2]
    assert body.isascii()


def body_of(message: Message, kind: str) -> str:
    part = parsed(message).get_body((kind,))
    assert part is not None
    # The last line's end belongs to the boundary where there is one (RFC 2046 §5.1.1).
    text: str = part.get_content().replace("\r\n", "\n")
    return text if text.endswith("\n") else text + "\n"


@pytest.fixture
def campaign(tmp_path: Path) -> Callable[..., Campaign]:
    """campaign(files={path: text or bytes}, **fields) writes the files and says what is declared."""

    def make(
        files: Mapping[str, str | bytes] | None = None, folder: Path = tmp_path, **fields: Any
    ) -> Campaign:
        for name, data in {"templates/body.html": "<p>Hello</p>", **(files or {})}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
        here = folder / "campaigns"
        here.mkdir(exist_ok=True)
        places = {
            path: Place("campaigns/spring.yaml", number, 3, f"  {path}")
            for number, path in enumerate(PLACES, 1)
        }
        made = Campaign(
            file=here / "spring.yaml",
            folder=here,
            name="spring",
            run="",
            sender=Mailbox("Example News", "news@example.com"),
            bounces_to="bounces@example.com",
            subject="Hello {{ first_name }}",
            recipients=Recipients(here / "people.csv"),
            templates=Templates(html=folder / "templates/body.html"),
            profile=Profile("sandbox", "127.0.0.1", 25, "none"),
            places=places,
        )
        if "attachments" in fields:  # a path alone, as in the campaign file
            fields["attachments"] = tuple(
                Attachment(one) if isinstance(one, str) else one for one in fields["attachments"]
            )
        return replace(made, **fields)

    return make


PLACES = (
    "subject",
    "templates.html",
    "templates.text",
    "attachments.0.file",
    "headers.X-A",
    "from",
    "unsubscribe.url",
    "recipients.name",
    "bounces_to",
)


@pytest.fixture
def reading(campaign: Callable[..., Campaign]) -> Callable[..., Content]:
    return lambda *args, **fields: read_content(campaign(*args, **fields))
