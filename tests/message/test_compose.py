"""A whole message: what a mail program makes of it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sendbatch.campaign.model import Mailbox, Unsubscribe
from sendbatch.message.attachments import Attachments
from sendbatch.message.compose import Composer
from sendbatch.message.content import SharedFile
from sendbatch.message.identity import message_id, short
from sendbatch.message.letter import Proof
from sendbatch.values import Message, Unbuildable
from tests.kit.thoroughness import examples

from .conftest import (
    COLUMNS,
    NOW,
    SALT,
    body_of,
    built,
    bundle,
    content,
    parsed,
    reason,
    recipient,
    sound,
)

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def test_a_message_has_the_headers_it_needs_and_both_bodies() -> None:
    made = content(
        "<p>Hi {{ first_name }}</p>",
        "Hi {{ first_name }}",
        subject="{{ first_name }}, spring is here",
        recipient_name="{{ first_name }} D.",
        reply_to=(Mailbox("Help", "help@example.com"),),
        headers=(("X-Campaign", "spring"),),
    )
    message = built(made)
    mail = parsed(message)
    assert mail["From"] == "Example News <news@example.com>"
    assert mail["To"] == '"Jane D." <jane@example.org>'
    assert mail["Reply-To"] == "Help <help@example.com>"
    assert mail["Subject"] == "Jane, spring is here"
    assert mail["X-Campaign"] == "spring"
    assert mail["MIME-Version"] == "1.0"
    assert mail["Message-ID"] == message.message_id
    assert parsedate_to_datetime(mail["Date"]) == datetime.fromtimestamp(NOW, UTC)
    assert mail["Date"].endswith("+0000")
    assert mail.get_content_type() == "multipart/alternative"
    assert body_of(message, "plain") == "Hi Jane\n"
    assert body_of(message, "html") == "<p>Hi Jane</p>\n"
    assert message.envelope.sender == "bounces@example.com"
    assert message.envelope.recipient == "jane@example.org"


def test_a_text_alone_is_no_multipart() -> None:
    assert parsed(built(content())).get_content_type() == "text/plain"


def test_a_value_is_escaped_in_html_and_not_in_text() -> None:
    message = built(content("<p>{{ first_name }}</p>", "{{ first_name }}"), first_name="<b>&\"'")
    assert body_of(message, "html") == "<p>&lt;b&gt;&amp;&#34;&#39;</p>\n"
    assert body_of(message, "plain") == "<b>&\"'\n"


def test_a_column_beats_a_variable() -> None:
    made = content(
        text="{{ first_name }} {{ product }}",
        variables={"first_name": "nobody", "product": "Widget"},
    )
    assert body_of(built(made), "plain") == "Jane Widget\n"


def test_the_same_recipient_twice_gives_the_same_bytes_at_another_time() -> None:
    made = content("<p>Hi</p>", None)
    composer = Composer(made, COLUMNS, SALT)
    first = composer.compose(recipient(), NOW)
    assert isinstance(first, Message)
    again = recipient(dated_at=first.dated_at, content=made.digest)
    assert composer.compose(again, NOW + 9999) == first


def test_other_content_takes_a_new_date_and_a_new_message_id() -> None:
    first = built(content(text="one"))
    second = built(content(text="two"), dated_at=5.0, content=content(text="one").digest)
    assert second.dated_at == NOW
    assert second.message_id != first.message_id


def test_the_message_id_is_an_hmac_at_the_senders_domain() -> None:
    made = content(sender=Mailbox("", "news@BÜCHER.example"))
    found = built(made).message_id
    assert found == message_id(SALT, "jane@example.org", made.digest, made.sender_domain)
    assert found.endswith("@xn--bcher-kva.example>")
    assert found != message_id(b"other", "jane@example.org", made.digest, made.sender_domain)
    assert short(made.digest) == made.digest[:12]


def test_an_idempotency_header_is_the_same_for_a_repetition_and_another_for_another() -> None:
    made = content(idempotency_header="X-Idempotency-Key")
    first = parsed(built(made))["X-Idempotency-Key"]
    assert len(first) == 64
    assert parsed(built(made))["X-Idempotency-Key"] == first
    assert parsed(built(made, key="b"))["X-Idempotency-Key"] != first
    for corrected in (
        {"email": "new@example.org", "key": "jane@example.org"},
        {"first_name": "Jo"},
    ):
        assert built(made, **corrected).message_id == built(made).message_id
        assert parsed(built(made, **corrected))["X-Idempotency-Key"] != first
    proof = built(made, Proof("r@example.com"))
    assert parsed(proof)["X-Idempotency-Key"] != first


def test_an_idn_domain_goes_as_a_labels_in_header_and_envelope() -> None:
    message = built(content(), email="post@bücher.example")
    assert message.envelope.recipient == "post@xn--bcher-kva.example"
    assert not message.envelope.smtputf8
    assert parsed(message)["To"] == "post@xn--bcher-kva.example"


def test_a_local_part_outside_ascii_needs_smtputf8_and_stands_raw_in_to() -> None:
    message = built(
        content(text="grüße", subject="ä", recipient_name="Ü"), email="jürgen@bücher.example"
    )
    sound(message)
    assert message.envelope.smtputf8
    assert "<jürgen@xn--bcher-kva.example>".encode() in message.data
    assert message.data.replace("jürgen".encode(), b"").isascii()
    assert not message.plain


def test_a_domain_that_has_no_a_labels_is_said_with_its_row() -> None:
    assert reason(content(), email="a@-ü.example").endswith("a@-ü.example (row 812)")


@settings(max_examples=examples(150))
@given(anything)
@example("a\r\nBcc: x@y.z")
@example("a\r\n\r\nbody")
@example("=?utf-8?q?x?= =?x")
@example("x" * 3000)
@example("a" + " " * 1500 + "b")
@example("é" * 400)
@example("日本語のとても長い件名" * 20)
@example("a\u2028b\x85c\x0bd\x0ce\0f\x1dg")
def test_no_value_can_add_a_header_or_break_one(value: str) -> None:
    made = content(
        subject="s {{ first_name }}",
        recipient_name="{{ first_name }}",
        headers=(("X-Campaign", "c {{ first_name }}"),),
    )
    mail = parsed(built(made, first_name=value))
    assert mail.keys() == [
        "From",
        "MIME-Version",
        "X-Campaign",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Content-Type",
        "Content-Transfer-Encoding",
    ]
    assert [str(a.addr_spec) for a in mail["To"].addresses] == ["jane@example.org"]


def display_name(mail: EmailMessage) -> str:
    raw = dict(mail.raw_items())["To"].replace("\r\n", "").rpartition("<")[0].strip()
    if raw.startswith('"'):
        return re.sub(r"\\(.)", r"\1", raw[1:-1])
    return str(make_header(decode_header(raw)))


@settings(max_examples=examples(150))
@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), min_size=1, max_size=200
    )
)
def test_a_subject_a_name_and_a_header_come_back_as_they_were(value: str) -> None:
    value = value.strip()
    if not value or not value.isprintable():
        return
    made = content(
        subject="{{ first_name }}",
        recipient_name="{{ first_name }}",
        headers=(("X-Campaign", "{{ first_name }}"),),
    )
    mail = parsed(built(made, first_name=value))
    assert str(mail["Subject"]) == value
    assert str(mail["X-Campaign"]) == value
    # Not by `addresses`: Python 3.11 keeps the space between two encoded words of a phrase.
    assert display_name(mail) == value


@settings(max_examples=examples(150))
@given(anything)
@example(".\r\n.\r\n..\r\nMAIL FROM:<>\r\n")
@example("a\rb\nc\r\nd")
@example(" \t \n\t\n x ")
@example("x" * 5000)
@example("こんにちは\n" * 300)
@example("\0\x01\x7f")
def test_a_body_comes_back_as_it_was_but_for_its_line_ends(value: str) -> None:
    message = built(content(text="({{ first_name }})"), first_name=value)
    expected = f"({value})".replace("\r\n", "\n").replace("\r", "\n")
    assert body_of(message, "plain") == expected + "\n"
    assert all(len(line) <= 76 for line in message.data.partition(b"\r\n\r\n")[2].split(b"\r\n"))


def test_the_shorter_encoding_is_taken() -> None:
    assert (
        parsed(built(content(text="ä plain text")))["Content-Transfer-Encoding"]
        == "quoted-printable"
    )
    assert parsed(built(content(text="こんにちは" * 20)))["Content-Transfer-Encoding"] == "base64"


def test_a_boundary_cannot_occur_in_a_body() -> None:
    first = built(content("<p>x</p>", "x"))
    mark = parsed(first).get_boundary()
    assert mark is not None
    assert mark.startswith("=_")
    again = parsed(
        built(content("<p>x</p>", "--{{ first_name }}\n--{{ first_name }}--"), first_name=mark)
    )
    assert len(list(again.iter_parts())) == 2


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("a\n{{ crop.name }}", ["templates/body.txt:2", "no attribute 'name'", "{{ crop.name }}"]),
        ("{{ missing }}", ["templates/body.txt:1: 'missing' is undefined"]),
        ("{{ first_name|round }}", ["round", "TypeError"]),
        ("{{ 1 / 0 }}", ["division by zero"]),
        ("{{ first_name.__class__.__mro__ }}", ["unsafe"]),
        ("{{ range(10**9)|list }}", ["OverflowError"]),
        ("{% include 'body.txt' %}", ["without end"]),
        ("{{ crop.update({'a': 1}) }}", ["unsafe"]),
        ("{{ 'x'|attr('format')|attr('__globals__') }}", ["__globals__"]),
    ],
)
def test_an_error_in_one_row_says_template_line_code_and_row(
    template: str, words: list[str]
) -> None:
    found = reason(content(text=template, variables={"crop": {}}))
    assert found.endswith("(row 812)")
    assert len(found) < 600
    assert "\n" not in found
    for word in words:
        assert word in found


def test_an_error_in_an_include_names_the_include() -> None:
    source = bundle("x\n{% include 'foot.txt' %}", "body.txt", **{"foot.txt": "\n\n{{ nope }}"})
    assert "templates/foot.txt:3: 'nope' is undefined" in reason(replace(content(), text=source))


def test_a_subject_that_comes_out_empty_fails_its_row() -> None:
    assert (
        reason(content(subject="{{ first_name }}"), first_name=" \r\n ")
        == "subject: is empty (row 812)"
    )


def test_a_text_that_comes_out_empty_fails_its_row() -> None:
    assert "no text is left" in reason(content(text="{% if false %}x{% endif %}\n"))


def test_a_lone_surrogate_fails_its_row() -> None:
    assert "surrogate" in reason(content(text="{{ first_name }}"), first_name="a\ud800")
    assert "surrogate" in reason(content(subject="{{ first_name }}"), first_name="a\ud800")


def test_unsubscribing_gives_both_ways_and_one_click() -> None:
    made = content(
        unsubscribe=Unsubscribe(
            "https://example.com/u/{{ email|urlencode }}?a=1&b=ü",
            "leave@example.com?subject=x",
            True,
        )
    )
    mail = parsed(built(made))
    assert mail["List-Unsubscribe"] == (
        "<https://example.com/u/jane%40example.org?a=1&b=%C3%BC>, <mailto:leave@example.com?subject=x>"
    )
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "name", ["a b", "a>, <mailto:x@y.z", "a\r\nBcc: x", "a\0", "x" * 2000, "a\x85b", '"']
)
def test_a_value_that_would_break_the_unsubscribe_link_fails_its_row(name: str) -> None:
    made = content(unsubscribe=Unsubscribe("https://example.com/{{ first_name }}"))
    assert "unsubscribe.url" in reason(made, first_name=name)


@pytest.mark.parametrize(
    "url", ["ftp://x.y/", "javascript:alert(1)", "https:///a", "{{ '' }}", "example.com/u"]
)
def test_an_unsubscribe_link_must_be_one_of_the_web(url: str) -> None:
    assert "unsubscribe.url" in reason(content(unsubscribe=Unsubscribe(url)))


def test_one_click_over_plain_http_fails() -> None:
    made = content(unsubscribe=Unsubscribe("http://example.com/u", None, True))
    assert "must be https" in reason(made)


@pytest.mark.parametrize("first_name", ["Björk", "O'Brien", "a&b", "Jane"])
def test_no_spelling_of_a_link_takes_anyone_off_the_list_from_a_proof(first_name: str) -> None:
    link = "https://bücher.example/u/{{ first_name }}?a=1&b=2"
    made = content(
        html=f"<a href='{link}'>leave</a> <a href='mailto:l+{{{{ first_name }}}}@example.com'>so</a>",
        text=f"{link} mailto:l+{{{{ first_name }}}}@example.com\n",
        unsubscribe=Unsubscribe(link, "l+{{ first_name }}@example.com", False),
    )
    mail = parsed(built(made, Proof("boss@example.com"), first_name=first_name))
    bodies = "".join(str(part.get_content()) for part in mail.walk() if not part.is_multipart())
    assert "cher" not in bodies
    assert "@example.com" not in bodies
    assert bodies.count("unsubscribe.invalid") == 4


def test_a_link_that_holds_the_other_one_takes_nobody_off_the_list_either() -> None:
    link = "https://x.example/u"
    mailto = f"leave@x.example?body={link}"
    made = content(text=f"mailto:{mailto}\n", unsubscribe=Unsubscribe(link, mailto, False))
    mail = parsed(built(made, Proof("boss@example.com")))
    assert "leave@x.example" not in str(mail.get_content())


def test_a_proof_goes_to_the_reviewer_marked_and_cannot_unsubscribe() -> None:
    link = "https://example.com/u?a=1&i={{ customer_id }}"
    made = content(
        f'<a href="{link.replace("&", "&amp;")}">out</a>',
        f"Out: {link} or mailto:l+12@example.com",
        unsubscribe=Unsubscribe(link, "l+{{ customer_id }}@example.com", True),
        recipient_name="{{ first_name }}",
    )
    proof, real = built(made, Proof("boss@example.com")), built(made)
    mail = parsed(proof)
    assert mail["Subject"] == "[proof for jane@example.org] Hello"
    assert proof.envelope.recipient == "boss@example.com"
    assert mail["To"] == "Jane <boss@example.com>"
    assert proof.message_id != real.message_id
    assert b"i=12" not in proof.data.replace(b"=\r\n", b"").replace(b"=3D", b"=")
    assert mail["List-Unsubscribe"].startswith("<https://unsubscribe.invalid/")
    for kind in ("plain", "html"):
        assert "i=12" not in body_of(proof, kind)
        assert "l+12" not in body_of(proof, kind)
        assert "i=12" in body_of(real, kind)


def test_two_proofs_of_one_message_have_two_ids() -> None:
    composer, proof = Composer(content(), COLUMNS, SALT), Proof("boss@example.com")
    ids = {composer.compose(recipient(), NOW + n, proof).message_id for n in range(2)}  # type: ignore[union-attr]
    assert len(ids) == 2


def test_a_shared_attachment_is_put_behind_the_bodies_in_a_mixed(tmp_path: Path) -> None:
    files = (
        SharedFile("terms.pdf", b"%PDF\0\r\n." * 50),
        SharedFile("Ünï – 日本.txt", "·".encode()),
        SharedFile("mail.eml", b"From: x\r\n\r\n"),
        SharedFile('a"b;d.bin', b""),
        SharedFile("ü" * 120 + ".ics", b"\xff"),
    )
    made = content("<p>x</p>", attachments=files)
    mail = parsed(built(made))
    assert mail.get_content_type() == "multipart/mixed"
    readable, *attached = mail.iter_parts()
    assert readable.get_content_type() == "multipart/alternative"
    assert [part.get_filename() for part in attached] == [file.name for file in files]
    assert [part.get_payload(decode=True) for part in attached] == [file.data for file in files]
    assert [part.get_content_type() for part in attached] == [
        "application/pdf",
        "text/plain",
        "application/octet-stream",
        "application/octet-stream",
        "text/calendar",
    ]
    assert all(part.get_content_disposition() == "attachment" for part in attached)


def test_a_text_with_an_attachment_is_mixed_without_alternative() -> None:
    mail = parsed(built(content(attachments=(SharedFile("a.txt", b"a"),))))
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/plain"]


@settings(max_examples=examples(80))
@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), min_size=1, max_size=120
    ),
    st.binary(max_size=300),
)
@example("=??Q??=", b"")
def test_a_filename_and_its_bytes_come_back(name: str, data: bytes) -> None:
    name = unicodedata.normalize("NFC", name).translate({47: "_", 92: "_"}).strip()
    if not name or len(name.encode()) > 255 or not name.isprintable():
        return
    if name[0] == "<" and name[-1] == ">":  # which get_filename takes for quotes
        return
    assert len(Attachments((SharedFile(name, data),)).files({})) == 1
    mail = parsed(built(content(attachments=(SharedFile(name, data),))))
    part = list(mail.iter_parts())[1]
    assert part.get_filename() == name
    assert part.get_payload(decode=True) == data


def test_unbuildable_is_told_and_not_raised_for_an_unknown_reviewer() -> None:
    found = Composer(content(), COLUMNS, SALT).compose(recipient(), NOW, Proof("no address"))
    assert isinstance(found, Unbuildable)
