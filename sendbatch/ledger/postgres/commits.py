"""The commits of one runner: what is written holds, or it is known that it does not.

Is the answer to a commit lost, nobody knows whether it holds. Then no dot leaves for its intents: the blocks
get new tokens, so that nothing of it can be written any more, and the intents are undone under their ids,
also where they are in doubt by now. All else is written again under the same ids, and changes nothing the
second time."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final, NamedTuple

from sendbatch.errors import RecordLost, one_line
from sendbatch.ledger.facts import Change, Failed, InARow, Intent, Noted, Remembered, Settled
from sendbatch.ledger.postgres import blocks, intents
from sendbatch.ledger.postgres.blocks import Block, Holding, Sent
from sendbatch.ledger.postgres.calling import written
from sendbatch.ledger.postgres.clocks import DatabaseTime, onward
from sendbatch.ledger.postgres.connecting import (
    NOW,
    Connection,
    Cursor,
    lease_seconds,
    transaction,
)
from sendbatch.ledger.postgres.connecting import one as cell
from sendbatch.ledger.postgres.line import Line
from sendbatch.ledger.postgres.runs import ENDED, Seat, deleted, moved_away, taken_over
from sendbatch.ledger.postgres.schema import brought_up_to_date
from sendbatch.ledger.postgres.taking import strangers, take
from sendbatch.ledger.postgres.text import stored, told
from sendbatch.ledger.postgres.writes import Answered, Begun, Sorting, Writes, released
from sendbatch.ledger.standing import Standing

AT_ONCE: Final = 4096  # ids of attempts that are reserved in one go
_OF_NOBODY = (Noted, Remembered, InARow)


class Claimed(NamedTuple):
    """Somebody who was handed out: where they stand, and the taking of their block."""

    standing: Standing
    taken: int


class Commits:
    """Used by one thread at a time, over `line`. `accepted` counts the messages of this runner; `streak` is
    how the run's row of refusals stands."""

    def __init__(self, line: Line, seat: Seat, holding: Holding, time: DatabaseTime) -> None:
        self.accepted = 0
        self.streak = ""
        self._line = line
        self.seat = seat
        self.holding = holding
        self.time = time
        self._free: list[range] = []
        self._number = count(1)
        self._acknowledged = 0

    def write(self, changes: Sequence[Change], known: dict[int, Claimed]) -> set[int]:
        """All of them, on return. `known` says of those who were handed out where they stand, and learns
        where they do now. Returns the ids of whose intent does not hold. Raises RecordLost, once all else is
        written, where somebody has changed the record, or this runner has no place in it any more;
        RecordStopped."""
        commit = _Commit(self, next(self._number), changes, known)
        self._line.ask(commit.make)
        self._acknowledged = commit.number
        if commit.raised is not None:
            raise commit.raised
        return commit.lost

    def take(
        self,
        connection: Connection,
        *,
        most: int = 1,
        containing: Sequence[int] | None = None,
        firsts: Sequence[int] | None = None,
    ) -> list[Block]:
        """Take blocks that are free: the next ones, those of `firsts`, or those `containing` these
        deliveries. Whoever is *sending* in one is in doubt."""
        if containing is not None:
            firsts = blocks.containing(connection, self.seat, containing)
        return take(connection, self.seat, self.holding, self.time.now(), most=most, firsts=firsts)

    def undo(self, cursor: Cursor, begun: Sequence[Begun]) -> None:
        """In one transaction: no dot leaves for these, and nothing older is written any more."""
        ours = {one.block.first: one.block for one in begun}
        firsts = list(ours.values())
        now = blocks.retoken(cursor, self.seat, firsts)
        intents.undo(cursor, blocks.of_seat(self.seat), begun)
        gone = set(ours) - {block.first for block in now}
        with self.holding.lock:
            self.holding.drop(gone)
            self.holding.hold(now)

    def was_made(self, cursor: Cursor, number: int) -> bool:
        """Whether the commit of this number holds. Raises RecordLost where the database has forgotten an
        older one."""
        found = cell(
            cursor,
            "SELECT committed FROM sendbatch.runner WHERE record = %s AND id = %s FOR UPDATE",
            (self.seat.record, self.seat.runner),
        )
        if found is not None and found < self._acknowledged:
            raise RecordLost(
                "the record's database has lost what it had confirmed: another server has taken its place "
                "that did not have all of it; the run has stopped",
                hint="whom it sent to meanwhile may not stand in it: compare with the server's own log "
                "before anything is sent again, and let "
                "commits wait for the standby (synchronous_standby_names)",
            )
        return found is not None and found >= number

    def why_out(self, connection: Connection) -> RecordLost:
        """Why this runner has no place in the record any more."""
        if (newer := brought_up_to_date(connection)) is not None:
            return newer
        found = connection.execute(
            "SELECT r.state, r.moved_to, n.state FROM sendbatch.record AS r LEFT JOIN sendbatch.run AS n "
            "ON n.record = r.id WHERE r.id = %s",
            (self.seat.record,),
        ).fetchone()
        if found is None:
            return deleted(self.accepted)
        state, to, of_run = found
        return moved_away(to) if state != "open" else taken_over(has_ended=of_run == ENDED)

    def heard(self, streak: str | None) -> None:
        """How the run's row of refusals stands; None: nothing new."""
        if streak is not None:
            self.streak = streak

    def reserve(self, connection: Connection, many: int) -> None:
        """So many ids of attempts are at hand."""
        if sum(map(len, self._free)) < many:
            size = max(many, AT_ONCE)
            last = cell(
                connection.cursor(),
                "UPDATE sendbatch.record SET next_attempt = next_attempt + %s WHERE id = %s "
                "RETURNING next_attempt",
                (size, self.seat.record),
            )
            if last is None:
                raise deleted(self.accepted)
            self._free.append(range(last - size, last))

    def next_id(self) -> int:
        while not self._free[0]:
            del self._free[0]
        ids = self._free[0]
        self._free[0] = ids[1:]
        return ids[0]


