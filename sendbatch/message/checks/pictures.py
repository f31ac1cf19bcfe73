"""What a letter shows that no reader of it has: files of the author's own, parts that are not sent.

Everything is found in the templates, where it is written there; only what a value decides is looked for
in each message.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sendbatch.campaign.language.environment import parsed
from sendbatch.campaign.model import Json
from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Bundle, Content
from sendbatch.message.source import BLOCK, VALUE, assigned, at_offset, blank, constants
from sendbatch.message.templates import Failed
from sendbatch.words import listed

_LONGEST_SHOWN = 100
_LOCAL, _PART, _SCHEME, _COMPUTED = "local", "part", "scheme", "computed"
_SAID = {
    _LOCAL: "{} leads nowhere: nobody who reads the mail has this file",
    _PART: "{} leads nowhere: no part of the mail is called that",
    _SCHEME: "{} has no https: before it, and some programs look for a file then",
}
_HINT = "put it on a web server and write https://…, or write it out as data:"

_ATTRIBUTES = r"(?:[^<>\"']++|\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))*+"
# Outlook reads what is in its conditional comments, and shows pictures from there (VML).
_HTML = re.compile(
    r"<!--(?!\s*\[if).*?(?:-->|\Z)|<script\b.*?(?:</script|\Z)"
    rf"|<style\b{_ATTRIBUTES}>(?P<css>.*?)(?:</style|\Z)"
    rf"|<[a-z][\w:-]*(?P<attributes>{_ATTRIBUTES})",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"(?P<name>[^\s\"'<>/=]++)(?:\s*=\s*"
    r"(?:\"(?P<double>[^\"]*)\"?|'(?P<single>[^']*)'?|(?P<bare>[^\s\"'<>]+)))?"
)
_SHOWING = frozenset({"src", "background", "poster"})
_QUOTES = re.compile(r"&(?:quot|apos|#0*39|#0*34|#x27|#x22);", re.IGNORECASE)
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_URL = re.compile(
    r"\burl\(\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^)\"']*))", re.IGNORECASE
)
_CANDIDATE = re.compile(r"[\s,]*(\S+)")
_URI_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
# Quickly, whether a message needs a closer look: lower case, and begun by letters that are searched for
# as fast as memory is read.
_SUSPECTS = [
    re.compile(rf"{begun}\s*(?:[\"']|&\w+;)?\s*(?!https?:|data:|#|//|[\"'>)\s])").search
    for begun in (r"src(?:set)?\s*=", r"background\s*=", r"poster\s*=", r"url\(")
]
_NAME = re.compile(r"\{\{[-+]?\s*([^\W\d]\w*)\s*[-+]?\}\}")


@dataclass(frozen=True, slots=True)
class Reference:
    """What an element shows: the address as it is written, where it begins, and what it is."""

    url: str
    start: int
    kind: str


def broken_pictures(content: Content, columns: Collection[str]) -> list[Finding]:
    """An error for each address in the HTML that leads to no picture, wherever in its templates it
    stands."""
    return [
        Rule.BROKEN_PICTURE.finding(
            _SAID[reference.kind].format(_shown(reference.url)),
            _place(content, name, reference.start),
            _HINT,
        )
        for name, reference in _written(content, columns)
        if reference.kind in (_LOCAL, _PART)
    ]


def doubtful_pictures(content: Content, columns: Collection[str]) -> Iterator[Finding]:
    """A warning for each address that some programs find and others do not."""
    for name, reference in _written(content, columns):
        if reference.kind == _SCHEME:
            url, place = _shown(reference.url), _place(content, name, reference.start)
            yield Rule.PICTURE_WITHOUT_SCHEME.finding(_SAID[_SCHEME].format(url), place, f"write https:{url}")


class Pictures:
    """Looks through finished HTML, where a template lets a value decide what is shown."""

    def __init__(self, content: Content, columns: Collection[str]) -> None:
        places = [
            _place(content, name, reference.start)
            for name, reference in _written(content, columns)
            if reference.kind == _COMPUTED
        ]
        self.are_computed = bool(places)
        spots = dict.fromkeys(f"{place.file}:{place.line}" for place in places)
        self._where = listed([*spots], 3)

    def hold(self, document: str) -> None:
        """Raises Failed where something leads nowhere."""
        lowered = document.lower()
        if not any(search(lowered) for search in _SUSPECTS):
            return
        for reference in references(document):
            if reference.kind in (_LOCAL, _PART):
                said = _SAID[reference.kind].format(_shown(reference.url))
                raise Failed(f"{self._where}: {said}")


def references(document: str) -> Iterator[Reference]:
    """All that HTML shows and that leads nowhere, or may do so once a value is put in."""
    for start, url in _urls(document):
        for begins, one in _alternatives(url):
            kind = _kind(one)
            if kind is not None:
                blanks = len(one) - len(one.lstrip())
                yield Reference(one.strip(), start + begins + blanks, kind)


def _written(content: Content, columns: Collection[str]) -> Iterator[tuple[str, Reference]]:
    """(template, reference) of each; where a variable of the campaign alone decides, it has decided."""
    bundle = content.html
    if bundle is None:
        return
    known: dict[str, str] | None = None
    for name, source in bundle.sources.items():
        for reference in references(constants(source)):
            if reference.kind != _COMPUTED:
                yield name, reference
                continue
            if known is None:
                known = _decided(bundle, content.variables, columns)
            tag = _NAME.match(source, reference.start)
            if tag is None or tag[1] not in known:
                yield name, reference
                continue
            url = known[tag[1]] + reference.url[len(tag[0]) :]
            if (kind := _kind(url)) is not None:
                yield name, Reference(url, reference.start, kind)


def _decided(
    bundle: Bundle, variables: Mapping[str, Json], columns: Collection[str]
) -> dict[str, str]:
    taken = set(columns).union(*(assigned(parsed(text)) for text in bundle.sources.values()))
    return {
        name: value
        for name, value in variables.items()
        if isinstance(value, str) and name not in taken
    }


def _urls(document: str) -> Iterator[tuple[int, str]]:
    """(where it begins, address) of all that is shown."""
    for piece in _HTML.finditer(document):
        if piece["css"] is not None:
            yield from _of_css(piece["css"], piece.start("css"))
        elif piece["attributes"] is not None:
            yield from _of_attributes(piece["attributes"], piece.start("attributes"))


def _of_attributes(text: str, offset: int) -> Iterator[tuple[int, str]]:
    for attribute in _ATTRIBUTE.finditer(text):
        name = attribute["name"].strip(VALUE + BLOCK).lower()
        if name not in _SHOWING | {"style", "srcset"} or attribute[0] == attribute["name"]:
            continue
        start, value = _quoted(attribute)
        if name == "style":
            yield from _of_css(_QUOTES.sub(lambda one: '"'.ljust(len(one[0])), value), offset + start)
        elif name == "srcset":
            yield from ((offset + start + at, url) for at, url in _candidates(value))
        else:
            yield offset + start, value


def _of_css(text: str, offset: int) -> Iterator[tuple[int, str]]:
    text = _CSS_COMMENT.sub(lambda comment: blank(comment[0]), text)
    for found in _CSS_URL.finditer(text):
        start, value = _quoted(found)
        yield offset + start, value


def _candidates(value: str) -> Iterator[tuple[int, str]]:
    """The addresses of a srcset; each ends at a blank, or at a comma with a blank behind it."""
    at = 0
    while (found := _CANDIDATE.match(value, at)) is not None:
        url = found[1].rstrip(",")
        yield found.start(1), url
        comma = value.find(",", found.end() - (len(found[1]) - len(url)))
        at = len(value) if comma < 0 else comma + 1


def _quoted(found: re.Match[str]) -> tuple[int, str]:
    group = next(name for name in ("double", "single", "bare") if found[name] is not None)
    return found.start(group), found[group]


def _alternatives(url: str) -> Iterator[tuple[int, str]]:
    """`{% if %}a{% else %}b{% endif %}` is either of two; anything else is one."""
    if not (url.startswith(BLOCK) and url.endswith(BLOCK)):
        yield 0, url
        return
    for part in re.finditer(f"[^{BLOCK}]+", url):
        yield part.start(), part[0]


def _kind(url: str) -> str | None:
    """None for what a reader's program can fetch, or has at hand."""
    url = html.unescape(url).strip()
    if not url or url.startswith("#"):
        return None
    if (scheme := _URI_SCHEME.match(url)) is not None:
        name = scheme[1].lower()
        if name in ("cid", "mid"):
            return _PART
        return _LOCAL if name in ("file", "blob") or len(name) == 1 else None  # C:\logo.png
    if url.startswith("//"):
        return _SCHEME
    written = re.split(f"[{VALUE}{BLOCK}]", url, maxsplit=1)[0]
    is_whole = len(written) == len(url)
    return _LOCAL if is_whole or "/" in written or "\\" in written else _COMPUTED


def _place(content: Content, name: str, start: int) -> Place:
    bundle = content.html
    assert bundle is not None
    return at_offset(bundle.paths[name], bundle.sources[name], start)


def _shown(url: str) -> str:
    return one_line(re.sub(f"[{VALUE}{BLOCK}]+", "…", url), _LONGEST_SHOWN)
