"""What an author wrote in a template, told apart from its tags, each character where it stands."""

from __future__ import annotations

import re

# What stands for each character of a tag: of `{{ }}`, and of `{% %}`. No text has them (private use).
VALUE, BLOCK = "\ue000", "\ue001"

_STRINGS = r"(?:\"[^\"]*\"|'[^']*'|[^\"'])*?"
_TAGS = re.compile(
    r"(?P<open>\{%[-+]?\s*raw\s*[-+]?%\})(?P<raw>.*?)(?P<close>\{%[-+]?\s*endraw\s*[-+]?%\})"
    rf"|(?P<comment>\{{#.*?#\}})|(?P<block>\{{%{_STRINGS}%\}})|(?P<value>\{{\{{{_STRINGS}\}}\}})",
    re.DOTALL,
)
_STATEMENT = re.compile(r"\{%[-+]?\s*(\w+)(.*)", re.DOTALL)
_SHOWN = re.compile(r"[^\n]")


def constants(source: str, *, raw: bool = True) -> str:
    """The source with its tags hidden, of the same length and lines. Comments are blank, and so is
    what stands in `{% raw %}`, unless `raw`."""
    return _TAGS.sub(lambda tag: _hidden(tag, raw=raw), source)


def _hidden(tag: re.Match[str], *, raw: bool) -> str:
    if tag["raw"] is not None:
        inner = tag["raw"] if raw else blank(tag["raw"])
        return _SHOWN.sub(BLOCK, tag["open"]) + inner + _SHOWN.sub(BLOCK, tag["close"])
    if tag["comment"] is not None:
        return blank(tag["comment"])
    return _SHOWN.sub(BLOCK if tag["block"] is not None else VALUE, tag[0])


def blank(text: str) -> str:
    """Nothing, as long as the text and in as many lines."""
    return _SHOWN.sub(" ", text)


def depths(source: str) -> list[tuple[int, int]]:
    """(offset, how many blocks are open from there on), for a source in which they are balanced: what is
    in none of them is in every message."""
    found, depth = [(0, 0)], 0
    for tag in _TAGS.finditer(source):
        if tag["block"] is None:
            continue
        statement = _STATEMENT.match(tag[0])
        word, rest = statement.groups() if statement is not None else ("", "")
        if word.startswith("end"):
            depth -= 1
        elif word in _OPENING or (word == "set" and "=" not in rest):
            depth += 1
        found.append((tag.end(), depth))
    return found


_OPENING = frozenset({"if", "for", "macro", "call", "block", "filter", "with", "autoescape"})
