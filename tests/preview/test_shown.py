"""What is read out of a finished message."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from sendbatch.preview.shown import Attachment, read
from sendbatch.values import Envelope, Message, Recipient

JANE = Recipient(1, 2, "jane", "jane@example.com", ())


def shown(data: bytes):
    return read(JANE, Message(Envelope("b@example.com", "jane@example.com"), data, "", 0.0), "x")


def test_headers_are_decoded_and_parted_by_who_sees_them(mail) -> None:
    recipient, message = mail(
        subject="Grüße 🌷", headers={"X-Campaign": "spring", "Reply-To": "h@x.org"}
    )

    seen = read(recipient, message, "01-row2.eml")

    assert seen.subject == "Grüße 🌷"
    assert seen.headers == (
        ("From", "Example News <news@example.com>"),
        ("To", "jane@example.com"),
        ("Reply-To", "h@x.org"),
    )
    assert seen.more == (("X-Campaign", "spring"),)
    assert seen.size == len(message.data)


def test_the_marks_of_right_to_left_text_are_kept_and_what_has_no_shape_is_seen() -> None:
    seen = shown("Subject: א\u200f 12\u202eb\u2066c\u2069\r\n\r\nx\r\n".encode())

    assert seen.subject == "א\u200f 12�b\u2066c\u2069"


def test_attachments_are_told_by_the_size_a_reader_would_save(mail) -> None:
    recipient, message = mail(files={"Übersicht März.pdf": b"x" * 1000})

    seen = read(recipient, message, "x")

    assert seen.attachments == (Attachment("Übersicht März.pdf", "application/pdf", 1000),)
    assert seen.text is not None
    assert seen.html is not None


def test_a_message_of_one_part_lacks_the_other(mail) -> None:
    assert read(*mail(html=None), "x").html is None
    assert read(*mail(text=None), "x").text is None


def test_a_forwarded_message_is_an_attachment_as_a_whole() -> None:
    seen = shown(
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
        b"hi\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n"
        b"Subject: inner\r\n\r\nbody\r\n--b--\r\n"
    )

    (forwarded,) = seen.attachments
    assert forwarded.name == "(no name)"
    assert forwarded.size > 20


def test_addresses_in_utf_8_on_the_wire_are_readable() -> None:
    seen = shown("To: jürgen@bücher.example\r\nSubject: ü\r\n\r\nhi\r\n".encode())

    assert seen.headers == (("To", "jürgen@bücher.example"),)
    assert seen.subject == "ü"


def test_an_unknown_character_set_is_shown_as_far_as_it_can_be() -> None:
    seen = shown(b"Content-Type: text/plain; charset=klingon\r\n\r\nhello \xff\r\n")

    assert seen.text is not None
    assert seen.text.startswith("hello")


@given(st.binary(max_size=300))
def test_no_bytes_at_all_make_reading_fail(data: bytes) -> None:
    shown(data)
    shown(b"To: " + data)
    shown(b'Content-Type: text/html; charset="' + data)
    shown(b"Content-Transfer-Encoding: base64\r\nContent-Type: text/plain\r\n\r\n" + data)


@given(st.text(st.characters(codec="ascii"), max_size=100))
@example(";0*")
def test_no_header_at_all_makes_reading_fail(value: str) -> None:
    for name in ("To", "From", "Date", "Message-ID", "Content-Type", "Content-Disposition"):
        shown(f"{name}: {value}\r\n\r\nhi\r\n".encode())
