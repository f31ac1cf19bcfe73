"""A record that goes to another place: from there on it is the one, and what is left refuses.

Theory of operation. There must never be two records from which the same people are sent to, nor none. So:

1. The target is claimed: a name stands there that is no record, and that keeps one from being begun there.
2. The source is marked, durably, as moving, under a random token. From then on no run starts on it.
3. All is written into the claim, read back by another connection, and compared by a digest.
4. The claim becomes the record, in one step, which bears the token.
5. The source says that it has moved, and where to.

A process that dies in between leaves the source marked (2 to 4), or the target open and the source marked
(5). The same call again begins at 1 with the token of the mark; where the target bears that already, only 5
is left. What raises before 4 takes the mark back, for nothing was opened; what is interrupted within 4 asks
the target first.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from sendbatch.errors import GuardError, LedgerError, one_line, shell_line
from sendbatch.ledger.portable import META, TABLES, Row, Table, Told, digest_of
from sendbatch.words import clock_time

MOVE = "move"  # in the source's meta: JSON, while it moves and ever after
ARRIVAL = "arrival"  # in the target's meta: the token of the move that it came by
MOST_REMEMBERED = 10_000  # characters that are read of it
MOVED = "moved"  # the kind of the event


class Move(NamedTuple):
    """`to` is the target as people are told of it, `there` what --record names it by, "" where
    profiles.yaml says it. `at` is when it was begun, and after that when it was done."""

    token: str
    to: str
    there: str
    at: float
    is_done: bool = False

    def remembered(self) -> str:
        return json.dumps(self._asdict())


class Source(Told, Protocol):
    """A record in this hand, at rest, that is to move."""

    @property
    def move(self) -> Move | None:
        """The one that was begun, or done."""
        ...

    def mark(self, move: Move | None) -> None:
        """Remember it, durably; None: it is not to move after all. Raises RecordStopped, RecordLost."""
        ...


class Target(Protocol):
    """A place for a record, in this hand."""

    def token(self) -> str | None:
        """By which move the record came that is there; "" where it came by none, None where there is none."""
        ...

    def left_by(self) -> str | None:
        """The salt of the record that went elsewhere from here, "" where it has none; None where none
        did."""
        ...

    def claim(self, token: str) -> None:
        """Nobody begins a record here from now on; what an earlier claim left is gone. Raises LedgerError."""
        ...

    def fill(self, table: Table, rows: Iterable[Row]) -> None: ...

    def written(self) -> contextlib.AbstractContextManager[Told]:
        """What stands there, durably, read anew."""
        ...

    def open(self) -> None:
        """It is a record from now on, which bears the token, in one step."""
        ...

    def give_up(self) -> None:
        """Nothing is left of the claim."""
        ...


def move(
    source: Source,
    target: Target,
    to: str,
    there: str,
    now: Callable[[], float],
    heed: Callable[[], None] = lambda: None,
) -> Move:
    """`heed` is called now and then before the target opens; what it raises takes the move back. Returns what
    the source says from now on.

    Raises GuardError where the source goes elsewhere, or a record is there already; LedgerError,
    RecordStopped.
    """
    known, found = source.move, target.token()
    if known is not None and known.to != to:
        raise refusal(known)
    if known is not None and known.is_done:
        return known
    if found is not None and (known is None or found != known.token):
        raise _taken(to)
    if found is None and target.left_by() not in (None, _salt(source)):
        raise _left_by_another(to)
    begun = known or Move(secrets.token_hex(16), to, there, now())
    if found is None:
        _carry(source, target, begun, heed)
    done = begun._replace(at=now(), is_done=True)
    source.mark(done)
    return done


def _carry(source: Source, target: Target, begun: Move, heed: Callable[[], None]) -> None:
    target.claim(begun.token)
    try:
        source.mark(begun)
        for table in TABLES:
            with contextlib.closing(source.rows(table)) as rows:
                target.fill(table, _heeding(rows, heed))
        ours = digest_of(source, heed)
        with target.written() as written:
            theirs = digest_of(written, heed)
        if ours != theirs:
            raise LedgerError("the record that was written is not the one that was read; it did not move")
        heed()
        target.open()
    except BaseException:
        if target.token() != begun.token:  # raises where nobody can say: then the mark stays
            target.give_up()
            source.mark(None)
        raise


def cancel(source: Source, target: Target, to: str) -> None:
    """Take a move back that was begun and did not arrive. Raises GuardError where there is none, or where it
    has arrived."""
    known = source.move
    if known is None:
        if target.token() is None:
            target.give_up()  # of who was ended before the source was marked
        raise GuardError(f"no move to {to} was begun: there is nothing to be taken back")
    if known.is_done or known.to != to:
        raise refusal(known)
    if target.token() == known.token:
        raise GuardError(
            f"the record has arrived at {to} already, and runs may go on from there; it is not taken back",
            hint="the same command without --cancel ends the move",
        )
    target.give_up()
    source.mark(None)


def _heeding(rows: Iterable[Row], heed: Callable[[], None]) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if number % 1000 == 0:
            heed()
        yield row


def _salt(source: Told) -> str:
    """By which a record is told from all others, wherever it is."""
    with contextlib.closing(source.rows(META)) as rows:
        return next((str(value) for key, value in rows if key == "salt"), "")


def _left_by_another(to: str) -> GuardError:
    return GuardError(
        f"{to}: another record of this campaign was there and says where it went, and that would be gone; "
        "nothing was moved",
        hint="whoever sends from there would take this record for that one, and mail again whom that one "
        "reached; sendbatch status there says where it went: go on with one of the two",
    )


def _taken(to: str) -> GuardError:
    return GuardError(
        f"{to}: there is a record of this campaign already; nothing was moved",
        hint="one of the two knows whom the other mailed, and they cannot be made one: look at both with "
        "sendbatch status, and go on with one of them",
    )


def refusal(known: Move) -> GuardError:
    """What whoever opens a record is told that moves, or has moved."""
    to, there = one_line(known.to, 300), known.there[:1000]
    line = shell_line("--record", there)
    if known.is_done:
        return GuardError(
            f"this record has moved to {to} ({clock_time(known.at)}); nothing was done here",
            hint=f"go on with it there{f': {line}' if there else ''}",
        )
    return GuardError(
        f"this record is on its way to {to}, since {clock_time(known.at)}, and whatever moved it was ended "
        "before it arrived; nothing was done here",
        hint="the same sendbatch record command again ends that, and mails nobody; with --cancel it takes "
        "the move back, as long as the record has not arrived",
    )


def move_in(remembered: str | None) -> Move | None:
    """What a line of meta says; one that nobody of ours wrote is of a move to nobody knows where."""
    if not remembered:
        return None
    try:
        told = json.loads(remembered[:MOST_REMEMBERED])
        return Move(
            str(told["token"]), str(told["to"]), str(told["there"]), float(told["at"]), bool(told["is_done"])
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return Move("", "another place", "PLACE", 0.0, is_done=True)
