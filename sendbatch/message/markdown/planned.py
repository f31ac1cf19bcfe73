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
)
from sendbatch.message.markdown.carried import (
    BEGIN,
    END,
    among_values,
    as_typed,
    has_html,
    html_of_value,
)
from sendbatch.message.markdown.elements import LEADING, Element, Raw, squeezed
from sendbatch.message.markdown.language import markdown_environment
from sendbatch.message.markdown.text_ways import BEHIND, HOLE, TextWay, usual
from sendbatch.message.markdown.writing import html_of
from sendbatch.message.markup import attributes_of, tokens
from sendbatch.message.ways.body import PlannedBody
from sendbatch.message.ways.layout import Unfit, Writing
from sendbatch.message.ways.parts import Choice, Constant, Hole, Loop, Part, spelled
from sendbatch.message.ways.planning import Unplanned, planned
from sendbatch.message.ways.snippets import Snippet
from sendbatch.message.ways.walking import Walk
from sendbatch.message.ways.way import Transform

_MOST_WAYS = 256
_MOST_BYTES = 16 * 1024 * 1024  # of the ways of a text
_LONGEST = 100_000  # characters of Markdown: a way is made in the process that sends, where all wait
_HERE = "\U0010fff3"  # where the Markdown goes in the layout
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
                Constant(BEHIND),
                *_parts(self._layout, around, constants, autoescape=True),
            )
        except (Unplanned, *FAILURES):
            return None

    def _made(self, whole: str) -> str:
        source, _, around = whole.partition(BEHIND)
        if around.count(_HERE) != 1 or len(source) > _LONGEST:
            raise Unfit
        found = self._letter.read(source)
        if any(map(_may_have_scheme, found)):
            raise Unfit
        html = around.replace(_HERE, html_of(found))
        return html if self._then is None else self._then(html)


class MarkdownText:
    """The text of a content that has Markdown, as `TextWay`s. Where a value decides more of it than the ends
    of lines, its Markdown has to be read anew. What it keeps has one of so many `shares` of the room."""

    shares = 1

    def __init__(
        self, content: Content, columns: Sequence[str], constants: Mapping[str, object]
    ) -> None:
        assert content.markdown is not None
        self._bundle, self._footer = content.markdown, content.footer
        self._columns, self._constants = tuple(columns), constants
        self._ways: dict[tuple[int, ...], TextWay | None] = {}
        self._size = 0

    @property
    def is_planned(self) -> bool:
        """Whether any can be made so."""
        return self._parts is not None

    def part(self, cells: tuple[str, ...]) -> bytes | None:
        """As `PlannedBody.part`."""
        if self._parts is None:
            return None
        try:
            way, values = self._walk(cells)
            taken = self._ways[way] if way in self._ways else self._made(way)
            return None if taken is None else taken.part([value.decode() for value in values])
        except Exception:  # noqa: BLE001 - rendered as it stands, it says what is wrong
            return None

    def _made(self, way: tuple[int, ...]) -> TextWay | None:
        """None where there are too many, and for one that has to be read anew."""
        if len(self._ways) >= _MOST_WAYS or self._size > _MOST_BYTES // self.shares:
            return None
        assert self._parts is not None
        self._ways[way] = None
        holes = count()
        pieces = [
            f"{HOLE}{next(holes)}{HOLE}" if text is None else text
            for text in spelled(self._parts, iter(way))
        ]
        whole = "".join(pieces)
        if len(whole) <= _LONGEST and whole.count(HOLE) == 2 * next(holes):
            made = self._ways[way] = TextWay(whole)
            self._size += made.size
        return self._ways[way]

    @cached_property
    def _parts(self) -> tuple[Part, ...] | None:
        try:
            written = markdown_parts(self._bundle, self._columns, self._constants)
            below: tuple[Part, ...] = ()
            if self._footer is not None:
                below = _parts(self._footer, self._columns, self._constants, autoescape=False)
        except (Unplanned, *FAILURES):
            return None
        return (*_carried(written, as_html=False), Constant(BEHIND), *below)

    @cached_property
    def _walk(self) -> Walk:
        assert self._parts is not None
        how = Writing(
            lambda value: usual(value).encode(), lambda pieces: usual("".join(pieces)).encode()
        )
        return Walk(self._parts, how, len(self._columns), self.shares)


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
    """What a snippet of Markdown writes: as HTML, or as it was typed."""

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
            if not self.as_html and has_html(carried):
                raise Unfit
            return write(html if self.as_html else as_typed(carried))

        return by_key
