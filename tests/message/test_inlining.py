"""The rules of `<style>` are written into the tags, and all else of the HTML stands as it was."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Sequence
from pathlib import Path
from random import Random

import jinja2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sendbatch.campaign.language.environment import environment
from sendbatch.message.content import Bundle
from sendbatch.message.quoted import text_part
from sendbatch.message.styles.inlining import inlined
from sendbatch.message.styles.of_ways import inlined_way
from sendbatch.message.templates import Failed, Template, with_globals
from sendbatch.message.ways.body import PlannedBody
from sendbatch.message.ways.layout import Unfit
from tests.kit.thoroughness import examples
from tests.message.random_templates import COLUMNS, OTHERS, VARIABLES, Author, random_row

RED = "<style>p{color:red}</style>"


@pytest.mark.parametrize(
    ("html", "made"),
    [
        (f"{RED}<p>x", '<p style="color: red;">x'),
        (f"{RED}<p class=a>x</P >", '<p style="color: red;" class=a>x</P >'),
        (f"{RED}<p\n  style='margin:0' title=x>x", "<p\n  style=\"color: red;margin: 0\" title=x>x"),
        (f"{RED}<p style=>x<p style>y", '<p style="color: red">x<p style="color: red">y'),
        (f"{RED}<p/style=a:b class=x>x", '<p/style="color: red;a: b" class=x>x'),
        (f"{RED}<p>x<b style='a:b'>y", "<p style=\"color: red;\">x<b style='a:b'>y"),
        (f"{RED}<p style='color:blue'>x", '<p style="color: blue">x'),
        ("<style>p{a:b!important}</style><p style='a:c'>x", '<p style="a: b !important">x'),
        ("<style>.a{color:red} p{color:blue}</style><p class=a>x", '<p style="color: red;" class=a>x'),
        ("<style>p{font:\"It's\",'a\"b'}</style><p>x", "<p style=\"font: 'It\\27 s','a\\22 b';\">x"),
        ("<style>p{background:url(a?b=1&c=2)}</style><p>x", '<p style="background: url(a?b=1&amp;c=2);">x'),
        ("<style>p{a:'&lt;'}</style><p style='b:\"&amp;lt;\"'>", "<p style=\"a: '&amp;lt;';b: '&amp;lt;'\">"),
        ("<style></style><p>x", "<p>x"),
        ("<p>x</p><style>p{a:b}</style><style>p{c:d}</style>", '<p style="a: b;c: d;">x</p>'),
        ("<style media=screen>p{a:b}</style><p>x", '<p style="a: b;">x'),
        ("<svg><style>p{a:b}</style></svg><p>x", '<svg></svg><p style="a: b;">x'),
    ],
)  # fmt: skip
def test_a_rule_is_written_into_the_tags_it_is_for(html: str, made: str) -> None:
    assert inlined(html) == made


@pytest.mark.parametrize(
    "kept",
    [
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">',
        "<!doctype html>\n<html xmlns:v='urn:schemas-microsoft-com:vml'><head><meta charset=utf-8></head>",
        "<!--[if mso]><xml><o:PixelsPerInch>96</o:PixelsPerInch></xml><![endif]-->",
        "<!--[if mso]><style>p{margin:1px}</style><![endif]-->",
        "<![if !mso]><i>x</i><![endif]>",
        "<!--[if !mso]><!--><i>x</i><!--<![endif]-->",
        "<v:rect fill='true'><v:fill type=tile src='a.png'/></v:rect>",
        "&nbsp;&copy;&#8217; &amp;lt; ü \N{ROCKET} < > & \" '",
        "<table><tr><td>1<td>2</table>",
        "<i title=\"&lt;a&gt;&amp;&#34;&#39;\">&lt;p&gt;</i>",
        "<i><b>x</i>y</b></span>",
        "<link rel=icon href=x><br/><img src=x.png alt>",
        "<a href=\"https://x/?a=1&copy=2&amp;b\">x</a>",
        "<title>x</title><textarea><p></textarea>",
    ],
)  # fmt: skip
def test_what_is_no_style_stands_as_it_was(kept: str) -> None:
    assert inlined(f"{kept}{RED}<p>x</p>{kept}") == f'{kept}<p style="color: red;">x</p>{kept}'


@pytest.mark.parametrize(
    "rule",
    [
        "@media (max-width:600px){p{color:green}}",
        "@media (prefers-color-scheme: dark){p{color:white}}",
        "@font-face{font-family:F;src:url(https://example.com/y.woff)}",
        "@supports (display:grid){p{color:green}}",
        "@keyframes k{from{a:b}to{c:d}}",
        "p:hover { color: green; }",
        "p::before { content: \"x\"; }",
        "[data-ogsc] p { color: green; }",
        ".elsewhere { color: green; }",
        "p:nonsense(x) { color: green; }",
        "p..x { color: green; }",
    ],
)  # fmt: skip
def test_what_no_tag_can_say_stays_in_a_style(rule: str) -> None:
    made = inlined(f"<head><meta charset=utf-8>\n<style>p{{color:red}} {rule}</style></head><p>x")
    assert made == f'<head><meta charset=utf-8>\n<style>{rule}</style></head><p style="color: red;">x'


def test_the_rules_of_a_style_for_print_stay_for_print() -> None:
    made = inlined(f"<style media='print'>p{{color:blue}}</style>{RED}<p>x")
    assert made == '<style>@media print {p{color:blue}}</style><p style="color: red;">x'


def test_an_author_says_what_stays_and_what_is_left_alone() -> None:
    html = (
        "<style data-css-inline=keep>p{a:b}</style><style data-css-inline='ignore'>p{c:d}</style>"
        "<style type='text/x-other'>p{e:f}</style>%s<p data-css-inline=ignore>x<p%s>x"
    )
    assert inlined(html % (RED, "")) == html % ("", ' style="a: b;color: red;"')


@pytest.mark.parametrize(
    "elsewhere",
    [
        "<!--[if mso | IE]><p class=x>only here</p><![endif]-->",
        "<!--[if (gte mso 9)|(IE)]><table><tr><td><p><![endif]-->",
        "<noscript><p>x</p></noscript>",
    ],
)
def test_rules_for_what_only_outlook_shows_stay_too(elsewhere: str) -> None:
    assert inlined(f"{RED}{elsewhere}<p>x") == f'{RED}{elsewhere}<p style="color: red;">x'


@pytest.mark.parametrize(
    "elsewhere",
    [
        "<!--[if mso]><table style='margin:0'><tr><td><![endif]-->",
        "<!--[if mso]><style>p{a:b}</style><xml><p>x</p></xml><![endif]-->",
        "<!--[if !mso]><!--><i>x</i><!--<![endif]-->",
        "<!-- <p>x</p> -->",
    ],
)
def test_rules_that_are_for_nothing_of_outlooks_need_not_stay(elsewhere: str) -> None:
    assert inlined(f"{RED}{elsewhere}<p>x") == f'{elsewhere}<p style="color: red;">x'


def test_each_sheet_keeps_its_own_place_and_what_is_left_of_it() -> None:
    sheets = ["i:hover { a: b; }", "@media x{p{a:b}}", "", ".none { a: b; }"]
    html = "".join(f"<b><style>p{{color:red}}{sheet}</style></b>" for sheet in sheets)
    made = "".join(f"<b><style>{sheet}</style></b>" if sheet else "<b></b>" for sheet in sheets)
    assert inlined(f"{html}<p>x") == f'{made}<p style="color: red;">x'


@pytest.mark.parametrize(
    ("open_", "left"),
    [
        ("@media x{p{a:b}", "<style>@media x{p{a:b}}</style>"),
        ("@media x{p{a:b", "<style>@media x{p{a:b}}</style>"),
        ("/* p{", ""),
        ("/*/", ""),
        ("i{a:'x", "<style>i { a: 'x'; }</style>"),
        ("i{a:b}}", f"<style>i{{a:b}}}}</style>{RED}"),
    ],
)
def test_a_sheet_that_is_not_closed_swallows_no_other(open_: str, left: str) -> None:
    assert inlined(f"<style>{open_}</style>{RED}<p>x") == f'{left}<p style="color: red;">x'


def test_a_rule_for_everything_loses_no_other() -> None:
    left = "@media (max-width:600px){p{color:green}}\na:hover { c: d; }\n#outlook a { e: f; }"
    css = f"<style>*{{a:b}} head, style{{g:h}} {left}</style>"
    assert inlined(f"<head>{css}</head><p>x") == f"<head>{css}</head><p style=\"a: b;\">x"
    whole = f"<html><head>{css}</head><body>"
    assert inlined(f"{whole}<p>x").count(f"<style>{left}</style>") == 1


def test_a_sheet_all_of_which_is_left_is_left() -> None:
    html = "<style>@media x{p{color:green}}</style><p>x"
    assert inlined(html) == html


def test_rules_for_a_body_that_is_not_written_stay() -> None:
    css = "<style>body{margin:0} p{color:red}</style>"
    assert inlined(f"{css}<p>x") == f'{css}<p style="color: red;">x'
    assert inlined(f"{css}<body><p>x") == '<body style="margin: 0;"><p style="color: red;">x'


def test_html_without_a_style_is_the_same() -> None:
    html = "<!doctype html><p STYLE=x>x<link rel=stylesheet href=a.css><!--<style>p{a:b}</style>-->"
    assert inlined(html) is html


LOADING = """<link rel="stylesheet" href="{0}"><link rel=stylesheet href="../../x.css">
<style>@import url("{0}"); @import '{0}'; p{{color:red}}</style><style>@font-face{{src:url({0})}}</style>
<base href="{0}"><p style="background:url({0})">x"""


@pytest.mark.parametrize("scheme", ["file", "http", "path"])
def test_nothing_is_ever_loaded(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "found.css").write_text("p{margin:0}")
    (tmp_path / "x.css").write_text("p{margin:0}")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    with socket.create_server(("127.0.0.1", 0)) as server:
        addresses = {
            "file": (tmp_path / "found.css").as_uri(),
            "http": f"http://127.0.0.1:{server.getsockname()[1]}/found.css",
            "path": "../../found.css",
        }
        html = LOADING.format(addresses[scheme])
        made = inlined(html)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert "margin" not in made
    assert made.endswith(f'<p style="color: red;background: url({addresses[scheme]})">x')
    assert made.startswith(html[: html.index("<style>")])


def test_html_is_the_same_every_time() -> None:
    html = "<style>" + "".join(f".a{i}{{b{i}:c;a{i}:c}} p:hover{{x{i}:y}}" for i in range(50)) + "</style>"
    html += "<p class='" + " ".join(f"a{i}" for i in range(50)) + "'>x"
    assert len({inlined(html) for _ in range(5)}) == 1


@pytest.mark.parametrize("tag", ["<div>", "<b x=1>", "<div><b>", "<table><tr><td>"])
def test_tags_that_are_nested_without_end_are_told_and_do_no_harm(tag: str) -> None:
    with pytest.raises(Failed, match="more than 100 tags within each other"):
        inlined(f"{RED}{tag * 20_000}<p>x")
    assert inlined(f"{RED}{tag * 50}<p>x").endswith('<p style="color: red;">x')


@pytest.mark.parametrize("html", ["<p>x", "<ul><li>x<li>y</ul>", "<table><tr><td>x<tr><td>y</table>"])
def test_tags_that_close_themselves_are_not_nested(html: str) -> None:
    assert inlined(RED + html * 1000).startswith("<")


HOLE = "zhole0z"


@pytest.mark.parametrize(
    "marked",
    [
        f"{RED}<p>{HOLE}",
        f'{RED}<p title="{HOLE}">x',
        f"{RED}<a href='https://example.com/{HOLE}?a={HOLE}'>x<p>x",
        f'{RED}<b style="color:{HOLE}">x</b><p>x',  # nothing is for it
        f"{RED}<!-- {HOLE} --><title>{HOLE}</title><p>x",
        f'<style>[data-ogsc] p{{a:b}} p{{a:b}}</style><a href="{HOLE}"><p>x',
    ],
)
def test_a_value_that_decides_no_style_stays_planned(marked: str) -> None:
    assert inlined_way(marked) == inlined(marked)


@pytest.mark.parametrize(
    "marked",
    [
        f'{RED}<p class="{HOLE}">x',
        f'{RED}<p id="a{HOLE}">x',
        f'{RED}<p style="margin:{HOLE}">x',
        f"{RED}<p title={HOLE}>x",
        f"{RED}<p title={HOLE}'>x",
        f"{RED}<p title='a'{HOLE}'>x",
        f"{RED}<p {HOLE}>x",
        f'{RED}<p {HOLE}="x">x',
        f"{RED}<p{HOLE}>x",
        f'{RED}<p data-css-inline="{HOLE}">x',
        f"<style>p{{color:{HOLE}}}</style><p>x",
        f'<style media="{HOLE}">p{{color:red}}</style><p>x',
        f'<style>[title="x"]{{color:red}}</style><p title="{HOLE}">x',
        f'<style>p:lang(de){{color:red}} p{{a:b}}</style><p lang="{HOLE}">x',
        f"<style>p:empty{{color:red}} p{{a:b}}</style><p>{HOLE}</p>",
        f"<style>p:not(:empty){{color:red}}</style><p>{HOLE}</p>",
        "<style>" + "p{a:b}" * 2000 + "</style>" + "<p>x" * 2000,
        RED + "<br>" * 20_000,
        RED + "<div>" * 101,
    ],
)
def test_where_a_value_decides_or_much_is_to_be_done_the_plain_path_is_taken(marked: str) -> None:
    with pytest.raises(Unfit):
        inlined_way(marked)


SHEETS = [
    "p{color:red}",
    ".a{margin:0} p.b{color:blue} #i{x:y} .a .b{c:d} div > p{e:f} p + p{g:h}",
    "@media (max-width:600px){p{color:red}} a:hover{color:red} *{line-height:1}",
    ":empty{a:b} p:first-child{c:d} :nth-child(2n){e:f} :not(.a){g:h}",
    "[title]{a:b} [title=x]{c:d} [href^='https']{e:f}",
    "td{a:b} table td p{c:d} body{e:f} td:last-child{g:h} :has(> b){i:j}",
    "p{font:'a b'} .a{font:\"It's\"} p{color:{{ v|safe }}}",
    "p{color:{{ a }}}",
    ".{{ plan }}{color:red}",
]
TAGS = [
    *("<p>", "</p>", "<p class=a>", "<p class='a b' style='x:y'>", "<div class=b id=i>", "</div>", "<b>"),
    *("</b>", "<p title='{{ a }}'>", '<a href="https://x/{{ b }}">', "<table><tr><td>", "</td><td>", "<tr>"),
    *("</table>", "<br>", "<!-- c -->", "<body>", "</i>", "<ul><li>"),
    *("<p class='{{ plan }}'>", "<p {{ a }}>", "<i "),
    *("<p style='color:{{ b }}'>", "<p style='{{ v }}'>", "<p id={{ n }}>", "<!--[if mso]><td><![endif]-->"),
    *("{{ '<p>'|safe }}", "{{ ('<p class=a>' ~ a ~ '</p>')|safe }}", "<select><option>", "<colgroup>"),
]  # fmt: skip


class Designer(Author):
    """Writes a template with style sheets."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._dice = random
        is_usual = random.random() < 0.7
        self._tags, self._sheets = (TAGS[:20], SHEETS[:4]) if is_usual else (TAGS, SHEETS)

    def template(self) -> str:
        sheets = self._dice.sample(self._sheets, self._dice.randint(1, 2))
        whole = [self.body(3, []), self.body(3, []), *(f"<style>{one}</style>" for one in sheets)]
        if self._dice.random() < 0.5:
            self._dice.shuffle(whole)
        return "".join(whole)

    def body(self, depth: int, names: list[str]) -> str:
        pieces = [super().body(depth, names)]
        for _ in range(self._dice.randint(0, 3)):
            pieces.insert(self._dice.randrange(len(pieces) + 1), self._dice.choice(self._tags))
        return "".join(pieces)


