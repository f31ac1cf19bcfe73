"""MJML as a tree of its tags, each with its place: mrml tells neither where something stands, nor that it is
wrong.

It is read with the tags of Jinja hidden. What stands within a tag that holds HTML is not looked into, and
what stands between tags is kept as it is: a Jinja tag, or a comment that one is in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from sendbatch.campaign.names import guess
from sendbatch.findings import Finding, Rule
from sendbatch.message.mjml.elements import ELEMENTS
from sendbatch.message.origins import Written
from sendbatch.message.source import BLOCK, VALUE, at_offset, blank, constants, depths

_NAME = r"[a-zA-Z][\w.:-]*"
_TOKEN = re.compile(
    r"<!--(?P<comment>.*?)(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<[!?][^>]*>?"
    rf"|</(?P<end>{_NAME})[^>]*>"
    rf"|<(?P<start>{_NAME})(?P<attributes>(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"(?P<name>[^\s=\"'/]+)(?:\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"']+)))?"
)
_TAGS = re.compile(f"[{VALUE}{BLOCK}]")
_OF_MJML = re.compile(r"</?(mjml|mj-[\w-]*)", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_PROLOG = re.compile(
    rf"{_COMMENT.pattern}|<\?.*?(?:\?>|\Z)|<![a-z][^>]*>?", re.DOTALL | re.IGNORECASE
)
_CONDITIONAL = "<!--["
_DEEPEST = 20  # tags in one another: MJML has no ten
_BEGIN = re.compile(r"<mjml(?=[\s/>])")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a file: what stands from `start` up to `end`."""

    file: Written
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.file.source[self.start : self.end]

    @property
    def hidden(self) -> str:
        """The same, with the tags of Jinja hidden."""
        return hidden(self.file.source)[self.start : self.end]

    @property
    def has_tags(self) -> bool:
        return _TAGS.search(self.hidden) is not None


@dataclass(slots=True)
class Element:
    """A tag with what is in it: `children`, or the `content` of one that holds HTML. `at` is where it begins;
    `attributes` are the places of their values, and `named` those of their names."""

    name: str
    at: Span
    attributes: dict[str, Span] = field(default_factory=dict)
    named: dict[str, Span] = field(default_factory=dict)
    children: list[Element | Span] = field(default_factory=list)
    content: Span | None = None

    @property
    def elements(self) -> Iterator[Element]:
        return (child for child in self.children if isinstance(child, Element))

    def all(self) -> Iterator[Element]:
        """Itself and all tags within, in their order."""
        yield self
        for child in self.elements:
            yield from child.all()


@lru_cache(maxsize=16)
def hidden(source: str) -> str:
    """A source with the tags of Jinja hidden."""
    return constants(source)


def blame(rule: Rule, span: Span, said: str, hint: str | None = None, offset: int = 0) -> Finding:
    """What is wrong at `offset` in this piece."""
    return rule.finding(
        said, at_offset(span.file.path, span.file.source, span.start + offset), hint
    )


def elements_of(file: Written) -> tuple[Element, list[Finding]]:
    """All tags of a file, in one that has no name, and what is wrong with how they are written."""
    reading = _Reading(file)
    reading.go()
    return reading.root, reading.findings


