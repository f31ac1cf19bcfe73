"""Who watches a run: a terminal's progress bar, a log, a program. All calls come from one thread."""

from __future__ import annotations

from sendbatch.delivery.seen import Seen
from sendbatch.values import Status


class Observer:
    """Watches and does nothing: the base of all that show something."""

    def planning(self, rows: int) -> None:
        """So many rows of the CSV were checked so far."""

    def checking(self, messages: int, total: int) -> None:
        """So many messages of a rehearsal (`check`, `--dry-run`) were built so far."""

    def planned(self, plan: Seen) -> None:
        """The plan stands; it is asked about, or sent, next."""

    def sending(self, total: int) -> None:
        """Sending begins; `total` recipients are to be reached."""

    def moved(self, was: Status, now: Status) -> None:
        """One recipient's status changed."""

    def notice(self, text: str) -> None:
        """Something a person should know while it happens: a wait, a slow-down, a reconnect."""

    def finished(self) -> None:
        """The long work is over, one way or the other."""
