"""Markdown that is planned: its template and the layout are one sequence of parts, of one way.

A way is spelled with marks in its holes, which stand between the signs that carry values: Markdown takes
both for a word, as it takes a value. So its HTML, the layout and what follows are made once for each way.
Whatever a hole may hold that is more than a value (what a macro writes, `|safe`, a number that begins a
list) is Unfit, and so is a value that would run as the beginning of a link: the plain path looks at it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any

from jinja2 import DictLoader
from markupsafe import Markup

from sendbatch.campaign.language.environment import FAILURES, environment
from sendbatch.message.content import Bundle, Content
from sendbatch.message.markdown.body import (
    CONTENT,
    SUBJECT,
    MarkdownBody,
    shows_subject,
    with_rule,
)
from sendbatch.message.markdown.carried import BEGIN, END, among_values, as_typed, html_of_value
from sendbatch.message.markdown.elements import LEADING, Element, Raw, elements, squeezed
from sendbatch.message.markdown.language import markdown_environment
from sendbatch.message.markdown.text import text_of_markdown
from sendbatch.message.markdown.writing import html_of
from sendbatch.message.markup import attributes_of, tokens
from sendbatch.message.ways.body import PlannedBody
from sendbatch.message.ways.layout import Unfit, Writing
from sendbatch.message.ways.parts import Choice, Constant, Hole, Loop, Part, spelled
from sendbatch.message.ways.planning import Unplanned, planned
from sendbatch.message.ways.snippets import Snippet
from sendbatch.message.ways.walking import Walk
from sendbatch.message.ways.way import Transform

_HOLE = "\U0010fff4"  # on both sides of the number of a hole
_MOST_WAYS = 256
_BEHIND, _HERE = "\U0010fff2", "\U0010fff3"  # the Markdown ends; here it goes in the layout
# A value that may make a link run, with what stands around it: the plain path tells.
_SCHEME = re.compile(r"(?!https?:|mailto:|tel:)[a-z]{0,20}:", re.IGNORECASE)


class MarkdownHtml(PlannedBody):
    """The HTML of a content that has Markdown; `transform` is what becomes of it within its layout."""

    def __init__(
        self,
        content: Content,
        columns: Sequence[str],
        constants: Mapping[str, object],
        transform: Transform | None = None,
    ) -> None:
        assert content.markdown is not None
        assert content.layout is not None
        own = (*columns, SUBJECT) if shows_subject(content) else tuple(columns)
        super().__init__("html", content.markdown, own, constants, self._made)
        self._layout, self._given, self._then = content.layout, tuple(columns), transform
        self._letter = MarkdownBody(content)

    def part(self, cells: tuple[str, ...]) -> bytes | None:
        if len(self._columns) > len(self._given):
            variables = {**self._constants, **dict(zip(self._given, cells, strict=True))}
            cells = (*cells, self._letter.subject(variables))
        return super().part(cells)

    @cached_property
    def _parts(self) -> tuple[Part, ...] | None:
        # A cell more than the Markdown can name: the layout's subject.
        hidden = (*self._given, *(f"\0{name}" for name in self._columns[len(self._given) :]))
        around = tuple(f"\0{name}" if name == CONTENT else name for name in self._columns)
        constants = {**self._constants, CONTENT: Markup(_HERE)}  # noqa: S704 - a sign of ours
        try:
            return (
                *_carried(markdown_parts(self._bundle, hidden, self._constants)),
                Constant(_BEHIND),
                *_parts(self._layout, around, constants, autoescape=True),
            )
        except (Unplanned, *FAILURES):
            return None

    def _made(self, whole: str) -> str:
        source, _, around = whole.partition(_BEHIND)
        if around.count(_HERE) != 1:
            raise Unfit
        found = self._letter.read(source)
        if any(map(_may_have_scheme, found)):
            raise Unfit
        html = around.replace(_HERE, html_of(found))
        return html if self._then is None else self._then(html)


class MarkdownText(PlannedBody):
    """The text of a content that has Markdown, where that is the same for everybody on a way: where its lines
    end depends on its values."""

    def __init__(
        self, content: Content, columns: Sequence[str], constants: Mapping[str, object]
    ) -> None:
        assert content.markdown is not None
        super().__init__("plain", content.markdown, columns, constants, self._made)
        self._footer = content.footer

    @cached_property
    def _parts(self) -> tuple[Part, ...] | None:
        try:
            written = markdown_parts(self._bundle, self._columns, self._constants)
            if any(map(_has_hole, written)):
                return None
            below: tuple[Part, ...] = ()
            if self._footer is not None:
                below = _parts(self._footer, self._columns, self._constants, autoescape=False)
        except (Unplanned, *FAILURES):
            return None
        return (*written, Constant(_BEHIND), *below)

    def _made(self, whole: str) -> str:
        source, _, below = whole.partition(_BEHIND)
        text = text_of_markdown(elements(source))
        if not text.strip():
            raise Unfit
        return text + with_rule(below)


class PersonalText:
    """The text of a content whose Markdown has values in it: its elements are kept for each way, and written
    anew for each recipient, for where lines end depends on the values."""

    def __init__(
        self, bundle: Bundle, columns: Sequence[str], constants: Mapping[str, object]
    ) -> None:
        self._bundle, self._columns, self._constants = bundle, tuple(columns), constants
        self._ways: dict[tuple[int, ...], list[Element]] = {}

    def elements(self, cells: tuple[str, ...]) -> list[Element] | None:
        """As reading the rendered Markdown gives them; None where it has to be rendered."""
        if self._walk is None:
            return None
        try:
            way, values = self._walk(cells)
            found = self._ways.get(way)
            if found is None:
                found = self._made(way)
        except Exception:  # noqa: BLE001 - rendered as it stands, it says what is wrong
            return None
        texts = [value.decode() for value in values]
        return [_filled(element, texts) for element in found]

    def _made(self, way: tuple[int, ...]) -> list[Element]:
        if len(self._ways) >= _MOST_WAYS:
            raise Unfit
        assert self._parts is not None
        holes = count()
        pieces = (
            f"{_HOLE}{next(holes)}{_HOLE}" if text is None else text
            for text in spelled(self._parts, iter(way))
        )
        found = self._ways[way] = elements("".join(pieces))
        return found

    @cached_property
    def _parts(self) -> tuple[Part, ...] | None:
        try:
            return _carried(
                markdown_parts(self._bundle, self._columns, self._constants), as_html=False
            )
        except (Unplanned, *FAILURES):
            return None

    @cached_property
    def _walk(self) -> Walk | None:
        how = Writing(str.encode, lambda pieces: "".join(pieces).encode())
        return None if self._parts is None else Walk(self._parts, how, len(self._columns))


def _may_have_scheme(element: Element) -> bool:
    """Whether values make the scheme of a link together with what stands beside them. One that stands alone
    there is looked at by itself."""
    if isinstance(element, Raw):
        tags = [one for one in tokens(element) if not isinstance(one, str)]
    else:
        tags = [element] if isinstance(element, tuple) else []
    return any(
        _is_put_together(value)
        for name, _, attributes in tags
        if BEGIN in attributes
        for called, value in attributes_of(attributes).items()
        if called in LEADING and (called, name) != ("src", "img")
    )


def _is_put_together(target: str) -> bool:
    before, *more = among_values(target)
    if not more or re.search("[:/?#]", before):
        return False
    is_alone = not before and (more[1][:1] in ("/", "?", "#") if more[1] else len(more) == 2)
    return not is_alone


def _filled(element: Element, values: Sequence[str]) -> Element:
    """The element with the values in its holes."""
    if isinstance(element, tuple):
        name, is_end, attributes = element
        return (name, is_end, _in_holes(attributes, values)) if _HOLE in attributes else element
    return type(element)(_in_holes(element, values)) if _HOLE in element else element


def _in_holes(text: str, values: Sequence[str]) -> str:
    pieces = text.split(_HOLE)
    pieces[1::2] = [values[int(number)] for number in pieces[1::2]]
    return "".join(pieces)


def markdown_parts(
    bundle: Bundle, columns: Sequence[str], constants: Mapping[str, object]
) -> tuple[Part, ...]:
    """Raises Unplanned, and what parsing may raise."""
    env = markdown_environment(DictLoader(bundle.sources))
    return planned(env, bundle.entry, columns, constants)


def _parts(
    bundle: Bundle, columns: Sequence[str], constants: Mapping[str, object], *, autoescape: bool
) -> tuple[Part, ...]:
    env = environment(DictLoader(bundle.sources), autoescape=autoescape)
    return planned(env, bundle.entry, columns, constants)


def _has_hole(part: Part) -> bool:
    if isinstance(part, Choice):
        return any(_has_hole(one) for branch in part.branches for one in branch)
    if isinstance(part, Loop):
        return any(map(_has_hole, (*part.body, *part.otherwise)))
    return isinstance(part, Hole)


def _carried(parts: Sequence[Part], *, as_html: bool = True) -> tuple[Part, ...]:
    """The parts, each hole between the signs that carry what is in it."""
    found: list[Part] = []
    for part in parts:
        if isinstance(part, Hole):
            held = Hole(_Value(part.snippet, as_html))  # type: ignore[arg-type]
            found += [Constant(BEGIN), held, Constant(END)]
        elif isinstance(part, Choice):
            branches = tuple(_carried(one, as_html=as_html) for one in part.branches)
            found.append(replace(part, branches=branches))
        elif isinstance(part, Loop):
            body = _carried(part.body, as_html=as_html)
            otherwise = _carried(part.otherwise, as_html=as_html)
            found.append(replace(part, body=body, otherwise=otherwise))
        else:
            found.append(part)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Value:
    """What a snippet of Markdown writes: as HTML, or as it is carried."""

    snippet: Snippet
    as_html: bool

    @property
    def slots(self) -> tuple[int, ...]:
        return self.snippet.slots

    @property
    def repeats(self) -> bool:
        return self.snippet.repeats

    def writing(self, how: Writing) -> Callable[[Any], bytes]:
        write, text = how.value, self.snippet.text

        def by_key(key: Any) -> bytes:
            carried = text(key)
            html = html_of_value(carried)
            if html is None or _SCHEME.match(squeezed(as_typed(carried))):
                raise Unfit
            return write(html if self.as_html else carried[1:-1])

        return by_key
