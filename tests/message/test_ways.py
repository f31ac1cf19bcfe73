"""A planned body is what Jinja renders, encoded: whatever the template, the row and its letters."""

from __future__ import annotations

import email
import email.policy
import quopri
from collections.abc import Sequence
from email.message import EmailMessage
from random import Random

import jinja2
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.language.environment import environment
from sendbatch.message.content import Bundle
from sendbatch.message.quoted import text_part
from sendbatch.message.templates import Failed, Template, with_globals
from sendbatch.message.ways.body import PlannedBody
from tests.kit.thoroughness import examples
from tests.message.random_templates import COLUMNS, OTHERS, VARIABLES, Author, random_row


def bundle(source: str) -> Bundle:
    sources = {"letter": source, **OTHERS}
    return Bundle("letter", sources, {name: name for name in sources})


def planned(source: str, subtype: str = "plain", columns: Sequence[str] = COLUMNS) -> PlannedBody:
    return PlannedBody(subtype, bundle(source), columns, with_globals(VARIABLES))


def read(part: bytes) -> tuple[str, str]:
    """The encoding, and the text as a mail program has it."""
    sound(part)
    found = email.message_from_bytes(part, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    data = found.get_payload(decode=True)
    assert isinstance(data, bytes)
    return str(found["Content-Transfer-Encoding"]), data.decode()


def sound(part: bytes) -> None:
    head, _, body = part.partition(b"\r\n\r\n")
    assert part.endswith(b"\r\n")
    assert part.count(b"\r") == part.count(b"\n") == part.count(b"\r\n")
    assert part.isascii()
    for line in body.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
        if b"quoted" in head:
            assert line.replace(b"\t", b" ").decode().isprintable()
            quopri.decodestring(line).decode()  # no character is split over two lines


def jinjas(source: str, subtype: str) -> jinja2.Template:
    """The template as Jinja itself has it, with nothing of ours but what a number is."""
    theirs = jinja2.Environment(
        loader=jinja2.DictLoader({"letter": source, **OTHERS}),
        undefined=jinja2.StrictUndefined,
        autoescape=subtype == "html",
        keep_trailing_newline=True,
    )
    theirs.filters["int"] = environment().filters["int"]
    return theirs.get_template("letter")


def compared(source: str, subtype: str, rows: Sequence[tuple[str, ...]]) -> list[bytes | None]:
    """What is planned for these rows, held against the plain path, and that against Jinja."""
    template = Template(bundle(source), autoescape=subtype == "html")
    theirs = jinjas(source, subtype)
    body, again = planned(source, subtype), planned(source, subtype)
    made = [body.part(row) for row in rows]
    assert made[::-1] == [again.part(row) for row in reversed(rows)]  # whatever was kept
    for row, part in zip(rows, made, strict=True):
        cells = dict(zip(COLUMNS, row, strict=True))
        try:
            text = "".join(template.pieces({**with_globals(VARIABLES), **cells}))
            plain = b"".join(text_part(subtype, [text]))
        except (Failed, UnicodeEncodeError):
            assert part is None
            continue
        assert text == theirs.render({**VARIABLES, **cells})
        if part is not None:
            assert read(part) == read(plain)
        else:
            assert not body.is_planned or "\r" in text or not text.strip()
    return made


@settings(max_examples=examples(240))
@given(st.integers(0, 1 << 32), st.sampled_from(["plain", "html"]))
def test_a_planned_body_decodes_to_what_jinja_renders(seed: int, subtype: str) -> None:
    random = Random(seed)
    source = Author(random).template()
    try:
        environment(jinja2.DictLoader({"letter": source, **OTHERS})).get_template("letter")
    except jinja2.TemplateError:
        assert not planned(source, subtype).is_planned
        return
    compared(source, subtype, [random_row(random) for _ in range(5)])
