"""What `status` says behind the counts: how a run that is under way goes on, or why the last one stopped,
until when, and the line that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sendbatch.cli.last_words import OR_PENDING
from sendbatch.errors import one_line
from sendbatch.ledger.states import sendable
from sendbatch.values import Status
from sendbatch.words import clock_time, count, duration, speed

MOST_RUNNERS = 20  # that are told of
LONGEST_HOST = 80  # characters of what one says of itself

if TYPE_CHECKING:
    from sendbatch.ledger.facts import Runner
    from sendbatch.session.now import Now
    from sendbatch.session.standing import Died, StatusResult


def standing_text(standing: StatusResult) -> str:
    """In lines, "" where there is nothing to add."""
    return "\n".join(_lines(standing))


def running_line(standing: StatusResult, now: Now) -> str:
    """How a run that sends goes on: how fast, how fast it may, over how many connections, how long."""
    parts = []
    if standing.rate:
        parts.append(speed(standing.rate))
    if now.limit is not None and now.limit.rate is not None:
        parts.append(f"{'of ' if parts else ''}at most {speed(now.limit.rate)}")
    said = [" ".join(parts)] if parts else []
    if now.connections is not None:
        opened, allowed = now.connections
        said.append(f"{opened} of {count(allowed, 'connection')}")
    if (left := standing.seconds_left) is not None and standing.unsent:
        said.append(f"about {duration(left)} left")
    return ", ".join(said)


def _lines(standing: StatusResult) -> Iterator[str]:
    if standing.under_way and standing.runners:
        yield from _shared(standing)
    elif standing.under_way:
        yield from _under_way(standing, standing.now)
    elif standing.died is not None:
        yield from _after_death(standing, standing.died)
    else:
        yield from _in_doubt(standing)
        if standing.ended is not None and standing.exit_code:
            yield from _after_the_end(standing)


def _under_way(standing: StatusResult, now: Now | None) -> Iterator[str]:
    if now is None and standing.totals.get(Status.SENDING):  # whatever keeps it from telling more
        yield "being sent at this moment"
        return
    if now is None:
        yield "a run has the record in hand, and sends nothing at this moment: it plans, asks, or ends"
        return
    yield f"being sent at this moment, since {clock_time(now.since, standing.at)}"
    if line := running_line(standing, now):
        yield f"  {line}"
    yield from held_up(now, standing.at)


def runners_line(standing: StatusResult) -> str:
    """How a run of several runners goes on: how many, how fast, how long."""
    said = [count(len(standing.alive), "runner")]
    if standing.rate:
        said.append(speed(standing.rate))
    if (left := standing.seconds_left) is not None and standing.unsent:
        said.append(f"about {duration(left)} left")
    return ", ".join(said)


def _shared(standing: StatusResult) -> Iterator[str]:
    at, since = standing.at, standing.since
    begun = f", since {clock_time(since, at)}" if since is not None else ""
    yield f"being sent at this moment by {runners_line(standing)}{begun}"
    told = [one for one in standing.runners if one.alive or one.blocks]
    for one in told[:MOST_RUNNERS]:
        yield f"  {_runner(one, at)}"
    if len(told) > MOST_RUNNERS:
        yield f"  and {len(told) - MOST_RUNNERS:,} more, which --format json lists"


def _runner(one: Runner, at: float) -> str:
    name = f"{one_line(one.host, LONGEST_HOST)}, process {one.pid}"
    blocks = count(one.blocks, "block")
    if not one.alive:
        return f"{name}: not heard of since {clock_time(one.seen_at, at)}; the others take over its {blocks}"
    said = [one_line(one.state, LONGEST_HOST), f"since {clock_time(one.since, at)}"]
    said += [speed(one.speed)] if one.speed else []
    return f"{name}: {', '.join([*said, f'{one.sent:,} accepted', blocks])}"


def held_up(now: Now, at: float) -> Iterator[str]:
    """Why it is slower than was declared, and what it waits for."""
    if now.limit is not None and now.limit.why:
        yield f"  slower: {now.limit.why}{_until(now.limit.until, at)}"
    if now.wait is not None:
        yield f"  waiting for {now.wait.why}{_until(now.wait.until, at)}"


def _after_death(standing: StatusResult, died: Died) -> Iterator[str]:
    begun = f" that began at {clock_time(died.since, standing.at)}" if died.since is not None else ""
    last = ""
    if died.written_at is not None:
        last = f", the last that was written is of {clock_time(died.written_at, standing.at)}"
    yield f"the last run{begun} did not come to its end{last}"
    yield from _in_doubt(standing, died.in_doubt)
    yield f"this goes on, {_with_whom(standing)}:"
    yield f"  {standing.go_on}"


def _in_doubt(standing: StatusResult, on_the_way: int = 0) -> Iterator[str]:
    """With the line that settles them; so many of them were `on_the_way` as a run died."""
    if doubts := standing.totals.get(Status.IN_DOUBT):
        ended = f", {on_the_way:,} of them on the way as it ended" if on_the_way else ""
        number = count(doubts, "recipient")
        yield f"{number} in doubt{ended}: the mail may have arrived; who is known to have it is settled:"
        yield f"  {standing.resolve}"
        yield OR_PENDING


def _after_the_end(standing: StatusResult) -> Iterator[str]:
    ended = standing.ended
    assert ended is not None
    if ended.early:
        why = ended.why or "not everybody was reached"
        yield f"stopped early at {clock_time(ended.at, standing.at)}: {why}"
        if ended.until is not None and ended.until > standing.at:
            yield f"it is worth going on from {clock_time(ended.until, standing.at)}"
        yield f"this goes on, {_with_whom(standing)}:"
    elif ended.until is not None and standing.totals.get(Status.DEFERRED):
        due = clock_time(ended.until, standing.at)
        yield f"the next deferred one is due at {due}; this goes on then, {_with_whom(standing)}:"
    elif any(standing.totals.get(status) for status in (Status.PENDING, Status.DEFERRED)):
        at = clock_time(ended.at, standing.at)
        yield f"the last run ended at {at}; this goes on, {_with_whom(standing)}:"
    else:
        return
    yield f"  {standing.go_on}"


def _with_whom(standing: StatusResult) -> str:
    """The line knows nothing of an --only or a --limit that the last run had: so it says how many it is
    for."""
    left = sendable(standing.totals)
    return "with the one that is left" if left == 1 else f"with all {left:,} that are left"


def _until(until: float | None, at: float) -> str:
    return "" if until is None else f", until {clock_time(until, at)}"
