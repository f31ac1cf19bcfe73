"""The campaign's own headers that hold mailboxes, as a mail program reads them."""

from __future__ import annotations

import email.utils
from email.header import decode_header, make_header

import pytest

from .conftest import built, content, parsed, reason, sound


def raw(name: str, value: str, **cells: str) -> str:
    """The header as it is on the wire, unfolded."""
    message = built(content(headers=((name, value),)), **cells)
    sound(message)
    head = message.data.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
    return next((line for line in head.split("\r\n") if line.startswith(f"{name}: ")), "")


def read(name: str, value: str, **cells: str) -> list[tuple[str, str]]:
    """Name and address of each mailbox, read by the standard library's older parser."""
    made = raw(name, value, **cells).partition(": ")[2]
    return [
        (str(make_header(decode_header(shown))), address)
        for shown, address in email.utils.getaddresses([made])
    ]


@pytest.mark.parametrize(
    "name", ["Sender", "Disposition-Notification-To", "Return-Receipt-To", "Errors-To", "X-Sender"]
)
def test_only_the_name_of_a_mailbox_is_encoded(name: str) -> None:
    assert raw(name, "Jörg <jo@example.com>") == f"{name}: =?utf-8?b?SsO2cmc=?= <jo@example.com>"
    assert parsed(built(content(headers=(("Sender", "Jörg <jo@example.com>"),))))[
        "Sender"
    ].address.addr_spec == ("jo@example.com")


@pytest.mark.parametrize(
    ("value", "boxes"),
    [
        ("jo@example.com", [("", "jo@example.com")]),
        ("<jo@example.com>", [("", "jo@example.com")]),
        ('"Müller, Jo" <jo@example.com>', [("Müller, Jo", "jo@example.com")]),
        ('"A \\"B\\" C" <a@example.com>', [('A "B" C', "a@example.com")]),
        ("J. R. Doe <a@example.com>", [("J. R. Doe", "a@example.com")]),
        ("jo@example.com (Jo Ann)", [("Jo Ann", "jo@example.com")]),
        ("Jo (sales) <jo@example.com>", [("Jo (sales)", "jo@example.com")]),
        ("Ö <a@example.com>, b@example.com,", [("Ö", "a@example.com"), ("", "b@example.com")]),
        ("Jo <jo@bücher.example>", [("Jo", "jo@xn--bcher-kva.example")]),
    ],
)
def test_mailboxes_are_read_as_they_were_meant(value: str, boxes: list[tuple[str, str]]) -> None:
    assert read("Disposition-Notification-To", value) == boxes


def test_a_group_stays_one() -> None:
    value = "Bücher: Ö <a@example.com>, b@example.com;, c@example.com"
    assert raw("Mail-Followup-To", value) == (
        "Mail-Followup-To: =?utf-8?q?B=C3=BCcher?=: =?utf-8?b?w5Y=?= <a@example.com>, "
        "b@example.com;, c@example.com"
    )
    assert raw("Mail-Followup-To", "Nobody:;") == "Mail-Followup-To: Nobody:;"


def test_what_a_cell_holds_is_part_of_the_name_and_makes_no_other_mailbox() -> None:
    for name in (
        "Müller, Jo",
        "Eve <eve@example.net>, X",
        'a" <b@example.net>',
        "x; y: z",
        "(",
        ">",
    ):
        found = read("Sender", "{{ first_name }} <jo@example.com>", first_name=name)
        assert found == [(name, "jo@example.com")]
    said = reason(
        content(headers=(("Sender", "Jo <{{ customer_id }}@example.com>"),)), customer_id="a, b"
    )
    assert "headers.Sender: the address has characters that no message can carry" in said


def test_a_cell_may_hold_a_whole_mailbox_where_nothing_else_stands() -> None:
    assert read("Sender", "{{ first_name }}", first_name="Jörg <jo@example.com>") == [
        ("Jörg", "jo@example.com")
    ]
    value = "{% if customer_id %}Ö <a@example.com>{% else %}b@example.com{% endif %}"
    assert read("Errors-To", value) == [("Ö", "a@example.com")]
    assert raw("Sender", "{{ first_name }}", first_name=" ") == ""
    for broken in ("Jo", "a@example.com, b@example.com", "Jo <a@example.com", "a b@example.com"):
        assert "headers.Sender: " in reason(
            content(headers=(("Sender", "{{ first_name }}"),)), first_name=broken
        )


def test_an_address_outside_ascii_stands_raw_and_takes_smtputf8() -> None:
    message = built(content(headers=(("Sender", "Jürgen <jürgen@example.com>"),)))
    sound(message)
    assert message.envelope.smtputf8
    assert "Sender: =?utf-8?q?J=C3=BCrgen?= <jürgen@example.com>\r\n".encode() in message.data


def test_a_header_of_free_text_that_reads_as_a_mailbox_is_encoded_as_one() -> None:
    assert (
        raw("X-Owner", "Jörg <jo@example.com>") == "X-Owner: =?utf-8?b?SsO2cmc=?= <jo@example.com>"
    )
    for plain in ("Grüße an <alle>", "Größe: 5 <b>", "Ä, Ö <nobody>", "süß"):
        _, _, made = raw("X-Owner", plain).partition(": ")
        assert str(make_header(decode_header(made))) == plain
        assert "<" not in made
    assert raw("X-Owner", "a, b <c@example.com") == "X-Owner: a, b <c@example.com"


def test_the_name_of_a_list_is_encoded_and_its_identity_is_not() -> None:
    made = "List-Id: =?utf-8?q?B=C3=BCcher?= <books.example.com>"
    for name in ("Bücher", '"Bücher"', "{{ first_name }}"):
        assert raw("List-Id", f"{name} <books.example.com>", first_name="Bücher") == made
    plain = "List-Id: Books, new <books.example.com>"
    assert raw("List-Id", "Books, new <books.example.com>") == plain


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ("news@example.com", "<mailto:news@example.com>"),
        ("<news@example.com>", "<mailto:news@example.com>"),
        ("mailto:news@example.com?subject=x", "<mailto:news@example.com?subject=x>"),
        ("https://example.com/{{ customer_id }}", "<https://example.com/12>"),
        (
            "<mailto:a@example.com> (Moderator), <https://example.com/a,b>",
            "<mailto:a@example.com> (Moderator), <https://example.com/a,b>",
        ),
        ("a@example.com, https://example.com", "<mailto:a@example.com>, <https://example.com>"),
        ("NO (closed)", "NO (closed)"),
        ("{{ first_name }}", "<mailto:jane@example.org>"),
    ],
)
def test_where_a_list_is_written_to_is_a_url_in_brackets(value: str, made: str) -> None:
    assert raw("List-Post", value, first_name="jane@example.org") == f"List-Post: {made}"


def test_a_cell_that_is_no_url_fails_its_row() -> None:
    made = content(headers=(("List-Owner", "{{ first_name }}"),))
    for cell in ("Jane", "a@example.org>", "https://x.example/ b", "https://ü.example"):
        assert reason(made, first_name=cell).startswith("headers.List-Owner: ")
    assert raw("List-Owner", "{{ first_name }}", first_name="") == ""
