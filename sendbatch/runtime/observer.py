"""Who watches a run: a terminal's progress bar, a log, a program. All calls come from one thread.

Whoever watches can harm nothing: `Guarded` stands between.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec

from sendbatch.runtime.stop import Stop
from sendbatch.values import Status

if TYPE_CHECKING:
    from sendbatch.session.overview import Overview

P = ParamSpec("P")

_log = logging.getLogger("sendbatch.observer")


@dataclass(frozen=True, slots=True)
class Wait:
    """What nothing goes on before. `whom` is short ("gmail.com", "the server", "the quota"), `why` the same
    in more words, to be read after "waiting for"; `until` in seconds since the epoch, None where nobody
    knows."""

    whom: str
    why: str
    until: float | None


@dataclass(frozen=True, slots=True)
class Limit:
    """How fast messages may go at present. `rate` is messages a second, None where nothing limits them; `why`
    is "" where that is as it was declared for all, else why it is less, in words that stand by themselves
    ("the server asked to slow down", "the domain gmail.com"); `until` when there may be more, in seconds
    since the epoch, None where nobody knows."""

    rate: float | None
    why: str = ""
    until: float | None = None


class Observer:
    """Watches and does nothing: the base of all that show something."""

    def planning(self, rows: int) -> None:
        """So many rows of the CSV were checked so far."""

    def checking(self, messages: int, total: int) -> None:
        """So many messages of a rehearsal (`check`, `--dry-run`) were built so far."""

    def planned(self, plan: Overview) -> None:
        """The plan stands; it is asked about, or sent, next."""

    def sending(self, total: int) -> None:
        """Sending begins; `total` recipients are to be reached."""

    def moved(self, was: Status, now: Status) -> None:
        """One recipient's status changed."""

    def waiting(self, wait: Wait) -> None:
        """Nothing goes on before that. It is over with the next `moved`, or with the next wait."""

    def limited(self, limit: Limit) -> None:
        """So fast it may go from now on: told at the beginning, and where that changes."""

    def connected(self, connections: int, allowed: int) -> None:
        """So many connections are open now, of so many that may be: told where either changes."""

    def notice(self, text: str) -> None:
        """Something a person should know while it happens: a slow-down, a reconnect, who is deferred. Those
        of one kind are gathered: the first at once, the others counted."""

    def finished(self) -> None:
        """The long work is over, one way or the other."""


class Guarded(Observer):
    """Tells another observer. One that raises is told nothing more, and ends the run as a person would:
    what is under way is completed, and record and report are whole."""

    def __init__(self, watching: Observer, stop: Stop) -> None:
        self._watching = watching
        self._stop = stop
        self._failed = False

    def planning(self, rows: int) -> None:
        self._tell(self._watching.planning, rows)

    def checking(self, messages: int, total: int) -> None:
        self._tell(self._watching.checking, messages, total)

    def planned(self, plan: Overview) -> None:
        self._tell(self._watching.planned, plan)

    def sending(self, total: int) -> None:
        self._tell(self._watching.sending, total)

    def moved(self, was: Status, now: Status) -> None:
        # For each message: as the others, with a call less.
        if not self._failed:
            try:
                self._watching.moved(was, now)
            except Exception as error:  # noqa: BLE001 - see `_tell`
                self._fail(error)

    def waiting(self, wait: Wait) -> None:
        self._tell(self._watching.waiting, wait)

    def limited(self, limit: Limit) -> None:
        self._tell(self._watching.limited, limit)

    def connected(self, connections: int, allowed: int) -> None:
        self._tell(self._watching.connected, connections, allowed)

    def notice(self, text: str) -> None:
        self._tell(self._watching.notice, text)

    def finished(self) -> None:
        self._tell(self._watching.finished)

    def _tell(self, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        if self._failed:
            return
        try:
            call(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - another's code, in the middle of a run
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._failed = True
        _log.error("the observer of a run failed", exc_info=error)  # for its author
        self._stop.soon(f"the observer failed: {type(error).__name__}: {error}")
