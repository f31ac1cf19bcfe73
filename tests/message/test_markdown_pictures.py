"""Pictures that Markdown shows are sent with the mail, and what is no picture of it is left alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.model import Campaign, Templates
from sendbatch.errors import CampaignError
from sendbatch.message.bodies import Bodies
from sendbatch.message.checks.pictures import broken_pictures
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content
from sendbatch.message.markdown.addresses import letters, shown
from sendbatch.message.pictures.widths import width_of
from sendbatch.message.reading import read_content
from tests.kit.pictures import gif, jpeg, png, webps

from .conftest import COLUMNS, NOW, SALT, body_of, built, parsed, recipient

PNG = png()
Make = Callable[..., Campaign]


def read(make: Make, folder: Path, source: str, **files: bytes) -> Content:
    there = {name.replace("__", "/").replace("_png", ".png"): data for name, data in files.items()}
    templates = Templates(markdown=folder / "templates/letter.md")
    return read_content(make({"templates/letter.md": source, **there}, templates=templates))


def test_every_spelling_of_a_picture_is_found_where_it_stands() -> None:
    source = (
        "Ü ![a *b*](logo.png 'a ](title.png)') ![c][L] ![d](my\\_logo.png) ![e](<a b.png>)\n"
        "![f](https://a.b/x.png) [no](link.png) `![g](code.png)` <img alt='h' src=\"raw.png\">\n\n"
        "    ![i](block.png) <img src='block.png'>\n\n[l]: maps/c.png 'T'\n"
    )
    found = [*shown(source)]
    assert [one.url for one in found] == [
        *("logo.png", "my\\_logo.png", "a b.png", "raw.png", "maps/c.png")
    ]
    for one in found:
        assert source[one.start : one.end] == one.url


def test_the_same_picture_in_markdown_in_html_and_by_a_label_is_one_part(
    campaign: Make, tmp_path: Path
) -> None:
    source = (
        "![One](logo.png) ![two][l] <img src='logo.png' alt='three'>\n\nHi {{ first_name }}\n\n"
        "[l]: logo.png\n"
    )
    made = read(campaign, tmp_path, source, templates__logo_png=PNG)
    [picture] = made.pictures
    assert broken_pictures(made, COLUMNS) == []
    message = built(made)
    assert body_of(message, "html").count(f"cid:{picture.cid}") == 3
    [part] = [part for part in parsed(message).walk() if part["Content-ID"]]
    assert part["Content-ID"] == f"<{picture.cid}>"
    assert part.get_payload(decode=True) == PNG
    assert "One" in body_of(message, "plain")
    assert "cid:" not in body_of(message, "plain")


def test_a_picture_that_is_not_there_is_told_at_its_line(campaign: Make, tmp_path: Path) -> None:
    with pytest.raises(CampaignError) as refused:
        read(campaign, tmp_path, "# Hi\n\nSee ![it](lgo.png).\n", templates__logo_png=PNG)
    [finding] = refused.value.findings
    assert finding.rule == "broken-picture"
    assert finding.hint == "did you mean logo.png?"
    assert finding.place is not None
    assert (finding.place.line, finding.place.column) == (3, 11)


def test_a_picture_of_one_recipient_is_looked_for_below_its_folder(
    campaign: Make, tmp_path: Path
) -> None:
    made = read(
        campaign, tmp_path, "# Hi\n\n![map](maps/{{ customer_id }}.png)\n", templates__maps__12_png=PNG
    )
    parts = [part for part in parsed(built(made)).walk() if part["Content-ID"]]
    assert [part.get_payload(decode=True) for part in parts] == [PNG]
    assert f"cid:{parts[0]['Content-ID'].strip('<>')}" in body_of(built(made), "html")


def test_a_picture_changes_what_is_sent(campaign: Make, tmp_path: Path) -> None:
    one = read(campaign, tmp_path, "# Hi\n\n![a](logo.png)\n", templates__logo_png=PNG)
    other = read(campaign, tmp_path, "# Hi\n\n![a](logo.png)\n", templates__logo_png=PNG + b"x")
    assert one.digest != other.digest
    assert replace(one).digest == one.digest


WIDE = [png(1040, 2), jpeg(1040), gif(1040), *webps(1040)]
KINDS = ["PNG", "JPEG", "GIF", "VP8X", "VP8L", "VP8"]


def images_of(made: Content, **changes: str) -> list[str]:
    """The tags of the pictures that one recipient is shown, by whatever path it is made; Content-IDs and
    styles are left out."""
    variables = dict(zip(COLUMNS, recipient(**changes).cells, strict=True))
    rendered = Bodies(made, COLUMNS).rendered(variables).html
    assert rendered is not None
    found, same = (
        re.findall(r"<img[^>]*>", re.sub(r""" style="[^"]*"|cid:[^"']*""", "", html))
        for html in (body_of(built(made, **changes), "html"), "".join(rendered))
    )
    assert found == same
    return found


