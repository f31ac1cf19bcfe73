"""The one run that there is of a record: who plans it, who joins it, and when it is over.

Theory of operation. Whoever opens a record is a runner, with a row that says when it was last heard of. Is no
other alive, this one plans: it gets a token, without which nothing is merged, and everything that older ones
hold is void. Else it joins the run that is under way, if that may be joined, or is told who has it. The row
of the record is locked while that is decided, and that of the run while somebody leaves: so one alone is the
first, and one the last. """

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import Final

from sendbatch.errors import GuardError, LockedError, RecordLost, one_line
from sendbatch.ledger.facts import Joined, Terms, Work, in_hand_of
from sendbatch.ledger.postgres.connecting import ALIVE, NOW, Cursor, lease_seconds, one
from sendbatch.ledger.postgres.schema import hold_as_known
from sendbatch.ledger.postgres.text import stored, told
from sendbatch.words import clock_time

# Seconds: so long, and a lease, an answer may come after all. No server takes longer (RFC 5321 §4.5.3.2).
YOUNG: Final = 900.0
STOP: Final = "stop"  # in `meta`: when a person has last ended all runners, and who
PLANNING, SENDING, ENDED = "planning", "sending", "ended"
ENDING: Final = "ending"  # of a runner: it sends no more, and leaves


@dataclass(frozen=True, slots=True)
class Seat:
    """This runner's place: its own id, that of the run, and the token by which it plans, None where it does
    not."""

    record: int
    runner: int
    run: int
    token: int | None


@dataclass(frozen=True, slots=True)
class Other:
    """A runner that is alive, as people are told of it."""

    host: str
    pid: int
    since: float
    state: str

    def __str__(self) -> str:
        return f"process {self.pid} on {one_line(self.host, 80)}, since {clock_time(self.since)}"


def record_of(cursor: Cursor, identity: tuple[str, str, str, str]) -> int:
    """The id of the record of this project, name, edition and profile, which is made where there is none."""
    names = tuple(map(stored, identity))
    cursor.execute(
        "INSERT INTO sendbatch.record (project, name, edition, profile, made_at) VALUES "
        f"(%s, %s, %s, %s, {NOW}) ON CONFLICT DO NOTHING",
        names,
    )
    return int(one(cursor, _FIND, names))


def found_record(cursor: Cursor, identity: tuple[str, str, str, str]) -> int | None:
    """The same, None where there is none."""
    found = one(cursor, _FIND, tuple(map(stored, identity)))
    return int(found) if found is not None else None


def take_seat(
    cursor: Cursor, record: int, host: str, title: str, *, join: bool, work: Work | None = None
) -> tuple[Seat, Joined | None] | Other:
    """In one transaction: the seat of who plans, or of who joins what is under way; the planner, where it is
    still at it and may be waited for. Nobody brings the tables up to date before its end.

    Raises LockedError where another has the record, GuardError where it was moved."""
    state = cursor.execute(
        "SELECT state, moved_to FROM sendbatch.record WHERE id = %s FOR UPDATE", (record,)
    ).fetchone()
    if state is None:
        raise deleted(0)
    if state[0] != "open":
        raise _moved(title, *state)
    others = living(cursor, record)
    if not others:
        return _plan(cursor, record, host, join=join, state=work or PLANNING), None
    run = cursor.execute(
        "SELECT id, state, joined, options, content, server, version, began_at, "
        "coalesce((SELECT inputs FROM sendbatch.plan AS p WHERE p.record = r.record ORDER BY p.id DESC "
        "LIMIT 1), '') FROM sendbatch.run AS r WHERE record = %s",
        (record,),
    ).fetchone()
    if run is None or not (join and run[2]):
        raise _locked(title, others, work, may_be_joined=run is not None and run[2])
    id_, state_of_run, _, options, content, server, version, began_at, inputs = run
    if state_of_run == PLANNING or began_at is None:
        return others[0]
    seat = Seat(record, _enter(cursor, record, host, SENDING), id_, None)
    terms = Terms(told(options), told(content), told(server), told(version))
    return seat, Joined(terms, told(inputs), began_at)


def _plan(cursor: Cursor, record: int, host: str, *, join: bool, state: str) -> Seat:
    """Nobody else is alive: whoever is left was not heard of, and is to find that it has no place any
    more."""
    cursor.execute("DELETE FROM sendbatch.runner WHERE record = %s", (record,))
    runner = _enter(cursor, record, host, state)
    cursor.execute(
        "INSERT INTO sendbatch.run (record, id, state, options, joined, token, until, content, server, "
        f"version) VALUES (%s, %s, %s, '', %s, %s, {NOW} + %s, '', '', '') ON CONFLICT (record) DO UPDATE "
        "SET id = excluded.id, state = excluded.state, options = '', joined = excluded.joined, "
        "token = excluded.token, until = excluded.until, content = '', server = '', version = '', "
        "streak = '', began_at = NULL",
        (record, runner, PLANNING, join, runner, lease_seconds()),
    )
    return Seat(record, runner, runner, runner)


