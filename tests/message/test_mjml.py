"""Templates in MJML: what becomes of them, what is kept of the author's own, and where an error is."""

from __future__ import annotations

import email
import email.policy
import re
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mrml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from sendbatch.campaign.model import Campaign, Templates, Unsubscribe
from sendbatch.errors import CampaignError, Finding
from sendbatch.message.bodies import Bodies
from sendbatch.message.checks.names import check_names, first_use
from sendbatch.message.checks.pictures import doubtful_pictures
from sendbatch.message.checks.placeholders import placeholders
from sendbatch.message.checks.preheaders import doubtful_preheader
from sendbatch.message.checks.styles import doubtful_styles
from sendbatch.message.content import Content
from sendbatch.message.letter import Proof, shows_link
from sendbatch.message.mjml.elements import ELEMENTS, UNUSED, attributes_of
from sendbatch.message.mjml.reading import read_mjml
from sendbatch.message.reading import read_content
from sendbatch.message.templates import Template, with_globals

from .conftest import COLUMNS, body_of, built, reason

Make = Callable[..., Campaign]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0"
    "0000000301010018dd8db00000000049454e44ae426082"
)
SECTION = "<mj-section><mj-column>{}</mj-column></mj-section>"
LETTER = """\
<mjml>
  <mj-head>
    <mj-title>For {{ first_name }}</mj-title>
    <mj-attributes><mj-all font-family="Arial" /><mj-class name="big" font-size="20px" /></mj-attributes>
  </mj-head>
  <mj-body background-color="{{ '#ffeeee' if customer_id == '12' else '#eeeeff' }}">
    <mj-section>
      <mj-column>
        <mj-text mj-class="big">Dear {{ first_name }},<br> it is &amp; was.</mj-text>
        {% if customer_id == "12" %}
        <mj-button href="https://example.com/?a=1&amp;for={{ email|urlencode }}">Your page</mj-button>
        {% else %}
        <mj-image src="https://example.com/{{ customer_id }}.png" alt='A "picture"' />
        <mj-divider border-color="#cccccc" />
        {% endif %}
        <mj-table>{% for n in range(3) %}<tr><td>{{ n }}</td></tr>{% endfor %}</mj-table>
      </mj-column>
    </mj-section>
    <mj-raw>{% if first_name %}</mj-raw>
    <mj-section background-url="https://example.com/{{ customer_id }}.jpg" css-class="two">
      {% for place in ("left", "right") %}
      <mj-column width="50%"><mj-text>{{ place }} of {{ first_name }}</mj-text></mj-column>
      {% endfor %}
    </mj-section>
    <mj-raw>{% endif %}</mj-raw>
  </mj-body>
</mjml>
"""


def in_mjml(
    campaign: Make, mjml: str, files: dict[str, Any] | None = None, **fields: Any
) -> Campaign:
    made = campaign({"templates/news.mjml": mjml, **(files or {})}, **fields)
    folder = made.folder.parent
    given = fields.get("templates") or Templates(html=folder / "templates/news.mjml")
    return campaign(folder=folder, **{**fields, "templates": given})


def read(campaign: Make, mjml: str, files: dict[str, Any] | None = None, **fields: Any) -> Content:
    return read_content(in_mjml(campaign, mjml, files, **fields))


def body(inner: str, head: str = "") -> str:
    return f"<mjml><mj-head>{head}</mj-head><mj-body>\n{inner}\n</mj-body></mjml>"


def column(inner: str, head: str = "") -> str:
    return body(SECTION.format(inner), head)


def found(campaign: Make, mjml: str, files: dict[str, Any] | None = None) -> list[Finding]:
    with pytest.raises(CampaignError) as refused:
        read(campaign, mjml, files)
    return [*refused.value.findings]


def shown(made: Content, **cells: str) -> str:
    return body_of(built(made, **cells), "html").removesuffix("\n")


def test_what_is_compiled_once_is_what_would_be_compiled_for_each(campaign: Make) -> None:
    made = read(campaign, LETTER)
    for cells in (
        {"customer_id": "12", "first_name": "Jo & <b>Co</b>"},
        {"customer_id": "7", "first_name": ""},
        {"customer_id": '"', "first_name": "'"},
    ):
        values = {"email": "jane@example.org", **cells}
        alone = Environment(autoescape=True).from_string(LETTER).render(values)
        theirs = mrml.to_html(alone.replace("'A \"picture\"'", '"A &quot;picture&quot;"')).content
        ours = shown(made, **cells)
        # The head has what some of the letters need.
        assert tidy(ours.partition("<body")[2]) == tidy(theirs.partition("<body")[2])


def tidy(document: str) -> str:
    """As it is read: blanks between tags, and how a void tag or a doctype is written, say nothing."""
    lines = re.sub(r"\s*/>", ">", re.sub(r"\s*(<[^>]*>)\s*", r"\n\1\n", document))
    return "\n".join(" ".join(line.split()) for line in lines.splitlines() if line.strip())


def samples(attribute: str) -> list[str]:
    """Values that it may have."""
    if "border" in attribute and "radius" not in attribute:
        return ["3px solid red"]
    if attribute.endswith("color"):
        return ["#123456", "teal"]
    return ["https://example.com/x.png", "sample"]


