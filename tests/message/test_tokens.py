"""Tokens at the end of links to unsubscribe: nobody makes one for somebody else."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.message.tokens import LONGEST_URL, PLACEHOLDER, Signer, token_of

SECRET = b"a secret of more than 16 bytes"
LINK = f"https://x.example/u?{Signer('spring', SECRET).query('jane@example.org')}"

keys = st.one_of(
    st.text(min_size=1, max_size=60),
    st.sampled_from(["a&c=other", "a#b", "a\nb", "ü😀", "\ud800", "x" * 900, "a.b", "=", "+ /"]),
)


def replaced(part: str, value: str) -> str:
    front, query = LINK.split("?")
    given = dict(one.split("=", 1) for one in query.split("&")) | {part: value}
    return f"{front}?{'&'.join(f'{name}={of}' for name, of in given.items())}"


def test_a_token_is_what_is_documented() -> None:
    key = urlsafe_b64encode("bjørk&co".encode()).decode().rstrip("=")
    signature = hmac.new(SECRET, f"1.spring.{key}".encode(), hashlib.sha256).digest()
    token = urlsafe_b64encode(signature).decode().rstrip("=")
    assert Signer("spring", SECRET).query("bjørk&co") == f"c=spring&k={key}&t=1.{token}"


@given(keys)
def test_whatever_a_key_holds_it_comes_back_as_it_was(key: str) -> None:
    query = Signer("spring", SECRET).query(key)
    assert parse_qs(query).keys() == {"c", "k", "t"}
    token = token_of(f"https://x.example/u?a=1&{query}#here")
    assert (token.campaign, token.key) == ("spring", key)
    assert token.is_signed_by([SECRET])
    assert not token.is_signed_by([SECRET + b"!"])
    assert not token.is_signed_by([])


def test_one_of_several_secrets_is_enough() -> None:
    assert token_of(LINK).is_signed_by([b"a newer one of 16 bytes", SECRET])


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("c", "summer"),
        ("k", urlsafe_b64encode(b"ines@example.org").decode().rstrip("=")),
        ("t", "1." + "A" * 43),
        ("t", "1." + PLACEHOLDER),
    ],
)
def test_a_token_that_was_changed_is_not_signed(part: str, value: str) -> None:
    assert token_of(LINK).is_signed_by([SECRET])
    assert not token_of(replaced(part, value)).is_signed_by([SECRET])


@pytest.mark.parametrize("part", ["c", "k", "t"])
def test_no_single_character_can_be_another(part: str) -> None:
    value = dict(one.split("=", 1) for one in LINK.split("?")[1].split("&"))[part]
    start = 2 if part == "t" else 0
    for at in range(start, len(value)):
        other = "b" if value[at] != "b" else "c"
        try:
            token = token_of(replaced(part, value[:at] + other + value[at + 1 :]))
        except ValueError:  # not UTF-8 any more
            continue
        assert not token.is_signed_by([SECRET]), at


def test_a_placeholder_is_as_long_as_a_signature_and_never_one() -> None:
    link = "https://x.example/u?" + Signer("spring").query("jane@example.org")
    assert len(link) == len(LINK)
    token = token_of(link)
    assert token.is_placeholder
    assert not token_of(LINK).is_placeholder
    assert not token.is_signed_by([SECRET])
    # Its last character stands for no number of whole bytes.
    assert PLACEHOLDER[-1] not in "AEIMQUYcgkosw048"


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("", "no parameter c"),
        ("https://x.example/u", "no parameter c"),
        ("https://[x/u?c=a", "Invalid IPv6"),
        (f"{LINK}&c=spring", "more than one parameter c"),
        (f"{LINK}&t=", "more than one parameter t"),
        (replaced("c", "Spring"), "c is not the name of a campaign: 'Spring'"),
        (replaced("c", "spring.YQ"), "c is not"),
        (replaced("c", ""), "c is not"),
        (replaced("k", "a"), "k is not base64url"),
        (replaced("k", "_w"), "k is not base64url of a text"),
        (replaced("k", "YQ%3D%3D"), "k is not base64url"),
        (replaced("t", "2." + "A" * 43), "no version that is known"),
        (replaced("t", "A" * 43), "no version"),
        (replaced("t", "1." + "A" * 42), "t is not 1. and 43 characters"),
        (replaced("t", "1." + "é" * 43), "t is not 1. and 43 characters"),
        (replaced("t", "1." + "A" * 43 + ".x"), "t is not"),
        (LINK + "&x" * 200, "Max number of fields exceeded"),
        ("https://x.example/" + "u" * LONGEST_URL, "more than 4,000 characters"),
    ],
)
def test_a_link_that_is_none_of_ours_is_told_why(link: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace(".", "[.]")):
        token_of(link)


@given(st.text(max_size=200))
def test_whatever_comes_as_a_link_is_read_or_refused(text: str) -> None:
    for link in (text, f"https://x.example/?{text}", replaced("k", text), replaced("t", f"1.{text}")):
        try:
            token = token_of(link)
        except ValueError:
            continue
        assert not token.is_signed_by([SECRET]) or token == token_of(LINK)
