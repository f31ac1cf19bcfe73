"""A signed message: what is signed, how it is written, and that others take it for good."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.model import Mailbox, Unsubscribe
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content, SharedFile
from sendbatch.message.dkim.canonical import body_hash, fields
from sendbatch.message.dkim.keys import SigningKey
from sendbatch.message.dkim.signatures import Signatures
from sendbatch.message.letter import Proof
from sendbatch.values import Message, Recipient
from tests.conftest import Needs
from tests.kit.dkim import passed, signing_key, verified

from .conftest import COLUMNS, NOW, SALT, content, recipient, sound

RSA, ED25519 = signing_key(), signing_key("ed25519", "ed")
BOTH = (RSA, ED25519)
LEAVE = Unsubscribe(
    "https://example.com/leave?for={{ email|urlencode }}", "leave@example.com", True
)
HTML = "<p>Hello  {{ first_name }},\tyou</p>   \n\n\n<ul>\n    <li>\tone \n</ul>\n\n\n"
LETTERS = {
    "text alone": content(text="Hello  {{ first_name }} \n\n\tyou \n\n\n"),
    "both bodies": content(HTML, "Hello {{ first_name }}\n"),
    "unsubscribing": content(HTML, unsubscribe=LEAVE, reply_to=(Mailbox("", "re@example.com"),)),
    "long headers": content(
        subject="{{ first_name }}, " + "spring is here, and " * 12,
        headers=(("X-Spaced", "a   b" + "   c" * 30), ("List-Id", "News <news.example.com>")),
    ),
    "beyond ASCII": content("<p>Grüße, {{ first_name }}</p>", "Grüße", subject="Grüße an Zoë"),
    "attached": content(HTML, attachments=(SharedFile("a.bin", bytes(range(256)) * 40),)),
}


def signed(
    made: Content,
    keys: tuple[SigningKey, ...] = BOTH,
    proof: Proof | None = None,
    to: Recipient | None = None,
) -> Message:
    found = Composer(made, COLUMNS, SALT, keys=keys).compose(to or recipient(), NOW, proof)
    assert isinstance(found, Message), found
    return found


def plain(made: Content) -> Message:
    found = Composer(made, COLUMNS, SALT).compose(recipient(), NOW)
    assert isinstance(found, Message)
    return found


def signatures(message: Message) -> list[bytes]:
    head = message.data.partition(b"\r\n\r\n")[0] + b"\r\n"
    return re.findall(rb"^DKIM-Signature: (?:.*\r\n)(?:[ \t].*\r\n)*", head, re.MULTILINE)


def tags(signature: bytes) -> dict[str, str]:
    """Of one signature, without the blanks in them."""
    said = signature.decode().partition(":")[2]
    pairs = (tag.partition("=")[::2] for tag in re.sub(r"\s", "", said).split(";"))
    return dict(pairs)


@pytest.mark.parametrize("name", LETTERS)
def test_others_take_both_signatures_for_good(name: str, needs: Needs, tmp_path: Path) -> None:
    message = signed(LETTERS[name])
    assert verified(message.data, BOTH) == [True, True]
    opendkim = needs("opendkim", "it says whether our signatures hold")
    assert passed(opendkim, message.data, BOTH, tmp_path) == ["rsa-sha256", "ed25519-sha256"]


def test_one_key_signs_once_and_alone() -> None:
    for key in BOTH:
        message = signed(LETTERS["unsubscribing"], (key,))
        assert [tags(one)["a"] for one in signatures(message)] == [key.algorithm]
        assert verified(message.data, (key,)) == [True]


def test_the_message_behind_its_signatures_is_what_it_was() -> None:
    for made in LETTERS.values():
        message = signed(made)
        assert message.data == b"".join(signatures(message)) + plain(made).data
        assert message._replace(data=b"") == plain(made)._replace(data=b"")


def test_a_signature_is_dated_as_its_message_and_the_same_whenever_that_is_made() -> None:
    first = signed(LETTERS["both bodies"])
    assert {tags(one)["t"] for one in signatures(first)} == {str(int(NOW))}
    before = recipient(dated_at=NOW, content=LETTERS["both bodies"].digest)
    again = Composer(LETTERS["both bodies"], COLUMNS, SALT, keys=BOTH).compose(before, NOW + 9e5)
    assert again == first


@pytest.mark.parametrize("name", LETTERS)
def test_a_signature_is_folded_and_goes_on_the_wire_as_it_stands(name: str) -> None:
    message = signed(LETTERS[name])
    sound(message)
    for one in signatures(message):
        assert one.isascii()
        assert max(map(len, one.split(b"\r\n"))) <= 78
        assert "l" not in tags(one)
        assert "x" not in tags(one)


def test_what_readers_see_is_signed_once_more_than_it_is_there() -> None:
    listed = tags(signatures(signed(LETTERS["unsubscribing"]))[0])["h"].split(":")
    twice = ["from", "to", "subject", "date", "reply-to", "message-id", "content-type"]
    assert [name for name in twice if listed.count(name) != 2] == []
    assert listed.count("cc") == 1  # there is none, and there is to be none
    assert listed.count("mime-version") == 1


def test_ways_to_unsubscribe_are_signed_and_sealed() -> None:
    """RFC 8058 §4."""
    listed = tags(signatures(signed(LETTERS["unsubscribing"]))[0])["h"].split(":")
    assert listed.count("list-unsubscribe") == listed.count("list-unsubscribe-post") == 2
    assert "list-unsubscribe" not in tags(signatures(signed(LETTERS["text alone"]))[0])["h"]


def test_headers_of_a_list_are_signed_and_those_for_the_provider_are_not() -> None:
    own = (("List-Id", "<a.example.com>"), ("Feedback-ID", "a:b:c:d"), ("X-SES-TENANT", "one"))
    listed = tags(signatures(signed(content(headers=own)))[0])["h"].split(":")
    assert {"list-id", "feedback-id"} <= {*listed}
    assert "x-ses-tenant" not in listed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: ", b"Subject: Not "),
        (b"Subject: ", b"Subject: Added\r\nSubject: "),
        (b"From: ", b"From: other@example.net\r\nFrom: "),
        (b"To: ", b"Cc: other@example.net\r\nTo: "),
        (b"List-Unsubscribe: ", b"List-Unsubscribe: <https://example.net>\r\nList-Unsubscribe: "),
        (b"Content-Type: m", b"Content-Type: text/html\r\nContent-Type: m"),
        (b"Hello", b"Hallo"),
    ],
)
def test_who_changes_or_adds_breaks_it(
    old: bytes, new: bytes, needs: Needs, tmp_path: Path
) -> None:
    data = signed(LETTERS["unsubscribing"]).data
    assert old in data
    changed = data.replace(old, new, 1)
    assert verified(changed, BOTH) == [False, False]
    assert passed(needs("opendkim", "it verifies"), changed, BOTH, tmp_path) == []


def test_a_relay_may_fold_headers_and_space_anew() -> None:
    data = signed(LETTERS["long headers"]).data
    refolded = data.replace(b"spring is here", b"spring\r\n\tis  here", 1)
    refolded = refolded.replace(b"Subject:", b"SUBJECT:", 1) + b"\r\n\r\n"
    assert refolded != data
    assert verified(refolded, BOTH) == [True, True]


def test_a_proof_is_signed_too() -> None:
    message = signed(LETTERS["unsubscribing"], proof=Proof("me@example.com"))
    assert verified(message.data, BOTH) == [True, True]


def test_what_cannot_be_planned_is_signed_as_well() -> None:
    made = content("{% set n = email|length %}<p>{{ n }}</p>", "{{ [email, 1]|join }}")
    to = recipient(email="zoë@bücher.example")
    assert verified(signed(made, to=to).data, BOTH) == [True, True]


def test_a_content_is_the_same_signed_or_not() -> None:
    made = LETTERS["both bodies"]
    assert signed(made).message_id == plain(made).message_id


def test_a_composer_that_signs_leaves_all_to_the_workers() -> None:
    composer = Composer(LETTERS["both bodies"], COLUMNS, SALT, keys=BOTH)
    assert Composer(LETTERS["both bodies"], COLUMNS, SALT).is_planned
    assert not composer.is_planned
    assert composer.planned(recipient(), NOW) is None


def test_a_sample_is_as_long_as_its_signed_message() -> None:
    composer = Composer(LETTERS["text alone"], COLUMNS, SALT, keys=BOTH)
    sample, bare = composer.sample(recipient(), NOW), plain(LETTERS["text alone"])
    assert sample.size - len(bare.data) == len(b"".join(signatures(signed(LETTERS["text alone"]))))  # type: ignore[union-attr]


def test_no_key_shows() -> None:
    assert "der" not in repr(replace(RSA))
    assert str(RSA.der) not in repr(RSA)


BODIES = st.lists(st.text("ab \t.=", max_size=9)).map(
    lambda lines: "".join(f"{line}\r\n" for line in lines).encode()
)


@given(BODIES, st.text("ab \t", max_size=9))
def test_any_body_and_header_has_the_form_that_dkimpy_gives_it(body: bytes, value: str) -> None:
    from dkim.canonicalization import Relaxed

    head = b"From: a@example.com\r\nX-Any :" + value.encode() + b"\r\n \t" + value.encode()
    from hashlib import sha256

    assert body_hash(body) == sha256(Relaxed.canonicalize_body(body)).digest()
    pairs = [(b"X-Any", b" " + value.encode() + b"\r\n \t" + value.encode() + b"\r\n")]
    ((name, canonical),) = Relaxed.canonicalize_headers(pairs)
    field = fields(head)[1]
    assert (field.name.encode(), field.line) == (name, b"x-any:" + canonical.removesuffix(b"\r\n"))


@given(BODIES)
def test_any_body_verifies(body: bytes) -> None:
    data = b"From: a@example.com\r\nSubject: x\r\n\r\n" + body
    assert verified(Signatures([ED25519]).headers(data, NOW) + data, [ED25519]) == [True]
