"""Placeholders of other tools that were left in a letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sendbatch.campaign.model import Campaign, Mailbox, Recipients, Unsubscribe
from sendbatch.message.checks.placeholders import Placeholder, placeholders
from sendbatch.message.reading import read_content

from .conftest import COLUMNS, bundle, content

Make = Callable[..., Campaign]


def left(made: Campaign) -> list[Placeholder]:
    return list(placeholders(read_content(made), made, COLUMNS).named)


def texts(make: Make, html: str) -> list[str]:
    return [one.text for one in left(make({"templates/body.html": html}))]


@pytest.mark.parametrize(
    "mark",
    [
        "{first_name}",
        "{ first_name }",
        "{First Name}",
        "{first_name|friend}",
        "{customer_id}",
        "{unsubscribe_url}",
        "{FNAME}",
        "{contact.FIRSTNAME}",
        "{$name}",
        "${first}",
        "*|FNAME|*",
        "*|MERGE1|*",
        "%%first_name%%",
        "%%=v(@x)=%%",
        "%first_name%",
        "%recipient.first%",
        "[[first_name]]",
        "&lt;&lt;First Name&gt;&gt;",
        "<<first_name>>",
        "-first_name-",
        "[first_name]",
        "«first_name»",
        "<%= first_name %>",
        "first_name}}",
        "%7B%7Bemail%7D%7D",
        "%7b%7B%20anything%20%7d%7D",
        "%7Bemail%7D",
    ],
)
def test_a_mark_of_another_tool_is_found(campaign: Make, mark: str) -> None:
    (found,) = left(campaign({"templates/body.html": f"<p>\n  Dear {mark}, hello</p>"}))
    assert (found.text, found.in_all) == (mark, True)
    assert found.place is not None
    assert (found.place.line, found.place.column) == (2, 8)


@pytest.mark.parametrize("comment", ["<!-->", "<!--->", "<!--[if !mso]><!-->", "<!-- x --!>"])
def test_a_comment_ends_where_browsers_end_it(campaign: Make, comment: str) -> None:
    assert texts(campaign, f"<p>{comment} {{first_name}}</p><!-- -->") == ["{first_name}"]


def test_what_is_in_brackets_and_a_link_is_no_prose(campaign: Make) -> None:
    links = "<a href='[unsubscribe]'>x</a> <a href=\"https://x.example/?a=[email]&b=1\">y</a>"
    assert texts(campaign, f"<p>{links}</p>") == ["[unsubscribe]", "[email]"]


@pytest.mark.parametrize(
    "prose",
    [
        "{see below} {color} {} { } {1} {a: b} {\"json\": 1}",
        "a{color:red} 100%off% 5 % of 10% 50 %",
        "« email » «see» \"[name]\" [unsubscribe] <a href='#[1]' title='[see]'>x</a>",
        "well-known-brand -name- [note] [[see]] <<quote>> *not* **|** | $5 {$} $ { }",
        "{{ first_name }} {# {first_name} #} {% if first_name %}{% endif %}",
        "{% raw %}{first_name} *|FNAME|*{% endraw %}",
        "<style>.a{first_name} *|FNAME|*</style><script>`${x} {first_name}`</script>",
        "<pre>{first_name}</pre> <code>${HOME}</code> <!-- *|FNAME|* -->",
        "<p style=\"{first_name}\">x</p> https://x.example/%20name%20/%E4email",
    ],
)  # fmt: skip
def test_prose_and_styles_are_no_placeholders(campaign: Make, prose: str) -> None:
    assert texts(campaign, f"<p>Hi {prose}</p>") == []


def test_code_of_markdown_is_no_prose(campaign: Make) -> None:
    code = "Ä `{name}` and\n\n```yaml\npath: {name}, ${HOME}\n```\n\n    {email}\n\n"
    letter = bundle(f"{code}> ~~~\n> *|A|*\n> ~~~\n\n- Dear {{first_name}}, `x\n", "letter.md")
    made = replace(content(text=None), markdown=letter, layout=bundle("{{ content }}"))
    (found,) = placeholders(made, campaign(), COLUMNS).named
    assert (found.text, found.place and (found.place.line, found.place.column)) == ("{first_name}", (13, 8))


def test_the_campaign_file_is_looked_through_with_its_places(campaign: Make) -> None:
    made = campaign()
    made = replace(
        made,
        subject="{first_name}, news",
        sender=replace(made.sender, name="*|A|*"),
        recipients=Recipients(made.recipients.file, name="*|B|*", defaults={"x": "*|C|*"}),
        headers={"X-A": "*|D|*"},
        unsubscribe=Unsubscribe("https://x.example/?e=*|E|*"),
        reply_to=(Mailbox("*|F|*", "a@example.com"),),
        variables={"greeting": "Dear *|G|*", "number": 3},
    )
    found = {one.text: (one.place.line if one.place else None, one.in_all) for one in left(made)}
    assert found == {
        "{first_name}": (1, True),
        "*|A|*": (6, True),
        "*|B|*": (8, True),
        "*|C|*": (None, False),
        "*|D|*": (5, True),
        "*|E|*": (7, True),
        "*|F|*": (None, True),
        "*|G|*": (None, False),
    }


def test_only_what_stands_outside_of_all_blocks_is_in_every_message(campaign: Make) -> None:
    files = {
        "templates/body.html": "*|A|*{% if first_name %}*|B|*{% for x in 'ab' %}{% endfor %}*|C|*"
        "{% else %}*|D|*{% endif %}*|E|*{% set y = 1 %}*|F|*{% macro m() %}*|G|*{% endmacro %}"
        "{% set z %}*|H|*{% endset %}{%- call(x) m() -%}*|K|*{%- endcall %}*|I|*{% include 'part.html' %}",
        "templates/part.html": "*|J|*",
    }
    found = "".join(one.text[2] for one in left(campaign(files)) if one.in_all)
    assert found == "AEFI"


def test_one_that_stands_in_several_places_is_told_once_with_all_of_them(campaign: Make) -> None:
    made = campaign({"templates/body.html": "x\n{first_name}\n{first_name} {first_name}"})
    (found,) = left(replace(made, subject="{first_name}"))
    said = str(found.warning(1200, None))
    assert said.startswith("campaigns/spring.yaml:1:3: warning: {first_name} looks like another")
    assert "in all 1,200 messages (also " in said
    assert [place.line for place in found.also] == [2, 3]
    assert "write {{ first_name }}" in said


def test_a_warning_says_in_how_many_messages_and_what_to_write(campaign: Make) -> None:
    conditional = "{% if first_name %}*|FNAME|*{% endif %} %7B%7Bemail%7D%7D"
    name, link = left(campaign({"templates/body.html": conditional}))
    assert "in 12 of 1,200 messages" in name.warning(1200, 12).message
    assert "in each message that has this line" in name.warning(1200, None).message
    assert name.warning(1, 1).hint == "placeholders are written {{ column }} here"
    assert link.warning(1, None).hint == "write {{ email|urlencode }}"
    assert name.warning(1, 1).severity == "warning"


def test_twenty_are_named_and_the_others_counted(campaign: Make) -> None:
    made = campaign({"templates/body.html": " ".join(f"*|A{number}|*" for number in range(50))})
    found = placeholders(read_content(made), made, COLUMNS)
    assert len(found.named) == 20
    (last,) = found.unnamed()
    assert last.message == "and 30 more placeholders of other tools"


def test_a_tag_in_a_variable_is_said_to_be_not_filled_in(campaign: Make) -> None:
    made = replace(campaign(), variables={"greeting": "Dear {{ first_name }}", "other": "{first_name}"})
    ours, other = (one.warning(2, None) for one in left(made))
    assert ours.message.startswith("{{ first_name }} in a value is not filled in")
    assert "into the template itself" in (ours.hint or "")
    assert other.hint == "write {{ first_name }}"


@pytest.mark.one_in(3)
@pytest.mark.parametrize("piece", ["{a", "[[a", "%a", "*|a", "%%a", "-a_", "<<a", "a ", "%7B", "{{a"])
def test_hostile_text_takes_no_time_that_grows_with_its_square(campaign: Make, piece: str) -> None:
    made = campaign({"templates/body.html": "{% raw %}" + piece * 50_000 + "{% endraw %}"})
    assert left(made) == []
    made = replace(made, variables={"x": piece * 50_000})
    assert len(left(made)) <= 1


def test_thousands_of_one_placeholder_are_told_by_their_first_lines(campaign: Make) -> None:
    made = campaign({"templates/body.html": "*|FNAME|* and *|FNAME|*\n" * 20_000})
    (only,) = left(made)
    assert only.place is not None
    assert (only.place.line, [place.line for place in only.also]) == (1, [2, 3, 4, 5])