AROUND = {
    "mj-section": "{}",
    "mj-wrapper": "{}",
    "mj-hero": "{}",
    "mj-column": "<mj-section>{}</mj-section>",
    "mj-group": "<mj-section>{}</mj-section>",
    "mj-social-element": SECTION.format("<mj-social>{}</mj-social>"),
    "mj-navbar-link": SECTION.format("<mj-navbar>{}</mj-navbar>"),
    "mj-carousel-image": SECTION.format(
        "<mj-carousel>{}<mj-carousel-image src='b' /></mj-carousel>"
    ),
    "mj-accordion-element": SECTION.format("<mj-accordion>{}</mj-accordion>"),
    "mj-accordion-title": SECTION.format(
        "<mj-accordion><mj-accordion-element>{}</mj-accordion-element></mj-accordion>"
    ),
}
AROUND["mj-accordion-text"] = AROUND["mj-accordion-title"]
WITHIN = {
    "mj-section": "<mj-column><mj-text>t</mj-text><mj-image src='a' /></mj-column>",
    "mj-wrapper": SECTION.format("<mj-image src='a' />"),
    "mj-hero": "<mj-image src='a' />",
    "mj-column": "<mj-text>t</mj-text><mj-image src='a' />",
    "mj-group": "<mj-column></mj-column><mj-column></mj-column>",
    "mj-social": "<mj-social-element name='x' href='h'>t</mj-social-element>",
    "mj-navbar": "<mj-navbar-link href='h'>t</mj-navbar-link>",
    "mj-carousel": "<mj-carousel-image src='a' /><mj-carousel-image src='b' />",
    "mj-accordion": "<mj-accordion-element><mj-accordion-title>t</mj-accordion-title></mj-accordion-element>",
    "mj-accordion-element": "<mj-accordion-title>t</mj-accordion-title>",
}
OTHERS = {
    "mj-hero": 'background-url="b" background-height="9px" background-width="9px" height="99px" ',
    "mj-section": 'background-url="b" ',
    "mj-wrapper": 'background-url="b" ',
    "mj-social-element": 'name="facebook" ',
    "mj-button": 'href="h" ',
    "mj-image": 'href="h" ',
    "mj-navbar": 'hamburger="hamburger" ',
}


def in_one(name: str, attribute: str, value: str) -> str:
    others = re.sub(rf'\b{attribute}="[^"]*" ', "", OTHERS.get(name, ""))
    within = WITHIN.get(name, "t" if ELEMENTS[name].holds_html else "")
    written = f'<{name} {others}{attribute}="{value}">{within}</{name}>'
    return body(AROUND.get(name, SECTION).format(written))


@pytest.mark.parametrize(
    "name", [n for n in ELEMENTS if "css-class" in attributes_of(n) and n != "mj-body"]
)
def test_mjml_only_hands_on_what_may_hold_a_tag_of_jinja(name: str) -> None:
    """With any value it makes the same of the tag as with another, but for the value."""
    for attribute in sorted(ELEMENTS[name].handed_on):
        marked = mrml.to_html(in_one(name, attribute, "q7w7z")).content
        if "q7w7z" in marked:  # else the author is told that it is lost
            for value in samples(attribute):
                made = mrml.to_html(in_one(name, attribute, value)).content
                assert marked.replace("q7w7z", value) == made, (attribute, value)


@pytest.mark.parametrize("name", [name for name in UNUSED if name != "mj-body"])
def test_what_is_said_to_have_no_effect_has_none(campaign: Make, name: str) -> None:
    for attribute in sorted(UNUSED[name]):
        assert attribute in attributes_of(name)
        without = mrml.to_html(in_one(name, "mj-class", "none")).content
        for value in (
            *samples(attribute),
            "7px",
            "bold",
            "uppercase",
            "fixed",
            "fixed-height",
            "left",
        ):
            written = in_one(name, attribute, value).replace(
                f"<{name} ", f'<{name} mj-class="none" ', 1
            )
            assert mrml.to_html(written).content == without, (attribute, value)
        path = in_mjml(campaign, written).templates.html
        assert path is not None
        _, doubts = read_mjml(path, search=[], allowed=[], what="", place=None)
        assert "mjml-unused" in [one.rule for one in doubts]


@pytest.mark.parametrize(
    ("tag", "hint"),
    [
        ('mj-text font-size="16"', "it takes 16px"),
        ('mj-text align="centre"', "it takes left, center, right, justify"),
        ('mj-text padding="1px 2px 3px 4px 5px"', "it takes 16px or 16%, up to four of them"),
        ('mj-image src="https://a/b" width="50%"', "it takes 16px"),
        ('mj-table width="wide"', "it takes 16px or 16% or auto"),
        ('mj-text line-height="1.5em"', "it takes 16px or 16% or a number alone"),
        (
            'mj-text padding="0 .5px 10% 2px" align="justify" line-height="1.5" letter-spacing="-1px"',
            "",
        ),
        ('mj-image src="https://a/b" width="50px" height="auto" alt="{{ email }}"', ""),
        ('mj-text padding="0" font-size="" css-class="16"', ""),
    ],
)
def test_a_value_that_mjml_goes_on_without_is_doubtful(campaign: Make, tag: str, hint: str) -> None:
    path = in_mjml(campaign, column(f"<{tag} />")).templates.html
    assert path is not None
    _, doubts = read_mjml(path, search=[], allowed=[], what="", place=None)
    assert [one.hint for one in doubts] == ([hint] if hint else [])


