"""The layout of the package: what it says without a word of the author's, and how it looks in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jinja2 import FileSystemLoader
from markupsafe import Markup

from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.model import Campaign, Templates, Unsubscribe
from sendbatch.message.checks.names import check_names
from sendbatch.message.layouts import WORDS
from sendbatch.message.plaintext.reader import text_from_html
from sendbatch.message.reading import read_content
from sendbatch.message.styles.inlining import inlined

from .conftest import COLUMNS

LAYOUTS = str(files("sendbatch") / "message/layouts")
CONTENT = """\
<h1>Hello Ada, spring is here</h1>
<p>Sow outside <strong>this week</strong>, and <a href="https://example.com/begin">begin</a>.
https://example.com/an/address/that/is/much/longer/than/a/telephone/is/wide/and/has/no/place/to/break</p>
<p><img src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='1600' height='400'/%3E"
 alt="A window sill"></p>
<h2>What to sow</h2>
<table><thead><tr><th>Crop</th><th style="text-align:right">Distance between the rows</th>
<th>Sow until the</th><th>Price in euros</th></tr></thead>
<tbody><tr><td>Radish</td><td style="text-align:right">10 centimetres</td><td>Thirty-first of December</td>
<td>2.40</td></tr></tbody></table>
<ul><li>Soak <code>the pot</code><ol><li>once</li></ol></li></ul>
<blockquote><p>Plant thyme.<sup><a href="#fn-1">1</a></sup></p></blockquote>
<p class="button"><strong><a href="https://example.com/order">Order</a></strong></p>
<pre><code>curl -s https://example.com/calendar.ics?from=2026-03-01&amp;to=2026-06-30 | grep -c VEVENT
</code></pre><hr><h3>Notes</h3><h4>More</h4>
<div class="footnotes"><ol><li id="fn-1">A note.</li></ol></div>
"""
UNSUBSCRIBE = "https://example.com/u?c=1&k=2"
VARIABLE = re.compile(r"^\| `(\w+)` \| .* \| (?:`(.*)`|none) \|$", re.MULTILINE)


def rendered(name: str = "default.html", **given: Any) -> str:
    env = environment(FileSystemLoader(LAYOUTS), autoescape=name.endswith(".html"))
    variables = {"content": Markup(CONTENT), "subject": "Salt & <pepper>", **given}
    return env.get_template(name).render(variables)


def foot(**given: Any) -> str:
    text = text_from_html(rendered(**given))
    return text[text.index("A note.") + len("A note.") :].strip()


def test_it_needs_no_words_of_the_authors() -> None:
    found = rendered()
    assert "<title>Salt &amp; &lt;pepper&gt;</title>" in found
    assert '<html lang="en" dir="ltr"' in found
    assert foot() == "You receive this mail because your address is on our mailing list."


@pytest.mark.parametrize("unsubscribe", [None, Unsubscribe("https://example.com/u", None, False)])
def test_a_letter_and_nothing_else_has_every_name_that_the_layout_asks_for(
    campaign: Callable[..., Campaign], tmp_path: Path, unsubscribe: Unsubscribe | None
) -> None:
    templates = Templates(markdown=tmp_path / "letter.md")
    made = campaign({"letter.md": "# Hello"}, templates=templates, unsubscribe=unsubscribe)
    assert check_names(read_content(made), made, COLUMNS) == []


def test_the_footer_says_what_the_campaign_says_in_its_language() -> None:
    given = {
        "lang": "de-AT",
        "footer_reason": "Diese Post kommt, weil Sie sie bestellt haben.",
        "footer_address": "Fenster & Bank KG, Graz",
        "footer_unsubscribe": "Abbestellen",
        "unsubscribe_url": UNSUBSCRIBE,
    }
    assert '<html lang="de-AT" dir="ltr"' in rendered(**given)
    said = foot(**given)
    assert said.startswith(
        "Diese Post kommt, weil Sie sie bestellt haben.\nFenster & Bank KG, Graz\nAbbestellen"
    )
    assert UNSUBSCRIBE in said
    assert '<html lang="ar" dir="rtl"' in rendered(lang="ar")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"unsubscribe_url": UNSUBSCRIBE},
        {"footer_reason": "Because.", "footer_address": "Graz", "unsubscribe_url": UNSUBSCRIBE},
        {"footer_unsubscribe": "Leave", "unsubscribe_url": UNSUBSCRIBE},
    ],
)
def test_the_footer_of_the_text_has_the_same_words(given: dict[str, str]) -> None:
    of_text = rendered("footer.txt", **given)
    assert foot(**given).replace(" (", ": ").replace(")", "") == of_text.strip()


def test_the_reference_has_its_variables_with_their_defaults() -> None:
    page = (Path(__file__).parents[2] / "docs/reference.md").read_text("utf-8")
    said = VARIABLE.findall(page.partition("### The default layout")[2].partition("###")[0])
    source = Path(LAYOUTS, "default.html").read_text("utf-8")
    asked = re.findall(r"\b(?:lang(?=\|)|footer_\w+)", source)
    assert {name for name, _ in said} == set(asked) == WORDS
    for name, default in said:
        assert not default or f'{name}|default("{default}"' in source


def test_a_button_has_room_where_links_have_no_padding() -> None:
    """Outlook for Windows takes the words that begin with mso- in their place. Its borders are no wider than
    6 pt, and one in the colour of the background is as good as room."""
    [button] = re.findall(r'<a style="([^"]*)" href="https://example.com/order"', inlined(rendered()))
    said = dict(one.strip().split(": ", 1) for one in button.strip(";").split(";"))
    assert said["mso-border-alt"] == f"8px solid {said['background-color']}"
    assert said["mso-padding-alt"] == "0"
    assert said["padding"] == "12px 26px"


# In a browser

MEASURED = """() => [...document.querySelectorAll("td.card, td.card *, td.foot, td.foot *")]
  .filter(each => [...each.childNodes].some(one => one.nodeType == 3 && one.data.trim()))
  .map(each => {
    const style = getComputedStyle(each);
    let behind = each;
    while (getComputedStyle(behind).backgroundColor == "rgba(0, 0, 0, 0)") behind = behind.parentElement;
    return [each.tagName, parseFloat(style.fontSize), style.color, getComputedStyle(behind).backgroundColor];
  })"""


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = [int(part) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(page: Any) -> list[tuple[str, float, str, str]]:
    """Each element with text of its own: its name, the size of its letters, their colour and what is behind;
    all are large enough, and stand out (WCAG 2.2, 1.4.3)."""
    measured: list[tuple[str, float, str, str]] = page.evaluate(MEASURED)
    assert len(measured) > 15
    assert {tag for tag, *_ in measured} >= {"H1", "P", "A", "TD", "TH", "LI", "CODE"}
    for tag, size, color, behind in measured:
        assert size >= 14, tag
        assert contrast(color, behind) >= 4.5, (tag, color, behind)
    return measured


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_it_is_readable_on_a_telephone_and_a_desk_by_day_and_by_night(
    browser: Any, width: int, scheme: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.set_content(inlined(rendered(unsubscribe_url=UNSUBSCRIBE)))
    measured = readable(page)
    assert len({behind for *_, behind in measured}) > 2
    is_dark = luminance(page.evaluate("getComputedStyle(document.body).backgroundColor")) < 0.1
    assert is_dark == (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    column = page.evaluate("document.querySelector('.column').offsetWidth")
    assert column == min(width, 600)
    picture = page.evaluate("document.images[0].offsetWidth")
    assert 300 < picture < column
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_as_readable_where_a_program_drops_its_styles(browser: Any, scheme: str) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 800}, color_scheme=scheme)
    whole = inlined(rendered(unsubscribe_url=UNSUBSCRIBE))
    page.set_content(re.sub(r"<style.*?</style>", "", whole, flags=re.DOTALL))
    readable(page)
    assert page.evaluate("document.querySelector('.column').offsetWidth") == 600
    assert page.evaluate("document.images[0].offsetWidth") < 600
    page.close()
