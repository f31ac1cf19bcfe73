"""What HTML and CSS ask for that programs for mail do not do: told once a feature, where it stands, with who
lacks it; and nothing of what is right."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import sendbatch
from sendbatch.campaign import starter
from sendbatch.campaign.model import CLIENTS, Campaign, Templates
from sendbatch.errors import Finding
from sendbatch.message.checks import clients
from sendbatch.message.checks.clients.judged import TABLE, id_of
from sendbatch.message.checks.clients.programs import CLASSIC, called, lacking, published
from sendbatch.message.checks.clients.unsupported import unsupported
from sendbatch.message.checks.ignored import ignoring_of
from sendbatch.message.content import Texts, TextsByRow
from sendbatch.message.layouts import default_layout
from sendbatch.message.reading import read_content

from .conftest import bundle, content

Make = Callable[..., Campaign]
REPOSITORY = Path(sendbatch.__file__).parent.parent


def found(html: str, *families: str, **changes: Any) -> list[Finding]:
    return unsupported(content(html, inlines_css=True, **changes), families or CLIENTS)


def warnings(html: str, *families: str) -> list[str]:
    return [one.message for one in found(html, *families) if one.severity == "warning"]


def styled(declarations: str, tag: str = "div") -> str:
    return f'<{tag} style="{declarations}">Hello</{tag}>'


# Each feature of the table, as somebody asks for it.
ASKED = {
    "css-display-flex": styled("display: flex"),
    "css-flex-direction": styled("display:flex; flex-direction: column"),
    "css-flex-wrap": styled("display:flex; flex-wrap: wrap"),
    "css-align-items": styled("display:inline-flex; align-items: center"),
    "css-justify-content": styled("display:flex; justify-content: center"),
    "css-gap": styled("display:flex; gap: 8px"),
    "css-display-grid": styled("display: grid"),
    "css-grid-template": styled("display:block; grid-template-columns: 1fr 1fr"),
    "css-position": styled("position: absolute"),
    "css-left-right-top-bottom": styled("position: fixed; top: 4px"),
    "css-inset": styled("position: absolute; inset: 4px"),
    "css-z-index": styled("position: absolute; z-index: 4"),
    "css-float": styled("float: left", "img"),
    "css-float#column": styled("float: left; width: 50%"),
    "css-max-width#container": styled("max-width: 600px"),
    "css-margin#auto": styled("margin: 0 auto"),
    "css-margin#negative": styled("margin: -8px 0 0"),
    "css-object-fit": styled("object-fit: cover", "img"),
    "css-object-position": styled("object-fit: cover; object-position: top", "img"),
    "css-margin-inline-block": styled("margin-inline: 4px"),
    "css-margin-inline-start-end": styled("margin-inline-start: 4px"),
    "css-margin-block-start-end": styled("margin-block-end: 4px"),
    "css-padding-inline-block": styled("padding-block: 4px"),
    "css-padding-inline-start-end": styled("padding-inline-end: 4px"),
    "css-padding-block-start-end": styled("padding-block-start: 4px"),
    "css-border-inline-block": styled("border-inline: 1px solid"),
    "css-border-inline-block-individual": styled("border-block-start: 1px solid"),
    "css-border-inline-block-longhand": styled("border-inline-color: red"),
    "css-block-inline-size": styled("inline-size: 40px"),
    "css-max-inline-size": styled("max-inline-size: 40px"),
    "css-max-block-size": styled("max-block-size: 40px"),
    "css-min-inline-size": styled("min-inline-size: 40px"),
    "css-min-block-size": styled("min-block-size: 40px"),
    "css-variables": styled("color: var(--brand)"),
    "css-unit-calc": styled("width: calc(100% - 4px)"),
    "css-function-min": styled("width: min(100%, 40px)"),
    "css-function-max": styled("width: max(100%, 40px)"),
    "css-function-clamp": styled("font-size: clamp(12px, 4%, 20px)"),
    "css-unit-rem": styled("font-size: 1.5rem"),
    "css-modern-color": styled("color: oklch(50% 0.2 100)"),
    "css-function-light-dark": styled("color: light-dark(#000, #fff)"),
    "css-rgb#blanks": styled("color: rgb(0 128 0)"),
    "css-nesting": "<style>.a { color: red; .b { color: blue } }</style><p class=a>Hello</p>",
    "html-hidden": "<p hidden>Hello</p>",
    "html-popover": "<p popover>Hello</p>",
    "html-dialog": "<dialog>Hello</dialog>",
    "css-visibility": styled("visibility: hidden"),
    "css-animation#from-nothing": styled("opacity: 0; animation: fade 1s forwards"),
    "css-pseudo-element-before": "<style>.a::before { content: 'New' }</style><p class=a>Hello</p>",
    "css-pseudo-element-after": "<style>.a:after { content: 'New' }</style><p class=a>Hello</p>",
    "css-background-image#bare": styled("background-image: url(https://a.example/x.png)", "td"),
    "html-background": "<table><td background='https://a.example/x.png'>Hello</td></table>",
    "css-linear-gradient#bare": styled("background: linear-gradient(#000, #333)"),
    "css-radial-gradient#bare": styled("background: radial-gradient(#000, #333)"),
    "css-conic-gradient#bare": styled("background-image: conic-gradient(#000, #333)"),
    "html-svg": "<svg width=4><path d='M0 0'/></svg>",
    "image-svg": "<img src='https://a.example/x.svg?v=2'>",
    "image-webp": "<img src=https://a.example/x.webp>",
    "image-avif": "<img src='//a.example/x.AVIF'>",
    "image-heif": "<img src='https://a.example/x.heic'>",
    "image-tiff": "<img src='https://a.example/x.tif#a'>",
    "html-video": "<video src=x.mp4></video>",
    "html-audio": "<audio src=x.mp3> </audio>",
    "html-object": "<embed src=x.swf>",
    "html-meter": "<meter value=1></meter>",
    "html-progress": "<progress></progress>",
    "html-form": "<form></form>",
    "html-input-text": "<input name=a>",
    "html-textarea": "<textarea></textarea>",
    "html-select": "<select></select>",
    "html-button-submit": "<button>Go</button>",
    "css-border-radius": styled("border-radius: 4px"),
    "css-border-radius-logical": styled("border-start-start-radius: 4px"),
    "css-box-shadow": styled("box-shadow: 0 0 4px #000"),
    "css-text-shadow": styled("text-shadow: 0 0 4px #000"),
    "css-opacity": styled("opacity: .5"),
    "css-rgba": styled("color: rgba(0, 0, 0, .5)"),
    "css-filter": styled("filter: blur(4px)"),
    "css-backdrop-filter": styled("backdrop-filter: blur(4px)"),
    "css-mix-blend-mode": styled("mix-blend-mode: multiply"),
    "css-background-blend-mode": styled("background-blend-mode: multiply"),
    "css-mask-image": styled("mask-image: url(https://a.example/x.png)"),
    "css-clip-path": styled("clip-path: circle(4px)"),
    "css-shape-outside": styled("shape-outside: circle(4px)"),
    "css-transform": styled("transform: rotate(4deg)"),
    "css-animation": styled("animation: turn 1s"),
    "html-marquee": "<marquee>Hello</marquee>",
    "css-column-count": styled("columns: 2"),
    "css-writing-mode": styled("writing-mode: vertical-rl"),
    "css-aspect-ratio": styled("aspect-ratio: 4 / 3"),
    "css-intrinsic-size": styled("width: max-content"),
    "css-unit-vw": styled("width: 40vw"),
    "css-unit-vh": styled("height: 40vh"),
    "css-unit-vmin": styled("width: 40vmin"),
    "css-unit-vmax": styled("width: 40vmax"),
    "css-unit-ch": styled("width: 40ch"),
    "css-list-style-image": styled("list-style: square url(https://a.example/x.png)", "ul"),
    "css-pseudo-element-marker": "<style>li::marker { color: red }</style><li>Hello",
    "css-border-image": styled("border-image: linear-gradient(#000, #fff) 1"),
    "css-scroll-snap": styled("scroll-snap-type: x mandatory"),
    "html-anchor-links": "<a href='#prices'>Prices</a>",
    "html-image-maps": "<map name=a></map>",
    "html-ruby": "<ruby>漢</ruby>",
}


def test_each_feature_of_the_table_is_tried_here() -> None:
    assert {one for row in TABLE for one in (*row.features, *row.also)} == {*ASKED}


@pytest.mark.parametrize("feature", ASKED)
def test_whoever_asks_for_a_feature_hears_who_lacks_it_and_what_becomes_of_it(feature: str) -> None:
    is_nesting = feature == "css-nesting"  # which inlining loses, and another rule tells that
    told = unsupported(content(ASKED[feature], inlines_css=not is_nesting), CLIENTS)
    words = next(
        words for row in TABLE for one, words in {**row.features, **row.also}.items() if one == feature
    )
    (own,) = [one for one in told if words in one.message.partition(": not in ")[0].split(", ") or
              words in one.message.partition(": not in ")[0]]  # fmt: skip
    assert own.rule == ("unsupported-feature" if own.severity == "warning" else "plainer-feature")
    assert own.place is not None
    assert own.place.line == 1
    assert own.hint
    assert " of 4); there " in own.message


@pytest.mark.parametrize(
    "right",
    [
        "<style>@media (max-width: 600px) { .a { display: flex; width: calc(1px) } }</style><p class=a>",
        "<style>@supports (display: grid) { .a { display: grid } }</style><p class=a>",
        "<style media='(min-width: 4px)'>.a { display: grid }</style><p class=a>",
        "<style>@media (prefers-color-scheme: dark) { .a { color: var(--b) } }</style><p class=a>",
        "<style>:root { --brand: 4rem }</style><p>",
        "<style>a:hover { position: absolute; transform: none } [data-ogsc] a { float: left }</style><a>",
        "<style>@font-face { font-family: A; src: url(https://a.example/x.woff2) }</style>",
        "<style>@keyframes fade { from { opacity: 0.5; transform: rotate(1deg) } }</style>",
        "<style>.clear::after { content: ''; display: table; clear: both }</style><p class=clear>",
        "<style>.next::after { content: ' \\2192' }</style><p class=next>",
        "<style>#outlook a { padding: 0 } .ExternalClass * { line-height: 100% }</style><p>",
        "<style>.a { display: grid }</style>{# <p class=a> #}<!-- <div style='display:flex'> -->",
        "{# <div style='display:flex'> #}<p>",
        "<script type='application/ld+json'>{\"a\": \"<svg>\"}</script>",
        styled("-webkit-border-radius: 4px; -moz-transform: rotate(1deg); mso-line-height-rule: exactly"),
        styled("font-family: Inter, 'Helvetica Neue', Arial, sans-serif !important; transition: all 1s"),
        styled("display:none; position:absolute; left:-9999px; opacity:0; visibility:hidden; max-height:0"),
        styled("mso-hide: all; visibility: hidden; font-size: 0"),
        styled("position: relative; position: static; float: none; visibility: visible"),
        styled("max-width: 100%; height: auto", "img"),
        "<img width=600 style='max-width: 600px; margin: auto' align=center>",
        "<table style='max-width: 600px; width: 100%'><td>Hello</table>",
        styled("width: 600px; max-width: 600px"),
        "<td align='center'><div style='margin: 0 auto'>Hello</div>",
        styled("width: 300px; width: calc(100% - 4px); color: #333; color: rgba(0, 0, 0, .8)"),
        styled("font-size: 16px; font-size: 1rem; font-size: max(16px, 1rem)"),
        styled("background-color: #123; background-image: linear-gradient(#123, #456)"),
        styled("background: #123 linear-gradient(rgb(1, 2, 3), blue)"),
        styled("background: linear-gradient(red, blue); -webkit-background-clip: text; color: red"),
        styled("background: navy url(https://a.example/x.png) no-repeat center / cover"),
        "<td bgcolor='#123' style='background-image: url(https://a.example/x.png)'>Hello",
        "<td bgcolor='#123' background='https://a.example/x.png'>Hello",
        "<style>.a { background: url(https://a.example/x.png) }</style><td class=a bgcolor=#123>",
        "<style>.a { float: left }</style><img class=a align=left>",
        "<table style='float: left; width: 300px' align=left></table>",
        "<img src='{{ photo }}.svg'><img src=https://a.example/svg><img src=https://svg.example/>",
        "<picture><source srcset='https://a.example/x.webp'><img src='https://a.example/x.png'></picture>",
        "<video><img src=https://a.example/x.png></video><audio>Listen on our page.</audio>",
        "<input type=checkbox><input type=hidden><p hidden style='display: none'>",
        "<a href='#'>Hello</a><a href='https://a.example/#b'>Hello</a>",
        styled("gap: 4px; align-items: center; top: 4px; z-index: 4"),
        styled("box-shadow: none; border-radius: 0; opacity: 1; transform: none; filter: alpha(opacity=50)"),
        styled("margin: 0; color: rgb(0, 128, 0); content: 'calc(1px) 4rem'; width: 4em"),
        "<code>display: flex</code>",
        "<!--[if mso]><v:rect style='position:absolute;top:4px;width:600px'></v:rect><![endif]-->",
        styled("margin: 0 -1px"),
        "<!--[if mso]><i style='mso-font-width:-100%' hidden>&nbsp;</i><![endif]-->",
    ],
)  # fmt: skip
def test_what_is_right_is_not_marked(right: str) -> None:
    assert found(right) == []


def test_a_feature_is_told_once_where_it_first_stands_with_how_many_lines_more_there_are() -> None:
    html = "<p>\n<style>.a {\n  display: flex;\n  gap: 4px }</style>\n{% if x %}<p class=a>{% endif %}\n"
    html += styled("color: red;\ndisplay: flex") * 2
    (one,) = found(html)
    assert one.place is not None
    assert (one.place.file, one.place.line, one.place.column) == ("templates/body.html", 3, 3)
    assert one.message == (
        "display: flex, gap: not in Gmail in a phone's browser, Gmail on phones with another account, "
        "classic Outlook for Windows and Yahoo Mail (3 of 4); there its boxes stand otherwise, mostly one "
        "below the other (and on 3 more lines)"
    )


def test_only_the_programs_of_the_campaign_are_named_and_counted() -> None:
    html = styled("display: flex; gap: 4px")
    assert found(html, "apple-mail") == []
    assert ": not in classic Outlook for Windows; there " in warnings(html, "outlook")[0]
    assert " (1 of 2); there " in warnings(html, "outlook", "apple-mail")[0]
    assert unsupported(content(html), ()) == []


def test_what_only_accounts_of_others_at_gmail_lack_is_a_hint_or_nothing() -> None:
    (one,) = found(styled("display: flex"), "gmail")
    assert (one.severity, one.rule) == ("hint", "plainer-feature")
    assert "not in Gmail on phones with another account; there " in one.message
    assert found(styled("writing-mode: vertical-rl"), "gmail") == []


@pytest.mark.parametrize(
    ("around", "who"),
    [
        ("<!--[if mso]>{}<![endif]-->", "classic Outlook for Windows (1 of 4)"),
        ("<!--[if (gte mso 9)|(IE)]>{}<![endif]-->", "classic Outlook for Windows (1 of 4)"),
        ("<!--[if mso]><style>.a {{}}</style><![endif]-->{}", "Gmail, Outlook and Yahoo Mail"),
        ("<!--[if !mso]><!-->{}<!--<![endif]-->", "Gmail, all other Outlooks and Yahoo Mail"),
        ("<!--[if !mso]><!-- -->{}<!-- <![endif]-->", "Gmail, all other Outlooks and Yahoo Mail"),
        ("<![if !mso]>{}<![endif]>", "Gmail, all other Outlooks and Yahoo Mail"),
        ("<!--[if !mso]><!-->a<!--<![endif]-->{}", "Gmail, Outlook and Yahoo Mail"),
    ],
)
def test_in_a_comment_for_outlook_a_feature_counts_for_those_who_read_it(around: str, who: str) -> None:
    (one,) = warnings(around.replace("{}", "<svg></svg>", 1).replace("{{<svg></svg>}}", "{}")
                      if "{{" not in around else around.format("<svg></svg>"))  # fmt: skip
    assert f"<svg>: not in {who}" in one


def test_what_only_others_than_outlook_read_is_nothing_where_only_that_lacks_it() -> None:
    assert found("<!--[if !mso]><!-->" + styled("max-width: 600px") + "<!--<![endif]-->") == []
    assert found("<!--[if IE]><svg></svg><![endif]-->") == []


def test_tables_for_outlook_alone_stand_in_for_what_it_lacks() -> None:
    around = "<!--[if mso]><table width=600><tr><td><![endif]-->{}<!--[if mso]></td></tr></table><![endif]-->"
    between = "<!--[if mso]></td><td><![endif]-->"
    assert found(around.format(styled("max-width: 600px; margin: 0 auto"))) == []
    floats = styled("float: left; width: 300px")
    assert len(found(around.format(floats))) == 1
    assert found(around.format(floats + between + floats)) == []
    flex = styled("display: flex; justify-content: center")
    assert "Gmail" in warnings(around.format(flex + between + flex))[0]
    assert "Outlook" not in warnings(around.format(flex + between + flex))[0]
    drawn = "<!--[if mso]><v:rect fill=true><v:fill src=x></v:rect><![endif]-->"
    assert warnings(styled("background: url(https://a.example/x.png)")) != []
    assert warnings(drawn + styled("background: url(https://a.example/x.png)")) == []


def test_a_rule_is_held_against_the_tags_that_it_is_for() -> None:
    rule = "<style>.a { max-width: 600px }</style>"
    assert found(f"{rule}<table class=a></table>") == []
    assert len(found(f"{rule}<table class=a></table><div class='b a'>")) == 1
    assert found(f"{rule}<div class='b'>") == []
    assert len(found("<style>.a { float: left }</style><p class='{{ kind }}'>")) == 1
    assert len(found("<style>* { float: left }</style><p>")) == 1


# Where it was written.


def test_a_linked_sheet_is_told_at_its_own_place(campaign: Make) -> None:
    files = {
        "templates/body.html": "\n<link rel=stylesheet href=news.css><p class=a>Hello",
        "templates/news.css": "/* a */\n.a { color: var(--b) }",
    }
    (one,) = unsupported(read_content(campaign(files)), CLIENTS)
    assert one.place is not None
    assert one.place.file.endswith("news.css")
    assert (one.place.line, one.place.column) == (2, 6)


def test_html_within_markdown_is_looked_at_and_the_layout_that_is_built_in_is_not(
    campaign: Make, tmp_path: Path
) -> None:
    source = "# Hello\n\n`<svg>`\n\n    <svg>\n\n<div style='display: flex'>\nHello</div>\n"
    templates = Templates(markdown=tmp_path / "templates/body.md")
    made = read_content(campaign({"templates/body.md": source}, templates=templates))
    (one,) = unsupported(made, CLIENTS)
    assert one.place is not None
    assert (one.place.line, one.place.column) == (7, 13)


def test_a_layout_of_ones_own_is_looked_at(campaign: Make, tmp_path: Path) -> None:
    files = {"templates/body.md": "Hello", "templates/around.html": "\n<svg></svg>{{ content }}"}
    folder = tmp_path / "templates"
    templates = Templates(markdown=folder / "body.md", layout=folder / "around.html")
    (one,) = unsupported(read_content(campaign(files, templates=templates)), CLIENTS)
    assert one.place is not None
    assert (Path(one.place.file).name, one.place.line) == ("around.html", 2)


MJML = """\
<mjml>
  <mj-head><mj-style>
    .a { color: var(--b) }
  </mj-style></mj-head>
  <mj-body>
    <mj-section background-url="https://a.example/x.png"><mj-column border-radius="4px">
      <mj-text css-class="a">Hello {{ first_name }}
        <b style="float: left">and</b></mj-text>
      <mj-button href="https://a.example/" border-radius="8px">Go</mj-button>
      <mj-image src="https://a.example/x.png" />
    </mj-column><mj-column></mj-column></mj-section>
  </mj-body>
