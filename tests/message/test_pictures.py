"""Pictures that no reader of a letter has."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from sendbatch.message.checks.pictures import broken_pictures, doubtful_pictures
from sendbatch.message.pictures.own import OwnPictures
from sendbatch.message.templates import Failed

from .conftest import COLUMNS, body_of, built, bundle, content, reason


def broken(source: str, *, also: dict[str, str] | None = None, **variables: str) -> list[str]:
    """`file:line:column: url` of each, as the fault has them."""
    made = replace(content(), html=bundle(source, **(also or {})), variables=variables)
    return [
        f"{fault.place.file.rpartition('/')[2]}:{fault.place.line}:{fault.place.column}: "
        f"{fault.message.partition(' leads nowhere')[0]}"
        for fault in broken_pictures(made, COLUMNS)
        if fault.place
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('<img src="logo.png" alt="Logo">', "1:11: logo.png"),
        ("<p>\n  <IMG\n   SRC = 'img/logo.png'>", "3:11: img/logo.png"),
        ("<img alt=x src=logo.png>", "1:16: logo.png"),
        ('<img src="/logo.png">', "1:11: /logo.png"),
        ('<img src="file:///C:/logo.png">', "1:11: file:///C:/logo.png"),
        ('<img src="C:\\logo.png">', "1:11: C:\\logo.png"),
        ('<img src="cid:logo.png">', "1:11: cid:logo.png"),
        ('<td background="bg.gif">', "1:17: bg.gif"),
        ('<video poster="a.jpg" src="https://x.example/a.mp4">', "1:16: a.jpg"),
        ('<p style="color:red;background:url(bg.png)">', "1:36: bg.png"),
        ("<p style=\"background:url('bg.png')\">", "1:27: bg.png"),
        ('<p style="background:url(&quot;bg.png&quot;)">', "1:32: bg.png"),
        ("<style>\n.a { background: URL( 'bg.png' ) }</style>", "2:24: bg.png"),
        ('<img srcset="https://x.example/a.png 1x, b.png 2x">', "1:42: b.png"),
        ('<img srcset="a.png, https://x.example/b.png 2x">', "1:14: a.png"),
        ('<!--[if mso]><v:fill src="bg.png"/><![endif]-->', "1:27: bg.png"),
        ('<!--[if !mso]><!--><img src="a.png"><!--<![endif]-->', "1:30: a.png"),
        ("<!---><style>p{background:url(a.png)}</style><!-- -->", "1:31: a.png"),
        ('<!-- x --!><img src="a.png"><!-- -->', "1:22: a.png"),
        ('<p title=it\'s><img src="a.png">', "1:25: a.png"),
        ('<img alt="5" tall" src="a.png"><p title="x">', "1:25: a.png"),
        ('<img src="images/{{ first_name }}.png">', "1:11: images/….png"),
        ('<img src="{{ first_name }}.png">', "1:11: ….png"),
        ('<p><img src="{{ first_name }}-{{ plan }}_2.JPG">', "1:14: …-…_2.JPG"),
        ('{% if first_name %}<img src="a.png">{% endif %}', "1:30: a.png"),
        ("<img src=\"{% if first_name %}https://x.example/a{% else %}a.png{% endif %}\">", "1:59: a.png"),
        ('{% macro logo() %}<img src="a.png">{% endmacro %}', "1:29: a.png"),
        ("{# <img src=\"x.png\"> #}{% raw %}<img src='a.png'>{% endraw %}", "1:43: a.png"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_told_with_its_place(source: str, found: str) -> None:
    assert broken(source) == [f"body.html:{found}"]


@pytest.mark.parametrize(
    "source",
    [
        '<img src="https://x.example/logo.png"><img src="HTTP://x.example/a.png">',
        '<img src="data:image/png;base64,iVBORw0KGgo="><img srcset="data:image/png;base64,aa== 2x">',
        '<img src=""><img src><img alt="src=logo.png" title=\'background="x"\'>',
        '<!-- <img src="logo.png"> --><script>a.src="x.js"</script>',
        "<style>/* url(a.png) */ v\\:* {behavior:url(#default#VML)} .a{fill:url(#b)}</style>",
        '<a href="page.html" data-src="a.png">src="logo.png"</a>',
        '<img src="https://x.example/{{ first_name }}.png">',
        '<img src="{{ logo }}">',
        '<img src="{{ first_name }}/{{ plan }}.png"><img src="{{ first_name ~ \'.png\' }}">',
        '<img src="{{ logo|replace(\'.png\', \'\') }}"><img src="{{ first_name }}?f=.png">',
        "{# <img src='logo.png'> #}",
        '<p>5 < 6, src="logo.png" and url(logo.png)</p>',
    ],
)
def test_what_a_reader_can_fetch_or_never_sees_is_fine(source: str) -> None:
    assert broken(source, logo="https://x.example/logo.png") == []


def test_what_a_variable_of_the_campaign_holds_is_looked_at_too() -> None:
    source = '<img src="{{ base }}/logo.png">'
    assert broken(source, base="https://x.example") == []
    assert broken(source, base="images") == ["body.html:1:11: images/logo.png"]
    assert broken(source, base="") == ["body.html:1:11: /logo.png"]
    # a column, or what the template sets, is another matter
    assert broken('<img src="{{ first_name }}">', first_name="logo.png") == []
    assert broken('{% set base = "https://x" %}' + source, base="images") == []


def test_each_file_is_named_that_the_letter_is_made_of() -> None:
    source = "{% extends 'base.html' %}{% block b %}{% include 'part.html' %}{% endblock %}"
    also = {
        "base.html": "<body background=bg.png>\n{% block b %}{% endblock %}",
        "part.html": "\n\n<img src='a.png'>",
    }
    assert sorted(broken(source, also=also)) == ["base.html:1:18: bg.png", "part.html:3:11: a.png"]


def test_an_address_without_its_scheme_is_warned_about() -> None:
    made = content('<img src="//x.example/a.png">')
    assert broken_pictures(made, COLUMNS) == []
    (fault,) = doubtful_pictures(made, COLUMNS)
    assert (fault.severity, fault.hint) == ("warning", "write https://x.example/a.png")


@pytest.mark.parametrize(
    "source",
    [
        '<p>\n<img src="{{ first_name }}"></p>',
        '\n<img src="{% if first_name %}{{ first_name }}{% endif %}">',
        "{% macro pic(file) %}\n<img src='{{ file }}'>{% endmacro %}{{ pic(first_name) }}",
        '\n<p style="background:url({{ first_name }})">',
        '\n<td background="{{ first_name }}">',
        '\n<video poster="{{ first_name }}">',
        '\n<img srcset="{{ first_name }}">',
    ],
)
def test_what_a_cell_decides_is_found_when_the_message_is_built(source: str) -> None:
    made = content(source, "x")
    found = reason(made, first_name="logo.png")
    assert found.startswith(
        "templates/body.html:2: logo.png leads nowhere: nobody who reads the mail"
    )
    assert "cid:a leads nowhere" in reason(made, first_name="cid:a")
    assert "https://x.example/a.png" in body_of(
        built(made, first_name="https://x.example/a.png"), "html"
    )


def test_finished_messages_are_looked_through_only_where_a_value_decides() -> None:
    assert not OwnPictures(
        content('<img src="https://x.example/{{ first_name }}">'), COLUMNS
    ).are_computed
    assert OwnPictures(content('<img src="{{ first_name }}">'), COLUMNS).are_computed


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "piece",
    [
        *("<img src=", "<!--", "<!-->", "<!--[if", "<a b=", "<style>", "<a b='", "<p style='url("),
        *("srcset='a,", "<a ", "<", "src="),
    ],
)
def test_hostile_html_takes_no_time_that_grows_with_its_square(piece: str) -> None:
    made = content("<img src='{{ first_name }}'>", "x")
    for begun in ("<img src=xy:", "<img src='a.png'>", ""):
        with contextlib.suppress(Failed):
            OwnPictures(made, COLUMNS).put_into(begun + piece * 40_000)
