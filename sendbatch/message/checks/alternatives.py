"""What those have of a mail who see no pictures: the words beside them, and those in their place (`alt`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from sendbatch.errors import Place
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.pictures import NAME, place_of, shown_at
from sendbatch.message.content import Bundle, Content
from sendbatch.message.insertions import is_inserted
from sendbatch.message.markdown.addresses import html_within
from sendbatch.message.markdown.elements import elements
from sendbatch.message.markdown.writing import html_of
from sendbatch.message.markup import Tag, tags
from sendbatch.message.origins import authored, has_origins
from sendbatch.message.pictures.widths import width_of
from sendbatch.message.plaintext.reader import text_from_html
from sendbatch.message.source import BLOCK, VALUE, constants
from sendbatch.message.templates import Failed
from sendbatch.values import Recipient
from sendbatch.words import count

_FEW = 12  # words; with fewer, what a picture says is most of what is said
_UNKNOWN = 20  # words that a value may be
_WIDE = 300  # px; no logo and no icon
_LARGEST = 500_000  # characters of a letter; whatever is in more, it is not a picture alone
_ALT = re.compile(r"\salt\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"<?(?:https?:|mailto:)\S+>?", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}|\d+")
_TAG = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_UNSHOWN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_DIGITS = re.compile(r"\s*(\d+)")


def pictures_without_alt(content: Content) -> Iterator[Finding]:
    """A warning for each body that has any, at the first. An empty `alt` is meant: it says nothing."""
    for bundle in (content.html, content.markdown, content.layout):
        if bundle is None:
            continue
        found: list[Place] = []
        for name, source in bundle.sources.items():
            if is_inserted(name):
                continue
            hidden, is_own = constants(source), authored(source)
            for tag in tags(html_within(hidden) if bundle is content.markdown else hidden):
                if tag.name != "img" or tag.is_end or not _lacks_alt(tag):
                    continue
                if is_own(tag.start) or is_own(_address(hidden, tag)):  # no icon of MJML itself
                    found.append(_place(bundle, name, hidden, tag))
        found = list(dict.fromkeys(found))  # MJML writes some of them several times
        if found:
            more = f", nor {'have' if len(found) > 2 else 'has'} {count(len(found) - 1, 'other')}"
            said = f"a picture has no alt text{more if len(found) > 1 else ''}"
            hint = 'write what it shows, or alt="" where it shows nothing'
            yield Rule.PICTURE_WITHOUT_ALT.finding(said, found[0], hint)


def _lacks_alt(tag: Tag) -> bool:
    there = tag.attributes
    if "alt" in there or any(BLOCK in name or VALUE in name for name in there):
        return False  # or a value may write one
    sizes = [_DIGITS.fullmatch(there.get(name, "").removesuffix("px")) for name in ("width", "height")]
    if any(size is not None and int(size[1]) <= 1 for size in sizes):
        return False  # one that counts who opens the mail
    is_presented = there.get("role", "").strip() in ("presentation", "none")
    return not (is_presented or there.get("aria-hidden") == "true" or _UNSHOWN.search(there.get("style", "")))


def picture_alone(
    content: Content, columns: Sequence[str], rows: Sequence[Recipient]
) -> Iterator[Finding]:
    """A warning where the HTML is a wide picture with hardly a word. `rows` are some of those who get it."""
    bundle = content.html or content.markdown
    if bundle is None or sum(map(len, bundle.sources.values())) > _LARGEST:
        return
    where = _wide_picture(bundle, content)
    if where is None:
        return
    worth = _Worth(content, columns, rows)
    words = sum(_words(source, worth, is_markdown=bundle is content.markdown) for source in _sources(bundle))
    if words < _FEW:
        are = "is" if words == 1 else "are"
        said = f"the mail is a picture: beside it there {are} {count(words, 'word')}"
        hint = "write what it says as text; a picture is not seen by all, and filters cannot read it"
        yield Rule.PICTURE_ALONE.finding(said, where, hint)


def _sources(bundle: Bundle) -> list[str]:
    return [source for name, source in bundle.sources.items() if not is_inserted(name)]


def _wide_picture(bundle: Bundle, content: Content) -> Place | None:
    known = {f"cid:{one.cid}": width_of(one.data) or 0 for one in content.pictures}
    if bundle is content.markdown:
        wide = [cid for cid, width in known.items() if width >= _WIDE]
        return next((shown_at(cid.removeprefix("cid:"), [bundle]) for cid in wide), None)
    for name, source in bundle.sources.items():
        for tag in tags(constants(source)):
            if tag.name == "img" and _width(tag, known) >= _WIDE:
                return _place(bundle, name, constants(source), tag)
    return None


def _place(bundle: Bundle, name: str, hidden: str, tag: Tag) -> Place:
    """Of a picture; of one that MJML made the tag of, its address is what the author wrote."""
    start = _address(hidden, tag) if has_origins(bundle.sources[name]) else tag.start
    return place_of(bundle, name, start)


def _address(hidden: str, tag: Tag) -> int:
    """Where that of a picture stands; its tag, where it has none."""
    url = tag.attributes.get("src", "").strip()
    return max(tag.start, hidden.find(url, tag.named, tag.end)) if url else tag.start


def _width(tag: Tag, known: Mapping[str, int]) -> int:
    """0 where it is not known."""
    written = tag.attributes.get("width", "")
    found = re.match(r"\s*(\d{1,5})\s*(%?)", written)
    if found is not None:
        return _WIDE if found[2] and int(found[1]) >= 50 else 0 if found[2] else int(found[1])
    return known.get(tag.attributes.get("src", "").strip(), 0)


class _Worth:
    """How many words a value is at most, as far as that is known."""

    def __init__(self, content: Content, columns: Collection[str], rows: Sequence[Recipient]) -> None:
        self._variables, self._columns, self._rows = content.variables, [*columns], rows

    def of(self, tag: str) -> int:
        named = NAME.match(tag)
        name = named[1] if named is not None else ""
        if name in self._columns and self._rows:
            at = self._columns.index(name)
            return max(len(row.cells[at].split()) for row in self._rows)
        value = self._variables.get(name)
        return len(value.split()) if isinstance(value, str) else _UNKNOWN


def _words(source: str, worth: _Worth, *, is_markdown: bool) -> int:
    if is_markdown:
        try:
            html = html_of(elements(constants(source).replace(BLOCK, " ")))
        except Failed:  # which is told
            return _FEW
    else:
        html = constants(source).replace(BLOCK, " ")
    text = _ADDRESS.sub(" ", text_from_html(_ALT.sub("", html)))
    written = len(_WORD.findall(text.replace(VALUE, " ")))
    if VALUE not in text:
        return written
    return written + sum(worth.of(tag) for tag in _TAG.findall(source))
