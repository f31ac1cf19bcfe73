"""MJML compiled by mrml, and all that was kept apart put back, with the place where it was written.

Each piece is counted: one that does not come back was lost, and what stands between tags comes back once and
in order, or blocks would be sent in halves. What MJML writes besides must not depend on whether these are
there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from jinja2 import nodes

from sendbatch.campaign.language.environment import parsed
from sendbatch.errors import one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Bundle
from sendbatch.message.insertions import inserted, put_in
from sendbatch.message.mjml.keeping import Kept, Letter
from sendbatch.message.mjml.parsing import Element, Span, blame
from sendbatch.message.origins import Written, origin, with_files
from sendbatch.message.source import at

_STYLES = "styles of MJML"
_POSITION = re.compile(r" at position (\d+)")
# Outlook's cell around what is no icon in a row of icons.
_CELL = (
    r"<!--\[if mso \| IE\]><td><!\[endif\]--><table[^>]*><tbody>(<!--{}-->)</tbody></table>"
    r"<!--\[if mso \| IE\]></td><!\[endif\]-->"
)
_LOST = "MJML loses it"
_MOVED = "MJML makes another layout where a tag of Jinja stands here"
_WRITE_OUT = "write it within <mj-text> or <mj-raw>, or around the whole tag"


class _Lost(Exception):
    """What is wrong, as findings."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__()
        self.findings = [*findings]


def compiled(root: Element, bundle: Bundle) -> tuple[Bundle | None, list[Finding]]:
    """The letter, in the place of its MJML in the bundle, and what is wrong with it. Raises ImportError where
    mrml is not installed."""
    letter = Letter(root)
    try:
        html, styles = _compiled(letter)
        _hold(letter, html, styles)
    except _Lost as lost:
        return None, lost.findings
    made = _put_back(letter, html, styles, bundle)
    wrong = [*_syntax(made)]
    return (made if not wrong else None), wrong


def _compiled(letter: Letter) -> tuple[str, str]:
    """The HTML with words in it, without the style sheets that MJML writes; and these. Raises _Lost."""
    import mrml  # an extra; and it is loaded for those alone who write MJML

    between = re.compile(f"<!--{letter.word}-->")
    try:
        html = mrml.to_html(letter.mjml).content
        without = mrml.to_html(between.sub("", letter.mjml)).content
    except OSError as error:
        raise _Lost(_of_mrml(letter, str(error))) from None
    html = re.sub(_CELL.format(letter.word), r"\1", html)
    if between.sub("", html) != without:
        first = next(kept for kept in letter.kept if kept.is_between)
        raise _Lost(blame(Rule.MJML_JINJA, first.span, _MOVED, _WRITE_OUT))
    html = _with_places(letter, html)
    start, end = html.index("<style"), html.index("</head>")
    styles = html[start:end].replace("<style", f"<style{letter.ignored}")
    included = put_in("", 0, _STYLES)
    html = f"{letter.before}{html[:start]}{included}{letter.head}{html[end:]}{letter.behind}"
    return html, styles


def _with_places(letter: Letter, html: str) -> str:
    """What MJML writes at the beginning of the body is told at its tag, and the preview at its own."""
    places = [("<body", len(html), letter.body)]
    for number, kept in enumerate(letter.kept):
        if kept.element.name == "mj-preview":
            places.append(("<div", html.find(f"{letter.prefix}{number}z"), kept.element))
    for begins, before, element in places:
        at = html.rindex(begins, 0, before)
        html = f"{html[:at]}{letter.place(element)}{html[at:]}"
    return html


def _of_mrml(letter: Letter, said: str) -> Finding:
    position = _POSITION.search(said)
    element = letter.element_at(int(position[1]) if position is not None else 0)
    reason = one_line(_POSITION.sub("", said), 200)
    return blame(Rule.MJML_SYNTAX, element.at, f"MJML that cannot be compiled: {reason}")


def _hold(letter: Letter, html: str, styles: str) -> None:
    """Raises _Lost where a piece did not come back as it has to."""
    came = [int(number) for number in re.findall(letter.word, html)]
    found = {*came}
    in_styles = {int(number) for number in re.findall(letter.word, styles)}
    lost = [
        blame(Rule.MJML_JINJA, kept.span, f"{_LOST} here: {_name(kept)}", _WRITE_OUT)
        for number, kept in enumerate(letter.kept)
        if number in in_styles or (kept.must_come_back and number not in found)
    ]
    between = [number for number in came if letter.kept[number].is_between]
    moved = [
        blame(Rule.MJML_JINJA, letter.kept[number].span, _MOVED, _WRITE_OUT)
        for number, expected in zip(between, sorted({*between}), strict=False)
        if number != expected
    ]
    if lost or moved or len(between) != len({*between}):
        raise _Lost(*lost, *moved[:1])


def _name(kept: Kept) -> str:
    return one_line(kept.span.text.strip(), 60)


def _syntax(bundle: Bundle) -> Iterator[Finding]:
    """Each file was a template of Jinja; the whole may name a block twice, where MJML writes all twice."""
    source = bundle.sources[bundle.entry]
    met = set[str]()
    for block in parsed(source).find_all(nodes.Block):
        if block.name in met:
            place = at(bundle.paths[bundle.entry], source, block.lineno, "block")
            said = f"not a template: MJML writes this twice, and so block '{block.name}' is defined twice"
            yield Rule.TEMPLATE_SYNTAX.finding(said, place, "write {% if %} or {% set %} instead")
            return
        met.add(block.name)


def _put_back(letter: Letter, html: str, styles: str, bundle: Bundle) -> Bundle:
    files: list[Written] = []

    def placed(span: Span, *, exact: bool) -> str:
        if span.file not in files:
            files.append(span.file)
        return origin(files.index(span.file), *span.file.position(span.start), exact=exact)

    def piece(word: re.Match[str]) -> str:
        kept = letter.kept[int(word[1])]
        text, behind = _text(kept), placed(kept.element.at, exact=False)
        return f"{placed(kept.span, exact=True)}{text}{behind}" if text else behind

    made = re.sub(f"<!--{letter.word}-->", piece, html)
    made = re.sub(letter.word, piece, made)
    sources = {
        **bundle.sources,
        bundle.entry: with_files(made, files),
        inserted(_STYLES): f"{{% raw %}}{styles}{{% endraw %}}",
    }
    paths = {**bundle.paths, inserted(_STYLES): bundle.paths[bundle.entry]}
    return replace(bundle, sources=sources, paths=paths, keeps_styles=not letter.has_styles)


def _text(kept: Kept) -> str:
    """As it was written; a quotation mark of its author's would end the attribute it stands in."""
    text, hidden = kept.span.text, kept.span.hidden
    if not kept.is_quoted or '"' not in hidden:
        return text
    pairs = zip(text, hidden, strict=True)
    return "".join("&quot;" if shown == '"' else one for one, shown in pairs)