def _enter(cursor: Cursor, record: int, host: str, state: str) -> int:
    runner = tokens(cursor, record, 1)
    cursor.execute(
        "INSERT INTO sendbatch.runner (record, id, host, pid, since, seen_at, state) "
        f"VALUES (%s, %s, %s, %s, {NOW}, {NOW}, %s)",
        (record, runner, stored(host), os.getpid(), state),
    )
    return runner


def tokens(cursor: Cursor, record: int, count: int) -> int:
    """The first of so many, none of which is ever used again."""
    found = one(
        cursor,
        "UPDATE sendbatch.record SET next_token = next_token + %s WHERE id = %s RETURNING next_token",
        (count, record),
    )
    if found is None:
        raise deleted(0)
    return int(found) - count


def living(cursor: Cursor, record: int, but: int = 0) -> list[Other]:
    """The runners that are alive, the longest there first; `but` is left out."""
    lease = lease_seconds()
    rows = cursor.execute(
        f"SELECT host, pid, since, state FROM sendbatch.runner WHERE record = %s AND id <> %s AND {ALIVE} "
        "ORDER BY since, id",
        (record, but, lease, lease),
    )
    return [Other(told(host), pid, since, told(state)) for host, pid, since, state in rows]


def hold_here(cursor: Cursor, record: int, title: str) -> None:
    """It is no record that was moved, or is being. Raises GuardError, RecordLost where it is gone."""
    found = cursor.execute(
        "SELECT state, moved_to FROM sendbatch.record WHERE id = %s", (record,)
    ).fetchone()
    if found is None:
        raise deleted(0)
    if found[0] != "open":
        raise _moved(title, *found)


def records_of(cursor: Cursor, project: str, name: str) -> list[tuple[str, str]]:
    """(edition, profile) of those with a plan."""
    rows = cursor.execute(
        "SELECT edition, profile FROM sendbatch.record AS r WHERE project = %s AND name = %s "
        "AND EXISTS (SELECT 1 FROM sendbatch.plan AS p WHERE p.record = r.id) ORDER BY made_at, id",
        (stored(project), stored(name)),
    )
    return [(told(edition), told(profile)) for edition, profile in rows]


def ask_to_end(cursor: Cursor, record: int, by: str) -> list[int]:
    """Tell all runners who wants them to end; returns the ids of those that may still be there. Where none of
    them was heard of lately, nobody of the run may send any more: whoever comes back finds it over."""
    cursor.execute("SELECT 1 FROM sendbatch.record WHERE id = %s FOR UPDATE", (record,))
    rows = cursor.execute(
        "UPDATE sendbatch.runner SET stopped_by = %s WHERE record = %s RETURNING id",
        (stored(one_line(by, 200)), record),
    )
    ids = sorted(id_ for (id_,) in rows)
    cursor.execute(
        f"INSERT INTO sendbatch.meta (record, key, value) VALUES (%s, %s, {NOW}::text || ' ' || %s) "
        "ON CONFLICT (record, key) DO UPDATE SET value = excluded.value",
        (record, STOP, stored(one_line(by, 200))),
    )
    if not living(cursor, record):
        cursor.execute(
            "UPDATE sendbatch.run SET state = %s WHERE record = %s", (ENDED, record)
        )
    return ids


def stopped_since(cursor: Cursor, record: int, since: float) -> str | None:
    """Who has asked all runners to end since then: whoever waits for a plan has no place yet, and is not told
    otherwise."""
    found = one(
        cursor, "SELECT value FROM sendbatch.meta WHERE record = %s AND key = %s", (record, STOP)
    )
    at, _, by = (told(found) if found is not None else "").partition(" ")
    with contextlib.suppress(ValueError):
        return one_line(by, 200) if float(at) >= since else None
    return None


def hold_planning(cursor: Cursor, seat: Seat) -> None:
    """This one plans still, and nobody else begins to before the end of the transaction. Raises
    RecordLost."""
    hold_as_known(cursor)
    # in the order in which all take these rows
    there = one(cursor, "SELECT 1 FROM sendbatch.record WHERE id = %s FOR UPDATE", (seat.record,))
    if there is None:
        raise deleted(0)
    state = one(
        cursor,
        "SELECT state FROM sendbatch.run WHERE record = %s AND id = %s AND token = %s FOR UPDATE",
        (seat.record, seat.run, seat.token),
    )
    if state is None:
        raise taken_over()
    if state == ENDED:
        raise RecordLost(
            "sendbatch stop has ended this run while it was not heard of: it was paused, or cut from the "
            "record's database; it has stopped"
        )


