"""Attached files as they stand in a message: their type, and the name that programs save them under."""

from __future__ import annotations

import email
import email.policy
import mimetypes
from email.header import decode_header, make_header

import pytest

from sendbatch.message.media_types import MEDIA_TYPES, OCTETS, media_type
from sendbatch.message.mime import attached

LONG = "Terms and conditions of the spring sale, all countries, as of March 2027, final.pdf"


def header(part: bytes, name: str) -> str:
    """As it stands, unfolded."""
    head = part.partition(b"\r\n\r\n")[0].decode("ascii")
    assert max(map(len, head.split("\r\n"))) <= 998
    return next(
        line for line in head.replace("\r\n ", " ").split("\r\n") if line.startswith(f"{name}: ")
    )


def saved_as(part: bytes) -> set[str | None]:
    """The names under which the standard library's two parsers would save it."""
    return {
        modern(part).get_filename(),
        email.utils.collapse_rfc2231_value(old(part).get_filename() or ""),
    }


def modern(part: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(part, policy=email.policy.default)


def old(part: bytes) -> email.message.Message:
    return email.message_from_bytes(part, policy=email.policy.compat32)


def kind_of(part: bytes) -> str:
    return str(email.message_from_bytes(part).get_content_type())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("a.odt", "application/vnd.oasis.opendocument.text"),
        ("a.ods", "application/vnd.oasis.opendocument.spreadsheet"),
        ("a.odp", "application/vnd.oasis.opendocument.presentation"),
        ("a.webp", "image/webp"),
        ("a.avif", "image/avif"),
        ("a.heic", "image/heic"),
        ("a.pkpass", "application/vnd.apple.pkpass"),
        ("a.ics", "text/calendar"),
        ("a.vcf", "text/vcard"),
        ("a.epub", "application/epub+zip"),
        ("a.b.zip", "application/zip"),
        ("a.csv", "text/csv"),
        ("a.json", "application/json"),
        ("a.tar.gz", "application/gzip"),
        ("a.eml", OCTETS),
        ("a.exe", OCTETS),
        ("a.unknown", OCTETS),
        ("pdf", OCTETS),
        (".pdf", "application/pdf"),
        ("a.", OCTETS),
    ],
)
def test_a_file_has_the_type_of_its_ending(name: str, kind: str) -> None:
    assert media_type(name) == kind
    assert kind_of(attached(name, b"x").encoded) == kind


def test_the_machine_and_the_python_have_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(mimetypes.types_map, ".docx", "application/other")
    mimetypes.add_type("application/other", ".unknown")
    assert media_type("a.unknown") == OCTETS
    assert media_type("a.docx") != "application/other"


def test_nothing_in_the_table_is_taken_apart_by_a_mail_program() -> None:
    for end, kind in MEDIA_TYPES.items():
        assert end == end.lower()
        assert kind.partition("/")[0] not in ("message", "multipart"), end


def test_a_calendar_says_its_method_in_its_type_too() -> None:
    invite = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    for data in (invite, invite.replace(b"\r", b"")):
        said = header(attached("party.ics", data).encoded, "Content-Type")
        assert said == "Content-Type: text/calendar; charset=utf-8; method=REQUEST"
    for data in (b"BEGIN:VCALENDAR\r\n", b"DESCRIPTION: METHOD:REQUEST\r\n", b"METHOD:a b\r\n"):
        assert "method" not in header(attached("party.ics", data).encoded, "Content-Type")
    assert "method" not in header(attached("party.txt", invite).encoded, "Content-Type")


@pytest.mark.parametrize(
    "name", ["terms.pdf", LONG, "x" * 200 + ".pdf", 'a "b" ; c.pdf', "a b.pdf"]
)
def test_a_name_in_ascii_is_one_parameter_that_is_never_split(name: str) -> None:
    part = attached(name, b"x").encoded
    quoted = name.replace('"', '\\"')
    assert (
        header(part, "Content-Disposition")
        == f'Content-Disposition: attachment; filename="{quoted}"'
    )
    assert saved_as(part) == {name}
    assert f'filename="{quoted}"'.encode() in part


@pytest.mark.parametrize(
    ("name", "in_ascii"),
    [
        ("Übersicht.pdf", "Ubersicht.pdf"),
        ("見積書 2027年3月.xlsx", "2027_3.xlsx"),
        ("見積書.xlsx", "attachment.xlsx"),
        ("見積書", "attachment"),
        ("Straße nach Łódź.tar.gz", "Strasse nach Lodz.tar.gz"),
        ('Ü "a\\b" 100%25.pdf', "U _a_b_ 100_25.pdf"),
        ("🎉 Party's; plan.ics", "Party's; plan.ics"),
        ("ü" * 100 + ".pdf", "u" * 100 + ".pdf"),
        ("ü" * 36 + "x" * 38 + ".pdf", "u" * 36 + "x" * 38 + ".pdf"),
        ("=?x?=.pdf", "=_x_=.pdf"),
    ],
)
def test_another_name_stands_whole_by_rfc_2231_in_ascii_and_as_encoded_words(
    name: str, in_ascii: str
) -> None:
    part = attached(name, b"x").encoded
    name = name.replace("\\", "_")
    disposition = header(part, "Content-Disposition")
    assert disposition.startswith("Content-Disposition: attachment; filename*=UTF-8''")
    assert disposition.endswith(f'; filename="{in_ascii}"')
    assert disposition.count("filename") == 2
    assert modern(part).get_filename() == name
    assert old(part).get_filename() == in_ascii
    _, _, fallback = header(part, "Content-Type").partition('name="')
    assert str(make_header(decode_header(fallback.removesuffix('"')))) == name


def test_a_name_as_macos_gives_it_goes_out_composed() -> None:
    assert modern(attached("U\u0308bersicht.pdf", b"x").encoded).get_filename() == "Übersicht.pdf"


def test_a_name_that_no_system_could_save_is_made_one() -> None:
    for name, made in {
        "a/b\\c.pdf": "a_b_c.pdf",
        "a\r\nBcc: b.pdf": "a Bcc: b.pdf",
        "a\0\x1b.pdf": "a.pdf",
        "invoice\u202efdp.exe": "invoicefdp.exe",
        "invoice\u2067pdf\u200f.\u200fexe": "invoicepdf.exe",
        "\x01": "attachment",
        "..": "attachment",
    }.items():
        assert saved_as(attached(name, b"x").encoded) == {made}
    for name in ("x" * 300 + ".pdf", "ü" * 200 + ".pdf", "文" * 300 + ".pdf"):
        made = modern(attached(name, b"x").encoded).get_filename()
        assert made is not None
        assert made.endswith(f"{name[0]}.pdf")
        assert 250 <= len(made.encode()) <= 255
