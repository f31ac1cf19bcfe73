"""What was sent once is sent the same again: the digests, Message-IDs and bytes that
records of users go on with.

`golden.json` holds what the first release made of these letters. It is never written anew: a difference here
means that a campaign half sent would be taken for another, or a message for one that no mailbox has yet. The
entry "sample" alone follows the sample campaign, where that is edited.
"""

from __future__ import annotations

import csv
import email
import email.policy
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.model import Mailbox, Unsubscribe
from sendbatch.message.compose import Composer, composed
from sendbatch.message.content import Bundle, Content, OwnFile, SharedFile
from sendbatch.message.letter import Letter, Proof
from sendbatch.message.reading import read_content
from sendbatch.values import Message, Recipient, Unbuildable

from .conftest import COLUMNS, NOW, SALT, content

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text("utf-8"))
ROOT = Path(__file__).resolve().parents[2]

BASE = "<html><body>{% block body %}{% endblock %}<p>{{ footer|default('Bye') }}</p></body></html>"
CHILD = (
    "{% extends 'base.html' %}{% import 'macros.html' as m %}{% block body %}<h1>Hello {{ first_name }}</h1>"
    "{{ m.button('https://example.com/?a=1&b=2', first_name) }}{% endblock %}"
)
MACROS = '{% macro button(url, label) %}<a href="{{ url }}">{{ label }}</a>{% endmacro %}'
TABLE = (
    "<table><tr><th>Thing</th><th>Price</th></tr>{% for n in range(3) %}<tr><td>No. {{ n }}</td>"
    "<td>{{ n * 7 }} €</td></tr>{% endfor %}</table><ul><li>one<li>two</ul><blockquote>said</blockquote>"
)
LEAVE = Unsubscribe(
    "https://example.com/leave?c={{ customer_id }}&e={{ email|urlencode }}",
    "leave@bücher.example",
    True,
)
LINKED = (
    '<p>Dear {{ first_name }}, <a href="https://example.com/leave?c={{ customer_id }}&amp;'
    'e={{ email|urlencode }}">leave</a>'
    " or write to <a href='mailto:leave@bücher.example'>us</a></p>"
)

LETTERS: dict[str, Content] = {
    "text": content(text="Dear {{ first_name }},\n\nhello.\n"),
    "html": content("<h1>Dear {{ first_name }}</h1><p>It is <b>here</b>.</p>", None),
    "both": content(
        "<p>Dear {{ first_name }}</p>", "Dear {{ first_name }}\r\n.dots\r\nFrom us\r\n"
    ),
    "wide": content(text="{{ first_name }} " + "x" * 300 + " ü" * 90 + "\nblank \n\ttab\t\n"),
    "signs": content(
        "<p>你好，{{ first_name }}。" + "春天来了" * 40 + "</p>",
        None,
        subject="你好 {{ first_name }}",
    ),
    "table": content(TABLE, None),
    "extending": replace(
        content(None, None),
        html=Bundle(
            "child.html",
            {"child.html": CHILD, "base.html": BASE, "macros.html": MACROS},
            {
                "child.html": "a/child.html",
                "base.html": "a/base.html",
                "macros.html": "a/macros.html",
            },
        ),
    ),
    "headers": content(
        "<p>Hi</p>",
        "Hi",
        sender=Mailbox('Grüße, "wir" {{ customer_id }}', "news@bücher.example"),
        bounces_to="bounces@bücher.example",
        recipient_name="{{ first_name }} (no. {{ customer_id }})",
        reply_to=(
            Mailbox("Ines {{ customer_id }}", "ines@example.com"),
            Mailbox("", "help@example.com"),
        ),
        headers=(
            ("X-Campaign", "spring"),
            ("X-Person", "{{ first_name }} / {{ customer_id }}"),
            ("X-Empty", "{{ '' }}"),
            ("List-Id", "Grüße <list.example.com>"),
            ("Sender", "Office {{ customer_id }} <office@example.com>"),
            ("Errors-To", "a@example.com"),
            ("X-Boxes", "Jürgen <j@bücher.example>, b@example.com"),
        ),
        subject="{{ first_name }}: " + "a long subject that must be folded somewhere " * 4,
    ),
    "leaving": content(LINKED, None, unsubscribe=LEAVE),
    "leaving by text": content(
        LINKED,
        "Leave: https://example.com/leave?c={{ customer_id }}&e={{ email|urlencode }}\n",
        unsubscribe=LEAVE,
    ),
    "leaving by mail": content(
        text="Bye\n",
        unsubscribe=Unsubscribe(
            None, "mailto:l@example.com?subject=out%20{{ customer_id|urlencode }}", False
        ),
    ),
    "once": content(text="Hello {{ first_name }}", idempotency_header="X-Once"),
    "variables": content(
        "<p>{{ product }} {{ steps|join(', ') }} {{ first_name|upper }}</p>",
        None,
        variables={"product": "Seeds & more", "steps": ["a", "b"], "first_name": "nobody"},
    ),
    "empty subject": content(subject="{{ '' }}"),
    "no words": content("<img src='https://example.com/a.png'>", None),
    "fails": content("<p>{{ 1 // (customer_id|int) }}</p>", None),
    "long header": content(headers=(("X-Long", "{{ first_name * 20000 }}"),)),
}

