"""Cells that leave a gap where they are empty: what is told of templates, and what is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.message.checks.cells import cells_compared, cells_shown
from sendbatch.message.reading import read_content
from tests.kit.campaigns import YAML, campaign

COLUMNS = ("email", "name", "title", "last", "plan", "city", "phone", "no", "salutation", "url")
PLAIN = YAML.replace("Hello {{ name }}", "News")


def shown(
    folder: Path, letter: str, kind: str = "text", yaml: str = PLAIN
) -> list[tuple[str, str, int | None]]:
    (folder / "the.letter").write_text(letter)
    one = campaign(folder, yaml=yaml.replace("text: letter.txt", f"{kind}: the.letter"))
    found = cells_shown(read_content(one), one, COLUMNS)
    return [(column, use.what, use.place.line if use.place else None) for column, use in found]


GAPS = {
    "Hi {{ name }},\n": "name",
    "Hello {{ name }}\n": "name",
    "{{ name }}, your order is here\n": "name",
    "{{ title }} {{ last }},\n": "last",
    "Dear {{ title }} {{ last }}!\n": "last",
    "Order #{{ no }} has left.\n": "no",
    "We write to {{ city|upper }}.\n": "city",
    "Hi {{ name|default('friend') }},\n": "name",  # an empty cell is no missing one
    "{% set who = name %}Hi {{ who }},\n": "who -> name",
    "{{ salutation }}\n": "salutation",
    "It's {{ name }}'s day\n": "name",
}
NO_GAPS = [
    "Hi {{ name or 'friend' }},\n",
    "Hi {{ name|default('friend', true) }},\n",
    "Hi {{ name if name else 'friend' }},\n",
    "Hi{% if name %} {{ name }}{% endif %},\n",
    "{% if name %}Hi {{ name }},{% else %}Hi,{% endif %}\n",
    "{% if plan == 'pro' %}Your seat is {{ no }}.{% endif %}\n",  # of some, who may all have one
    "Phone: {{ phone }}\n",
    "Address: {{ no }}, {{ city }}\n",
    "{{ no }}\n{{ city }}\n",
    "https://example.com/?c={{ no }} is your page\n",
    "See https://example.com/{{ no }}\n",
    "Write to {{ no }}@example.com\n",
    "Hi {{ nobody }},\n",
    "{% for one in [1] %}Hi {{ name }},{% endfor %}\n",
]


@pytest.mark.parametrize(("letter", "column"), GAPS.items())
def test_a_cell_in_a_greeting_or_a_sentence_leaves_a_gap(tmp_path: Path, letter: str, column: str) -> None:
    assert shown(tmp_path, letter) == [(column.rpartition(" ")[2], "the letter", 1)]


@pytest.mark.parametrize("letter", NO_GAPS)
def test_what_has_something_in_its_place_or_stands_by_itself_leaves_none(tmp_path: Path, letter: str) -> None:
    assert shown(tmp_path, letter) == []


@pytest.mark.parametrize(
    ("letter", "columns"),
    [
        ("<p>Hi <b>{{ name }}</b>,</p>", ["name"]),
        ("<p>\nHi\n{{ name }},\n</p>", ["name"]),
        ("<p>Hi <a href='https://a.example/{{ no }}'>{{ name }}</a>!</p>", ["name"]),
        ("<table><tr><td>City</td><td>{{ city }}</td></tr></table>", []),
        ("<style>a { color: {{ name }}; margin: 0 }</style><p>Hi</p><!-- Hi {{ name }}, -->", []),
        ("<title>Hi {{ name }},</title><p style='color: {{ no }}, red'>Hi</p>", []),
        ("<p>Hi</p>" + "<p" * 50_000, []),
        ("<p>Hi {{ name }},</p>" + "<!--" * 50_000, ["name"]),
    ],
)
def test_html_is_looked_at_as_it_is_read(tmp_path: Path, letter: str, columns: list[str]) -> None:
    assert [column for column, *_ in shown(tmp_path, letter, "html")] == columns


@pytest.mark.parametrize(
    ("letter", "columns"),
    [
        ("Hi *{{ name }}*,\n", ["name"]),
        ("# Hello {{ name }}\n", ["name"]),
        ("[your page]({{ url }})\n", []),
        ("[your page](https://a.example/{{ no }}) is here\n", []),
    ],
)
def test_markdown_is_looked_at_as_it_is_written(tmp_path: Path, letter: str, columns: list[str]) -> None:
    found = [column for column, *_ in shown(tmp_path, letter, "markdown")]
    assert found == columns


def test_the_subject_and_the_preheader_are_sentences_whatever_stands_beside(tmp_path: Path) -> None:
    yaml = YAML.replace("Hello {{ name }}", "{{ title }} {{ last }}: {{ no }}")
    found = shown(tmp_path, "Hi\n", yaml=yaml + 'preheader: "{{ city }}"\n')
    assert found == [
        ("last", "the subject", 3),
        ("no", "the subject", 3),
        ("city", "the preheader", 8),
    ]


def test_what_one_of_several_versions_shows_is_for_some(tmp_path: Path) -> None:
    yaml = PLAIN.replace("text: letter.txt", 'text: "{{ plan }}.txt"')
    (tmp_path / "a.txt").write_text("Hi {{ name }}, you are in {{ city }}.\n")
    (tmp_path / "b.txt").write_text("Hello {{ name }},\n")
    one = campaign(tmp_path, yaml=yaml, people="email,plan\na@example.org,a\n")
    found = [column for column, _ in cells_shown(read_content(one), one, COLUMNS)]
    assert set(found) == {"name"}


@pytest.mark.parametrize(
    ("letter", "columns"),
    [
        ("{% if plan == 'a' %}A{% else %}B{% endif %}", ["plan"]),
        ("{% if plan == 'a' %}A{% elif plan in ['b', 'c'] %}B{% endif %}", ["plan"]),
        ("{% if plan != 'a' %}Not A{% endif %}", ["plan"]),
        ("{{ 'A' if plan == 'a' else 'B' }}", ["plan"]),
        ("{% if plan|lower == 'a' and city != 'Rome' %}A{% else %}B{% endif %}", ["plan", "city"]),
        ("{% if plan == 'a' %}A{% endif %}", []),
        ("{% if plan == 'a' %}A{% elif plan == '' %}?{% else %}B{% endif %}", []),
        ("{% if not plan %}?{% elif plan == 'a' %}A{% else %}B{% endif %}", []),
        ("{% if plan and plan != 'a' %}B{% endif %}", []),
        ("{% if plan in ['', 'a'] %}A{% else %}B{% endif %}", []),
        ("{% if no|int(0) > 3 %}A{% else %}B{% endif %}", []),
    ],
)
def test_a_condition_that_takes_an_empty_cell_for_another(
    tmp_path: Path, letter: str, columns: list[str]
) -> None:
    one = campaign(tmp_path, yaml=PLAIN)
    (tmp_path / "letter.txt").write_text(letter)
    assert [column for column, _ in cells_compared(read_content(one), COLUMNS)] == columns
