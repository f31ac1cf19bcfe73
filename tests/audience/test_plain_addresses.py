"""The short way through `normalise` and email-validator say the same of every address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.audience import addresses
from sendbatch.audience.addresses import Address, normalise

LOCALS = st.one_of(
    st.text("abcz019_+-.", min_size=1, max_size=70),
    st.sampled_from(["postmaster", "Info", "a..b", ".a", "a.", "o'neil", "ä", "x" * 64, "x" * 65]),
)
LABELS = st.text("aBz09-", min_size=0, max_size=6)
ODD = [
    "example.org",
    "EXAMPLE.Org",
    "xn--bcher-kva.example",
    "bücher.example",
    "a.test",
    "b.local",
    "c.invalid",
    "localhost",
    "a_b.org",
    "127.0.0.1",
    "[127.0.0.1]",
    "a.example.",
    "ab--cd.org",
    "a.b.c.d.museum",
    "a.1",
]
LONG = ["x" * 64 + ".org", ".".join(["x" * 60] * 4) + ".org"]
DOMAINS = st.one_of(
    st.lists(LABELS, min_size=1, max_size=4).map(".".join), st.sampled_from([*ODD, *LONG])
)


def said(way: object, text: str) -> Address | str:
    assert callable(way)
    try:
        found = way(text)
    except ValueError as error:
        return str(error)
    assert isinstance(found, Address)
    return found


@given(LOCALS, DOMAINS)
def test_both_ways_say_the_same(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    found = said(normalise, text)
    if isinstance(found, str):
        found = found.partition(" With addresses:")[0]
    assert found == said(addresses._normalised, text.strip())


@pytest.mark.parametrize("text", ["ann@post.example.org", "a.b+c@Example.org", "x" * 64 + "@a.org"])
def test_ordinary_addresses_go_the_short_way(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    normalise(text)  # the domain is known from now on
    monkeypatch.setattr(addresses, "_normalised", None)
    assert normalise(text).email.startswith(text.partition("@")[0])