class _Reading:
    def __init__(self, file: Written) -> None:
        self._file = file
        self._hidden = hidden(file.source)
        self.root = Element("", self._span(0, 0))
        self._open = [self.root]
        self.findings: list[Finding] = []

    def _span(self, start: int, end: int) -> Span:
        return Span(self._file, start, end)

    def _blame(self, start: int, said: str, hint: str | None = None) -> None:
        self.findings.append(blame(Rule.MJML_SYNTAX, self._span(start, start), said, hint))

    def go(self) -> None:
        at = self._before_all()
        while (token := _TOKEN.search(self._hidden, at)) is not None:
            self._between(at, token.start())
            at = token.end()
            if token["comment"] is not None:
                self._comment(token)
            elif token["end"] is not None:
                self._end(token["end"], token.start())
            elif token["start"] is not None:
                at = self._start(token)
            else:
                self._blame(token.start(), "no tag of MJML", "take it away")
        self._between(at, len(self._hidden))
        for element in self._open[1:]:
            self._unclosed(element, "the end of the file")

    def _before_all(self) -> int:
        """Keeps what stands before the letter, the HTML of macros too. Gives where the letter begins."""
        without = _PROLOG.sub(lambda passed: blank(passed[0]), self._hidden)
        begin = _BEGIN.search(without)
        if begin is None:
            return 0
        levels = depths(self._file.source[: begin.start()])
        for shown in re.finditer(rf"[^\s{BLOCK}]", without[: begin.start()]):
            if [depth for start, depth in levels if start <= shown.start()][-1] == 0:
                self._homeless(shown[0], shown.start())
                break
        at = 0
        for passed in (*_PROLOG.finditer(self._hidden, 0, begin.start()), begin):
            self._keep(at, passed.start())
            at = passed.end()
        return begin.start()

    def _keep(self, start: int, end: int) -> None:
        text = self._hidden[start:end]
        if _TAGS.search(text):
            start += len(text) - len(text.lstrip())
            self._open[-1].children.append(self._span(start, start + len(text.strip())))

    def _between(self, start: int, end: int) -> None:
        """Text between tags: blanks, and tags of Jinja that are kept."""
        words = re.compile(rf"[^\s{BLOCK}]").search(self._hidden, start, end)
        if words is None:
            self._keep(start, end)
        else:
            self._homeless(words[0], words.start())

    def _homeless(self, shown: str, start: int) -> None:
        if self._open[1:] and self._open[-1].name not in ELEMENTS:
            return  # which is told of that tag, whatever is in it
        said, hint = "text between tags of MJML", "write it within <mj-text>"
        if shown == VALUE:
            said = "a value between tags of MJML"
            hint += ", or <mj-raw> where it is HTML"
        elif shown == "<":
            said = "a tag that does not end, or with a quotation mark that has no other"
            self._blame(start, said, 'write the attributes as name="value", and > behind them')
            return
        self._blame(start, f"{said}: it has no place in the layout", hint)

    def _comment(self, token: re.Match[str]) -> None:
        """One with tags of Jinja in it, which are carried out, or that Outlook reads; others are dropped."""
        if _TAGS.search(token[0]) or token[0].startswith(_CONDITIONAL):
            self._open[-1].children.append(self._span(*token.span()))

    def _start(self, token: re.Match[str]) -> int:
        """Takes in a tag that begins. Gives where reading goes on."""
        start, end = token.span()
        name = token["start"]
        element = Element(name, self._span(start, end))
        is_closed = token["attributes"].endswith("/")
        self._attributes(element, token)
        self._open[-1].children.append(element)
        known = ELEMENTS.get(name)
        if is_closed:
            return end
        if known is not None and known.holds_html:
            return self._html(element, end)
        if len(self._open) > _DEEPEST:
            self._blame(start, "nested too deeply", "close the tags before it")
            self._open = [self.root]
            return len(self._hidden)
        self._open.append(element)
        return end

    def _attributes(self, element: Element, token: re.Match[str]) -> None:
        start, end = token.span("attributes")
        end -= token["attributes"].endswith("/")
        for found in _ATTRIBUTE.finditer(self._hidden, start, end):
            name = found["name"]
            group = next((g for g in ("double", "single") if found[g] is not None), None)
            if _TAGS.search(name):
                said = f"a tag of Jinja among the attributes of <{element.name}>: MJML loses it"
                self._blame(
                    found.start(), said, 'write it within a value: name="{% if … %}…{% endif %}"'
                )
            elif group is None:
                self._blame(
                    found.start(),
                    f"an attribute without quotes: {name}",
                    f'write {name}="…"',
                )
            elif name in element.attributes:
                self._blame(found.start(), f"{name} is there twice", "keep one of them")
            else:
                element.attributes[name] = self._span(*found.span(group))
                element.named[name] = self._span(*found.span("name"))

    def _html(self, element: Element, start: int) -> int:
        """Reads over the HTML within. Gives where reading goes on, behind its end tag."""
        end = re.compile(rf"</{re.escape(element.name)}\s*>").search(self._hidden, start)
        within = self._hidden[start : end.start() if end is not None else len(self._hidden)]
        without = _COMMENT.sub(lambda comment: " " * len(comment[0]), within)
        other = _OF_MJML.search(without)
        if end is None:
            return self._html_without_end(element, start, other)
        if other is not None:
            line = at_offset(self._file.path, self._file.source, element.at.start).line
            self._blame(
                start + other.start(),
                f"<{other[0].strip('<')}> within <{element.name}> of line {line}, which holds HTML alone",
                f"close that before it: </{element.name}>",
            )
        element.content = self._span(start, end.start())
        return end.end()

    def _html_without_end(self, element: Element, start: int, other: re.Match[str] | None) -> int:
        """Where reading goes on: at the `other` tag of MJML, or behind it, where its end was meant by it."""
        if other is None:
            self._unclosed(element, "the end of the file")
            return len(self._hidden)
        at, name = start + other.start(), other[1]
        if other[0][1] != "/" or guess(name, [element.name]) is None:
            self._unclosed(element, f"{other[0]}>")
            return at
        said = (
            f"</{name} without its >" if name == element.name else f"</{name}> closes nothing"
        )
        self._blame(at, said, f"did you mean </{element.name}>?")
        rest = re.compile(r"[^<>]*>?").match(self._hidden, start + other.end())
        return rest.end() if rest is not None else at

    def _end(self, name: str, start: int) -> None:
        names = [element.name for element in self._open]
        if name in names[1:]:
            while self._open[-1].name != name:
                self._unclosed(self._open.pop(), f"</{name}>")
            self._open.pop()
            return
        meant = guess(name, names[1:])
        if meant is not None and meant == names[-1] and meant not in ELEMENTS:
            self._open.pop()  # its start is told of
            return
        hint = f"did you mean </{meant}>?" if meant else "take it away, or write its start tag"
        self._blame(start, f"</{name}> closes nothing", hint)
        if meant is not None and meant == names[-1]:
            self._open.pop()

    def _unclosed(self, element: Element, before: str) -> None:
        self._blame(
            element.at.start,
            f"<{element.name}> is not closed before {before}",
            f"write </{element.name}>, or /> where it holds nothing",
        )
