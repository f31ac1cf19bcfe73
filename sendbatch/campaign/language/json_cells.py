"""JSON in cells: `items|fromjson` reads it, and says of what is none where it goes wrong.

What it gives is like a value of `variables:`. A number with a fraction is written as it stands in the cell,
"19.90", and calculated with by its digits. A name that an object says twice is an error, as it is in YAML.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import jinja2

from sendbatch.campaign.language.exact import Exact, TooLarge, read

LONGEST = 1_000_000  # characters of a text
DEEPEST = 32  # lists and objects within each other
LONGEST_NUMBER = 100  # characters
_SHOWN = 20  # characters of what stands where it goes wrong
_MARKS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
# RFC 8259 §7 and §8.2: an escape may be any character, and half a pair too.
_ESCAPE = re.compile(
    r"(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|\\(?:u(?P<code>[0-9a-fA-F]{4})|(?P<control>[bf])|.)"
)
_MARKED = re.compile(r'"\\u0000(\d+)\\u0000"')  # neither a cell nor JSON in one holds a NUL
_BREAKS = frozenset(map(ord, "\t\n\r"))
_UNQUOTED = re.compile(r"['‘’“”„]|[^\W\d]\w*\s*:")

# What Python says, and what is said here.
_SAID = {
    "Expecting value": "a value is missing",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting ',' delimiter": "a comma is missing",
    "Invalid \\escape": "a backslash stands before what needs none",
    "Invalid \\uXXXX escape": "four digits are missing behind \\u",
    "Unexpected UTF-8 BOM (decode using utf-8-sig)": "an invisible sign stands before it",
    "Extra data": "it goes on behind its end",
    "Unterminated string starting at": "a text is never closed, which begins",
    "Invalid control character at": "a text has a line break or a tab in it",
    "Illegal trailing comma before end of object": "a comma stands before the end",
    "Illegal trailing comma before end of array": "a comma stands before the end",
}


class NoJson(jinja2.TemplateRuntimeError):
    """A text that is no JSON; says where it goes wrong."""


class Object(dict[str, Any]):
    """What an object says. A template that asks for `.items` means the name, and not the method."""

    __slots__ = ()


Object.__name__ = "object"  # as errors call it


def from_json(value: Any, column: str = "the text") -> Any:
    """What the JSON of a cell says; `column` is what errors call it. Raises NoJson."""
    if not isinstance(value, str):
        kind = type(value).__name__
        raise NoJson(f"{column} holds a {kind}, and |fromjson reads text")
    if not value.strip():
        instead = f'{column}|default("[]", true)|fromjson'
        raise NoJson(f"{column} is no JSON: it is empty; {instead} takes it for an empty list")
    if len(value) > LONGEST:
        raise NoJson(f"{column} is longer than the {LONGEST:,} characters that |fromjson reads")
    _hold_depth(value, column)
    try:
        made = json.loads(
            value,
            parse_int=_whole,
            parse_float=_fraction,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
        _hold_characters(value)
        return made
    except json.JSONDecodeError as error:
        raise NoJson(f"{column} is no JSON: {_where(value, error)}") from None
    except _Refused as error:
        raise NoJson(f"{column} cannot be read as JSON: {error}") from None


def json_text(value: Any, **options: Any) -> str:
    """What `|tojson` writes: numbers are written as they are everywhere."""
    numbers: list[str] = []

    def marked(one: Any) -> Any:
        if isinstance(one, Exact):
            numbers.append(str(one))
            return f"\0{len(numbers) - 1}\0"
        if isinstance(one, dict):
            return {name: marked(what) for name, what in one.items()}
        return list(map(marked, one)) if isinstance(one, (list, tuple)) else one

    text = json.dumps(marked(value), **options)
    return _MARKED.sub(lambda found: numbers[int(found[1])], text) if numbers else text


class _Refused(Exception):
    """JSON that is not taken."""


def _hold_depth(text: str, column: str) -> None:
    """Python reads JSON by recursion. Raises NoJson."""
    depth = 0
    for found in _MARKS.finditer(text):
        if found[0] in "[{":
            depth += 1
            if depth > DEEPEST:
                at = found.start() + 1
                said = f"more than {DEEPEST} lists and objects lie within each other"
                raise NoJson(f"{column} cannot be read as JSON: {said}, at character {at}")
        elif found[0] in "]}":
            depth -= 1


def _hold_characters(text: str) -> None:
    """What JSON can say and a message cannot. Raises _Refused."""
    for found in _ESCAPE.finditer(text):  # a backslash stands in JSON's texts alone
        kind = None
        code = int(found["code"], 16) if found["code"] else None
        if code is not None and 0xD800 <= code <= 0xDFFF:
            kind = "half a character (a lone surrogate)"
        elif found["control"] or (code is not None and _is_control(code)):
            kind = "a control character"
        if kind is not None:
            raise _Refused(f"{found[0]} at character {found.start() + 1} is {kind}")


def _is_control(code: int) -> bool:
    return (code < 0x20 and code not in _BREAKS) or 0x7F <= code < 0xA0


def _whole(text: str) -> int:
    _hold_length(text)
    return int(text)


def _fraction(text: str) -> Exact:
    _hold_length(text)
    try:
        return read(text, as_it_stands=True)
    except TooLarge:
        raise _Refused(f"the number {text} is too large") from None


def _hold_length(text: str) -> None:
    if len(text) > LONGEST_NUMBER:
        raise _Refused(f"a number has more than {LONGEST_NUMBER} characters: {text[:_SHOWN]}…")


def _constant(text: str) -> None:
    raise _Refused(f"{text} is no number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> Object:
    made = Object(pairs)
    if len(made) < len(pairs):
        raise _Refused(f"an object says {json.dumps(_twice(pairs), ensure_ascii=False)} twice")
    return made


def _twice(pairs: list[tuple[str, Any]]) -> str:
    counts = Counter(name for name, _ in pairs)
    found = next(name for name, count in counts.items() if count > 1)
    return found if len(found) <= _SHOWN else f"{found[: _SHOWN - 1]}…"


def _where(text: str, error: json.JSONDecodeError) -> str:
    """What is wrong, at which character, and what stands there."""
    said = _SAID.get(error.msg, error.msg)
    rest = text[error.pos : error.pos + _SHOWN]
    if not rest:
        return f"{said} at its end"
    where = f"character {error.pos + 1}"
    if "\n" in text:
        where = f"line {error.lineno}, character {error.colno}"
    shown = f"{rest}…" if error.pos + _SHOWN < len(text) else rest
    hint = (
        "; JSON has straight double quotes around names and texts" if _UNQUOTED.match(rest) else ""
    )
    return f"{said} at {where}, where {shown!r} stands{hint}"
