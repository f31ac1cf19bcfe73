"""Links that lead nowhere from a mail: without an address, or with one that only a page of the same site has.

What begins with a value is left to the value, but where that is a variable of the campaign, or a cell: those
of the first rows are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.pictures import NAME, decided
from sendbatch.message.content import Content
from sendbatch.message.markdown.addresses import addresses, html_within
from sendbatch.message.markup import attribute_at, resolved, tags
from sendbatch.message.source import BLOCK, VALUE, at_offset, constants
from sendbatch.values import Recipient
from sendbatch.words import count

_MOST = 20  # that are named
_LONGEST_SHOWN = 100
_HREF = re.compile(r"href\s*+=\s*+(?P<quote>[\"']?)\s*+(?P<url>.*?)(?P=quote)", re.IGNORECASE | re.DOTALL)
# Within the mail, or with a scheme: example.com:80 has none.
_FINE = re.compile(r"#|(?![\w.-]+\.[\w-]+:\d)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"[*%{\[|<$&]")  # of another tool: `placeholders` tells
_BRANCHES = re.compile(rf"{BLOCK}[^{VALUE}]*{BLOCK}")
_MAYBE_SCHEME = re.compile(r"[a-z0-9+-]*", re.IGNORECASE)
_MAILBOX = re.compile(r"[^\s/?#@:]+@[^\s/?#@:]+\.[^\s/?#@:.]+(?=\?|\Z)")
_SLIP = re.compile(r"https?[:;]?/*(?=[\w-]+\.)", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]+\.)+(?P<last>[^\W\d_]{2,})(?::\d+)?(?=[/?#]|\Z)")
_FILES = re.compile(
    r"aspx?|docx?|gif|html?|ics|jpe?g|jsp|md|pdf|php|png|shtml|txt|webp|xlsx?|zip", re.IGNORECASE
)
_WHOLE = "write the whole address, as in https://example.com/page"


class _Link(NamedTuple):
    """An address as it is written, with the tags of the template in it hidden, and where it begins."""

    start: int
    url: str


def doubtful_links(
    content: Content, columns: Collection[str], rows: Sequence[Recipient] = ()
) -> Iterator[Finding]:
    """A warning for each address that leads nowhere, once, at its first place. `rows` are some of those who
    get the mail, with their cells in the order of `columns`."""
    found: dict[str, Callable[[], Finding] | None] = {}
    for bundle in (content.html, content.markdown, content.layout):
        if bundle is None:
            continue
        known = decided(bundle, content.variables, columns)
        for name, source in bundle.sources.items():
            hidden = constants(source)
            links = _of_markdown(hidden) if bundle is content.markdown else _of_html(hidden)
            for link in links:
                url = _nowhere(link, source, known)
                written = source[link.start : link.start + len(link.url)] if url is None else url
                if written in found:
                    continue
                told = _in_cells(link, source, columns, rows) if url is None else (_said(url), _hint(url))
                place = partial(at_offset, bundle.paths[name], source, link.start)
                found[written] = partial(_finding, told, place) if told is not None else None
    made = [*filter(None, found.values())]
    yield from (make() for make in made[:_MOST])
    if len(made) > _MOST:
        more = count(len(made) - _MOST, "more address", "more addresses")
        yield Rule.BROKEN_LINK.finding(f"and {more} of links that lead nowhere")


def _finding(told: tuple[str, str], place: Callable[[], Place]) -> Finding:
    said, hint = told
    return Rule.BROKEN_LINK.finding(said, place(), hint)


def _of_markdown(hidden: str) -> Iterator[_Link]:
    yield from (_Link(start, url) for start, url in addresses(hidden, "Link").items())
    yield from _of_html(html_within(hidden))


def _of_html(hidden: str) -> Iterator[_Link]:
    for tag in tags(hidden):
        if tag.name not in ("a", "area") or tag.is_end or "href" not in tag.attributes:
            continue
        where = attribute_at(hidden, tag.named, "href")
        if where is not None:
            written = _HREF.fullmatch(hidden, *where)
            if written is None:  # no value at all
                yield _Link(where[0], "")
            else:
                yield _Link(written.start("url"), written["url"].rstrip())


def _nowhere(link: _Link, source: str, known: Mapping[str, str]) -> str | None:
    """The address as its author wrote it, with what is known of it filled in; None where it leads somewhere,
    or may do so."""
    url = link.url
    written = source[link.start : link.start + len(url)]
    if url.startswith(VALUE):
        tag = NAME.match(source, link.start)
        if tag is None or tag[1] not in known:
            return None
        url, written = (known[tag[1]] + rest[len(tag[0]) :] for rest in (url, written))
    if _BRANCHES.fullmatch(url):
        branches = filter(None, url.split(BLOCK))
        return next(filter(_is_nowhere, branches), None)
    return written if _is_nowhere(url) else None


def _in_cells(
    link: _Link, source: str, columns: Collection[str], rows: Sequence[Recipient]
) -> tuple[str, str] | None:
    """What is wrong with a link that begins with a cell, and what to do, by the first row where it leads
    nowhere; what is empty may not be shown at all."""
    tag = NAME.match(source, link.start)
    if tag is None or tag[1] not in columns:
        return None
    at, rest = [*columns].index(tag[1]), source[tag.end() : link.start + len(link.url)]
    for row in rows:
        cell = row.cells[at].strip()
        if cell and _is_nowhere(cell + link.url[len(tag[0]) :]):
            said = f"the link {one_line(tag[0] + rest, _LONGEST_SHOWN)} leads nowhere in row {row.row}"
            return f"{said}: {one_line(cell, _LONGEST_SHOWN)}", f"{_hint(cell)}, in the cell"
    return None


def _is_nowhere(url: str) -> bool:
    before, *more = re.split(f"[{VALUE}{BLOCK}]", resolved(url), maxsplit=1)
    if more and _MAYBE_SCHEME.fullmatch(before):
        return False  # a value says what the scheme is
    return not (_FINE.match(before) or _PLACEHOLDER.match(before))


def _said(url: str) -> str:
    if not url:
        return "a link without an address: a click on it leads nowhere"
    shown = one_line(url, _LONGEST_SHOWN)
    return f"the link {shown} leads nowhere: in a mail only a whole address leads somewhere"


def _hint(url: str) -> str:
    if _MAILBOX.match(url):
        return f"write mailto:{one_line(url, _LONGEST_SHOWN)}"
    bare = _SLIP.sub("", url.removeprefix("//"), count=1)
    host = _HOST.match(bare)
    is_host = host is not None and (_FILES.fullmatch(host["last"]) is None or url.startswith("//"))
    if is_host or bare.lower().startswith("www."):
        return f"write https://{one_line(bare, _LONGEST_SHOWN)}"
    return _WHOLE
