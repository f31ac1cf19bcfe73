"""A text and an HTML that were both written by hand, and do not say the same: one of the two was changed.

A text may say less, so it is asked what it says that the HTML does not: links, amounts and shares; and
whether it has any link, where the HTML has some that a reader is to follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sendbatch.errors import one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.links import Link, links_of
from sendbatch.message.content import Bundle, Content
from sendbatch.message.insertions import is_inserted
from sendbatch.message.markup import attributes_of, resolved, tokens
from sendbatch.message.source import BLOCK, VALUE, at_offset, constants
from sendbatch.message.unsubscribing import NAME
from sendbatch.words import count, listed

_MOST = 3  # that are named
_LONGEST_SHOWN = 80
_LARGEST = 500_000  # characters of both
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]]+", re.IGNORECASE)
_ANY_WAY = re.compile(rf"https?:|www\.|mailto:|@|{VALUE}", re.IGNORECASE)
_NAME = re.compile(rf"\{{\{{[-+]?\s*{NAME}\b")
_SCHEME = re.compile(r"https?://(?:www\.)?|www\.", re.IGNORECASE)
_NUMBER = r"\d{1,3}(?:[.,' \u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_UNITS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
_UNIT = r"[€$£¥]|(?:EUR|USD|GBP|JPY|CHF)(?![A-Za-z])"
_AMOUNT = re.compile(
    rf"(?<![\w.,])(?:(?P<before>{_UNIT})[ \u00a0\u202f]?(?P<first>{_NUMBER})"
    rf"|(?P<second>{_NUMBER})[ \u00a0\u202f]?(?P<behind>%|{_UNIT}))(?!\w)"
)


class _Said(NamedTuple):
    """What is compared, as it is written, and where it stands in the text."""

    compared: str
    written: str
    template: str
    start: int


def disagreeing_parts(content: Content) -> Iterator[Finding]:
    """A warning for links, one for amounts."""
    html, text = content.html, content.text
    if html is None or text is None or _size(html) + _size(text) > _LARGEST:
        return
    links = [*_html_links(html)]
    yield from _links(text, links)
    shown = "\n".join(_shown(constants(source)) for _, source in _sources(html))
    there = {_amount(found) for found in _AMOUNT.finditer(shown)}
    units = {unit for unit, _ in there}
    lacking = [
        _Said(number, found[0], name, found.start())
        for name, source in _sources(text)
        for found in _AMOUNT.finditer(constants(source))
        for unit, number in (_amount(found),)
        if unit in units and (unit, number) not in there
    ]
    if lacking:
        yield _finding(text, "says {}, and the HTML does not", lacking)


def _size(bundle: Bundle) -> int:
    return sum(map(len, bundle.sources.values()))


def _sources(bundle: Bundle) -> list[tuple[str, str]]:
    return [(name, one) for name, one in bundle.sources.items() if not is_inserted(name)]


def _links(text: Bundle, links: list[tuple[Link, str]]) -> Iterator[Finding]:
    sources = _sources(text)
    if not any(_ANY_WAY.search(_without_blocks(source)) for _, source in sources):
        to_follow = [link for link, _ in links if (link.text or "").strip(VALUE + BLOCK + " \n")]
        if to_follow:
            place = at_offset(text.paths[text.entry], text.sources[text.entry], 0)
            said = f"the text has no link, and the HTML has {count(len(to_follow), 'link')} to follow"
            yield Rule.DISAGREEING_TEXT.finding(said, place, "write the addresses into the text too")
        return
    if any(url.startswith(VALUE) for _, url in links):
        return  # a value says where it leads
    there = {url for _, url in links}
    lacking = [
        _Said(_bare(found[0]), found[0].rstrip(".,;:!?"), name, found.start())
        for name, source in sources
        for found in _URL.finditer(constants(source))
        if not any(_agree(_bare(found[0]), url) for url in there)
    ]
    lacking = [one for one in lacking if one.compared and VALUE not in one.compared.partition("/")[0]]
    if lacking and there:
        yield _finding(text, "leads to {}, and the HTML does not", lacking)


def _without_blocks(source: str) -> str:
    return constants(source).replace(BLOCK, " ")


def _html_links(html: Bundle) -> Iterator[tuple[Link, str]]:
    """Those in tags, and those that are written out; but for the one to unsubscribe."""
    for _, source in _sources(html):
        hidden = constants(source)
        for link in links_of(hidden, is_markdown=False):
            if not _NAME.match(source, link.start) and not link.url.startswith(("#", "mailto:")):
                yield link, _bare(resolved(link.url))
        for found in _URL.finditer(_shown(hidden)):
            yield Link(found.start(), found[0]), _bare(found[0])


def _shown(hidden: str) -> str:
    """What is read of HTML, with what stands for its pictures."""
    pieces = []
    for token in tokens(hidden):
        if isinstance(token, str):
            pieces.append(token)
        elif not token[1] and token[0] == "img":
            pieces.append(f" {attributes_of(token[2]).get('alt', '')} ")
        elif token[0] in ("br", "p", "div", "td", "tr", "li", "h1", "h2", "h3"):
            pieces.append(" ")
    return "".join(pieces)


def _bare(url: str) -> str:
    """Its host and path, up to what a value decides."""
    bare = _SCHEME.sub("", url.strip(), count=1).rstrip(".,;:!?")
    return re.split(f"[?#{BLOCK}]", bare, maxsplit=1)[0].rstrip("/").lower()


def _agree(one: str, other: str) -> bool:
    first, second = (url.partition(VALUE) for url in (one, other))
    if first[1] or second[1]:
        return first[0].startswith(second[0]) or second[0].startswith(first[0])
    if "/" not in one:  # where the sender is at home
        return other.partition("/")[0] == one
    return one == other


def _amount(found: re.Match[str]) -> tuple[str, str]:
    """Its unit and its digits: 19,90 and 19.90 are one, and so are 20 and 20.00."""
    unit = found["before"] or found["behind"]
    number = re.sub(r"[.,]0{1,2}\Z", "", found["first"] or found["second"])
    return _UNITS.get(unit, unit), re.sub(r"\D", "", number)


def _finding(text: Bundle, said: str, lacking: list[_Said]) -> Finding:
    first = lacking[0]
    place = at_offset(text.paths[first.template], text.sources[first.template], first.start)
    written = dict.fromkeys(re.sub(f"[{VALUE}{BLOCK}]+", "…", one.written) for one in lacking)
    named = listed([one_line(one, _LONGEST_SHOWN) for one in written], _MOST)
    hint = "let both say the same; without templates.text it is made from the HTML"
    return Rule.DISAGREEING_TEXT.finding(f"the text {said.format(named)}", place, hint)
