"""CSS as its tokens: enough to tell a rule from a string or a comment, and where each stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

END_TAG = re.compile(r"</style[^>]*>?\Z", re.IGNORECASE)  # behind the rules of a `<style>`
_STRING = r"\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?"
_TOKEN = re.compile(rf"/\*.*?(?:\*/|\Z)|(?P<string>{_STRING})", re.DOTALL)
_IMPORT = re.compile(rf"{_TOKEN.pattern}|(?P<import>@import\b)", re.DOTALL | re.IGNORECASE)
_TOKEN_OR_ADDRESS = re.compile(rf"{_TOKEN.pattern}|\burl\([^)\"']*+\)", re.DOTALL | re.IGNORECASE)
_DECLARATION = re.compile(r"\s*([\w*-]+)\s*:")
_DEEPEST = 20  # blocks in one another, of which all are known; hardly a style sheet has four


def with_plain_strings(css: str) -> str:
    """The same rules, no string of which holds a quote: css-inline puts others around it."""
    if '"' not in css or "'" not in css:
        return css
    return _TOKEN.sub(_plain, css)


def _plain(token: re.Match[str]) -> str:
    written = token["string"]
    if written is None:
        return token[0]
    quote, inner = written[0], written[1:].removesuffix(written[0])
    for other, escape in (('"', r"\22 "), ("'", r"\27 ")):
        inner = inner.replace("\\" + other, escape).replace(other, escape)
    return quote + inner + quote


def without_comments(css: str) -> str:
    return _TOKEN.sub(lambda token: token["string"] or "", css)


def closed(css: str) -> str:
    """The same rules, with all that is open at the end closed: what follows is no part of them."""
    end = ""
    for token in _TOKEN.finditer(css):
        if token.end() == len(css):
            quote = token["string"]
            if quote is None:
                end = "" if len(token[0]) > 3 and token[0].endswith("*/") else "*/"
            elif len(quote) < 2 or not quote.endswith(quote[0]):
                end = quote[0]
    bare = _TOKEN_OR_ADDRESS.sub(_hollow, css)
    depth = 0
    for brace in re.findall("[{}]", bare):
        depth = max(depth + (1 if brace == "{" else -1), 0)
    return css + end + "}" * depth


def imports(css: str) -> list[int]:
    """Where each `@import` begins."""
    return [found.start() for found in _IMPORT.finditer(css) if found["import"]]


class Declaration(NamedTuple):
    """`margin: 0`: its property in lower case, where it begins, whether it is `!important`, and what stands
    before each of the braces around it, from the outermost on. `block` is the same for those of one block.
    `value` is as long as it is written, with an x for each character of a string and of an address."""

    name: str
    start: int
    is_important: bool
    within: tuple[str, ...]
    block: int
    value: str


def declarations(css: str) -> Iterator[Declaration]:
    """All that stand within braces; of those deeper than most, `within` lacks what is between. Raises
    Unbalanced at the end where these do not pair."""
    bare = _TOKEN_OR_ADDRESS.sub(_hollow, css)
    opened: list[tuple[int, str]] = []
    at = 0
    for found in re.finditer("[{};]|\\Z", bare):
        written = bare[at : found.start()]
        if found[0] == "{":
            opened.append((found.start(), " ".join(written.split())))
        else:
            declared = _DECLARATION.match(written)
            if declared is not None and opened:
                around = opened if len(opened) <= _DEEPEST else [*opened[: _DEEPEST - 1], opened[-1]]
                within = tuple(prelude for _, prelude in around)
                is_important = "!" in written
                name, start = declared[1].lower(), at + declared.start(1)
                value = written[declared.end() :]
                yield Declaration(name, start, is_important, within, opened[-1][0], value)
            if found[0] == "}":
                if not opened:
                    raise Unbalanced(found.start())
                opened.pop()
        at = found.end()
    if opened:
        raise Unbalanced(opened[-1][0])


class Unbalanced(Exception):
    """A brace without another, at this place."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self.start = start


def _hollow(token: re.Match[str]) -> str:
    if token[0].startswith("/*"):
        return re.sub(r"[^\n]", " ", token[0])
    if token["string"] is None:
        return f"url({'x' * (len(token[0]) - 5)})"
    return "x" * len(token[0])
