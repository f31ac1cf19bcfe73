"""The line that changes, on a terminal of a real width, whose cells are looked at."""

from __future__ import annotations

import io
import os
import pty
import re
import termios
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from sendbatch.cli.live import Live
from sendbatch.cli.progress import Progress
from sendbatch.runtime.observer import Wait
from sendbatch.values import Status

NOON = 1_790_000_000.0
GIVEN = re.compile(r"\x1b\[(\d*)([A-Z])|([^\x1b])|\x1b\[[\d;]*m")


class Screen(io.StringIO):
    """Understands what is written to it as a terminal does that folds long lines anew where it is made
    narrower; `lines` are those of the text, however they are folded."""

    encoding = "utf-8"

    def __init__(self) -> None:
        super().__init__()
        self.master, self.slave = pty.openpty()
        self.rows: list[str] = [""]
        self.at = 0
        self.written: list[str] = []
        self.resize(80)

    def resize(self, columns: int) -> None:
        self.columns = columns
        termios.tcsetwinsize(self.slave, (24, columns))
        self.rows = [
            row[start : start + columns]
            for row in self.rows
            for start in range(0, max(len(row), 1), columns)
        ]
        self.at = 0

    def fileno(self) -> int:
        return self.slave

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written.append(text)
        for given in GIVEN.finditer(text):
            number, command, character = given.groups()
            if given[0].endswith("m") and not character:
                continue  # a colour
            if command == "A":
                up = int(number or 1)
                assert up < len(self.rows), "beyond the top"
                del self.rows[len(self.rows) - up :]  # only ever followed by clearing what is below
                self.at = 0
            elif command == "J":
                self.rows[-1] = self.rows[-1][: self.at]
            elif character == "\r":
                self.at = 0
            elif character == "\n":
                self.rows.append("")
                self.at = 0
            else:
                assert character, (number, command)
                if self.at == self.columns:
                    self.rows.append("")
                    self.at = 0
                self.rows[-1] = self.rows[-1][: self.at] + character
                self.at += 1
        return len(text)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    screen = Screen()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sendbatch.cli.live.sys", SimpleNamespace(stderr=screen))
    yield screen
    os.close(screen.master)
    os.close(screen.slave)


@pytest.fixture
def live(screen: Screen) -> Iterator[tuple[Live, Progress]]:
    """Its own thread does not draw meanwhile: the test is what time does."""
    live, progress = Live(draws=True, tell=lambda progress: None), Progress("sending", 900)
    live._beat = None  # type: ignore[assignment]
    yield live, progress
    live.close()


def test_notices_stand_above_the_line_and_neither_is_broken(
    screen: Screen, live: tuple[Live, Progress]
) -> None:
    shown, progress = live
    for second in range(5):
        progress.moved(Status.PENDING, Status.ACCEPTED)
        shown.tick(progress, float(second), NOON + second)
        shown.say(f"notice {second}")
    assert screen.rows[:5] == [f"notice {second}" for second in range(5)]
    assert "5/900 0%" in screen.rows[5]
    assert len(screen.rows) == 6
    # each change in one write, so that nothing flickers
    assert all(text.startswith("\r\x1b[J") and "/900" in text for text in screen.written)


@pytest.mark.parametrize("columns", [20, 40, 79])
def test_a_terminal_made_narrower_or_wider_keeps_one_line(
    screen: Screen, live: tuple[Live, Progress], columns: int
) -> None:
    shown, progress = live
    screen.resize(200)
    shown.say("before")
    progress.waits(Wait("gmail.com", "789 deferred recipients (gmail.com 700)", NOON + 720), 0.0)
    shown.tick(progress, 1.0, NOON)
    assert len(screen.rows) == 2
    screen.resize(columns)
    shown.tick(progress, 2.0, NOON)
    assert screen.rows[0] == "before"
    assert len(screen.rows) == 2
    assert 0 < len(screen.rows[1]) < columns
    screen.resize(200)
    shown.tick(progress, 3.0, NOON)
    assert "waiting for 789" in screen.rows[1]
    assert len(screen.rows) == 2


def test_the_line_has_colour_and_takes_no_more_columns_for_it(
    screen: Screen, live: tuple[Live, Progress]
) -> None:
    shown, progress = live
    progress.moved(Status.PENDING, Status.DEFERRED)
    progress.moved(Status.PENDING, Status.REJECTED)
    screen.resize(60)
    shown.tick(progress, 1.0, NOON)
    assert "\x1b[33m1 deferred\x1b[0m, \x1b[31m1 rejected\x1b[0m" in screen.written[-1]
    assert len(screen.rows) == 1
    assert "1 deferred, 1 rejected" in screen.rows[0]


def test_what_has_not_changed_is_not_drawn_again(
    screen: Screen, live: tuple[Live, Progress]
) -> None:
    shown, progress = live
    progress.waits(Wait("the quota", "the quota of the account", NOON + 7200), 0.0)
    for tick in range(50):
        shown.tick(progress, tick * 0.2, NOON + tick * 0.2)
    assert len(screen.written) == 1


def test_closed_nothing_of_it_is_left(screen: Screen) -> None:
    shown = Live(draws=True, tell=lambda progress: None)
    shown.open(Progress("sending", 900))
    assert "0/900" in screen.rows[0]
    shown.close()
    assert screen.rows == [""]
    shown.say("the end")
    assert screen.rows == ["the end", ""]


def test_a_notice_longer_than_the_terminal_breaks_between_words(
    screen: Screen, live: tuple[Live, Progress]
) -> None:
    shown, progress = live
    screen.resize(40)
    shown.tick(progress, 1.0, NOON)
    shown.say("p0@web.de is deferred: 451 4.7.1 Recipient address rejected, try again later")
    assert screen.rows[:-1] == [
        "p0@web.de is deferred: 451 4.7.1",
        "    Recipient address rejected, try",
        "    again later",
    ]