</mjml>
"""


def test_in_mjml_what_its_author_wrote_is_told_and_what_mjml_writes_is_not(
    campaign: Make, tmp_path: Path
) -> None:
    templates = Templates(html=tmp_path / "templates/body.mjml")
    made = read_content(campaign({"templates/body.mjml": MJML}, templates=templates))
    told = {one.message.partition(":")[0]: one.place for one in unsupported(made, CLIENTS)}
    assert {name: place and (place.line, place.column) for name, place in told.items()} == {
        "var()": (3, 10),
        "float": (8, 19),
    }


def test_versions_that_share_a_layout_tell_of_it_once() -> None:
    column = styled("float: left; width: 9%")
    bundles = [bundle(column, f"{name}.html", **{"layout.html": "<svg></svg>"}) for name in "abc"]
    texts = [Texts(one.entry, one, None, None, None, None, (), (), True) for one in bundles]
    made = replace(content(column), by_row=TextsByRow({}, {}, {}, tuple(texts)))
    told = unsupported(made, CLIENTS)
    assert [found.message.partition(":")[0] for found in told] == ["float", "<svg>"]
    assert "2 more lines" in told[0].message
    assert "more line" not in told[1].message


def test_a_remark_ignores_a_feature_in_its_own_line_and_not_in_others(campaign: Make) -> None:
    ignore = "<!-- sendbatch: ignore unsupported-feature -->"
    html = f"<p>Hello</p>\n<svg></svg> {ignore}\n<svg></svg>\n<svg></svg>"
    made = read_content(campaign({"templates/body.html": html}))
    told = unsupported(made, CLIENTS)
    assert [one.place and one.place.line for one in told] == [2, 3]
    assert "more line" not in told[0].message
    assert "(and on 1 more line)" in told[1].message
    (left,) = ignoring_of(campaign(), made.bundles).kept(told)
    assert left == told[1]


# What is clean.


def test_samples_the_starter_and_the_default_layout_have_no_warning() -> None:
    sample = (REPOSITORY / "templates" / "welcome.html").read_text("utf-8")
    assert warnings(sample) == []
    assert found(starter.HTML) == []
    layout = default_layout()
    plainer = found(layout.sources[layout.entry])
    assert [one.message.partition(":")[0] for one in plainer] == ["border-radius"]


# Whatever comes.


@pytest.mark.parametrize(
    "css",
    [
        "}}}} .a { color: var(--b)",
        ".a { color: 'var(--b); } .b { display: flex",
        "/* .a { display: flex }",
        ".a { background: url(((((( linear-gradient(((( ; color: ) var( }",
        "\0\ufffd{:;}{;:}@{}{!important:!important}",
        ".a { : : ; display:; position; grid }",
        "@media screen { @supports ( { .a { display: flex",
    ],
)
def test_css_that_no_parser_takes_is_looked_at_as_far_as_it_can_be_read(css: str) -> None:
    ways = ("<style>{}</style><p class=a>", "<p style=\"{0}\"><p style='{0}", "<!--[if mso]><style>{}")
    for html in (way.replace("{}", css).replace("{0}", css) for way in ways):
        assert {one.severity for one in found(html)} <= {"warning", "hint"}


OF_THEIR_OWN = [f"<p class=a id=b{number}>" for number in range(1_000)]


@pytest.mark.parametrize(
    "large",
    [
        "<style>" + "@media screen{" * 12_000 + "a{display:flex}",
        "<style>" + "@media screen{a{float:left}" * 6_000,
        "<style>" + ".a{max-width:600px}" * 9_000 + "</style>" + "".join(OF_THEIR_OWN),
        "<style>" + "a{background:" + "linear-gradient(" * 10_000,
        "<style>a{width:" + "0 " * 80_000 + "x;margin:" + "-" * 18_000,
        "<p style='color:" + "(" * 180_000,
        "<p " + "style=" * 30_000,
        "<!--[if mso" * 16_000,
        "<!--[if mso]><!" * 12_000,
        "<!--[if " + "! " * 80_000,
        "<video" * 30_000,
        "<video>" * 26_000,
        "<div style='display:flex'>" * 7_000,
        "</td>" * 20_000 + " " * 80_000,
    ],
    ids=lambda large: large[:24],
)
def test_what_is_large_takes_as_long_as_it_is_long(large: str) -> None:
    """In the time of one test: what grew with the square would take hours."""
    assert len(large) < 1_000_000
    found(large)


def test_a_source_that_is_larger_than_any_mail_is_passed_over() -> None:
    assert found(styled("display: flex") + " " * 1_000_000) == []


# The data.


def test_what_is_kept_of_caniemail_is_what_the_table_speaks_of_with_its_licence_and_its_date() -> None:
    folder = Path(clients.__file__).parent
    told = json.loads((folder / "caniemail.json").read_text())
    assert (told["name"], told["license"]) == ("caniemail", "MIT")
    assert told["integrity"].startswith("sha512-")
    assert told["updated"] >= "2026-05-13"
    assert "MIT License" in (folder / "caniemail.LICENSE").read_text()
    assert {*told["features"]} == {id_of(one) for row in TABLE for one in (*row.features, *row.also)}
    for feature, letters in told["features"].items():
        assert len(letters) == len(told["programs"]), feature
        assert {*letters} <= {*"ynaou"}, feature
    assert {one.partition(" ")[0] for one in published().programs} == {*CLIENTS}
    assert all(one in published().programs for row in TABLE for one in row.partly)


def test_no_feature_is_both_judged_and_left_out() -> None:
    spec = importlib.util.spec_from_file_location("clients", REPOSITORY / "docs" / "clients.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    left_out = [one for names in made.LEFT_OUT.values() for one in names.split()]
    assert len(left_out) == len({*left_out})
    assert not {*left_out} & {*published().features}


def test_programs_are_named_by_as_few_words_as_say_all_of_them() -> None:
    assert called(lacking("css-variables")) == ["Gmail", "Outlook", "Yahoo Mail"]
    assert called({"gmail ios", "gmail android", "gmail other accounts"}) == ["Gmail on phones"]
    assert called({CLASSIC, "outlook ios"}) == ["classic Outlook for Windows", "Outlook on iPhones"]
    assert called({*published().programs}) == ["Gmail", "Outlook", "Apple Mail", "Yahoo Mail"]
