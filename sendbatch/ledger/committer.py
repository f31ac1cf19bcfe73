"""What a run makes durable: all that a turn of the loop brings, in one synchronised transaction.

Theory of operation. While the replies of a turn are read, changes gather. At its end they are written, and
whoever waits for theirs is told, in the order in which they came: in that moment the dots leave. Then, while
the server works, there is time for what nobody waits for: `between`, and what the store does in bulk.

On a disk it is done on the loop, which stands still for as long as that takes: to have a thread write costs
each message 20 to 30 µs more, and none leaves sooner. Where the store waits for another machine (`aside`),
a thread writes, one transaction after the other, and what comes meanwhile gathers for the next: an outcome is
never behind a later intent of its connection. Once a commit has failed nothing more is written: else a
connection's next intent could become durable where the outcome before it did not. A record that was lost
takes outcomes still, and refuses every intent by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

from sendbatch.errors import RecordLost, RecordStopped
from sendbatch.ledger.facts import Change, Intent, Noted
from sendbatch.ledger.store import Backlog

# Before a commit the loop looks at its sockets so many times more: who is answered a moment later shares it.
# With ten connections to a server beside it that makes groups of eight messages where there were four.
LOOKS = 2
# Seconds that outcomes may wait for the next intent: half of what is promised. Where a server takes no
# envelope behind a dot, that is one commit for each message instead of two.
MOMENT = 0.05

Written: TypeAlias = Callable[[BaseException | None], None]
Waiting: TypeAlias = list[tuple[Written, Sequence[Change]]]


class NotHeld(Exception):
    """An intent that does not hold: another runner may send to this recipient by now, this one may not."""


class Committer:
    """Made inside the running loop, and used on it alone.

    `failed` is told of an error that kept changes from becoming durable, or that was raised by somebody who
    is called from here. `between` is called after each commit, once its dots have left. `lost` is told whom
    this run may not send to any more, before whoever waits for their intent. `unwritten` are the changes of
    which nobody knows that they are durable, once a commit has failed.
    """

    def __init__(
        self, backlog: Backlog, failed: Callable[[BaseException], None] | None = None
    ) -> None:
        self.failed = failed
        self.between: Callable[[], None] | None = None
        self.lost: Callable[[Collection[int]], None] | None = None
        self.unwritten: list[Change] = []
        self._backlog = backlog
        self._loop = asyncio.get_running_loop()
        self._changes: list[Change] = []
        self._waiting: Waiting = []
        self._is_due = False  # at the end of this turn
        self._rings = False  # in a moment
        self._is_open = True
        self._broken: BaseException | None = None

    @property
    def is_broken(self) -> bool:
        """Whether nothing is written any more."""
        return self._broken is not None and not isinstance(self._broken, RecordLost)

    def write(
        self,
        changes: Sequence[Change],
        written: Written | None = None,
    ) -> None:
        """Make changes durable: at the end of this turn, with all that comes until then, and told by
        `written(None)`, or `written(error)` where they could not be, NotHeld where an intent among them does
        not hold; without `written` with those that somebody waits for, or in a moment."""
        self._changes += changes
        if written is not None:
            self._waiting.append((written, changes))
            if not self._is_due:
                self._is_due = True
                self._loop.call_soon(self._end_turn, LOOKS)
        elif not self._is_due and not self._rings:
            self._rings = True
            self._loop.call_later(MOMENT, self._ring)

    def note(self, kind: str, detail: str, at: float) -> None:
        """Write an event with the next commit."""
        self.write([Noted(kind, detail, at)])

    async def flush(self) -> None:
        """Make durable at once what has gathered. Raises RecordStopped where that, or anything before it,
        could not be."""
        self._commit()
        if self._broken is not None:
            raise self._broken

    async def close(self) -> None:
        """Make durable what is left. Whoever waits for it is told where it could not be."""
        self._is_open = False
        self._commit()

    def _ring(self) -> None:
        self._rings = False
        self._commit()

    def _end_turn(self, looks: int) -> None:
        if looks:
            self._loop.call_soon(self._end_turn, looks - 1)
            return
        self._is_due = False
        self._commit()

    def _commit(self) -> None:
        changes, waiting = self._gathered()
        if not changes and not waiting:
            return
        unheld, raised = self._apply(changes)
        self._say_soon(waiting, unheld)
        if raised is not None:
            self._tell(raised)

    def _gathered(self) -> tuple[list[Change], Waiting]:
        """What is to be written now; the next begins to gather."""
        changes, self._changes = self._changes, []
        waiting, self._waiting = self._waiting, []
        return changes, waiting

    def _say_soon(self, waiting: Waiting, unheld: Collection[int]) -> None:
        if self._is_open:
            # After the loop has looked at what has arrived meanwhile, however long the disk took: timers come
            # behind what was read. No dot may leave once there is a reply or the end.
            self._loop.call_later(0, self._say, waiting, unheld)
        else:
            self._say(waiting, unheld)

    def _say(self, waiting: Waiting, unheld: Collection[int]) -> None:
        """An error also where theirs is durable, and the record has failed since: then nothing leaves."""
        raised: BaseException | None = None
        error = self._broken
        if unheld and self.lost is not None:
            self.lost(unheld)
        for written, changes in waiting:
            try:
                written(error or _of_unheld(changes, unheld) if unheld else error)
            except BaseException as one:  # noqa: BLE001 - the others are to be told as well
                raised = raised or one
        self._loop.call_soon(self._while_the_server_works)
        if raised is not None:
            self._tell(raised)

    def _apply(self, changes: Sequence[Change]) -> tuple[Collection[int], BaseException | None]:
        """Returns whose intents do not hold, and what kept the changes from becoming durable."""
        if self._is_refused(changes):
            return (), self._broken
        try:
            return self._backlog.apply(changes), self._broken
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            self._fail(error, changes)
            return (), error
        except BaseException as interrupt:  # noqa: BLE001 - and goes on afterwards
            self._fail(RecordStopped("interrupted while the record was written"), changes)
            return (), interrupt

    def _is_refused(self, changes: Sequence[Change]) -> bool:
        """Whether they are not to be written, for others before them were not."""
        if self.is_broken:
            self.unwritten += changes
        return self.is_broken

    def _fail(self, error: BaseException, changes: Sequence[Change]) -> None:
        self._broken = error
        if self.is_broken:
            self.unwritten += changes

    def _while_the_server_works(self) -> None:
        if not self._is_open:
            return
        try:
            if self.between is not None:
                self.between()
            if self._broken is None:
                self._tidy()
        except BaseException as error:  # noqa: BLE001 - a callback has nobody else to raise it to
            self._could_not_tidy(error)

    def _tidy(self) -> None:
        self._backlog.tidy()

    def _could_not_tidy(self, error: BaseException) -> None:
        if isinstance(error, RecordStopped):
            self._broken = self._broken or error
        self._tell(error)

    def _tell(self, error: BaseException) -> None:
        """A person's Ctrl-C may fall into whatever goes on here, and is no matter of the record's."""
        if not isinstance(error, Exception):
            raise error
        if self.failed is not None:
            self.failed(error)


def _of_unheld(changes: Sequence[Change], unheld: Collection[int]) -> NotHeld | None:
    if any(isinstance(change, Intent) and change.id in unheld for change in changes):
        return NotHeld()
    return None
