"""Variants of the subject: who gets which follows from the campaign's name and the key alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.message.checks.names import lines_of
from sendbatch.message.compose import Composer
from sendbatch.message.variants import Variants, recalled
from sendbatch.message.versions.choosing import Versions
from sendbatch.message.versions.composers import Composers, composer_of
from sendbatch.values import Message, Recipient, Unbuildable

from .conftest import COLUMNS, NOW, SALT, content, parsed

SUBJECTS = ("Hello {{ first_name }}", "News", "Third")
VARIANTS = Variants("spring", SUBJECTS)
LETTER = content(
    "<p>Hi {{ first_name }}: {{ variant }}</p>",
    "Hi {{ first_name }}: {{ variant }}",
    variables={"variant": "A"},
    subject=SUBJECTS[0],
    variants=VARIANTS,
)


def people(number: int) -> list[Recipient]:
    return [
        Recipient(row, row, f"p{row}@example.org", f"p{row}@example.org", ("", f"P{row}", str(row)))
        for row in range(1, number + 1)
    ]


@pytest.mark.parametrize("many", [2, 3, 7, 26])
def test_ten_thousand_keys_are_split_evenly_but_for_chance(many: int) -> None:
    variants = Variants("spring", tuple(f"s{number}" for number in range(many)))
    counts = Counter(variants.of(f"p{number}@example.com") for number in range(10_000))
    expected = 10_000 / many
    chi_squared = sum((counts[number] - expected) ** 2 / expected for number in range(many))
    assert chi_squared < 3 * many + 10  # far beyond any quantile that chance would pass


@given(st.permutations(range(50)))
def test_the_order_of_the_rows_changes_nothing(order: list[int]) -> None:
    everybody = people(50)
    versions = Versions(LETTER, COLUMNS)
    found = {number: versions.of(everybody[number]) for number in order}
    assert [found[number] for number in range(50)] == [versions.of(one) for one in everybody]


def test_another_campaign_splits_its_recipients_otherwise() -> None:
    keys = [f"p{number}@example.com" for number in range(200)]
    other = replace(VARIANTS, campaign="autumn")
    assert 20 < sum(VARIANTS.of(key) == other.of(key) for key in keys) < 120


def test_the_choice_is_what_the_reference_says() -> None:
    # printf 'spring\\0ada@example.com' | sha256sum: of two, an odd number is the second
    two = Variants("spring", ("a", "b"))
    names = ("ada", "bo", "cy", "di", "ed", "flo", "gus", "hal", "ida", "jo", "kim", "lou")
    assert "".join(two.name_of(f"{name}@example.com") for name in names) == "AABBBBBBABBB"


def test_everybody_gets_the_subject_and_the_letter_of_their_variant() -> None:
    composer = composer_of(LETTER, COLUMNS, SALT)
    assert isinstance(composer, Composers)
    for person in people(40):
        message = composer.compose(person, NOW)
        assert isinstance(message, Message)
        name = VARIANTS.name_of(person.key)
        mail = parsed(message)
        assert mail["Subject"] == SUBJECTS["ABC".index(name)].replace("{{ first_name }}", person.cells[1])
        text = mail.get_body(("plain",))
        assert text is not None
        assert text.get_content().strip() == f"Hi {person.cells[1]}: {name}"


def test_a_planned_variant_is_the_plain_one() -> None:
    composer = composer_of(LETTER, COLUMNS, SALT)
    assert composer.is_planned
    for person in people(40):
        planned = composer.planned(person, NOW)
        assert planned is not None
        assert planned == composer.compose(person, NOW)


def test_no_row_has_to_be_looked_at_for_its_variant_alone() -> None:
    assert not composer_of(LETTER, COLUMNS, SALT).looks_at_rows


def test_all_variants_have_one_digest_and_another_list_has_another() -> None:
    versions = Versions(LETTER, COLUMNS)
    assert {versions.content(one).digest for one in versions.all()} == {LETTER.digest}
    other = replace(LETTER, variants=replace(VARIANTS, subjects=(*SUBJECTS[:2], "Other")))
    alone = replace(LETTER, variants=None)
    assert len({LETTER.digest, other.digest, alone.digest}) == 3


def test_a_content_with_one_subject_is_composed_as_ever() -> None:
    assert isinstance(composer_of(content("<p>x</p>"), COLUMNS, SALT), Composer)


def test_every_subject_is_looked_at() -> None:
    lines = dict(lines_of(LETTER))
    assert [lines[f"subject.{number}"] for number in range(3)] == list(SUBJECTS)
    assert "subject" not in lines


TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=26)


@given(st.text(st.characters(exclude_categories=["Cs"])), TEXTS)
def test_a_record_recalls_what_it_was_told(campaign: str, subjects: list[str]) -> None:
    variants = Variants(campaign, tuple(subjects))
    assert recalled(variants.remembered()) == variants


@pytest.mark.parametrize(
    "text",
    ["", "x", "null", "3", "{}", '"abc"', "[]", '["spring", "a"]', '["spring", "a", 1]', "[" * 9999,
     '["spring", "a", "\\ud800"]', str([*"abcdefghijklmnopqrstuvwxyz", "1", "2"]).replace("'", '"')],
)  # fmt: skip
def test_what_a_record_never_wrote_is_not_believed(text: str) -> None:
    assert recalled(text) is None


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("{{ customer_id|float }}", "subject B: "),
        ("{{ '' }}", "subject B: is empty"),
    ],
)
def test_a_row_that_fails_by_its_subject_says_which(subject: str, said: str) -> None:
    made = replace(LETTER, variants=Variants("spring", ("Fine", subject)))
    composer = composer_of(made, COLUMNS, SALT)
    for person in people(10):
        found = composer.compose(person._replace(cells=("", "P", "x")), NOW)
        if made.variants is not None and made.variants.name_of(person.key) == "A":
            assert isinstance(found, Message)
        else:
            assert isinstance(found, Unbuildable)
            assert found.reason.startswith(said)
