"""`sendbatch preview --serve`: what a person at the terminal sees of the live preview."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sendbatch.cli.signals import ending
from sendbatch.errors import Finding, one_line, shown
from sendbatch.runtime.stop import Stop
from sendbatch.words import listed

if TYPE_CHECKING:
    from sendbatch.campaign.model import Campaign
    from sendbatch.cli.calling import Calling
    from sendbatch.cli.terminal import Terminal
    from sendbatch.planning.options import Options

_MOST_NAMED = 5


def serve(
    load: Callable[[], Campaign],
    options: Options,
    recipients: Sequence[str],
    most: int,
    *,
    port: int,
    open_: bool,
    calling: Calling,
) -> int:
    """Until a signal ends it, which is how it is meant to end: the exit code is 0."""
    from sendbatch import api

    stop = Stop()
    with ending(stop):
        api.serve(
            load,
            _Told(calling.terminal, open_=open_),
            port=port,
            recipients=recipients,
            most=most,
            options=options,
            record=calling.record,
            stop=stop,
            workers=calling.workers,
        )
    calling.terminal.say("the preview has ended; nothing was sent")
    return 0


class _Told:
    """A `session.live.serve.Live` that says each thing in a line."""

    def __init__(self, terminal: Terminal, *, open_: bool) -> None:
        self._terminal, self._open = terminal, open_
        self._lock = threading.Lock()
        self._was_wrong = False

    def began(self, address: str, watched: Sequence[Path]) -> None:
        folders = listed([one_line(shown(folder), 200) for folder in watched], _MOST_NAMED)
        with self._lock:
            self._terminal.say(f"the preview is at {address}")
            self._terminal.say(f"watched: the campaign's files, in {folders}; Ctrl-C ends it")
        if self._open:
            from sendbatch.cli.browser import opened

            if not opened(address):
                self._terminal.complain("no browser can be opened here: open that address yourself")

    def saved(self, files: Sequence[str], seconds: float, *, shown: bool) -> None:
        names = listed([one_line(name, 80) for name in files], _MOST_NAMED)
        what = "shown again" if shown else "read again"
        self._say(f"{names}: {what} in {seconds * 1000:,.0f} ms")

    def wrong(self, findings: Sequence[Finding]) -> None:
        with self._lock:
            was, self._was_wrong = self._was_wrong, bool(findings)
            for finding in findings:
                self._terminal.warn(finding)
        if was and not findings:
            self._say("mended")

    def _say(self, text: str) -> None:
        with self._lock:
            self._terminal.say(f"{time.strftime('%H:%M:%S')} {text}")
