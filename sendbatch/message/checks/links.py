"""Links that lead nowhere from a mail: without an address, with one that only a page of the same site has, or
with a scheme that is none, as `htps:`. Where those lead that lead somewhere, `targets` looks at.

What begins with a value is left to the value, but where that is a variable of the campaign, or a cell: those
of the first rows are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache, partial
from typing import NamedTuple

from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.pictures import NAME, decided
from sendbatch.message.content import Content
from sendbatch.message.markdown.addresses import addresses, html_within
from sendbatch.message.markup import attribute_at, resolved, tags, tokens
from sendbatch.message.source import BLOCK, VALUE, at_offset, constants
from sendbatch.values import Recipient
from sendbatch.words import count

_MOST = 20  # that are named
_LONGEST_SHOWN = 100
_HREF = re.compile(r"href\s*+=\s*+(?P<quote>[\"']?)\s*+(?P<url>.*?)(?P=quote)", re.IGNORECASE | re.DOTALL)
# Within the mail, or with a scheme: example.com:80 has none.
_FINE = re.compile(r"#|(?![\w.-]+\.[\w-]+:\d)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"[*%{\[|<$&]")  # of another tool: `placeholders` tells
# Behind a scheme: two slashes and a host; not a second scheme.
_AUTHORITY = re.compile(r"//(?!https?:)(?:[^\s/?#@]*@)?[^\s/?#.,][^\s/?#,]*(?=[/?#]|\Z)", re.IGNORECASE)
# What a page may do and a mail cannot, and what lies on the author's own disk.
_OF_PAGES = frozenset({"about", "blob", "chrome", "file", "javascript", "vbscript"})
_SCHEMES = frozenset({
    *("ftp", "ftps", "geo", "http", "https", "ldap", "mailto", "news", "nntp", "sftp", "sip", "sips", "sms"),
    *("smsto", "tel", "urn"),
})  # fmt: skip
_BRANCHES = re.compile(rf"{BLOCK}[^{VALUE}]*{BLOCK}")
_MAYBE_SCHEME = re.compile(r"[a-z0-9+-]*", re.IGNORECASE)
_MAILBOX = re.compile(r"[^\s/?#@:]+@[^\s/?#@:]+\.[^\s/?#@:.]+(?=\?|\Z)")
_SLIP = re.compile(r"(?:https?[:;]?/*)+(?=[\w-]+\.)", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]+\.)+(?P<last>[^\W\d_]{2,})(?::\d+)?(?=[/?#]|\Z)")
_FILES = re.compile(
    r"aspx?|docx?|gif|html?|ics|jpe?g|jsp|md|pdf|php|png|shtml|txt|webp|xlsx?|zip", re.IGNORECASE
)
_LONGEST_TEXT = 300
_SHOWN = re.compile(r"\[([^\[\]]+)\]\(\s*<?\Z")  # what stands before an address of Markdown
_WHOLE = "write the whole address, as in https://example.com/page"


class Link(NamedTuple):
    """An address as it is written, with the tags of the template in it hidden, and where it begins. `text` is
    what a reader sees in its place, None where that is not known."""

    start: int
    url: str
    text: str | None = None


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
            for link in links_of(hidden, is_markdown=bundle is content.markdown):
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


@lru_cache(maxsize=8)  # several checks ask
def links_of(hidden: str, *, is_markdown: bool) -> tuple[Link, ...]:
    """All links of a source whose tags are hidden, written in HTML or in Markdown with HTML in it."""
    return tuple(_links(hidden, is_markdown=is_markdown))


def _links(hidden: str, *, is_markdown: bool) -> Iterator[Link]:
    if is_markdown:
        for start, url in addresses(hidden, "Link").items():
            shown = _SHOWN.search(hidden, max(0, start - _LONGEST_TEXT), start)
            yield Link(start, url, shown[1] if shown is not None else None)
        hidden = html_within(hidden)
    begun: tuple[Link, int] | None = None  # one whose text is not over, and where that begins
    for tag in tags(hidden):
        if begun is not None and tag.name == "a":
            yield begun[0]._replace(text=_text(hidden, begun[1], tag.start))
            begun = None
        if tag.name not in ("a", "area") or tag.is_end or "href" not in tag.attributes:
            continue
        if (link := _in_tag(hidden, tag.named)) is None:
            continue
        if tag.name == "a":
            begun = link, tag.end
        else:
            yield link
    if begun is not None:
        yield begun[0]


def _in_tag(hidden: str, named: int) -> Link | None:
    where = attribute_at(hidden, named, "href")
    if where is None:
        return None
    written = _HREF.fullmatch(hidden, *where)
    if written is None:  # no value at all
        return Link(where[0], "")
    return Link(written.start("url"), written["url"].rstrip())


def _text(hidden: str, start: int, end: int) -> str | None:
    if end - start > _LONGEST_TEXT:
        return None
    return "".join(token for token in tokens(hidden[start:end]) if isinstance(token, str)).strip()


def _nowhere(link: Link, source: str, known: Mapping[str, str]) -> str | None:
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
    link: Link, source: str, columns: Collection[str], rows: Sequence[Recipient]
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
    if _PLACEHOLDER.match(before):
        return False
    if more and before.endswith("//"):
        return False  # a value says what the host is
    return _FINE.match(before) is None or _is_slip(before)


def _is_slip(url: str) -> bool:
    """Whether what stands before the colon is nothing that a mail can use, or no host follows it."""
    scheme, colon, rest = url.partition(":")
    scheme = scheme.lower()
    if not colon or scheme.startswith("#"):
        return False
    if scheme in ("http", "https"):
        return _AUTHORITY.match(rest) is None
    return scheme in _OF_PAGES or len(scheme) == 1 or _meant(scheme) is not None


def _meant(scheme: str) -> str | None:
    """The scheme that was probably meant by one that is none."""
    if scheme in _SCHEMES:
        return None
    return next(iter(get_close_matches(scheme, ("https", "http", "mailto"), 1, 0.75)), None)


def _said(url: str) -> str:
    if not url:
        return "a link without an address: a click on it leads nowhere"
    shown = one_line(url, _LONGEST_SHOWN)
    if _FINE.match(url):
        return f"the link {shown} leads nowhere: {_why(url)}"
    return f"the link {shown} leads nowhere: in a mail only a whole address leads somewhere"


def _why(url: str) -> str:
    """Of one that begins as a whole address does."""
    scheme = url.partition(":")[0].lower()
    if scheme in ("http", "https"):
        return f"no name of a host stands behind {scheme}://"
    if scheme == "file" or len(scheme) == 1:
        return "it names a file on a disk, which nobody else has"
    if scheme in _OF_PAGES:
        return f"programs for mail follow no {scheme}: link"
    return f"{one_line(scheme, _LONGEST_SHOWN)}: is no scheme"


def _hint(url: str) -> str:
    scheme, colon, rest = url.partition(":")
    if colon and (meant := _meant(scheme.lower())) is not None:
        slashes = "//" if meant != "mailto" else ""
        return f"write {meant}:{slashes}{one_line(rest.lstrip('/'), _LONGEST_SHOWN)}"
    if _MAILBOX.match(url):
        return f"write mailto:{one_line(url, _LONGEST_SHOWN)}"
    bare = _SLIP.sub("", url.removeprefix("//"), count=1)
    host = _HOST.match(bare)
    is_host = host is not None and (_FILES.fullmatch(host["last"]) is None or url.startswith("//"))
    if is_host or bare.lower().startswith("www."):
        return f"write https://{one_line(bare, _LONGEST_SHOWN)}"
    return _WHOLE