@pytest.mark.parametrize(
    "around",
    [
        "{}" + SECTION.format("<mj-text>t</mj-text>") + "{}",
        "<mj-wrapper>{}" + SECTION.format("") + "{}</mj-wrapper>",
        "<mj-section>{}<mj-column></mj-column>{}</mj-section>",
        "<mj-section>{}<mj-group><mj-column></mj-column></mj-group>{}</mj-section>",
        "<mj-section><mj-group>{}<mj-column></mj-column>{}</mj-group></mj-section>",
        "<mj-hero>{}<mj-text>t</mj-text>{}</mj-hero>",
        SECTION.format("{}<mj-text>t</mj-text>{}"),
        SECTION.format(
            "<mj-social>{}<mj-social-element name='x'>t</mj-social-element>{}</mj-social>"
        ),
        SECTION.format(
            "<mj-social mode='vertical'>{}<mj-social-element name='x'>t</mj-social-element>{}</mj-social>"
        ),
        SECTION.format("<mj-navbar>{}<mj-navbar-link href='x'>t</mj-navbar-link>{}</mj-navbar>"),
        SECTION.format(
            "<mj-accordion>{}<mj-accordion-element><mj-accordion-title>t</mj-accordion-title>"
            "</mj-accordion-element>{}</mj-accordion>"
        ),
    ],
)
@pytest.mark.parametrize("raw", ["{}", "<mj-raw>{}</mj-raw>", "<!-- {} -->"])
def test_a_block_may_stand_around_each_tag_of_the_body(
    campaign: Make, around: str, raw: str
) -> None:
    """As MJML's documentation has it, in mj-raw, or as people write it."""
    open_, close = raw.format("{% if first_name %}"), raw.format("{% endif %}")
    text = Templates(html=campaign().folder.parent / "templates/news.mjml")
    made = read(
        campaign, body("<mj-raw>Hello</mj-raw>" + around.format(open_, close)), templates=text
    )
    plain = mrml.to_html(body("<mj-raw>Hello</mj-raw>" + around.format("", ""))).content
    with_it = shown(made).replace("<!--  -->", "")
    assert tidy(with_it) == tidy(plain)
    without = shown(made, first_name="").replace("<!--  -->", "")
    inner = re.sub(r"\{\}.*\{\}", "", around)
    if inner:
        assert len(without) < len(with_it)


@pytest.mark.parametrize(
    ("line", "place", "said", "hint"),
    [
        ("<mj-sektion></mj-sektion>", 1, "no tag of MJML: <mj-sektion>", "did you mean mj-section?"),
        ("<table></table>", 1, "no tag of MJML: <table>", "did you mean mj-table?"),
        ("<em></em>", 1, "no tag of MJML: <em>", "HTML stands within <mj-text>"),
        ("<mj-text>t</mj-text>", 1, "<mj-text> has no place in <mj-body>", "it stands in <mj-column>"),
        ("<mj-selector></mj-selector>", 1, "not compiled here", "take it away"),
        ('<mj-section paddin="1px"></mj-section>', 13, "no attribute of <mj-section>: paddin", "padding?"),
        ("<mj-section padding=1px></mj-section>", 13, "without quotes: padding", 'padding="…"'),
        ('<mj-section css-class="a" css-class="b"></mj-section>', 27, "css-class is there twice", "one"),
        ("<mj-section></mj-sectoin>", 13, "</mj-sectoin> closes nothing", "did you mean </mj-section>?"),
        ("<mj-section><mj-column></mj-section>", 13, "<mj-column> is not closed before", "</mj-column>"),
        ("<mj-section>", 1, "<mj-section> is not closed before </mj-body>", "</mj-section>"),
        ('<mj-section css-class="a></mj-section>', 1, "a tag that does not end", 'name="value"'),
        ("<mj-section>Hello</mj-section>", 13, "text between tags of MJML", "within <mj-text>"),
        ("{{ first_name }}", 1, "a value between tags of MJML", "within <mj-text>"),
        ('<mj-section padding="{{ email }}px"></mj-section>', 22, "padding= of <mj-section>: MJML", "{% if"),
        ('<mj-section padding="1px {{ email }}"></mj-section>', 26, "padding= of <mj-section>", "{% if"),
        ("<mj-section {{ email }}></mj-section>", 13, "among the attributes of <mj-", "within a value"),
        ("{% if email %}<mj-section>{% endif %}</mj-section>", 27, "{% endif %} in <mj-section>", "same"),
        ("<mj-section>{% if email %}</mj-section>{% endif %}", 40, "{% endif %} in <mj-body>", "same"),
        ("<mj-section>{% if email %}</mj-section>{% endif %}", 13, "{% if %} begins in <mj-section>", "same"),
        ('<mj-section css-class="{% if email %}" border-radius="{% endif %}"/>', 24, "begins in", "one"),
        ("{% raw %}<mj-section></mj-section>{% endraw %}", 1, "{% raw %} around", "within <mj-text>"),
        (SECTION.format("<mj-text>a<mj-text>b</mj-text>"), 34, "<mj-text> within <mj-text>", "close"),
        (SECTION.format("<mj-text>a"), 24, "<mj-text> is not closed before </mj-column>", "</mj-text>"),
        (SECTION.format("<mj-image>{% if email %}{% endif %}</mj-image>"), 34, "holds nothing", "around"),
        (SECTION.format('<mj-image name="{{ email }}" src="https://x/y" />'), 40, "MJML loses it", "within"),
        ("<![CDATA[a]]>", 1, "no tag of MJML", "away"),
        ('<mj-include path="a.css" type="css" />', 1, "included in <mj-head>", "move"),
        ("<mj-include />", 1, "without a path", "path="),
        ('<mj-include path="{{ email }}" />', 19, "a name that is computed", "within {% if"),
        ('<mj-include path="foter.mjml" />', 19, "no such file: foter.mjml", "did you mean footer.mjml?"),
        ('<mj-include path="../../etc/hosts" />', 19, "outside the campaign's", None),
        ('<mj-include path="/etc/hosts" />', 19, "outside the campaign's", None),
        ('<mj-include path="x.mjml" type="jpg" />', 33, "no kind of include: jpg", "css"),
        ('<mj-include path="news.mjml" />', 19, "news.mjml includes itself", None),
        ('{% include "footer.mjml" %}', 4, "compiled before", '<mj-include path="footer.mjml" />'),
    ],
)  # fmt: skip
def test_what_mjml_would_pass_over_is_an_error_with_its_place(
    campaign: Make, tmp_path: Path, line: str, place: int, said: str, hint: str | None
) -> None:
    files = {"templates/footer.mjml": SECTION.format("<mj-text>Bye</mj-text>")}
    tmp_path.parent.joinpath("etc").mkdir(exist_ok=True)
    tmp_path.parent.joinpath("etc/hosts").write_text("<mj-section></mj-section>")
    faults = [one for one in found(campaign, body(line), files) if said in one.message]
    assert len(faults) == 1, faults
    assert faults[0].place is not None
    assert faults[0].place.file.endswith("templates/news.mjml")
    assert (faults[0].place.line, faults[0].place.column, faults[0].place.text) == (2, place, line)
    assert (hint is None and faults[0].hint is None) or (hint or "") in (faults[0].hint or "")


