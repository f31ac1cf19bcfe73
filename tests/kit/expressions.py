"""The expressions of GitHub's workflows, as far as ours use them: `${{ a.b == 'c' && d || '' }}`, `if:`.

The rules are those of https://docs.github.com/en/actions/reference/workflows-and-actions/expressions: what is
missing is null, texts are compared without regard to case, and of unlike things each is taken for a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Context = Mapping[str, Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w-]*)"
    r"|(?P<mark>&&|\|\||==|!=|!|[().,]))"
)
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_STATUS = re.compile(r"\b(?:always|cancelled|success|failure)\s*\(")


def filled(text: str, context: Context, calls: Mapping[str, Callable[..., Any]]) -> str:
    """`text`, with each expression in it replaced by its value."""
    return _EMBEDDED.sub(lambda found: shown(value(found[1], context, calls)), text)


def holds(condition: str, context: Context, calls: Mapping[str, Callable[..., Any]]) -> bool:
    """Whether a step or job runs: without a word on what was before, only where that was well."""
    whole = _EMBEDDED.fullmatch(condition.strip())
    bare = whole[1] if whole else condition
    if _STATUS.search(bare) is None:
        bare = f"success() && ({bare})"
    return truth(value(bare, context, calls))


def value(expression: str, context: Context, calls: Mapping[str, Callable[..., Any]]) -> Any:
    parser = _Parser(_tokens(expression), context, calls)
    result = parser.either()
    assert parser.at == len(parser.tokens), f"not understood: {expression}"
    return result


def shown(found: Any) -> str:
    if found is None:
        return ""
    return str(found).lower() if isinstance(found, bool) else str(found)


def truth(found: Any) -> bool:
    return found not in (None, False, 0, "")


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while expression[at:].strip():
        found = _TOKEN.match(expression, at)
        assert found is not None, f"not understood: {expression[at:]}"
        assert found.lastgroup is not None
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return tokens


class _Parser:
    """From the operator that binds least to the one that binds most."""

    def __init__(
        self,
        tokens: list[tuple[str, str]],
        context: Context,
        calls: Mapping[str, Callable[..., Any]],
    ) -> None:
        self.tokens, self.at, self._context, self._calls = tokens, 0, context, calls

    def either(self) -> Any:
        left = self._both()
        while self._took("||"):
            right = self._both()
            left = left if truth(left) else right
        return left

    def _both(self) -> Any:
        left = self._compared()
        while self._took("&&"):
            right = self._compared()
            left = right if truth(left) else left
        return left

    def _compared(self) -> Any:
        left = self._single()
        if self._took("=="):
            return _equal(left, self._single())
        if self._took("!="):
            return not _equal(left, self._single())
        return left

    def _single(self) -> Any:
        if self._took("!"):
            return not truth(self._single())
        if self._took("("):
            inner = self.either()
            assert self._took(")")
            return inner
        kind, word = self.tokens[self.at]
        self.at += 1
        if kind == "text":
            return word[1:-1].replace("''", "'")
        if kind == "number":
            return float(word)
        assert kind == "name", word
        if word in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[word]
        return self._called(word) if self._took("(") else self._looked_up(word)

    def _called(self, name: str) -> Any:
        given = []
        while not self._took(")"):
            given.append(self.either())
            self._took(",")
        return self._calls[name](*given)

    def _looked_up(self, name: str) -> Any:
        found = self._context[name]  # a context that is not there, at this place, is a fault of the file
        while self._took("."):
            _, key = self.tokens[self.at]
            self.at += 1
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def _took(self, mark: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == ("mark", mark):
            self.at += 1
            return True
        return False


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if type(left) is type(right):
        return bool(left == right)
    return _number(left) == _number(right)


def _number(found: Any) -> float:
    try:
        return float(found or 0)
    except (TypeError, ValueError):
        return float("nan")
