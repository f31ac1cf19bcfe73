"""What finished messages show: gaps where a value is empty, subjects, and what is too large."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sendbatch.campaign.model import Campaign
from sendbatch.findings import Finding, Group
from sendbatch.message.checks.finished import findings, gaps_of
from sendbatch.message.checks.traits import traits_of
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content
from sendbatch.message.parts import Sample

from .conftest import COLUMNS, NOW, SALT, bundle, content, recipient

Make = Callable[..., Campaign]


def told(made: Content, campaign: Campaign, **cells: Any) -> list[Finding]:
    """What is said of one message."""
    gaps = gaps_of(made)
    sample = Composer(made, COLUMNS, SALT).sample(recipient(**cells), NOW)
    assert isinstance(sample, Sample), sample
    traits = {trait: Group("", [(2, "k")], 1) for trait in traits_of(sample, gaps)}
    return [*findings(traits, "of 1 message", made, campaign, gaps)]


def rules(made: Content, campaign: Campaign, **cells: Any) -> list[str]:
    return [one.rule for one in told(made, campaign, **cells)]


def of_markdown(source: str) -> Content:
    letter = bundle(source, "letter.md")
    return replace(content(text=None), markdown=letter, layout=bundle("<p>{{ content }}</p>"))


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hi {{ first_name }},</p>",
        "<p>{{ first_name }}, here it is</p>",
        "<p><b>Dear {{ first_name|title }}!</b>",
        "<p>Yours, {{ first_name|default('') }}.",
        "<p>{% if customer_id %}Hi {{ first_name }}, x{% endif %}",
        "<p>It is&nbsp;{{ first_name }}: x",
    ],
)
def test_a_gap_that_an_empty_value_left_is_told_where_its_tag_stands(campaign: Make, source: str) -> None:
    for made in (content(f"\n{source}", text="x"), content(f"<style>a{{}}</style>\n{source}", text=None)):
        [found] = told(made, campaign(), first_name="")
        assert (found.rule, found.place and found.place.line) == ("gap-in-text", 2)
        assert found.place
        assert found.place.column == source.index("{{") + 1
        assert told(made, campaign(), first_name="Ada") == []


@pytest.mark.parametrize(
    ("source", "is_gap"),
    [
        ("Dear {{ first_name }} Lee,\n", True),
        ("Hi {{ first_name }},\n", True),
        ("{{ first_name }}: hello\n", True),
        ("Dear {{ first_name }}\nx\n", False),
        ("{{ first_name }} Lee\n", False),
        ("a/{{ first_name }}.txt\n", False),
        ("No. {{ first_name }}/x , y  z\n", False),
        ("Hi{{ first_name }}, x\n", False),
        ("Hello{% if first_name %} {{ first_name }}{% endif %}, x\n", False),
    ],
)
def test_in_a_text_two_blanks_are_a_gap_too(campaign: Make, source: str, is_gap: bool) -> None:
    expected = ["gap-in-text"] * is_gap
    assert rules(content(text=f"x\n{source}"), campaign(), first_name="") == expected
    assert rules(of_markdown(f"x\n{source}"), campaign(), first_name="") == expected
    assert rules(content(text=f"x\n{source}"), campaign(), first_name="A , B  C") == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Dear {{ first_name }} Lee</p>",
        '<p style="color: {{ first_name }}; margin: 0">x</p>',
        "<style>p { color: {{ first_name }}; }</style>x",
        '<a href="https://a.example/?a= {{ first_name }}, b">x</a>',
        "<p>A , B  C {{ customer_id }}</p>",
        "<td>{{ first_name }}</td><td>x",
        "{% raw %}Hi {{ first_name }}, x{% endraw %}",
    ],
)
def test_what_nobody_sees_is_no_gap(campaign: Make, source: str) -> None:
    assert "gap-in-text" not in rules(content(source, text="x"), campaign(), first_name="")


@pytest.mark.parametrize(
    ("subject", "empty", "filled"),
    [
        ("{{ first_name }}, the news", ["gap-in-text"], []),
        ("News for {{ first_name }} Lee", ["gap-in-text"], []),
        ("Bonjour {{ first_name }} !", [], []),
        ("News {{ first_name }}", [], []),
        ("A , b {{ customer_id }}", [], []),
    ],
)
def test_a_gap_in_the_subject_is_told(
    campaign: Make, subject: str, empty: list[str], filled: list[str]
) -> None:
    made = replace(content(), subject=subject)
    if empty or "!" not in subject:
        assert rules(made, campaign(), first_name="") == empty
    assert rules(made, campaign(), first_name="Ada") == filled


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("x" * 78, []),
        ("x" * 79, ["long-subject"]),
        ("BUY NOW, {{ first_name }}", ["capital-subject"]),
        ("Buy NOW", []),
        ("IKEA 2026", []),
        ("東京からのお知らせです", []),
    ],
)
def test_a_subject_is_short_and_no_shout(campaign: Make, subject: str, expected: list[str]) -> None:
    assert rules(replace(content(), subject=subject), campaign(), first_name="ADA") == expected


def test_html_that_gmail_clips_is_told_by_its_bytes_in_the_mail(campaign: Make) -> None:
    assert rules(content("<p>" + "x" * (102 * 1024 - 3)), campaign()) == []
    assert rules(content("<p>" + "x" * (102 * 1024 - 2)), campaign()) == ["clipped-html"]
    assert rules(content("<p>" + "é" * 52_300), campaign()) == ["clipped-html"]
    assert rules(content(text="x" * 200_000), campaign()) == []


def test_a_message_of_more_than_25_mb_is_told() -> None:
    sample = Composer(content(), COLUMNS, SALT).sample(recipient(), NOW)
    assert isinstance(sample, Sample)
    assert traits_of(sample._replace(size=25 * 1024 * 1024)) == frozenset()
    assert traits_of(sample._replace(size=25 * 1024 * 1024 + 1)) == {("heavy-message", 0)}


def test_what_a_cell_has_of_the_template_language_is_told(campaign: Make) -> None:
    assert rules(content(text="Hi {{ first_name }}"), campaign(), first_name="{{ name }}") == [
        "leftover-placeholder"
    ]
    assert rules(content(text="Hi {{ first_name }}"), campaign(), first_name="{name}") == []


def test_what_is_said_of_the_cell_already_is_not_said_again(campaign: Make) -> None:
    made = content(text="Hi {{ first_name }},")
    gaps = gaps_of(made)
    traits = {("gap-in-text", 0): Group("", [(2, "k")], 1)}
    [found] = findings(traits, "of 1 message", made, campaign(), gaps)
    assert found.message == '{{ first_name }} is empty, and leaves a gap: "Hi ,", in 1 of 1 message (row 2)'
    assert [*findings(traits, "of 1 message", made, campaign(), gaps, {"first_name"})] == []
    assert len([*findings(traits, "of 1 message", made, campaign(), gaps, {"name"})]) == 1
