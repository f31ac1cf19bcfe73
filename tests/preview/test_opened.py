"""What is shown of a mail: what a mail program reads in its bytes, whatever these are."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.model import Mailbox
from sendbatch.preview.opened import (
    LONGEST_SOURCE,
    LONGEST_VALUE,
    MOST_LINKS,
    Attached,
    Opened,
    opened,
    source_of,
)
from tests.kit.thoroughness import examples

from .conftest import Mail, built

HEAD = b"From: a@b.example\nSubject: x\n"
PART = b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n'


def seen(mail: Mail) -> Opened:
    return opened(mail.message.data)


def test_headers_are_readable_and_in_their_order(mail) -> None:
    one = mail(
        subject="Grüße 🌷",
        headers={"X-Campaign": "spring"},
        reply_to=(Mailbox("Help, please", "h@x.org"),),
    )
    found = seen(one)
    assert found.subject == "Grüße 🌷"
    assert found.sender == "Example News <news@example.com>"
    assert found.to == "jane@example.com"
    assert found.date == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert dict(found.headers) == {
        "From": "Example News <news@example.com>",
        "To": "jane@example.com",
        "Reply-To": '"Help, please" <h@x.org>',
        "Subject": "Grüße 🌷",
        "Date": "Fri, 15 Jan 2027 08:00:00 +0000",
        "X-Campaign": "spring",
        "Message-ID": one.message.message_id,
    }
    assert found.size == len(one.message.data)


def test_the_marks_of_right_to_left_text_are_kept_and_what_has_no_shape_is_seen(mail) -> None:
    assert seen(mail(subject="א\u200f 12\u200bb\u2066c\u2069")).subject == (
        "א\u200f 12�b\u2066c\u2069"
    )


def test_attachments_are_told_by_the_size_a_reader_would_save(mail) -> None:
    found = seen(mail(files={"Übersicht März.pdf": b"x" * 1000}))
    assert found.attachments == [Attached("Übersicht März.pdf", "application/pdf", 1000)]


def test_a_message_without_html_shows_none(mail) -> None:
    found = seen(mail(html=None))
    assert found.html is None
    assert found.text == "Dear Jane"


def test_the_html_is_the_mails_own_to_the_letter(mail) -> None:
    html = '<P CLASS=x>A &amp; b<br/>&nbsp;é<img src="cid:x">\n</P><!-- > -->'
    assert seen(mail(html=html)).html == html


def test_addresses_in_utf_8_on_the_wire_are_readable(mail) -> None:
    found = seen(mail(email="jürgen@bücher.example", name="Jürgen"))
    assert found.to == "Jürgen <jürgen@xn--bcher-kva.example>"


def test_a_long_header_is_shown_by_its_beginning(mail) -> None:
    value = dict(seen(mail(headers={"X-Long": "word " * 2000})).headers)["X-Long"]
    assert value.startswith("word word")
    assert value.endswith("word…")
    assert len(value) == LONGEST_VALUE


SHAPED = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn"]), max_size=40)


def squeezed(text: str) -> str:
    """Without blanks: Python's newer parser puts some between encoded words, against RFC 2047 §6.2."""
    return "".join(text.split())


@settings(max_examples=examples(40))
@given(SHAPED, SHAPED)
def test_what_is_shown_is_what_a_mail_program_reads(subject: str, name: str) -> None:
    if not subject.strip() or "=?" in subject + name:
        return
    one = built(subject=subject, name=name, headers={"X-Own": "{{ name }} x"})
    read = message_from_bytes(one.message.data, policy=policy.default)
    found = seen(one)
    told = {name.lower(): value for name, value in found.headers}
    assert squeezed(told["subject"]) == squeezed(str(read["subject"]))
    for header in ("from", "to", "date", "message-id", "x-own"):
        assert squeezed(told[header]) == squeezed(str(read[header])), header


def test_what_a_list_of_mails_shows_beside_the_subject_is_told(mail) -> None:
    hidden = "<body><div style='display:none'>Sow {} now&#847;&zwnj;&nbsp;</div><p>Dear Jane"
    assert seen(mail(html=hidden.format("<b>peas</b>"))).preheader == "Sow peas now"
    plain = seen(mail(html="<p>Dear Jane<p hidden>Bob"))
    assert plain.preheader == ""
    assert plain.begins.startswith("Dear Jane")
    assert seen(mail(html=None)).preheader == ""
    assert seen(mail(html=None)).begins == "Dear Jane"