def begin(cursor: Cursor, seat: Seat, began_at: float | None, terms: Terms | None) -> None:
    """The plan is complete: who joins finds these terms. `began_at` where a run begins to send."""
    if terms is not None:
        cursor.execute(
            "UPDATE sendbatch.run SET options = %s, content = %s, server = %s, version = %s "
            "WHERE record = %s",
            (
                stored(terms.options),
                stored(terms.content),
                stored(terms.server),
                stored(terms.version),
                seat.record,
            ),
        )
    if began_at is not None:
        cursor.execute(
            f"UPDATE sendbatch.run SET state = %s, began_at = {NOW} WHERE record = %s", (SENDING, seat.record)
        )


def is_last(cursor: Cursor, seat: Seat) -> bool:
    """Whether no other runner of the run is alive, and none can come or go before the end of the
    transaction."""
    cursor.execute("SELECT 1 FROM sendbatch.record WHERE id = %s FOR UPDATE", (seat.record,))
    run = one(cursor, "SELECT id FROM sendbatch.run WHERE record = %s FOR UPDATE", (seat.record,))
    return run == seat.run and not living(cursor, seat.record, seat.runner)


def others_go_on(cursor: Cursor, seat: Seat) -> bool:
    """This runner sends no more, and others know. Returns whether one of them still does: of several that end
    at once, the last to ask finds none."""
    cursor.execute("SELECT 1 FROM sendbatch.record WHERE id = %s FOR UPDATE", (seat.record,))
    cursor.execute(
        "UPDATE sendbatch.runner SET state = %s WHERE record = %s AND id = %s",
        (ENDING, seat.record, seat.runner),
    )
    lease = lease_seconds()
    found = cursor.execute(
        f"SELECT 1 FROM sendbatch.runner WHERE record = %s AND id <> %s AND state <> %s AND {ALIVE} LIMIT 1",
        (seat.record, seat.runner, ENDING, lease, lease),
    )
    return found.fetchone() is not None


def leave(cursor: Cursor, seat: Seat, *, last: bool) -> None:
    cursor.execute(
        "DELETE FROM sendbatch.runner WHERE record = %s AND id = %s", (seat.record, seat.runner)
    )
    if last:
        cursor.execute(
            "UPDATE sendbatch.run SET state = %s WHERE record = %s AND id = %s",
            (ENDED, seat.record, seat.run),
        )


def taken_over(*, has_ended: bool = False) -> RecordLost:
    hint = "let the other one end, which mails nobody twice: sendbatch status shows how far it is"
    return RecordLost(
        "another run has taken the campaign over, as this one was not heard of for longer than its lease: it "
        "was paused, or cut from the record's database; it has stopped",
        hint="that one has ended by now: sendbatch status shows who stands where" if has_ended else hint,
    )


def moved_away(to: str | None) -> RecordLost:
    where = f" to {one_line(told(to), 200)}" if to else ""
    return RecordLost(
        f"the record of this run was moved{where}, as this run was not heard of for longer than its lease: "
        "it was paused, or cut from the record's database; it has stopped",
        hint="whose answer came too late stands in doubt there: sendbatch status, with the record where it "
        "is now, says who",
    )


def _locked(
    title: str, others: list[Other], asks: Work | None, *, may_be_joined: bool
) -> LockedError:
    """`asks`, where it is no run that would have it."""
    nothing = "nothing was sent" if asks is None else "nothing was done"
    if (by := in_hand_of(others[0].state)) is not None:
        return LockedError(
            f"{title}: sendbatch {by.verb} is at work on this campaign's record: {others[0]}; {nothing}",
            hint="say it again once that has ended",
        )
    more = f", and {len(others) - 1} more" if len(others) > 1 else ""
    join = "; --join helps it to send" if may_be_joined and asks is None else ""
    a_run = "another run" if asks is None else "a run"
    return LockedError(
        f"{title}: {a_run} has this campaign in hand: {others[0]}{more}; {nothing}",
        hint=f"sendbatch status shows how far it is, sendbatch stop ends it{join}",
    )


def _moved(title: str, state: str, to: str | None) -> GuardError:
    where = f" to {one_line(told(to), 200)}" if to else ""
    if state == "moving":
        return GuardError(
            f"{title}: this record is being moved{where}, and is not to be sent from; nothing was sent",
            hint="finish that with the same command of sendbatch record that began it",
        )
    return GuardError(
        f"{title}: this record was moved{where}; nothing was sent", hint="send from where it is now"
    )


def deleted(accepted: int) -> RecordLost:
    """Under a runner that had so many messages accepted."""
    those = f"the {accepted:,} that this machine alone has sent to, and others," if accepted else "all"
    return RecordLost(
        "the record of this run is no longer in the database: it was deleted while messages were being sent; "
        "the run has stopped",
        hint="put it back from a backup of the database before anything is sent again: without it "
        f"{those} would be mailed again",
    )


_FIND: Final = (
    "SELECT id FROM sendbatch.record WHERE (project, name, edition, profile) = (%s, %s, %s, %s)"
)