@pytest.mark.parametrize(
    ("mjml", "said"),
    [
        (SECTION.format(""), "does not begin with <mjml>"),
        ("<mjml></mjml>", "there is no <mj-body>"),
        ("<mjml><mj-body></mj-body><mj-body></mj-body></mjml>", "a second <mj-body>"),
        ("Hello <mjml><mj-body></mj-body></mjml>", "text between tags"),
        ("{% extends 'base.mjml' %}", "extends: a letter in MJML is a whole one"),
        (
            column("x", "{% if email %}<mj-style>a</mj-style>{% endif %}"),
            "between the tags in <mj-head>",
        ),
        (
            column("x", '<mj-font name="{{ email }}" href="x" />'),
            "name= of <mj-font>: MJML computes",
        ),
        (column("{% if email %}<mj-text>{% endif %}</mj-text>"), "{% endif %} in <mj-text>"),
    ],
)
def test_a_letter_that_is_no_whole_one_is_an_error(campaign: Make, mjml: str, said: str) -> None:
    files = {"templates/base.mjml": "<mjml>{% block x %}{% endblock %}</mjml>"}
    assert any(said in one.message for one in found(campaign, mjml, files))


def place_of(finding: Finding) -> tuple[str, int | None, int | None, str | None]:
    assert finding.place is not None
    place = finding.place
    return place.file.rpartition("/")[2], place.line, place.column, place.text