def test_links_are_counted_and_the_first_are_told(mail) -> None:
    many = "".join(f"<a href='https://x.example/{number}'>{number}</a>" for number in range(5000))
    found = seen(mail(html=many))
    assert found.links_in_all == 5000
    assert len(found.links) == MOST_LINKS
    assert [
        link.url for link in seen(mail(html=None, text="See https://x.example/a.\n")).links
    ] == ["https://x.example/a"]


def test_files_in_the_source_are_cut_short_and_it_is_said_how_much_is_left_out(mail) -> None:
    whole, cut = seen(mail()).source, seen(mail(files={"a.bin": bytes(100_000)})).source
    assert whole.left_out == 0
    assert "Dear Jane" in whole.text
    assert "lines of base64 are left out here]" in cut.text
    assert 100_000 < cut.left_out < 140_000


def test_a_source_without_end_is_shown_by_its_beginning() -> None:
    data = b"Subject: x\r\n\r\n" + b"word \x00\r\n" * 100_000
    found = source_of(data)
    assert len(found.text) <= LONGEST_SOURCE
    assert found.left_out == len(data) - LONGEST_SOURCE
    assert "\x00" not in found.text


HALVES = [
    b"",
    b"\xff\xfe\x00",
    b"Subject: =?x-no-such?q?=80?= =?utf-8?b?!?=\r\nFrom: \xe9 <\r\n\r\n",
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"
    b"Content-Type: text/html; charset=hex\r\n\r\n<p>x",
    b"Content-Type: multipart/mixed\r\n\r\nno boundary",
    b"Content-Type: message/rfc822\r\n\r\nSubject: =?\r\n\r\n\xff",
    b"Content-Type: text/plain; name*0*=x'y'%zz; name*2=q\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
    b"Content-Type: image/png\r\nContent-ID: <\xff>\r\n\r\n",
    b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART",
]


@pytest.mark.parametrize("data", HALVES)
def test_half_a_mail_is_shown_as_far_as_it_goes(data: bytes) -> None:
    found = opened(data)
    assert found.size == len(data)
    for value in (found.subject, found.text or "", found.html or "", found.source.text):
        value.encode()


PIECES = st.sampled_from(
    [
        *HALVES,
        b"\r\n",
        b"--a\r\n",
        b"--a--",
        b"=?utf-8?q?",
        b"?=",
        b"<p>",
        b"Content-Type: ",
        b";",
        b'"',
    ]
)


@settings(max_examples=examples(100))
@given(st.lists(PIECES | st.binary(max_size=9), max_size=9).map(b"".join))
def test_whatever_bytes_there_are_they_are_opened(data: bytes) -> None:
    found = opened(data)
    repr(found).encode()


NESTED = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(3_000))


@pytest.mark.parametrize(
    "below",
    [
        f"Subject: deep\r\n{NESTED}\r\nhi\r\n",
        "Subject: deep\r\n" + "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n" * 1_200 + "\r\nhi\r\n",
        "Subject: deep\r\n" + "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n" * 300 + "\r\nhi\r\n",
        f"From: {'(' * 50_000}\r\nSubject: deep\r\n\r\nhi\r\n",
        f"To: {'x:' * 30_000};\r\nSubject: deep\r\n\r\nhi\r\n",
    ],
    ids=["multipart", "mail", "less-mail", "comments", "groups"],
)
def test_what_is_nested_without_an_end_is_opened_all_the_same(below: str) -> None:
    found = opened(below.encode())
    assert found.subject == "deep"
    assert found.size == len(below)
    assert found.text == "hi" or found.attachments


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"".join(PART % (n, n) for n in range(190)) + b"\n" * 60_000,
        HEAD + b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\n" * 10_001,
    ],
)
def test_a_mail_of_more_parts_or_lines_than_any_is_one_file(data: bytes) -> None:
    assert len(opened(data).attachments) == 1


def test_a_charset_of_pythons_own_is_none_of_mails() -> None:
    text = opened(HEAD + b"Content-Type: text/plain; charset=punycode\n\nBcher-kva").text
    assert text == "Bcher-kva"
