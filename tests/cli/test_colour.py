"""Colour where there is a terminal that shows it; the words are the same without, and data has none."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

import pytest

from sendbatch.cli import colour
from sendbatch.cli.colour import BASIC, RICH
from sendbatch.cli.wrapping import wrapped

COLOUR = re.compile(r"\x1b\[[\d;]*m")
SAID = [
    "spring: 2 of 9 accepted",
    "spring (2026-12): all 1,200 accepted",
    "  accepted  1,200  the server took it",
    "  deferred     12  refused for now; tried again when due",
    "  in doubt      1  the message may have arrived; no reply came",
    "  rejected      2  refused for good by the server",
    "  row 1204                 cy@example.com               in doubt  the connection was lost",
    "  rows 1202, 1203, 9, …    jane@example.com and 1 more  rejected  550 5.1.1 No such user",
    "my campaigns/spring.yaml:12:7: error: templates.html: no such file",
    "  people.csv:3: warning: the name is empty",
    "error: spring.yaml: no such file",
    "go on with:\n  sendbatch run spring.yaml --limit 3",
    "row 3, ada@example.com is rejected: 550 no",
    "deferred 12 times so far (451): all at web.de",
    "nothing was sent; the first messages are in preview/index.html",
]
TOLD = {
    "spring: 2 of 9 accepted": ("bold", "amber"),
    "spring (2026-12): all 1,200 accepted": ("bold", "green"),
    "  in doubt      1  the message may have arrived; no reply came": ("amber",),
    SAID[7]: ("red",),
    SAID[8]: ("bold", "red"),
    SAID[9]: ("bold", "amber"),
    SAID[11]: ("cyan",),
}


class At(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.isatty = lambda: terminal  # type: ignore[method-assign]


@pytest.mark.parametrize("colours", [RICH, BASIC])
@pytest.mark.parametrize("columns", [None, 40, 80, 200])
@pytest.mark.parametrize("said", SAID)
def test_the_text_is_the_same_without_colour(
    said: str, columns: int | None, colours: Mapping[str, str]
) -> None:
    shown = wrapped(said, columns, colours)
    assert COLOUR.search(shown) or (columns == 40 and " row" in said)  # the status is further down
    assert COLOUR.sub("", shown) == wrapped(said, columns)
    opened = shown.count("\x1b[") - shown.count(colour.RESET)
    assert opened == shown.count(colour.RESET)  # each ends where it stands


@pytest.mark.parametrize(("said", "colours"), TOLD.items())
def test_each_has_the_colour_of_what_it_is(said: str, colours: tuple[str, ...]) -> None:
    shown = wrapped(said, 200, BASIC)
    assert [code for code in re.findall(r"\x1b\[([\d;]+)m", shown) if code != "0"] == [
        BASIC[name] for name in colours
    ]


@pytest.mark.parametrize(
    "said",
    [
        "  subject: error: all 3 accepted",
        "  row 3  x  y  550 rejected by us",
        "  filtered  3  left out by `where` or only_to",
        "  3 × 550 rejected  deferred  failed",
    ],
)
@pytest.mark.parametrize("columns", [30, 80])
def test_what_data_says_has_no_colour(said: str, columns: int) -> None:
    assert not COLOUR.search(wrapped(said, columns, RICH))


def test_a_file_s_line_has_its_caret_in_red_and_what_to_do_in_cyan() -> None:
    said = "spring.yaml:12:7: error: no such file\n   12 |   html: x\n      |         ^ did you mean y?"
    shown = wrapped(said, 80, BASIC)
    assert "\x1b[31m^\x1b[0m \x1b[36mdid you mean y?\x1b[0m" in shown


@pytest.mark.parametrize(
    ("environ", "terminal", "found"),
    [
        ({"TERM": "xterm"}, True, BASIC),
        ({"TERM": "xterm-256color"}, True, RICH),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, True, RICH),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, True, {}),
        ({"TERM": "dumb"}, True, {}),
        ({}, True, {}),
        ({"TERM": "xterm-256color"}, False, {}),
        ({"FORCE_COLOR": "1"}, False, BASIC),
        ({"FORCE_COLOR": "0"}, False, {}),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, {}),
    ],
)
def test_there_is_none_where_it_is_not_wanted_or_not_shown(
    environ: dict[str, str], terminal: bool, found: Mapping[str, str]
) -> None:
    assert colour.of(At(terminal=terminal), environ) == found


@pytest.mark.parametrize("name", ["green", "amber", "red", "cyan"])
def test_the_colours_stand_out_on_white_and_on_black(name: str) -> None:
    """WCAG 2 asks for 3:1 of large text; these have that on both, and more."""
    light = luminance(int(RICH[name].rpartition(";")[2]))
    assert 1.05 / (light + 0.05) >= 3.8
    assert (light + 0.05) / 0.05 >= 3.8


def luminance(number: int) -> float:
    """Of a colour of the 6 × 6 × 6 of 256."""
    place, levels = number - 16, (0, 95, 135, 175, 215, 255)
    parts = (levels[place // 36], levels[place // 6 % 6], levels[place % 6])
    linear = [((part / 255 + 0.055) / 1.055) ** 2.4 if part else 0.0 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