WRONG_NAME = """\
{# for Mary #}
<mjml>
  <!-- {{ not_looked_at }} is a note -->
  <mj-body>
    <mj-section background-url="{{ bild }}">
      <mj-column css-class="{{ farbe }}"><mj-text>
        Dear {{ email }},
        this is {{ nam }} and

        {{ email }}.
      </mj-text></mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""


def test_an_unknown_name_is_told_once_with_its_place_however_often_mjml_writes_it(
    campaign: Make,
) -> None:
    made = in_mjml(campaign, WRONG_NAME.replace("<!-- {{ not_looked_at }} is a note -->", ""))
    wrong = check_names(read_content(made), made, COLUMNS)
    assert [(one.message.split()[0], *place_of(one)[1:3]) for one in wrong] == [
        ("bild", 5, 36),
        ("farbe", 6, 32),
        ("nam", 8, 20),
    ]
    assert place_of(wrong[2])[3] == "        this is {{ nam }} and"


def test_what_fails_for_a_row_is_told_with_the_line_of_the_mjml(campaign: Make) -> None:
    line = '<mj-text>a</mj-text>\n\n<mj-button href="{{ 1 // (email|length - 16) }}">b</mj-button>'
    said = reason(read(campaign, column(line)))
    assert "templates/news.mjml:4: " in said
    assert "<mj-button href=" in said


def test_a_name_in_a_file_that_is_included_is_told_with_that_file(campaign: Make) -> None:
    files = {
        "templates/parts/footer.mjml": SECTION.format("<mj-text>\r\n Bye {{ nam }}</mj-text>"),
        "templates/parts/note.html": "<p>\n{{ note }}</p>",
    }
    mjml = body(
        '<mj-include path="parts/footer.mjml" />{% if email %}\n'
        '<mj-include path="parts/note.html" type="html" />{% endif %}'
    )
    made = in_mjml(campaign, mjml, files)
    content = read_content(made)
    wrong = check_names(content, made, COLUMNS)
    assert [place_of(one) for one in wrong] == [
        ("footer.mjml", 2, 9, " Bye {{ nam }}</mj-text></mj-column></mj-section>"),
        ("note.html", 2, 4, "{{ note }}</p>"),
    ]
    first = first_use(content, "note")
    assert first is not None
    assert (first.line, first.column) == (2, 4)


def test_a_picture_is_read_beside_the_file_that_names_it(campaign: Make) -> None:
    files = {
        "templates/logo.png": PNG,
        "templates/parts/footer.mjml": SECTION.format('<mj-image src="bye.png" alt="Bye" />'),
        "templates/parts/bye.png": PNG + b"\0",
    }
    mjml = body(
        '<mj-section background-url="logo.png"><mj-column>'
        '<mj-image src="logo.png" alt="Logo" /></mj-column></mj-section>'
        '<mj-include path="parts/footer.mjml" />'
    )
    made = read(campaign, mjml, files)
    assert sorted(picture.name for picture in made.pictures) == ["bye.png", "logo.png"]
    document = shown(made)
    logo = next(picture.cid for picture in made.pictures if picture.name == "logo.png")
    assert document.count(f"cid:{logo}") == 5  # Outlook's, two styles, an attribute, the picture
    assert ".png" not in document


def test_a_picture_that_is_not_there_is_told_once_with_its_place(campaign: Make) -> None:
    line = (
        '  background-url="nowhere.png"><mj-column><mj-text>Hi</mj-text></mj-column></mj-section>'
    )
    mjml = body(f"<mj-section\n{line}")
    (fault,) = found(campaign, mjml)
    assert (fault.rule, *place_of(fault)) == (
        *("broken-picture", "news.mjml", 3, 19),
        line,
    )


def test_a_picture_of_one_recipient_is_one_however_often_mjml_writes_it(campaign: Make) -> None:
    files = {"templates/maps/12.png": PNG}
    mjml = body(
        '<mj-section background-url="maps/{{ customer_id }}.png"><mj-column><mj-text>Hi</mj-text>'
        '<mj-image src="maps/{{ customer_id }}.png" alt="" /></mj-column></mj-section>'
    )
    made = read(campaign, mjml, files)
    assert [own.where.rpartition("/")[2] for own in made.own_pictures] == ["news.mjml:2"] * 2
    assert made.digest == read(campaign, mjml.replace("<mj-body", "\n<mj-body"), files).digest
    message = built(made)
    assert message.data.count(b"Content-Type: image/png") == 1
    assert body_of(message, "html").count("cid:") == 5


def test_a_placeholder_of_another_tool_is_told_with_its_place(campaign: Make) -> None:
    mjml = column(
        "<mj-text>Hi</mj-text>\n<mj-text>\n Dear *|FNAME|*</mj-text><mj-image alt='{first_name}' />"
    )
    made = in_mjml(campaign, mjml)
    left = placeholders(read_content(made), made, COLUMNS).named
    assert [(one.text, one.place.line, one.place.column) for one in left if one.place] == [
        ("*|FNAME|*", 4, 7),
        ("{first_name}", 4, 41),
    ]


def test_a_blank_line_more_is_no_other_mail(campaign: Make) -> None:
    made = [
        read(campaign, text).digest
        for text in (LETTER, LETTER.replace("<mj-body", "\n\n  <mj-body"))
    ]
    assert made[0] == made[1]
    assert read(campaign, LETTER.replace("Dear", "dear")).digest != made[0]


def test_both_paths_give_the_same(campaign: Make) -> None:
    text = campaign({"templates/body.txt": "Hello"}).folder.parent / "templates/body.txt"
    mjml = text.with_name("news.mjml")
    for letter in (
        LETTER,
        LETTER.replace("<mj-attr", '<mj-style inline="inline">a{color:red}</mj-style><mj-attr'),
    ):
        made = read(campaign, letter, templates=Templates(html=mjml, text=text))
        bodies = Bodies(made, COLUMNS)
        for cells in (("a@b.c", "Jo <&>", "12"), ("a@b.c", "", '"')):
            assert bodies.is_planned
            parts = bodies.encoded(cells)
            assert parts is not None
            variables = {**with_globals({}), **dict(zip(COLUMNS, cells, strict=True))}
            plain = "".join(bodies.rendered(variables).html or ())
            assert decoded(parts[-1]).removesuffix("\n") == plain


def decoded(part: bytes) -> str:
    read = email.message_from_bytes(part, policy=email.policy.default)
    return str(read.get_content()).replace("\r\n", "\n")


def test_style_sheets_stay_in_the_head_unless_mjml_says_otherwise(campaign: Make) -> None:
    text = "<mj-text><p class='a'>Hello</p></mj-text>"
    plain = read(campaign, column(text, "<mj-style>.a { color: red }</mj-style>"))
    assert not plain.inlines_css
    assert "<p class='a'>" in shown(plain)
    assert '<style type="text/css">.a { color: red }</style></head>' in shown(plain)
    sheets = (
        '<mj-style inline="inline">.a { color: red }</mj-style><mj-style>.b { c: d }</mj-style>'
    )
    inlined = read(campaign, column(text, sheets))
    assert inlined.inlines_css
    document = shown(inlined)
    assert "<p style=\"color: red;\" class='a'>" in document or "color: red" in document
    assert ".a { color" not in document
    assert ".b { c: d }</style></head>" in document
    assert "#outlook a { padding: 0; }" in document
    assert ".mj-column-per-100 { width:100% !important" in document
    assert (
        '<table border="0" cellpadding="0" cellspacing="0" role="presentation" align=' in document
    )
    left = read(campaign, column(text, sheets), inline_css=False)
    assert ".a { color: red }" in shown(left)


def test_a_style_sheet_that_is_included_is_read_as_a_linked_one_is(campaign: Make) -> None:
    files = {"templates/a.css": ".a { color: red }"}
    text = "<mj-text><p class='a'>Hello</p></mj-text>"
    stays = read(campaign, column(text, '<mj-include path="a.css" type="css" />'), files)
    assert ".a { color: red }</style></head>" in shown(stays)
    moves = read(
        campaign, column(text, '<mj-include path="a.css" type="css" css-inline="inline" />'), files
    )
    assert ".a {" not in shown(moves)
    assert "color: red" in shown(moves)
    (fault,) = found(campaign, column(text, '<mj-include path="b.css" type="css" />'), files)
    assert fault.rule == "unusable-style-sheet"
    assert place_of(fault)[:2] == ("news.mjml", 1)


def test_fonts_and_what_mjml_writes_itself_are_nothing_to_complain_of(campaign: Make) -> None:
    font = '<mj-font name="Lato" href="https://fonts.example/lato.css" />'
    mjml = column("<mj-text font-family='Lato'>Hello</mj-text>", font)
    for inline in ("", '<mj-style inline="inline">p { color: red }</mj-style>'):
        made = read(campaign, mjml.replace(font, font + inline))
        assert "@import url(https://fonts.example/lato.css)" in shown(made)
        assert [*doubtful_styles(made)] == []


def test_a_preview_beside_a_preheader_is_doubtful(campaign: Make) -> None:
    mjml = column("<mj-text>Hello</mj-text>", "\n<mj-preview>Look {{ email }}</mj-preview>")
    made = in_mjml(campaign, mjml, preheader="Look")
    (doubt,) = doubtful_preheader(read_content(made), made)
    assert "templates/news.mjml:2" in doubt.message
    assert [*doubtful_preheader(read(campaign, mjml), made)] == []
    assert body_of(built(read(campaign, mjml)), "plain") == "Hello\n"


def test_the_head_of_a_letter_that_is_included_belongs_to_the_head(campaign: Make) -> None:
    part = (
        "<mjml><mj-head><mj-attributes><mj-text color='#abcdef' /></mj-attributes>"
        f"<mj-style>.z {{ a: b }}</mj-style></mj-head><mj-body>{SECTION.format('<mj-text>Bye</mj-text>')}"
        "</mj-body></mjml>"
    )
    document = shown(
        read(campaign, body('<mj-include path="p.mjml" />'), {"templates/p.mjml": part})
    )
    assert "color:#abcdef" in document
    assert ".z { a: b }</style></head>" in document


def test_columns_that_are_counted_and_not_always_shown_are_doubtful(campaign: Make) -> None:
    two = "{% if email %}<mj-column></mj-column>{% else %}<mj-column></mj-column>{% endif %}"
    loop = "{% for n in range(2) %}<mj-column></mj-column>{% endfor %}"
    one = "<mj-raw>{% if email %}</mj-raw><mj-column></mj-column><mj-raw>{% endif %}</mj-raw>"
    told = []
    for inner in (two, loop, one, two.replace("<mj-column", '<mj-column width="100%"')):
        made = in_mjml(campaign, body(f"<mj-section>{inner}</mj-section>"))
        assert made.templates.html is not None
        _, doubts = read_mjml(made.templates.html, search=[], allowed=[], what="", place=None)
        told.append([(doubt.rule, *place_of(doubt)[1:3]) for doubt in doubts])
    assert told == [[("mjml-widths", 2, 27)], [("mjml-widths", 2, 36)], [], []]


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ("<mj-txt>Hi <b>x</b> {{ email }}</mj-txt>", "no tag of MJML: <mj-txt>"),
        ("<mj-txt>Hi</mj-text>", "no tag of MJML: <mj-txt>"),
        ("<div><p>Hi</p></div>", "no tag of MJML: <div>"),
        ("<mj-text>Hi</mj-txt>", "</mj-txt> closes nothing"),
        ("<mj-text>Hi</mj-text", "</mj-text without its >"),
        ("<mj-text>Hi", "<mj-text> is not closed before </mj-column>"),
        ("<mj-text>Hi<mj-button>x</mj-button>", "<mj-text> is not closed before <mj-button>"),
        ("Hi", "text between tags of MJML"),
    ],
)
def test_one_slip_is_one_error(campaign: Make, inner: str, said: str) -> None:
    (fault,) = found(campaign, column(inner))
    assert said in fault.message
    assert fault.hint


SIZED = '<mj-raw><tr><td style="font-size: 16px">Hello {{ email }}</td></tr></mj-raw>'
SMALL, MOVED = "has the size 0 there: nobody sees it", "programs show it above the rows"


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ("<mj-raw><p style='color: red'>{{ email }} costs</p></mj-raw>", SMALL),
        ("<mj-raw>{% if email %}Hello{% endif %}</mj-raw>", SMALL),
        ("<mj-raw><tr><td>{{ email }}</td></tr></mj-raw>", SMALL),
        ("<mj-raw><p style='font-size: 1em'>a</p><p>b</p></mj-raw>", SMALL),
        ("<mj-raw><p style='font: 1em serif'>a<br>b</p></mj-raw>", MOVED),
        ("<mj-raw><img src='https://a/b' alt=''></mj-raw>", MOVED),
        (SIZED, ""),
        ("<mj-raw><tr>{{ '<td>a</td>'|safe }}</tr></mj-raw>", ""),
        ("<mj-raw>{{ email|safe }}</mj-raw>", ""),
        ("<mj-raw><tr><td class='big'>a</td></tr></mj-raw>", ""),
        ("<mj-raw>&nbsp;<!-- Hello --><style>p { color: red }</style></mj-raw>", ""),
        ("<mj-raw>{% if email %}</mj-raw><mj-text>a</mj-text><mj-raw>{% endif %}</mj-raw>", ""),
        ("<mj-text><p>a</p></mj-text>", ""),
    ],
)
def test_what_nobody_sees_in_mj_raw_is_doubtful(campaign: Make, inner: str, said: str) -> None:
    told = of_mj_raw(campaign, column(inner))
    assert [said in one for one in told] == [True] * bool(said)


def test_text_beside_columns_is_doubtful_too_and_in_the_body_it_is_seen(campaign: Make) -> None:
    text = "<mj-raw><p>Hello</p></mj-raw>"
    for inner in (text, f"<mj-group>{text}</mj-group>"):
        (said,) = of_mj_raw(campaign, body(f"<mj-section>{inner}</mj-section>"))
        assert SMALL in said
    sized = text.replace("<p>", "<p style='font-size: 1em'>")
    assert of_mj_raw(campaign, body(f"<mj-section>{sized}</mj-section>")) == []
    assert of_mj_raw(campaign, body(text)) == []


def of_mj_raw(campaign: Make, mjml: str) -> list[str]:
    path = in_mjml(campaign, mjml).templates.html
    assert path is not None
    _, doubts = read_mjml(path, search=[], allowed=[], what="", place=None)
    return [one.message for one in doubts if one.rule == "mjml-raw"]


def test_a_style_sheet_of_the_letter_may_give_a_size(campaign: Make) -> None:
    css = "<mj-style>@media screen { td.x, tr > td { font-size: 2em } b { color: red }</mj-style>"
    row = "<mj-raw><tr><td><b>a</b></td></tr></mj-raw>"
    assert of_mj_raw(campaign, column(row, css)) == []
    assert len(of_mj_raw(campaign, column(row, css.replace("td", "th")))) == 1


def test_a_name_of_a_block_that_mjml_writes_twice_is_an_error(campaign: Make) -> None:
    mjml = body('<mj-section\nbackground-url="{% block x %}a{% endblock %}"></mj-section>')
    (fault,) = found(campaign, mjml)
    assert "block 'x' is defined twice" in fault.message
    assert place_of(fault)[:2] == ("news.mjml", 3)


def test_set_and_macros_may_stand_before_the_letter(campaign: Make) -> None:
    mjml = (
        "{% set shop = 'S&C' %}\n{% macro big(text) %}<b>{{ text }}</b>{% endmacro %}\n"
        + column("<mj-text>{{ big(shop) }}</mj-text>")
        + "\n{# the end #}\n"
    )
    document = shown(read(campaign, mjml))
    assert "<b>S&amp;C</b></div>" in document
    assert document.lstrip().startswith("<!doctype html>")


def test_without_mrml_the_error_names_the_command(
    campaign: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mrml", None)
    (fault,) = found(campaign, LETTER)
    assert (fault.rule, fault.hint) == ("not-installed", 'pip install "sendbatch[mjml]"')


def test_mjml_under_another_name_is_not_mailed_as_it_stands(campaign: Make) -> None:
    with pytest.raises(CampaignError, match=r"MJML in a file that does not end in \.mjml"):
        read_content(campaign({"templates/body.html": LETTER}))


WRITTEN = st.sampled_from([
    *("a", "{{ first_name }}", "{% if email %}b{% else %}c{% endif %}", "x &amp; y", "<b>bold</b><br>"),
    *("{%- if customer_id == '12' -%} d {%- endif -%}", "{# note #}e", "{{ '\"' }}", "<p>h</p>"),
    *("{% raw %}{{ f }}{% endraw %}", "«ü»\r\n  g", "{% set z = 1 %}{{ z }}"),
    "{% for n in range(2) %}<i>{{ n }}</i>{% endfor %}",
])  # fmt: skip
ADDRESS = st.sampled_from([
    "https://e.example/?a=1&amp;b={{ email|urlencode }}", "{{ 'https://e.example' }}", "https://f.example/"
])  # fmt: skip
COLOUR = st.sampled_from(["red", "{{ '#123456' }}", "{% if email %}red{% else %}blue{% endif %}"])
SHOWN = st.one_of(
    st.builds('<mj-text color="{}">{}</mj-text>'.format, COLOUR, WRITTEN),
    st.builds(
        '<mj-button href="{}" background-color="{}">{}</mj-button>'.format, ADDRESS, COLOUR, WRITTEN
    ),
    st.builds('<mj-image src="{}" alt="a" href="{}" />'.format, ADDRESS, ADDRESS),
    st.builds("<mj-table><tr><td>{}</td></tr></mj-table>".format, WRITTEN),
    st.builds('<mj-divider border-color="{}" />'.format, COLOUR),
    st.builds("<mj-raw><tr><td>{}</td></tr></mj-raw>".format, WRITTEN),
    st.builds('<mj-spacer height="9px" css-class="{}" />'.format, COLOUR),
)
BLOCKS = st.sampled_from([
    ("", "", ""),
    ("{% if email %}", "", "{% endif %}"),
    ("<mj-raw>{% if first_name %}</mj-raw>", "", "<mj-raw>{% endif %}</mj-raw>"),
    ("{% for n in range(2) %}", "", "{% endfor %}"),
    ("{% if customer_id == '12' %}", "{% else %}", "{% endif %}"),
])  # fmt: skip


def several(inner: st.SearchStrategy[str], around: str) -> st.SearchStrategy[str]:
    """Some tags, each `around` some others, with blocks around it."""

    def joined(parts: list[tuple[tuple[str, str, str], str]]) -> str:
        written = []
        for (begin, other, end), part in parts:
            tag = around.format(part)
            written.append(begin + tag + (other + tag if other else "") + end)
        return "\n".join(written)

    return st.lists(st.tuples(BLOCKS, inner), min_size=1, max_size=3).map(joined)


COLUMNS_OF = several(several(SHOWN, "{}"), '<mj-column width="50%">{}</mj-column>')
SECTIONS = several(COLUMNS_OF, "<mj-section>{}</mj-section>")
BODIES = st.one_of(SECTIONS, several(SECTIONS, '<mj-wrapper padding="1px">{}</mj-wrapper>'))


@settings(max_examples=30, deadline=None)
@given(inner=BODIES, cells=st.sampled_from([("a@b.c", "Jo <&>", "12"), ("a@b.c", "", "7")]))
def test_whatever_is_in_the_body_it_is_what_mjml_makes_of_each_letter(
    inner: str, cells: tuple[str, ...]
) -> None:
    variables = {**with_globals({}), **dict(zip(COLUMNS, cells, strict=True))}
    mjml = body(inner)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "news.mjml")
        path.write_bytes(mjml.encode())
        made, wrong = read_mjml(path, search=[], allowed=[path.parent], what="", place=None)
    assert made is not None, wrong
    ours = "".join(Template(made, autoescape=True).pieces(variables))
    theirs = mrml.to_html(Environment(autoescape=True).from_string(mjml).render(variables)).content
    assert tidy(ours.partition("<body")[2]) == tidy(theirs.partition("<body")[2])


def test_a_comment_of_jinja_is_nothing_to_mjml(campaign: Make) -> None:
    written = (
        "<mj-section><mj-column width='{# wide #}60%'><mj-text>{# a #}Hi</mj-text></mj-column>"
    )
    written += "</mj-section>"
    plain = body(written.replace("{# wide #}", "").replace("{# a #}", ""))
    made = read(
        campaign, "{# a letter #}\n<!-- {{ not_a_name }} -->\n" + body("{# here #}" + written)
    )
    assert tidy(shown(made)) == tidy(mrml.to_html(plain.replace("'", '"')).content)


def test_tags_nested_without_end_are_an_error(campaign: Make) -> None:
    assert "nested too deeply" in found(campaign, body("<mj-section>" * 5_000))[0].message
    files = {"templates/b.mjml": '<mj-include path="../templates/news.mjml" />'}
    wrong = found(campaign, body('<mj-include path="b.mjml" />'), files)
    assert any("includes itself" in one.message or "too many" in one.message for one in wrong)


def test_values_in_a_style_sheet_and_blanks_that_jinja_takes_away(campaign: Make) -> None:
    mjml = column(
        "<mj-text>a   {%- if email %}   b   {%- endif -%}   c</mj-text>",
        "<mj-style>.a { color: {{ first_name }} }</mj-style>",
    )
    document = shown(read(campaign, mjml))
    assert ".a { color: Jane }" in document
    assert ">a   bc</div>" in document


def test_the_link_to_unsubscribe_is_seen_and_leads_nowhere_in_a_proof(campaign: Make) -> None:
    declared = Unsubscribe(url="https://u.example/x?who={{ email|urlencode }}")
    made = read(
        campaign,
        column('<mj-text>Hi</mj-text><mj-button href="{{ unsubscribe_url }}">Leave</mj-button>'),
        unsubscribe=declared,
    )
    assert shows_link(made, COLUMNS)
    link = 'href="https://u.example/x?who=jane%40example.org"'
    assert link in shown(made)
    proof = built(made, proof=Proof("reviewer@example.com"))
    assert link not in body_of(proof, "html")


def test_a_layout_of_markdown_may_be_in_mjml(campaign: Make) -> None:
    folder = campaign().folder.parent / "templates"
    made = read(
        campaign,
        column("<mj-text>{{ content }}</mj-text>", "<mj-title>{{ subject }}</mj-title>"),
        {"templates/news.md": "Dear *{{ first_name }}*"},
        templates=Templates(markdown=folder / "news.md", layout=folder / "news.mjml"),
    )
    assert "<p>Dear <em>Jane</em></p>" in shown(made)
    assert "<title>Hello Jane</title>" in shown(made)
    assert body_of(built(made), "plain") == "Dear Jane\n"


def test_lines_are_counted_in_a_file_with_crlf_and_a_mark_of_its_order(campaign: Make) -> None:
    mjml = "\ufeff" + body(
        "\n" + SECTION.format('<mj-text>a</mj-text>\n<mj-button href="{{ nam }}">b</mj-button>')
    )
    made = in_mjml(campaign, mjml.replace("\n", "\r\n"))
    (wrong,) = check_names(read_content(made), made, COLUMNS)
    assert place_of(wrong)[1:3] == (4, 21)


def test_a_class_that_is_declared_nowhere_is_doubtful(campaign: Make) -> None:
    head = '<mj-attributes><mj-class name="title" color="red" /></mj-attributes>'
    path = in_mjml(
        campaign, column('<mj-text mj-class="title titel">a</mj-text>', head)
    ).templates.html
    assert path is not None
    _, (doubt,) = read_mjml(path, search=[], allowed=[], what="", place=None)
    assert (doubt.rule, doubt.hint) == ("mjml-value", "did you mean title?")


def test_notes_of_the_author_are_not_sent(campaign: Make) -> None:
    mjml = column("<!-- ask Mary --><mj-text>Hi</mj-text>").replace(
        "<mj-head>", "<!-- her too --><mj-head>"
    )
    document = shown(read(campaign, "<!-- and her -->" + mjml))
    assert not re.search("Mary|her", document)


def test_an_address_that_mjml_writes_several_times_is_doubtful_once(campaign: Make) -> None:
    section = '<mj-section background-url="//e.example/a.png"><mj-column><mj-text>Hi</mj-text></mj-column>'
    (doubt,) = doubtful_pictures(read(campaign, body(f"{section}</mj-section>")), COLUMNS)
    assert place_of(doubt)[1:3] == (2, 29)


@pytest.mark.parametrize(
    "otherwise",
    [
        lambda html, words: html.replace(words[0], ""),
        lambda html, words: html.replace(words[0], words[0] * 2),
        lambda html, words: html.replace(words[0], "").replace(words[-1], words[-1] + words[0]),
        lambda html, words: html.replace("</body>", "<i></i></body>"),
    ],
    ids=["lost", "twice", "elsewhere", "another layout"],
)
def test_an_mrml_that_does_otherwise_is_found_out(
    campaign: Make, monkeypatch: pytest.MonkeyPatch, otherwise: Callable[[str, list[str]], str]
) -> None:
    class Other:
        def __init__(self, mjml: str) -> None:
            html = mrml.to_html(mjml).content
            words = re.findall(r"<!--q\d+w\d+z-->", html)
            self.content = otherwise(html, words) if words else html

    fake = types.ModuleType("mrml")
    fake.to_html = Other  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mrml", fake)
    mjml = column("<mj-text>a</mj-text>{% if email %}<mj-text>b</mj-text>{% endif %}")
    (fault,) = found(campaign, mjml)
    assert fault.rule == "mjml-jinja"
    assert place_of(fault)[1] == 2


def test_files_that_are_included_find_those_of_jinja_as_the_first_does(campaign: Make) -> None:
    files = {
        "templates/note.html": "<b>right</b>",
        "templates/parts/note.html": "<b>wrong</b>",
        "templates/parts/footer.mjml": SECTION.format(
            '<mj-text>{% include "note.html" %}</mj-text>'
        ),
    }
    one = SECTION.format('<mj-text>{% include "note.html" %}</mj-text>')
    made = read(campaign, body(f'{one}<mj-include path="parts/footer.mjml" />'), files)
    assert shown(made).count("<b>right</b>") == 2
    html = {"templates/note.html": "<mj-text>a</mj-text>"}
    (fault,) = found(campaign, body('<mj-include path="note.html" type="html" />'), html)
    assert fault.hint == 'write type="mjml" in the tag that includes it'
    own = {"templates/parts/note.html": '{% include "note.html" %}', "templates/note.html": "right"}
    mjml = body('<mj-include path="parts/note.html" type="html" />')
    assert any(
        "note.html is the name of this file" in one.message for one in found(campaign, mjml, own)
    )
