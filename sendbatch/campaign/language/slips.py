"""Slips of the pen in templates and expressions: what they are, and where they stand.

Jinja tells the line of an error and no column. So the source is read once more with the place of each token,
once something is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import jinja2
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser
from jinja2.sandbox import SandboxedEnvironment

from sendbatch.campaign.language.environment import BEHIND_IT, environment
from sendbatch.campaign.language.spellings import spelt
from sendbatch.campaign.names import guess

TAGS = frozenset({"autoescape", "block", "call", "extends", "filter", "for", "from", "if", "import"}) | {
    *("include", "macro", "print", "raw", "set", "with", "elif", "else"),
    *("endautoescape", "endblock", "endcall", "endfilter", "endfor", "endif", "endmacro", "endraw"),
    *("endset", "endwith"),
}  # fmt: skip
LINE_BREAK = re.compile(r"\r\n|\r|\n")  # as Jinja counts lines
_ABOUT_COMMENTS = (
    'write #} where it ends; or, where none was meant, a blank between ("{ #"), or {% raw %} before it and '
    "{% endraw %} behind it"
)
_ELEMENT = re.compile(r"</?[A-Za-z]|<!--")
_END = re.compile(r"\}\}|%\}")
_TWICE = re.compile(r"\{\{\s*\{\{$|\{\{\{$")
_STATEMENT = re.compile(r"\{\{-?\s*(if|elif|for|set|include|block)\b")
_AT = re.compile(r"unexpected char .* at (\d+)$")
_UNEXPECTED = re.compile(r"unexpected '(.)'(?:, expected '(.)')?$")
_UNKNOWN_TAG = re.compile(r"Encountered unknown tag '(\w+)'")
_EXPECTED_CLOSING = re.compile(r"unexpected end of template, expected '([)\]}])'")


@dataclass(frozen=True, slots=True)
class Slip:
    """`line` counts from 1, `column` from 1 too (None where it cannot be known), `offset` from 0."""

    message: str
    hint: str | None
    line: int
    column: int | None
    offset: int | None


def slip(
    env: SandboxedEnvironment, source: str, error: jinja2.TemplateSyntaxError, *, expression: bool
) -> Slip:
    """What is wrong with a source that does not parse, or does not compile."""
    reading = _Reading(env, source, expression=expression)
    reading.go()
    message, hint, offset = reading.explained(error)
    if offset is None:
        return Slip(message, hint, error.lineno or 1, None, None)
    line, column = position(reading.text, offset)
    return Slip(message, hint, line, column, offset)


def column_of(source: str, line: int, word: str) -> int | None:
    """The column, from 1, where a name stands in a tag in this line; None where it does not."""
    return words(source).get((line, word))


def offset_of(text: str, word: str) -> int | None:
    """Where a word stands in one line of template, from 0, if it stands there once."""
    found = list(re.finditer(rf"\b{re.escape(word)}\b", text))
    return found[0].start() if len(found) == 1 else None


def position(text: str, offset: int) -> tuple[int, int]:
    """The line and column, both from 1, of the character at this offset."""
    lines = LINE_BREAK.split(text[:offset])
    return len(lines), len(lines[-1]) + 1


def side_by_side(env: SandboxedEnvironment, expression: str) -> int | None:
    """Where a text stands right behind another: Jinja takes the two for one, so `plan in ("a" "b")` asks for
    `ab`."""
    reading = _Reading(env, expression, expression=True)
    reading.go()
    return reading.twin_text()


class _Reading:
    """A source parsed once more, with the place of each token."""

    def __init__(self, env: SandboxedEnvironment, source: str, *, expression: bool) -> None:
        self._env = env
        self.text = LINE_BREAK.sub("\n", source)
        self._state = "variable" if expression else None
        self._tokens: list[tuple[Token, int]] = []
        self._read_up_to = 0  # where the token ends that was read last
        self._stuck_at: int | None = None
        self._is_cut_off = False

    def go(self) -> None:
        """Parse until it fails. `_stuck_at` is the token that it failed at."""
        parser = Parser(self._env, "", state=self._state)
        try:
            parser.stream = TokenStream(self._located(), None, None)
            if self._state is None:
                parser.parse()
            else:
                parser.parse_expression()
            current = parser.stream.current if self._state is not None else None
        except jinja2.TemplateSyntaxError:
            current = parser.stream.current if not self._is_cut_off else None
        except RecursionError:  # one frame deeper than where it was parsed before
            current = None
        if current is not None:
            places = (at for token, at in reversed(self._tokens) if token is current)
            self._stuck_at = next(places, len(self.text))

    def _located(self) -> Iterator[Token]:
        lexer = self._env.lexer
        self._is_cut_off = True  # where the lexer raises
        for raw in lexer.tokeniter(self.text, None, None, self._state):
            at = self.text.find(raw[2], self._read_up_to)
            at = self._read_up_to if at < 0 else at
            self._read_up_to = at + len(raw[2])
            for token in lexer.wrap(iter([raw])):
                self._tokens.append((token, at))
                self._is_cut_off = False
                yield token
                self._is_cut_off = True
        self._is_cut_off = False

    def names(self) -> Iterator[tuple[Token, int]]:
        return ((token, at) for token, at in self._tokens if token.type == "name")

    def twin_text(self) -> int | None:
        for (one, _), (other, at) in pairwise(self._tokens):
            if one.type == other.type == "string":
                return at
        return None

    def explained(self, error: jinja2.TemplateSyntaxError) -> tuple[str, str | None, int | None]:
        """Message, hint, and where."""
        said = error.message or "cannot be read"
        if (found := _UNKNOWN_TAG.match(said)) is not None:
            return self._unknown_tag(found[1])
        if said.startswith("Unexpected end of template"):
            return self._unclosed_tag(said)
        if (found := _EXPECTED_CLOSING.match(said)) is not None:
            return self._unclosed(found[1])
        if said.startswith("Missing end of comment"):
            said = '"{#" begins a comment, and nothing ends it'  # in a style sheet, as a rule
            return said, _ABOUT_COMMENTS, max(self.text.rfind("{#", 0, self._read_up_to), 0)
        if said.startswith("Missing end of"):
            at = self.text.rfind("{%", 0, self._read_up_to)
            return said, "write {% endraw %} where it ends", max(at, 0)
        if (char := _AT.search(said)) is not None:
            inner = self._html_within(int(char[1]))
            return inner or (said.rpartition(" at ")[0], self._hint(int(char[1])), int(char[1]))
        if (found := _UNEXPECTED.match(said)) is not None and self._stuck_at is None:
            at = self.text.find(found[1], self._read_up_to)
            if (explained := self._html_within(at)) is not None:
                return explained
            inside = found[2] and f"a {found[2]} is missing before it"
            single = "a tag ends with }} or %}" if found[1] == "}" else "it closes nothing"
            return said, inside or single, at if at >= 0 else None
        if (stuck := self._stuck_at) is None:
            return said, None, None
        if (explained := self._html_within(stuck)) is not None:
            return explained
        if said == BEHIND_IT:
            said = f"{_word(self.text[stuck:])} has no place here"
        return said, self._hint(stuck), stuck

    def _html_within(self, at: int) -> tuple[str, str | None, int | None] | None:
        """An element of HTML in a tag of Jinja's, which nothing ended before it, or which an editor tore."""
        start = max(self.text.rfind("{{", 0, at), self.text.rfind("{%", 0, at))
        if self._state is not None or start < 0:
            return None
        found = _ELEMENT.search(self.text, start, at + len("<!--"))
        if found is None or _END.search(self.text, start, found.start()) is not None:
            return None
        opening, closing = (
            self.text[start : start + 2],
            "}}" if self.text[start + 1] == "{" else "%}",
        )
        return (
            f"HTML stands within what {opening} begins",
            f"write {closing} before it, or take it out",
            found.start(),
        )

    def _hint(self, at: int) -> str | None:
        start = 0
        if self._state is None:
            start = max(self.text.rfind("{{", 0, at), self.text.rfind("{%", 0, at), 0)
            start += 2 if self.text.startswith(("{{", "{%"), start) else 0
            opened = _TWICE.search(self.text[:start])
            if opened is not None and self.text.startswith("}", at):
                return "two braces at each end are enough: {{ name }}"
            if (tag := _STATEMENT.match(self.text, start - 2)) is not None:
                return f"write {{% {tag[1]} … %}}"
        before, there = self.text[max(start, at - 200) : at], self.text[at : at + 200]
        if self._state is None:
            before = re.sub(r"^[-+]?\s*(?:if|elif)\b", "", before)
        return spelt(before, there)

    def _unknown_tag(self, name: str) -> tuple[str, str | None, int | None]:
        at = self._stuck_at
        if name not in TAGS:
            meant = "elif" if name in ("elseif", "elsif") else guess(name, TAGS)
            return f"no tag is called {name}", f"did you mean {meant}?" if meant else None, at
        open_tag = self._open_tag()
        if open_tag is None:
            return f"{name} closes nothing that is open here", None, at
        opened, opened_at = open_tag
        line, _ = position(self.text, opened_at)
        return (
            f"{name} stands where {opened} (line {line}) is still open",
            f"write {{% end{opened} %}} before it",
            at,
        )

    def _unclosed_tag(self, said: str) -> tuple[str, str | None, int | None]:
        open_tag = self._open_tag()
        if open_tag is None:
            return said, None, None
        opened, at = open_tag
        return f"{opened} is never closed", f"write {{% end{opened} %}} where it ends", at

    def _open_tag(self) -> tuple[str, int] | None:
        """The tag opened last that is not closed, as far as was read."""
        stack: list[tuple[str, int]] = []
        tokens = self._tokens
        for (token, _), (name, at) in pairwise(tokens):
            if token.type != "block_begin" or name.type != "name":
                continue
            if name.value.startswith("end"):
                if stack and stack[-1][0] == name.value.removeprefix("end"):
                    stack.pop()
            elif f"end{name.value}" in TAGS and not self._is_short(name, at):
                stack.append((name.value, at))
        return stack[-1] if stack else None

    def _is_short(self, name: Token, at: int) -> bool:
        """`{% set x = 1 %}` needs no end, which `{% set x %}` does."""
        return name.value == "set" and "=" in self.text[at : self.text.find("%}", at)]

    def _unclosed(self, closing: str) -> tuple[str, str | None, int | None]:
        opening = {")": "(", "]": "[", "}": "{"}[closing]
        depth: list[int] = []
        for token, at in self._tokens:
            if token.type in ("lparen", "lbracket", "lbrace"):
                depth.append(at)
            elif token.type in ("rparen", "rbracket", "rbrace") and depth:
                depth.pop()
        at_last = depth[-1] if depth else None
        return f"this {opening} is never closed", f"write {closing} where it ends", at_last


def _word(there: str) -> str:
    found = re.match(r"\w{1,40}|\W", there)
    return found[0] if found is not None else "the end"


@lru_cache(maxsize=8)
def words(source: str) -> dict[tuple[int, str], int]:
    """The first column of each name in each line, by line and name."""
    reading = _Reading(environment(), source, expression=False)
    reading.go()
    starts = [0, *(found.end() for found in re.finditer("\n", reading.text))]
    found: dict[tuple[int, str], int] = {}
    for token, at in reading.names():
        found.setdefault((token.lineno, token.value), at - starts[token.lineno - 1] + 1)
    return found
