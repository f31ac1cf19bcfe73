"""Colour for a terminal: how people stand, what is wrong and where, what is safe, and what to type next.

Texts are made without it and say the same without it. What a line begins with says what it is; no data stands
there, nor can it bring colour of its own, as it has lost what drives a terminal before. None where the stream
is no terminal, under NO_COLOR, or with TERM=dumb; FORCE_COLOR gives it to a log that shows it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TextIO

RESET = "\x1b[0m"
# Of 256 colours those that stand out on white as on black; of eight, the usual ones.
RICH = {"green": "38;5;28", "amber": "38;5;130", "red": "38;5;160", "cyan": "38;5;31", "bold": "1"}
BASIC = {"green": "32", "amber": "33", "red": "31", "cyan": "36", "bold": "1"}

_OURS = re.compile(r"\x1b\[[\d;]*m")
_NUMBER = r"[\d,]+"
_STATUSES = {
    "green": "accepted",
    "amber": "deferred|in doubt",
    "red": "rejected|failed|invalid",
}


def _of_statuses(form: str) -> list[str]:
    """`form` for the statuses of each colour; in it, PAINTED is the colour's group, NAMES their names."""
    return [
        form.replace("PAINTED", colour).replace("NAMES", names)
        for colour, names in _STATUSES.items()
    ]


# What a line begins with. The first that matches counts; its groups are named by their colours. Compiled when
# there is something to be coloured, for that takes some milliseconds.
_LINES = [
    r"^ *(?:(?P<bold>\S[^:]{0,300}:\d+(?::\d+)?|[^:\s]*[./][^:\s]*): )?"
    r"(?:(?P<red>error)|(?P<amber>warning)|(?P<cyan>hint)):",
    r"^(?P<bold>Needs attention|Refused with 5xx and still open|Variants of the subject)",
    rf"^(?P<bold>[\w.@-]+(?: \([\w.@ -]+\))?): (?:(?P<green>all {_NUMBER} accepted|accepted)|"
    rf"(?P<amber>{_NUMBER} of {_NUMBER} accepted))(?=$|,)",
    rf"^(?P<bold>[\w.@-]+(?: \([\w.@ -]+\))?): {_NUMBER} to send through ",
    rf"^ +(?P<green>{_NUMBER}) have it already$",
    rf"^ +(?P<amber>{_NUMBER}) in doubt \(",
    rf"^ +(?P<red>{_NUMBER}) (?:refused for good earlier|invalid)",
    r"^(?P<amber>stopped early|stopping):",
    r"^(?P<cyan>nothing was sent)\b",
    r"^    (?P<green>\+ .*)",  # what a plan changes of the last edition's text
    r"^    (?P<red>- .*)",
    r"^(?P<cyan>Ctrl-C is safe) at any time",
]
_LINES += _of_statuses(rf"^  (?P<PAINTED>(?:NAMES) +{_NUMBER})  ")  # counts
_LINES += _of_statuses(rf"^  (?P<PAINTED>NAMES): rows? {_NUMBER}")  # whom, where it is to be quiet
_LINES += _of_statuses(  # who needs attention: no cell before has two blanks in it
    rf"^  rows? {_NUMBER}(?:, (?:{_NUMBER}|…))*  +(?:\S| (?! ))+  +(?P<PAINTED>NAMES)(?=  |$)"
)
_LINES += _of_statuses(rf"^(?:row {_NUMBER}, )?\S{{1,320}} (?:is|has) (?P<PAINTED>NAMES)\b")
_LINES += _of_statuses(rf"^(?P<PAINTED>NAMES) {_NUMBER} times? so far")
_CARET = r"^ +\| (?: *(?P<red>\^))(?: (?P<cyan>.*))?$"
_BAR = _of_statuses(rf"(?P<PAINTED>{_NUMBER} (?:NAMES))(?=$|,| [·-] )")
_SAFE = r"(?P<cyan>Ctrl-C is safe)$"


def of(stream: TextIO, environ: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """The colours of what is written there; empty for none."""
    if "NO_COLOR" in environ:
        return {}
    term = environ.get("TERM", "")
    forced = environ.get("FORCE_COLOR", "0") not in ("", "0")
    if not forced and (not stream.isatty() or term in ("", "dumb", "unknown")):
        return {}
    is_rich = "256" in term or environ.get("COLORTERM", "") != ""
    return RICH if is_rich else BASIC


def line(text: str, colours: Mapping[str, str]) -> str:
    """One line of ours, or its beginning, in colour."""
    if not colours:
        return text
    for pattern in _LINES:
        if found := re.match(pattern, text):
            return _painted(text, found, colours)
    return text


def caret(text: str, colours: Mapping[str, str]) -> str:
    """The line under one of a file: the caret, and the hint behind it."""
    found = re.match(_CARET, text) if colours else None
    return _painted(text, found, colours) if found else text


def command(text: str, colours: Mapping[str, str]) -> str:
    """What is to be typed, or looked at, next."""
    return _in(text, "cyan", colours) if colours else text


def progress(text: str, colours: Mapping[str, str]) -> str:
    """The line that changes."""
    if not colours:
        return text
    for pattern in (*_BAR, _SAFE):
        if found := re.search(pattern, text):
            text = _painted(text, found, colours)
    return text


def without(text: str) -> str:
    """`text` as it stood before it was in colour."""
    return _OURS.sub("", text)


def _painted(text: str, found: re.Match[str], colours: Mapping[str, str]) -> str:
    groups = [name for name in found.groupdict() if found[name] is not None]
    for name in sorted(groups, key=found.start, reverse=True):
        start, end = found.span(name)
        text = f"{text[:start]}{_in(text[start:end], name, colours)}{text[end:]}"
    return text


def _in(text: str, name: str, colours: Mapping[str, str]) -> str:
    return f"\x1b[{colours[name]}m{text}{RESET}"