@pytest.mark.parametrize("data", WIDE, ids=KINDS)
def test_a_picture_wider_than_the_column_says_how_wide_it_is_shown(
    campaign: Make, tmp_path: Path, data: bytes
) -> None:
    source = "![A](logo.png 't') ![{{ first_name }}](logo.png) <img src='logo.png' alt='c'> ![d](small.png)\n"
    files = {"templates__logo_png": data, "templates__small_png": png(510, 2)}
    assert images_of(read(campaign, tmp_path, source, **files)) == [
        '<img src="" width="510" alt="A" title="t">',
        '<img src="" width="510" alt="Jane">',
        "<img src='' alt='c'>",
        '<img src="" alt="d">',
    ]


def test_a_picture_of_one_recipient_says_it_too(campaign: Make, tmp_path: Path) -> None:
    source = "![a](maps/{{ customer_id }}.png) <img src='maps/{{ customer_id }}.png' alt='b'>\n"
    files = {"templates__maps__12_png": png(511, 2), "templates__maps__13_png": png(510, 2)}
    made = read(campaign, tmp_path, source, **files)
    assert images_of(made) == ['<img src="" width="510" alt="a">', "<img src='' alt='b'>"]
    assert images_of(made, customer_id="13") == ['<img src="" alt="a">', "<img src='' alt='b'>"]


@pytest.mark.parametrize(
    "written",
    [
        "Hi {{ first_name }}\n\n<!--[if !mso]><!-->\n<img src='logo.png' alt='x'>\n<!--<![endif]-->\n",
        "Hi <!--[if !mso]><!--><img src='logo.png' alt='x'><!--<![endif]--> {{ first_name }}\n",
        "<table><td><!--[if !mso]><!-->\n<img src='logo.png' alt='x'><!--<![endif]--></td></table>\n",
        "{% if first_name %}<!--[if !mso]><!--><img src='logo.png' alt='x'><!--<![endif]-->{% endif %}\n",
    ],
)
def test_a_picture_that_all_but_outlook_show_is_sent(
    campaign: Make, tmp_path: Path, written: str
) -> None:
    made = read(campaign, tmp_path, written, templates__logo_png=PNG)
    assert broken_pictures(made, COLUMNS) == []
    message = built(made)
    assert Composer(made, COLUMNS, SALT).planned(recipient(), NOW) in (message, None)
    (picture,) = (part for part in parsed(message).walk() if part.get_content_maintype() == "image")
    assert picture.get_content() == PNG
    tag = rf"<img style=\"[^\"]*\" src='cid:{re.escape(picture['Content-ID'][1:-1])}' alt='x'>"
    html = body_of(message, "html")
    assert re.search(rf"<!--\[if !mso\]><!-->\s*{tag}\s*<!--<!\[endif\]-->", html)


LOGO = "![x](logo.png)"


