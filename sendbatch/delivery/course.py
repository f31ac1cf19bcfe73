"""Whether a run goes on: asked to end, given up by itself, or broken off by what should not have happened."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from sendbatch.errors import LedgerError, RecordLost, RecordStopped
from sendbatch.runtime.stop import Stop


class Course:
    """`soon` is set once nothing more is to be begun, `at_once` once connections are to be dropped."""

    def __init__(self, stop: Stop) -> None:
        self.soon, self.at_once = asyncio.Event(), asyncio.Event()
        self.given_up = ""  # why, for people
        self.given_up_until: float | None = None  # when it is worth going on, where that is known
        self.quoted = ""  # what of these words is somebody's data
        self.broken: BaseException | None = None  # what the run ends with, when all have settled
        self._stop = stop

    def begin(self) -> None:
        """From now on it ends when its `stop` says so."""
        self._stop.bind(self.soon, self.at_once)

    def end(self) -> None:
        self._stop.unbind()

    @property
    def is_ending(self) -> bool:
        return self.soon.is_set()

    @property
    def is_asked_to_end(self) -> bool:
        """By a person, or whoever else may: not by itself."""
        return self._stop.is_soon

    def give_up(self, reason: str, until: float | None = None, quoted: str = "") -> None:
        """The run ends by itself: the first reason counts. `until` is when it is worth going on, in seconds
        since the epoch; what is `quoted` in the reason is somebody's data."""
        if not self.given_up:
            self.given_up, self.given_up_until, self.quoted = reason, until, quoted
        self.soon.set()

    def break_off(self, error: BaseException) -> None:
        """The record can no longer be written, or something should not have happened."""
        self.broken = self.broken or error
        self.soon.set()

    @contextlib.contextmanager
    def unless_lost(self) -> Iterator[None]:
        """Where the record is lost, or what is used of a quota cannot be kept, no dot leaves any more, but
        those that left may be answered, and their outcomes written; nor does one after a fault of ours."""
        try:
            yield
        except RecordLost as lost:
            self.break_off(lost)
        except LedgerError as unkept:
            self.break_off(RecordStopped(unkept.findings))
        except RecordStopped:  # what was answered cannot be written either
            raise
        except Exception as fault:  # noqa: BLE001 - raised in the end, and not by cancelling all others
            self.break_off(fault)


def first_of(stopped: BaseExceptionGroup[RecordStopped]) -> RecordStopped:
    """The first error of a group."""
    error: BaseException = stopped
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, RecordStopped)
    return error
