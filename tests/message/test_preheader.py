"""The preheader: hidden words at the start of the HTML, which a list of mails shows beside the subject."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.campaign.model import Campaign, Templates
from sendbatch.errors import CampaignError
from sendbatch.findings import Finding
from sendbatch.message.checks.names import bare_conditions, check_names, first_use
from sendbatch.message.checks.placeholders import placeholders
from sendbatch.message.checks.preheaders import doubtful_preheader
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content
from sendbatch.message.plaintext.reader import text_from_html
from sendbatch.message.preheader import shown_in_a_list, with_preheader
from sendbatch.message.reading import read_content
from sendbatch.message.templates import Template
from sendbatch.values import Message

from .conftest import COLUMNS, NOW, SALT, body_of, built, bundle, content, reason, recipient

Make = Callable[..., Campaign]
PAGE = '<!doctype html>\n<html><body class="{{ plan }}">\n<p>Hello {{ first_name }}</p></body></html>'
HEAD = "<!doctype html><html><head><title>T</title></head>"
CHILD = "{% extends 'base' %}{% block x %}<p>Hi{% endblock %}"


def rendered(source: str, written: str = "Look", **others: str) -> str:
    made = with_preheader(bundle(source, **others), written)
    return "".join(Template(made, autoescape=True).pieces({"a": True, "name": "Jane"}))


def with_one(source: str, written: str | None, **changes: object) -> Content:
    made = content(source, preheader=written, **changes)
    assert made.html is not None
    return made if written is None else replace(made, html=with_preheader(made.html, written))


def in_file(campaign: Campaign, written: str) -> Campaign:
    return replace(campaign, preheader=written)


@pytest.mark.parametrize(
    ("source", "others", "before"),
    [
        ("<html><body bgcolor='{{ '>' }}'><p>Hi</p></body></html>", {}, "<html><body bgcolor='&gt;'>"),
        ("<BODY\n id=a>Hi", {}, "<BODY\n id=a>"),
        ("{% if a %}<body class=x>{% else %}<body>{% endif %}Hi", {}, "<body class=x>"),
        ("<!-- <body> --><body>Hi", {}, "<!-- <body> --><body>"),
        ("{% raw %}<body>{% endraw %}Hi", {}, "<body>"),
        (CHILD, {"base": "<body>{% block x %}{% endblock %}"}, "<body>"),
        ("{% include 'head' %}<p>Hi", {"head": "<head></head><body>"}, "<head></head><body>"),
        ("<p>Hi", {}, ""),
        (f"{HEAD}<p>Hi", {}, HEAD),
        (CHILD, {"base": "<p>{% block x %}{% endblock %}"}, ""),
    ],
)  # fmt: skip
def test_it_stands_first_in_the_body(source: str, others: dict[str, str], before: str) -> None:
    found = rendered(source, **others)
    assert found.startswith(f'{before}<div style="display:none;')
    assert found.count("Look") == 1
    assert shown_in_a_list(found) == "Look"
    assert "Look" not in text_from_html(found)


def test_what_is_written_is_text_and_so_is_a_value() -> None:
    found = rendered("<body>Hi", "Fish & <b>chips</b> for {{ name }}{% if a %} > 1{% endif %}", a="")
    assert shown_in_a_list(found) == "Fish & <b>chips</b> for Jane > 1"
    made = with_one("<body>Hi", "For {{ first_name }}")
    assert "For A&lt;b&amp;" in body_of(built(made, first_name="A<b&"), "html")


def test_no_list_comes_to_what_is_behind_it() -> None:
    text = html.unescape(rendered("<body>Hello", "Look"))
    behind = text.partition("Look")[2].partition("</div>")[0]
    assert len(behind) > 300
    assert behind.strip("\u034f\u200c\xa0") == ""


def test_a_planned_message_has_it_and_the_plain_path_gives_the_same() -> None:
    made = with_one(
        "<body><p>Hello {{ first_name }}</p>", "{{ first_name }}{% if customer_id == '12' %}, 12{% endif %}"
    )
    composer = Composer(made, COLUMNS, SALT)
    planned = composer.planned(recipient(), NOW)
    assert isinstance(planned, Message)
    assert body_of(planned, "html") == body_of(built(made), "html")
    assert shown_in_a_list(body_of(planned, "html")) == "Jane, 12"
    assert "12" not in body_of(planned, "plain")


def test_it_is_absent_from_the_text_that_is_made_of_the_html() -> None:
    made = with_one("<body><p>Hello</p>", "Look", text=None)
    assert body_of(built(made), "plain") == "Hello\n"


def test_it_changes_what_is_sent_and_nothing_where_there_is_none() -> None:
    plain = content(PAGE)
    digests = {with_one(PAGE, written).digest for written in (None, "Look", "Look here")}
    assert len(digests) == 3
    assert plain.digest in digests


# What an author did wrong is told at the author's own line and column


def test_errors_behind_it_name_the_line_and_column_that_the_author_sees(campaign: Make) -> None:
    source = "<html>\n<body>{{ nme }} {first_name} {% if first_name %}x{% endif %}</body></html>"
    files = {"templates/body.html": source}
    made = in_file(campaign(files), "Look")
    read = read_content(made)
    findings = check_names(read, made, COLUMNS)
    assert [(one.place.line, one.place.column, one.place.text) for one in findings if one.place] == [
        (2, 10, source.splitlines()[1])
    ]
    [left] = placeholders(read, made, COLUMNS).named
    assert left.place is not None
    assert (left.place.line, left.place.column) == (2, 17)
    assert [place.column for place in bare_conditions(read, made, COLUMNS).values() if place] == [36]
    used = first_use(read, "nme")
    assert used is not None
    assert used.column == 10


def test_a_row_that_fails_is_told_by_what_the_author_wrote() -> None:
    assert "in: <body>{{ customer_id.x.y }}" in reason(with_one("<body>{{ customer_id.x.y }}", "Look"))
    said = reason(with_one("<body>Hi", "Look {{ customer_id.x.y }}"))
    assert "preheader: 'str object' has no attribute 'x', in: Look {{ customer_id.x.y }}" in said


def test_a_name_in_it_that_is_none_is_told_once_where_it_is_declared(campaign: Make) -> None:
    made = in_file(campaign(), "Hello {{ frst_name }}")
    made = replace(made, places={**made.places, "preheader": made.places["subject"]})
    [finding] = check_names(read_content(made), made, COLUMNS)
    assert finding.message == "preheader: frst_name is not a column or a variable"
    assert finding.hint == "did you mean first_name?"
    assert finding.place is not None
    assert finding.place.file == "campaigns/spring.yaml"


def test_a_placeholder_in_it_is_told_where_it_is_declared_and_nowhere_else(campaign: Make) -> None:
    made = in_file(campaign(), "Hello {first_name}")
    made = replace(made, places={**made.places, "preheader": made.places["subject"]})
    [left] = placeholders(read_content(made), made, COLUMNS).named
    assert left.place == made.places["preheader"]
    assert left.also == ()
    assert left.in_all


def test_an_author_cannot_ask_for_what_is_put_in(campaign: Make) -> None:
    files = {"templates/body.html": '<body>{% include "\\x00preheader" %}'}
    with pytest.raises(CampaignError, match="outside the campaign's and templates' folders"):
        read_content(in_file(campaign(files), "Look"))


def test_hidden_words_are_no_words_of_the_text_part(campaign: Make) -> None:
    files = {"templates/body.html": "<body><img src='https://a.b/x.png'>"}
    with pytest.raises(CampaignError, match="no text part can be made from it"):
        read_content(in_file(campaign(files), "Look"))


# Where nobody will see it


def doubts(made: Campaign) -> list[Finding]:
    return [*doubtful_preheader(read_content(made), made)]


def test_where_there_is_no_html_a_warning_says_that_it_goes_nowhere(
    campaign: Make, tmp_path: Path
) -> None:
    text = Templates(text=tmp_path / "templates/body.txt")
    made = campaign({"templates/body.txt": "Hello"}, templates=text)
    [finding] = doubts(in_file(made, "Look"))
    assert (finding.rule, finding.severity) == ("unseen-preheader", "warning")
    assert not doubts(made)


@pytest.mark.parametrize(
    ("source", "is_own"),
    [
        ("<body><div style='display:none'>Mine</div>Hi", True),
        ("<body><!-- x --><table><tr><td><span class='preheader'>{{ first_name }}</span>Hi", True),
        ("<div hidden>Mine</div><p>Hi", True),
        ("<body><p>Hi</p><div style='display:none'>Mine</div>", False),
        ("<body><div style='display:none'><img src='https://a.b/x.png'> &nbsp;</div>Hi", False),
        (PAGE, False),
    ],
)
def test_where_the_html_has_one_of_its_own_a_warning_names_its_place(
    campaign: Make, source: str, is_own: bool
) -> None:
    found = doubts(in_file(campaign({"templates/body.html": source}), "Look"))
    assert [one.rule for one in found] == ["second-preheader"] * is_own
    assert all("templates/body.html:1); a list of mails shows both" in one.message for one in found)
    assert not doubts(campaign({"templates/body.html": source}))