@pytest.mark.parametrize(
    ("letter", "more", "is_certain"),
    [
        (f"Hi\n\n{LOGO}\n", {}, True),
        (f"Hi\n\n{{% if first_name %}}{LOGO}{{% endif %}}\n", {}, False),
        (f"Hi{{% for c in first_name %}} {LOGO}{{% endfor %}}\n", {}, False),
        (f"{{% macro m() %}}{LOGO}{{% endmacro %}}Hi {{{{ m() if first_name }}}}\n", {}, False),
        ("Hi {% if first_name %}{% include 'x.md' %}{% endif %}\n", {"x.md": LOGO}, False),
        ("Hi {% include 'x.md' %}\n", {"x.md": LOGO}, True),
        (
            f"{{% extends 'x.md' %}}{{% block a %}}{LOGO}{{% endblock %}}",
            {"x.md": "Hi {% block a %}{% endblock %}"},
            True,
        ),
        ("Hi\n", {"own.html": "{{ content }}<img src='logo.png'>"}, True),
        ("Hi\n", {"own.html": "{{ content }}{% block a %}<img src='logo.png'>{% endblock %}"}, True),
        ("Hi\n", {"own.html": "{{ content }}{% if first_name %}<img src='logo.png'>{% endif %}"}, False),
        (f"Hi {LOGO}\n", {"own.html": "{% if first_name %}{{ content }}{% endif %}"}, False),
    ],
)
def test_each_message_has_the_picture_where_it_shows_it(
    campaign: Make, tmp_path: Path, letter: str, more: dict[str, str], is_certain: bool
) -> None:
    files = {"own.html": "{{ content }}", "logo.png": PNG, "letter.md": letter, **more}
    templates = Templates(markdown=tmp_path / "letter.md", layout=tmp_path / "own.html")
    made = read_content(campaign(files, templates=templates))
    composer = Composer(made, COLUMNS, SALT)
    assert composer.looks_at_rows is not is_certain
    for name in ("J", ""):
        message = built(made, first_name=name)
        assert composer.planned(recipient(first_name=name), NOW) in (message, None)
        is_sent = b"Content-ID" in message.data
        assert is_sent is ("cid:" in body_of(message, "html")) is (is_certain or name != "")
        found = composer.survey(("jane@example.org", name, "12"))
        assert (found.own > 0) is (is_sent and not is_certain)


def test_in_a_layout_of_ones_own_a_picture_may_be_as_wide_as_most_columns_are(
    campaign: Make, tmp_path: Path
) -> None:
    files = {"wide.png": png(601, 2), "fits.png": png(600, 2), "own.html": "<body>{{ content }}</body>"}
    letter = {"letter.md": "![a](wide.png) ![b](fits.png)\n"}
    templates = Templates(markdown=tmp_path / "letter.md", layout=tmp_path / "own.html")
    made = read_content(campaign({**letter, **files}, templates=templates))
    assert images_of(made) == ['<img src="" width="600" alt="a">', '<img src="" alt="b">']


@pytest.mark.parametrize("data", WIDE, ids=KINDS)
def test_a_picture_that_is_cut_off_has_the_width_that_it_says_or_none(data: bytes) -> None:
    widths = [width_of(data[:length]) for length in range(len(data) + 1)]
    assert widths[0] is None
    assert widths[-1] == 1040
    assert set(widths) == {None, 1040}


def test_a_value_with_an_ending_and_no_folder_is_an_error_where_it_stands(
    campaign: Make, tmp_path: Path
) -> None:
    made = read(campaign, tmp_path, "# Hi\n\nmap: ![map]({{ customer_id }}.png)\n")
    [fault] = broken_pictures(made, COLUMNS)
    assert fault.place is not None
    assert (fault.severity, fault.place.line, fault.place.column) == ("error", 3, 13)
    assert "./{{ … }}" in (fault.hint or "")


def test_a_letter_that_is_only_a_picture_is_refused_when_it_is_read(
    campaign: Make, tmp_path: Path
) -> None:
    with pytest.raises(CampaignError) as refused:
        read(campaign, tmp_path, "![](logo.png)\n", templates__logo_png=PNG)
    assert [finding.rule for finding in refused.value.findings] == ["no-text-part"]
    assert read(campaign, tmp_path, "![Shop](logo.png)\n", templates__logo_png=PNG).pictures


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["a" * 700, "ä€" * 300, "\U0001f600", "\n", "x"]), max_size=9), st.data())
def test_where_a_character_stands_is_told_by_its_byte(pieces: list[str], drawn: st.DataObject) -> None:
    text = "".join(pieces)
    number = drawn.draw(st.integers(0, len(text)))
    assert letters(text.encode())(len(text[:number].encode())) == number
