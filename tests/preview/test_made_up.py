"""Cells made up: as long as real ones, of the same kinds of characters, and never the real ones."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.model import Mailbox
from sendbatch.message.content import Bundle, Content, OwnFile, SharedFile
from sendbatch.preview.made_up import LEVELS, MadeUp, own_words
from sendbatch.preview.stand_ins import with_stand_ins
from sendbatch.values import Recipient

WORDS = frozenset({"pro", "title", "@post.example.net"})


def made(cell: str, level: int = 0, seed: int = 1) -> str:
    return MadeUp(Random(seed), WORDS, level).cell(cell)


@pytest.mark.parametrize("level", range(LEVELS))
@pytest.mark.parametrize(
    "cell",
    [
        "Jane",
        "O'Brien",
        "Müller-Lüdenscheid",
        "Привет мир",
        "東京都渋谷区",
        "أحمد بن علي",
        "1,234.50 €",
        "+49 170 1234567",
        "14.3.2026 um 9:30",
        "2026-03-14T09:30:00",
        "Oak desk|Brass lamp",
        "https://shop.example.net/a/b.png?x=1",
        "ada.lovelace@post.example.org",
    ],
)
def test_a_made_up_cell_has_the_length_and_the_kinds_of_characters(cell: str, level: int) -> None:
    found = made(cell, level)
    assert len(found) == len(cell)
    assert found != cell
    if "@" in cell or "://" in cell:
        return
    for real, other in zip(cell, found, strict=True):
        assert unicodedata.category(real) == unicodedata.category(other), (real, other)
        assert unicodedata.east_asian_width(real) == unicodedata.east_asian_width(other)


@given(st.text(max_size=60), st.integers(0, LEVELS - 1), st.integers(0, 1 << 32))
def test_any_cell_can_be_made_up(cell: str, level: int, seed: int) -> None:
    found = made(cell, level, seed)
    if not cell.strip():
        assert found == cell


@given(st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzäöüé"), min_size=4), st.integers(0, 99))
def test_no_letter_of_a_word_stays_where_it_was(word: str, seed: int) -> None:
    assert all(real != other for real, other in zip(word, made(word, 2, seed), strict=True))


@pytest.mark.parametrize("seed", range(30))
def test_a_date_is_a_date(seed: int) -> None:
    assert date.fromisoformat(made("2026-02-28", seed=seed))
    day, month, _ = made("31.12.2026", seed=seed).split(".")
    assert 1 <= int(day) <= 12
    assert 1 <= int(month) <= 12


def test_json_is_json_of_the_same_shape() -> None:
    cell = '[{"title": "Walnut desk", "price": 19.90, "left": 3, "sold": true, "id": "pro"}]'
    (found,) = json.loads(made(cell))
    assert found["title"] != "Walnut desk"
    assert len(found["title"]) == len("Walnut desk")
    assert found.keys() >= {"title"}  # the author asks for it; other names are nobody's business
    assert "price" not in found
    assert {type(one) for one in found.values()} == {str, float, int, bool}


def test_an_authors_word_stays_and_within_a_cell_where_that_is_needed() -> None:
    assert made("Pro") == "Pro"
    assert "pro" not in made("pro|team")
    assert made("team, at-once, pro", level=1).endswith(", pro")
    assert made("pro|team", level=1).startswith("pro|")
    assert made("ada@post.example.net", level=1).endswith("@post.example.net")
    assert made("ada@post.example.net").endswith("@example.com")


def test_a_row_says_the_same_of_itself_wherever_it_does() -> None:
    real = Recipient(
        1, 2, "jane.doe@post.org", "Jane.Doe@post.org", ("Jane.Doe@post.org", "Jane", "Jane")
    )
    found = MadeUp(Random(1), WORDS, 0).recipient(real, -1)
    assert found.key == found.email == found.cells[0]
    assert re.fullmatch(r"[a-z]{5}@example\.com", found.email)
    assert found.cells[1] == found.cells[2]
    assert (found.id, found.row) == (-1, 2)


@pytest.mark.parametrize("level", range(LEVELS))
@pytest.mark.parametrize("key", ["pro", "title", "7", "0", "—", "de", "rigby-4471"])
def test_nothing_stays_of_a_key_whatever_else_it_is(key: str, level: int) -> None:
    for seed in range(20):
        made_up = MadeUp(Random(seed), WORDS, level)
        found = made_up.recipient(Recipient(1, 2, key, "jane@example.org", (key, key.upper())), -1)
        assert found.key.lower() != key
        assert found.key == found.cells[0]
        assert found.cells[1].lower() != key
        assert key not in made_up.stays


@pytest.mark.parametrize(
    ("cell", "level", "whole"),
    [
        ("pro", 0, True),
        ("pro|team", 0, None),
        ("pro|team", 1, False),
        ("Jane", 3, None),
        ("Bo", 2, None),
        ("Bo", 3, True),
        ("1984-05-06", 1, None),
        ("1984-05-06", 2, False),
        ("6.5.1984", 2, False),
        ("3412", 2, False),
        ('{"a": 34}', 2, False),
        ('["pro", "Jane"]', 0, False),
        ("東", 1, None),
        ("😀", 0, True),
        ("-", 3, None),
    ],
)
def test_it_is_known_of_which_cells_something_stays(
    cell: str, level: int, whole: bool | None
) -> None:
    made_up = MadeUp(Random(1), WORDS, level)
    made_up.recipient(Recipient(1, 2, "k" * 9, "jane@example.org", ("x" * 9, cell)), -1)
    assert made_up.stays.get(cell) is whole


def test_the_authors_words_are_what_templates_compare_with_and_ask_for() -> None:
    html = "{% if plan == 'Pro' %}{{ (items|fromjson)[0].title }}{% endif %} Some words"
    content = Content(
        subject="{{ 'Ms' if sex == 'f' else 'Mr' }}",
        sender=Mailbox("News", "news@example.com"),
        bounces_to="news@example.com",
        html=Bundle("h", {"h": html}, {"h": "h"}),
        variables={"seeds": {"Basil": {"name": "Genovese basil", "days": 35}}, "months": ["May"]},
    )
    assert own_words(content) >= {"pro", "title", "ms", "mr", "f", "basil", "genovese basil", "may"}
    assert not own_words(content) & {"words", "some"}


def test_files_of_recipients_are_stood_in_for_and_the_content_is_the_same() -> None:
    own = OwnFile(
        "bills/{{ year }}/bill-{{ id }}.pdf", Path("/nowhere"), "{{ year }}/bill-{{ id }}.pdf"
    )
    content = Content(
        subject="Hello",
        sender=Mailbox("News", "news@example.com"),
        bounces_to="news@example.com",
        text=Bundle("t", {"t": "Hello"}, {"t": "t"}),
        attachments=(SharedFile("terms.pdf", b"%PDF"), own),
    )
    found = with_stand_ins(content)
    assert found.digest == content.digest
    assert found.attachments[0] == content.attachments[0]
    stand_in = found.attachments[1]
    assert isinstance(stand_in, SharedFile)
    assert stand_in.saved_as == "bill-{{ id }}.pdf"