@dataclass(slots=True)
class _Commit:
    """One, which may be tried several times."""

    of: Commits
    number: int
    changes: Sequence[Change]
    known: dict[int, Claimed]
    lost: set[int] = field(default_factory=set)
    raised: RecordLost | None = None
    writes: Writes | None = None
    is_tried: bool = False
    strangers: dict[int, Standing] = field(default_factory=dict)

    def make(self, connection: Connection) -> None:
        if self.writes is None:
            self.writes = self._sorted(connection)
            self.lost.update(self.writes.lost)
            if self.writes.wrong:
                self._give_up(self.writes)
                self.raised = _changed()
        if self.is_tried and self._is_made(connection):
            return
        self.is_tried = True
        self._write(connection, self.writes)

    def _sorted(self, connection: Connection) -> Writes:
        of, holding = self.of, self.of.holding
        of.reserve(connection, len(self.changes))
        ids = [one.id for one in self.changes if not isinstance(one, _OF_NOBODY)]
        with holding.lock:
            new = [id_ for id_ in ids if id_ not in self.known and id_ not in holding.sent]
        adopted: dict[int, Sent] = {}
        if new:
            self.strangers, adopted = strangers(connection, of.seat, new)
            self._take_their_blocks(connection, new)
        with holding.lock:
            known = [(id_, self.known.get(id_)) for id_ in ids]
            stands = {id_: one.standing for id_, one in known if one is not None}
            sorting = Sorting(
                ChainMap(stands, self.strangers),
                ChainMap(holding.sent, adopted),
                self._block_of,
                of.next_id,
            )
            return sorting.sorted(self.changes)

    def _block_of(self, id_: int) -> Block | None:
        """The block of this delivery, if it was held all the time since that was handed out."""
        block, claimed = self.of.holding.of(id_), self.known.get(id_)
        if block is None or (claimed is not None and claimed.taken != block.taken):
            return None
        return block

    def _take_their_blocks(self, connection: Connection, new: Iterable[int]) -> None:
        """Of whom nobody was handed out, and who are to be sent to."""
        begins = {
            one.id
            for one in self.changes
            if isinstance(one, (Intent, Failed))
            or (isinstance(one, Settled) and one.counts_attempt)
        }
        wanted = [id_ for id_ in new if id_ in begins and self.of.holding.of(id_) is None]
        if wanted:
            self.of.take(connection, containing=wanted)

    def _give_up(self, writes: Writes) -> None:
        """No intent of this commit is written, nor what builds upon one."""
        begun = {one.change.id for one in writes.begun}
        self.lost |= begun
        for wave in writes.waves:
            wave.begun.clear()
            wave.answered[:] = [one for one in wave.answered if one.id not in begun]
            wave.stated[:] = [one for one in wave.stated if one.id not in begun]

    def _is_made(self, connection: Connection) -> bool:
        """The first transaction after an answer was lost."""
        assert self.writes is not None
        begun = self.writes.begun
        with transaction(connection) as cursor:
            is_made = self.of.was_made(cursor, self.number)
            self.of.undo(cursor, begun)
        if is_made:
            self._learn(begun=set(), answered=None)
        self._give_up(self.writes)
        self._forget(begun)
        return is_made

    def _write(self, connection: Connection, writes: Writes) -> None:
        of, at = self.of, onward()
        sent = of.accepted + sum(one.what == "accept" for one in writes.answered)
        said, in_a_row = written(connection, of.seat, self.number, sent, self.changes, writes)
        of.heard(in_a_row)
        is_late = onward() - at >= lease_seconds() / 2
        ours = {first for one in said for first in one.ours or ()}
        stands = {id_ for one in said for id_ in one.stands or ()}
        came = {id_ for one in said for id_ in one.came or ()}
        begun, answered = writes.begun, writes.answered
        self._conclude(connection, begun, ours, stands, is_late or of._line.lost_standby)
        self._learn(begun={one.change.id for one in begun} - self.lost, answered=came)
        self._say_what_was_late(connection, [one for one in answered if one.id not in came])
        heard_at = said[-1].heard_at
        if heard_at is None:
            of.holding.clear()
            self.raised = self.raised or of.why_out(connection)
        else:
            of.time.learn(heard_at)

    def _conclude(
        self,
        connection: Connection,
        begun: Sequence[Begun],
        ours: set[int],
        stands: set[int],
        is_void: bool,
    ) -> None:
        """Which intents do not hold, and why; those that must not be used are undone."""
        holding = self.of.holding
        gone = {one.block.first for one in begun if one.block.first not in ours}
        with holding.lock:
            holding.drop([f for f in gone if holding.blocks.get(f) in {one.block for one in begun}])
        missing = [one for one in begun if one.change.id not in stands]
        self.lost |= {one.change.id for one in missing}
        unlike = [one.change.id for one in missing if one.block.first in ours]
        is_wrong = bool(unlike) and not _is_explained(connection, self.of.seat, unlike)
        if is_wrong:
            self.raised = _changed()
        there = [one for one in begun if one.change.id in stands]
        if there and (is_void or is_wrong):
            with transaction(connection) as cursor:
                self.of.undo(cursor, there)
            self._forget(there)
            self.lost |= {one.change.id for one in there}

    def _learn(self, *, begun: set[int], answered: set[int] | None) -> None:
        """What is known from now on: `begun` hold; `answered` counted, None: all of it."""
        writes, of = self.writes, self.of
        assert writes is not None
        with of.holding.lock:
            for one in writes.begun:
                if one.change.id in begun:
                    of.holding.sent[one.change.id] = Sent(one.attempt, one.after)
            for answer in writes.answered:
                is_new = of.holding.sent.pop(answer.id, None) is not None
                if (
                    is_new
                    and answer.what == "accept"
                    and (answered is None or answer.id in answered)
                ):
                    of.accepted += 1
            for id_, standing in writes.made.items():
                if id_ in self.known:
                    self.known[id_] = self.known[id_]._replace(standing=standing)

    def _forget(self, begun: Sequence[Begun]) -> None:
        with self.of.holding.lock:
            for one in begun:
                self.of.holding.sent.pop(one.change.id, None)
                if (known := self.known.get(one.change.id)) is not None:
                    self.known[one.change.id] = known._replace(standing=released(one))

    def _say_what_was_late(self, connection: Connection, late: Sequence[Answered]) -> None:
        """An answer that a person's word contradicts, or another attempt: it is an event, and changes
        nothing."""
        if not late:
            return
        of = self.of
        found = {
            id_: (key, status, attempt)
            for id_, key, status, attempt in connection.execute(
                "SELECT id, key, status, attempt FROM sendbatch.delivery WHERE record = %s "
                "AND id = ANY(%s)",
                (of.seat.record, [one.id for one in late]),
            )
        }
        for one in late:
            key, status, attempt = found.get(one.id, ("somebody who was forgotten", "gone", None))
            if one.what == "release" or (status == one.after.status and attempt == one.attempt):
                continue  # nothing of it counted; or it stands there already
            connection.execute(
                "INSERT INTO sendbatch.event (record, at, kind, detail, told) "
                f"VALUES (%s, {NOW}, 'late', %s, %s) ON CONFLICT DO NOTHING",
                (
                    of.seat.record,
                    stored(
                        f"{one_line(told(key), 200)}: the server's answer came late: {one.after.status}; "
                        f"by then it stood as {status}, and still does"
                    ),
                    one.attempt,
                ),
            )


def _is_explained(connection: Connection, seat: Seat, ids: Sequence[int]) -> bool:
    """Whether nobody has changed the record: there are too many refusals in a row, or a late answer of
    another runner has settled them meanwhile, or the run is over."""
    found = cell(
        connection.cursor(),
        f"SELECT NOT {blocks.IS_OURS} OR NOT {intents.NOT_TRIPPED} OR (SELECT count(*) FROM "
        "sendbatch.delivery WHERE record = %(record)s AND id = ANY(%(ids)s) AND status = 'accepted' "
        "AND why IS DISTINCT FROM 'by-hand') = %(many)s",
        {**blocks.of_seat(seat), "ids": list(ids), "many": len(ids)},
    )
    return bool(found)


def _changed() -> RecordLost:
    return RecordLost(
        "the record was changed by something else while this run was sending: a message was about to leave "
        "whose recipient it no longer has as to be sent to; the run has stopped",
        hint="sendbatch status shows where everyone stands; let nothing else write to its tables",
    )
