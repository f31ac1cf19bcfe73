"""`status --watch`: where a run stands, again and again until it ends. Who stops watching stops nothing else.

In a terminal a screenful is drawn anew each second; elsewhere there is a line where something has changed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sendbatch.cli.standing_text import held_up, runners_line, running_line, standing_text
from sendbatch.cli.wrapping import columns_of, fitted, rows_taken
from sendbatch.errors import as_json, inert
from sendbatch.runtime.masking import for_log
from sendbatch.values import Status
from sendbatch.words import clock_time, word

if TYPE_CHECKING:
    from sendbatch.session.standing import StatusResult

EVERY = 1.0  # seconds
SHARE = 5  # at most so great a part of the time is spent on looking
AT_MOMENT = ("at", "rate", "seconds_left")  # of the document: they change with the time alone
TOLD = (Status.ACCEPTED, Status.DEFERRED, Status.REJECTED, Status.FAILED, Status.IN_DOUBT)


def watch(look: Callable[[], StatusResult], *, as_lines: bool) -> StatusResult:
    """Shows what `look` finds until nothing is under way any more, or the person leaves; returns the last.
    With `as_lines` each is a line of JSON."""
    draw = _Lines(_json) if as_lines else _Screen() if _can_draw() else _Lines(_line)
    standing = None
    try:
        while True:
            began = time.monotonic()
            standing = look()
            if not standing.under_way:
                draw.leave()
                return standing
            draw(standing)
            time.sleep(max(EVERY, SHARE * (time.monotonic() - began)))
    except KeyboardInterrupt:
        if standing is None:
            raise
        draw.leave()
        print("no longer watched; the run goes on", file=sys.stderr)  # noqa: T201 - to whoever has left
        return standing


class _Screen:
    """A screenful that is drawn over the one before."""

    def __init__(self) -> None:
        self._drawn = 0  # rows of the screen

    def __call__(self, standing: StatusResult) -> None:
        most = os.get_terminal_size(sys.stdout.fileno()).lines - 1
        columns = columns_of(sys.stdout) or 80
        text = fitted(inert(for_log("\n\n".join(_blocks(standing)))), sys.stdout)
        lines: list[str] = []
        drawn = 0
        for line in text.split("\n"):  # none is cut: a path or a command may be longer than a row
            taken = rows_taken(line, columns)
            if lines and drawn + taken > most:
                break
            lines.append(line)
            drawn += taken
        _write(self._cleared + "\n".join(lines) + "\n")
        self._drawn = drawn

    def leave(self) -> None:
        """Nothing of it is left."""
        _write(self._cleared)
        self._drawn = 0

    @property
    def _cleared(self) -> str:
        return f"\x1b[{self._drawn}A\r\x1b[J" if self._drawn else ""


class _Lines:
    """A line where something has changed."""

    def __init__(self, told: Callable[[StatusResult], str]) -> None:
        self._told = told
        self._last: object = None

    def __call__(self, standing: StatusResult) -> None:
        document = {key: value for key, value in standing.document().items() if key not in AT_MOMENT}
        if document != self._last:
            self._last = document
            _write(f"{self._told(standing)}\n")

    def leave(self) -> None:
        """What was said stays."""


def _blocks(standing: StatusResult) -> Iterator[str]:
    """What matters most stands above, for what does not fit on the screen is not drawn."""
    headline, *others = standing.summary.rstrip("\n").split("\n\n")
    yield f"{clock_time(standing.at)}   {headline}"
    yield from others[:1]
    yield standing_text(standing)
    yield from others[1:]
    yield "Ctrl-C ends the watching, and not the run"


def _line(standing: StatusResult) -> str:
    said = [
        f"{standing.totals[status]:,} {word(status)}" for status in TOLD if standing.totals.get(status)
    ]
    if standing.unsent:
        said.append(f"{standing.unsent:,} to go")
    if standing.now is not None:
        said += [running_line(standing, standing.now), *map(str.strip, held_up(standing.now, standing.at))]
    elif standing.alive:
        said.append(runners_line(standing))
    else:
        said.append("nothing is sent at this moment")
    text = ", ".join(filter(None, said))
    return inert(for_log(f"{clock_time(standing.at)}  {text}"))


def _json(standing: StatusResult) -> str:
    return as_json(standing.document())


def _can_draw() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