PEOPLE = [
    Recipient(1, 2, "jane@example.org", "jane@example.org", ("jane@example.org", "Jane", "12")),
    Recipient(
        2, 3, "JÜRGEN", "jürgen@bücher.example",
        ("jürgen@bücher.example", "Jürgen <b> & \"Söhne\"", "0"), dated_at=NOW - 1000, content="another",
    ),
    Recipient(3, 4, "x", "x@example.net", ("x@example.net", "=?utf-8?q?no?= a\r\nBcc: you", "7")),
    Recipient(4, 5, "y", "y@example.net", ("y@example.net", "😀" * 40, "a,b;c")),
    Recipient(5, 6, "z", "z@@example.net", ("z@@example.net", "\ud800", "1")),
]  # fmt: skip

# What later releases write beside a name outside ASCII: the same, spelled in ASCII.
LATER = b';\r\n filename="Ubersicht Marz.pdf"'


def told(made: Letter, composer: Composer, person: Recipient, proof: Proof | None) -> object:
    """The message of the plain path, byte for byte; the one that is sent is the same but for where soft line
    breaks fall."""
    built = composer.compose(person, NOW, proof)
    if isinstance(built, Unbuildable):
        return built.reason
    message = composed(made.parts(person, NOW, proof))
    assert built._replace(data=b"") == message._replace(data=b"")
    assert alike(built) == alike(message)
    data = message.data.replace(LATER, b"")
    return {
        "envelope": list(message.envelope),
        "id": message.message_id,
        "dated_at": message.dated_at,
        "plain": message.plain,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
    }


def alike(message: Message) -> list[object]:
    """All that a mail program knows of it."""
    mail = email.message_from_bytes(message.data, policy=email.policy.compat32)
    return [(part.items(), part.get_payload(decode=True)) for part in mail.walk()]


def made_of(
    letter: Content, columns: tuple[str, ...], people: list[Recipient]
) -> dict[str, object]:
    made, composer = Letter(letter, columns, SALT), Composer(letter, columns, SALT)
    dated = [one._replace(dated_at=NOW - 5, content=letter.digest) for one in people[:1]]
    return {
        "digest": letter.digest,
        "messages": [told(made, composer, one, None) for one in (*people, *dated)],
        "proofs": [told(made, composer, one, Proof("bøss@example.com")) for one in people],
    }


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_is_what_it_was(name: str) -> None:
    assert made_of(LETTERS[name], COLUMNS, PEOPLE) == GOLDEN[name]


def test_a_letter_with_files_is_what_it_was(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "12.pdf").write_bytes(b"%PDF" + bytes(range(256)) * 9)
    files = (
        SharedFile("Übersicht März.pdf", b"shared" * 99),
        OwnFile("files/{{ customer_id }}.pdf", tmp_path / "files", "{{ customer_id }}.pdf"),
        SharedFile("party.ics", b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"),
        OwnFile(
            "files/{{ first_name }}.txt",
            tmp_path / "files",
            "{{ first_name }}.txt",
            missing="send_without",
        ),
    )
    letter = content("<p>With files</p>", None, attachments=files)
    assert LATER in Composer(letter, COLUMNS, SALT).compose(PEOPLE[0], NOW).data
    assert made_of(letter, COLUMNS, PEOPLE) == GOLDEN["files"]


def test_the_sample_campaign_is_what_it_was() -> None:
    """But for a header that later releases add."""
    content = read_content(load_campaign(ROOT / "campaigns" / "welcome.yaml"))
    assert content.added_headers == (("List-Id", "<welcome.windowsill.example>"),)
    letter = replace(content, added_headers=())
    assert letter.digest == content.digest
    with (ROOT / "campaigns" / "members.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    names = tuple(name.lower().replace(" ", "_") for name in header)
    people = [Recipient(n, n + 2, row[3], row[3], tuple(row)) for n, row in enumerate(rows[:8])]
    assert made_of(letter, names, people) == GOLDEN["sample"]