def planned_and_plain(source: str, rows: Sequence[tuple[str, ...]]) -> int:
    """How many of these rows are planned; what they get is what the plain path gives."""
    sources = {"letter": source, **OTHERS}
    bundle = Bundle("letter", sources, {name: name for name in sources})
    constants = with_globals(VARIABLES)
    body = PlannedBody("html", bundle, COLUMNS, constants, inlined_way)
    template = Template(bundle, autoescape=True)
    number = 0
    for row in rows:
        part = body.part(row)
        if part is None:
            continue
        number += 1
        rendered = "".join(template.pieces({**constants, **dict(zip(COLUMNS, row, strict=True))}))
        assert read(part) == read(b"".join(text_part("html", [inlined(rendered)])))
    return number


def read(part: bytes) -> object:
    return email.message_from_bytes(part, policy=email.policy.default).get_payload(decode=True)


@settings(max_examples=examples(200))
@given(st.integers(0, 1 << 32))
@example(3)
@example(6842)  # a blank alone in a row of a table, which is not `:empty`
def test_planned_and_plain_give_the_same_html(seed: int) -> None:
    random = Random(seed)
    source = Designer(random).template()
    try:
        environment(jinja2.DictLoader({"letter": source, **OTHERS})).get_template("letter")
    except jinja2.TemplateError:
        return
    planned_and_plain(source, [random_row(random) for _ in range(4)])


def test_a_usual_letter_with_styles_is_planned_and_one_with_a_class_of_its_own_is_not() -> None:
    rows = [("<b>", "x", "1|2", "7", "x"), ("", "", "", "0", "y")]
    usual = "<style>p{color:red} li:last-child{a:b}</style><p>{{ a }}"
    usual += "{% for i in items.split('|') %}<li>{{ i }}{% endfor %}"
    assert planned_and_plain(usual, rows) == 2
    assert planned_and_plain(usual + "<p class='{{ plan }}'>", rows) == 0
    assert planned_and_plain(usual + "{{ ('<i>' ~ plan)|safe }}", rows) == 0


def test_a_way_that_is_not_fit_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def unfit(marked: str) -> str:
        looked.append(marked)
        raise Unfit

    bundle = Bundle("letter", {"letter": "<p>{{ a }}"}, {"letter": "letter"})
    body = PlannedBody("html", bundle, COLUMNS, with_globals({}), unfit)
    for _ in range(3):
        assert body.part(("a", "b", "", "0", "x")) is None
    assert len(looked) == 1

