"""What is shown of a message: the parts that it is composed of, as a mail program would read it."""

from __future__ import annotations

from email import message_from_bytes, policy

from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.model import Mailbox
from sendbatch.message.parts import File
from sendbatch.preview.card import LONGEST_VALUE, Card
from sendbatch.preview.gallery import Entry
from tests.kit.thoroughness import examples

from .conftest import built


def card(entry: Entry) -> Card:
    return Card("01-row2.eml", entry.recipient, entry.sample)


def test_headers_are_readable_and_parted_by_who_sees_them(mail) -> None:
    entry = mail(
        subject="Grüße 🌷",
        headers={"X-Campaign": "spring"},
        reply_to=(Mailbox("Help, please", "h@x.org"),),
    )
    seen = card(entry)
    assert seen.subject == "Grüße 🌷"
    assert seen.headers == [
        ("From", "Example News <news@example.com>"),
        ("To", "jane@example.com"),
        ("Reply-To", '"Help, please" <h@x.org>'),
        ("Date", "Fri, 15 Jan 2027 08:00:00 +0000"),
    ]
    assert seen.more == [("X-Campaign", "spring"), ("Message-ID", entry.message.message_id)]
    assert seen.size == len(entry.message.data)


def test_the_marks_of_right_to_left_text_are_kept_and_what_has_no_shape_is_seen(mail) -> None:
    seen = card(mail(subject="א\u200f 12\u200bb\u2066c\u2069"))
    assert seen.subject == "א\u200f 12�b\u2066c\u2069"


def test_attachments_are_told_by_the_size_a_reader_would_save(mail) -> None:
    seen = card(mail(files={"Übersicht März.pdf": b"x" * 1000}))
    assert seen.attachments == [File("Übersicht März.pdf", "application/pdf", 1000)]


def test_a_message_without_html_shows_none(mail) -> None:
    seen = card(mail(html=None))
    assert seen.html is None
    assert seen.text == "Dear Jane"


def test_addresses_in_utf_8_on_the_wire_are_readable(mail) -> None:
    seen = card(mail(email="jürgen@bücher.example", name="Jürgen"))
    assert seen.headers[1] == ("To", "Jürgen <jürgen@xn--bcher-kva.example>")


def test_a_long_header_is_shown_by_its_beginning(mail) -> None:
    seen = card(mail(headers={"X-Long": "word " * 2000}))
    assert seen.more[0][1].startswith("word word")
    assert seen.more[0][1].endswith("word…")
    assert len(seen.more[0][1]) == LONGEST_VALUE


SHAPED = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn"]), max_size=40)


def squeezed(text: str) -> str:
    """Without blanks: Python's parser puts some between encoded words, against RFC 2047 §6.2."""
    return "".join(text.split())


@settings(max_examples=examples(40))
@given(SHAPED, SHAPED)
def test_what_is_shown_is_what_a_mail_program_reads(subject: str, name: str) -> None:
    if not subject.strip() or "=?" in subject + name:
        return
    entry = built(subject=subject, name=name, headers={"X-Own": "{{ name }} x"})
    read = message_from_bytes(entry.message.data, policy=policy.default)
    seen = card(entry)
    told = {name.lower(): value for name, value in (*seen.headers, *seen.more)}
    assert seen.subject == " ".join(str(read["subject"]).split())
    for header in ("from", "to", "date", "message-id", "x-own"):
        assert squeezed(told[header]) == squeezed(str(read[header])), header


def test_what_a_list_of_mails_shows_beside_the_subject_is_told(mail) -> None:
    hidden = "<body><div style='display:none'>Sow {} now&#847;&zwnj;&nbsp;</div><p>Dear Jane"
    assert card(mail(html=hidden.format("<b>peas</b>"))).preheader == "Sow peas now"
    assert card(mail(html="<p>Dear Jane<p hidden>Bob")).preheader == ""
    assert card(mail(html=None)).preheader == ""
