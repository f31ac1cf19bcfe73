"""How far a run is, in people: what was told of it, and how it is said in one line, whatever the width."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sendbatch.runtime.observer import Limit, Wait
from sendbatch.values import Status
from sendbatch.words import clock_time, count, countdown, cut, duration, speed, width, word

# Whoever is one of these is not sent to again in this run.
SETTLED = frozenset({Status.ACCEPTED, Status.REJECTED, Status.FAILED, Status.IN_DOUBT})
TROUBLE = (Status.DEFERRED, Status.REJECTED, Status.FAILED, Status.IN_DOUBT)
SMOOTHING = 10.0  # seconds over which the speed is taken
SILENCE = 10.0  # seconds without anybody settled after which that is said
UNSAID = 1.0  # seconds that a wait without a known end goes unsaid: most are over by then
SAFE = "Ctrl-C is safe"
LEAST_BAR, MOST_BAR = 10, 40  # columns
JOINT = " · "
SLOWEST = 1 / 3600  # people a second; a lower speed is none that could be said
# A limit that so much more than it goes through is not what holds the run back.
NOT_HELD = 1.5
SPARE = 6  # the rank of what is said where there is room for it
MOST_SHORT = 3
_WHY_IN_SHORT = {"the server asked to slow down": "server"}
_IN_SHORT = {Status.DEFERRED: "def", Status.REJECTED: "rej", Status.IN_DOUBT: "doubt"}


@dataclass(slots=True)
class Progress:
    """`doing` is "sending", or what is done before; `total` is None where nobody knows. `done` only grows,
    and counts each recipient once; `others` and `others_counts` are those of other processes that are told of
    with this one. `is_shared`: further ones, of which nothing is known here, send to the same recipients.
    Times are the caller's, `now` steady and `wall` since the epoch."""

    doing: str
    total: int | None = None
    done: int = 0
    began: float = 0.0
    counts: Counter[Status] = field(default_factory=Counter)
    limit: Limit = field(default_factory=lambda: Limit(None))
    connections: tuple[int, int] = (0, 0)  # open, of so many that may be
    is_stopping: bool = False
    others: int = 0
    others_counts: Mapping[Status, int] = field(default_factory=dict)
    is_shared: bool = False
    _wait: Wait | None = None
    _waits_since: float = 0.0
    _speed: float = 0.0
    _weight: float = 0.0
    _measured: int = 0
    _measured_at: float = 0.0
    _moved_at: float = 0.0

    def __post_init__(self) -> None:
        self._measured_at = self._moved_at = self.began

    @property
    def reached(self) -> int:
        """How many are done, by all that are told of."""
        return self.done + self.others

    @property
    def is_sending(self) -> bool:
        return self.doing == "sending"

    def moved(self, was: Status, now: Status) -> None:
        """One recipient's status changed. Called for each message: no more than counting."""
        self.counts[was] -= 1
        self.counts[now] += 1
        if now in SETTLED:
            self.done += 1
        self._wait = None

    def waits(self, wait: Wait, now: float) -> None:
        """Nothing goes on before that."""
        if wait != self._wait:
            self._wait, self._waits_since = wait, now

    def tick(self, now: float) -> None:
        """Takes the speed, now and then."""
        seconds, number = now - self._measured_at, self.reached - self._measured
        if seconds <= 0:
            return
        kept = math.exp(-seconds / SMOOTHING)
        self._speed = self._speed * kept + number / seconds * (1 - kept)
        self._weight = self._weight * kept + 1 - kept
        self._measured, self._measured_at = self.reached, now
        if number:
            self._moved_at = now

    @property
    def speed(self) -> float:
        """Recipients a second, smoothed."""
        return self._speed / self._weight if self._weight else 0.0

    @property
    def share(self) -> float:
        """What part of all is done, from 0 to 1; 0 where nobody knows how many there are."""
        return min(self.reached / self.total, 1.0) if self.total else 0.0

    @property
    def trouble(self) -> dict[Status, int]:
        """Who stands without the mail so far."""
        found = {one: self.counts[one] + self.others_counts.get(one, 0) for one in TROUBLE}
        return {status: number for status, number in found.items() if number > 0}

    def waiting(self, now: float, wall: float) -> Wait | None:
        """What is waited for: as announced, or the server where nothing comes back."""
        wait = self._wait
        if self.is_stopping:
            return None
        if wait is not None and wait.until is not None and wait.until > wall:
            return wait
        if wait is not None and wait.until is None and now - self._waits_since >= UNSAID:
            since = duration(now - self._waits_since)
            return Wait(wait.whom, f"{wait.why}, {since} by now", None)
        silent = now - self._moved_at
        if not self.is_sending or silent < SILENCE or (self.total or 0) <= self.reached:
            return None
        return Wait("the server", f"the server to answer, {duration(silent)} by now", None)

    def line(self, columns: int, now: float, wall: float, *, ascii_only: bool = False) -> str:
        """In at most `columns`: what matters most, and what else has room."""
        look = _ASCII if ascii_only else _USUAL
        wait = self.waiting(now, wall)
        if wait is not None:
            text = self._line_waiting(wait, columns, wall, look)
        else:
            text = self._line_moving(columns, now, wall, look)
        room = columns - width(text) - 1
        if self.total and room >= LEAST_BAR and not self.is_shared:
            return f"{_bar(self.share, min(room, MOST_BAR), ascii_only=ascii_only)} {text}"
        return text

    def _line_moving(self, columns: int, now: float, wall: float, look: _Look) -> str:
        """Shorter words are taken before anything goes unsaid."""
        pieces: list[tuple[int, str]] = []
        for shortness in range(MOST_SHORT + 1):
            pieces = [(rank, text) for rank, text in self._pieces(now, wall, shortness) if text]
            if width(look.joint.join(text for rank, text in pieces if rank != SPARE)) <= columns:
                break
        return _fitting(pieces, columns, look)

    def _pieces(self, now: float, wall: float, shortness: int) -> Iterator[tuple[int, str]]:
        """What there is to say, in its order, each with its rank: 0 is asked first. A `shortness` of 1 leaves
        the share and the zone away, 2 the speed where a limit is said, 3 says names by their beginning."""
        slow = self._slow(wall, shortness)
        if self.is_stopping:
            yield 1, "stopping"
        elif self.is_sending:
            yield SPARE, self.doing
        yield 0, self._count_of(with_share=not shortness or self.is_stopping)
        if self.speed >= SLOWEST and not (slow and shortness >= 2):
            yield 1, self._speed_of
        yield 2, slow
        if self.is_sending:
            yield 3, self._trouble_of(in_short=shortness >= 3)
            yield 5, self._open(in_short=shortness > 0)
        yield 4, self._left(now)

    def seconds_left(self, now: float) -> float | None:
        """How long until all are done; None where nobody can tell."""
        if self.speed < SLOWEST or not self.total or now - self.began < 2 or self.is_stopping:
            return None
        if self.is_shared:
            return None
        return (self.total - min(self.reached, self.total)) / self.speed

    def _left(self, now: float) -> str:
        left = self.seconds_left(now)
        return "" if left is None else f"{duration(left)} left"

    def _line_waiting(self, wait: Wait, columns: int, wall: float, look: _Look) -> str:
        when, left = until_words(wait.until, wall), left_words(wait.until, wall)
        counted = [(0, self._count)] if self.is_sending else []
        for said in (
            f"waiting for {wait.why}{f', {when}' if when else ''}",
            f"{wait.whom}: {when}" if when else f"waiting for {wait.whom}",
            f"{wait.whom}: {left}" if when else f"for {wait.whom}",
        ):
            if width(look.joint.join(text for _, text in [*counted, (0, said)])) <= columns:
                break
        else:
            short = f"{left}: {wait.whom}" if when else said
            short = look.joint.join([*(text for _, text in counted), short])
            return cut(short, columns, look.ellipsis)
        return _fitting([*counted, (1, said), (3, self._trouble), (2, SAFE)], columns, look)

    def plain(self, now: float, wall: float) -> str:
        """As a line of a log."""
        parts = [f"{self.doing}{f', {self._done_of}' if self.reached or self.total else ''}"]
        wait = self.waiting(now, wall)
        if wait is None and self.speed:
            parts.append(self._speed_of)
        if self.trouble:
            parts.append(self._trouble)
        if wait is not None:
            when = until_words(wait.until, wall)
            parts.append(f"waiting for {wait.why}{f', {when}' if when else ''}")
        elif slow := self._slow(wall, 0):
            parts.append(slow)
        if wait is None and (left := self._left(now)):
            parts.append(left)
        return "; ".join(parts)

    @property
    def _is_held(self) -> bool:
        """Whether it is the limit that keeps it from being faster."""
        rate = self.limit.rate
        return rate is not None and self.speed <= rate * NOT_HELD

    @property
    def _speed_of(self) -> str:
        """How fast, and of how much that is allowed to all."""
        rate = self.limit.rate
        most = f" of {speed(rate)}" if rate is not None and not self.limit.why else ""
        return f"{speed(self.speed)}{most}"

    def _slow(self, wall: float, shortness: int) -> str:
        """Why it is slower than was declared: "the server asked to slow down: 4/s until 14:05 CET", where it
        is to be short "server: 4/s till 14:05"."""
        limit = self.limit
        if limit.rate is None or not limit.why or not self._is_held:
            return ""
        why = _WHY_IN_SHORT.get(limit.why, limit.why) if shortness >= 2 else limit.why
        until = ""
        if limit.until is not None and limit.until > wall:
            at = clock_time(limit.until, wall)
            till = "till" if shortness >= 2 else "until"
            until = f" {till} {at.rpartition(' ')[0] if shortness else at}"
        return f"{why}: {speed(limit.rate)}{until}"

    def _open(self, *, in_short: bool) -> str:
        """Over how many connections."""
        number, _ = self.connections
        if not number:
            return ""
        return f"{number:,} conn" if in_short else count(number, "connection")

    @property
    def _done_of(self) -> str:
        if self.total is None:
            return f"{self.reached:,} so far"
        if self.is_shared:
            return f"{self.reached:,} from here, of {self.total:,} for all runners together"
        return f"{min(self.reached, self.total):,} of {self.total:,} done ({int(self.share * 100)} %)"

    @property
    def _count(self) -> str:
        return self._count_of(with_share=True)

    def _count_of(self, *, with_share: bool) -> str:
        if self.total is None:
            return f"{self.doing} {self.reached:,}"
        if self.is_shared:
            return f"{self.reached:,} from here of {self.total:,}"
        what = "" if self.is_sending else f"{self.doing} "
        share = f" {int(self.share * 100)}%" if with_share else ""
        return f"{what}{min(self.reached, self.total):,}/{self.total:,}{share}"

    @property
    def _trouble(self) -> str:
        return self._trouble_of(in_short=False)

    def _trouble_of(self, *, in_short: bool) -> str:
        names = _IN_SHORT if in_short else {}
        return ", ".join(
            f"{number:,} {names.get(status, word(status))}" for status, number in self.trouble.items()
        )


@dataclass(frozen=True, slots=True)
class _Look:
    """What stands between two pieces, and for what is cut off."""

    joint: str
    ellipsis: str


_USUAL, _ASCII = _Look(JOINT, "…"), _Look(" - ", "...")


def until_words(until: float | None, wall: float) -> str:
    """ "until 14:32 CET (11 min 58 s)": when, and how long from now; "" where nobody knows."""
    if until is None:
        return ""
    return f"until {clock_time(until, wall)} ({countdown(until - wall)})"


def left_words(until: float | None, wall: float) -> str:
    """ "in 11 min 58 s"."""
    return "" if until is None else f"in {countdown(until - wall)}"


def _fitting(pieces: list[tuple[int, str]], columns: int, look: _Look) -> str:
    """Those that fit together, in their order; a lower number is asked first."""
    chosen: set[int] = set()
    used, joint = -width(look.joint), look.joint
    for place in sorted(range(len(pieces)), key=lambda place: pieces[place][0]):
        text = pieces[place][1]
        if text and used + width(joint) + width(text) <= columns:
            chosen.add(place)
            used += width(joint) + width(text)
    line = joint.join(text for place, (_, text) in enumerate(pieces) if place in chosen)
    return line or cut(min(pieces)[1], columns, look.ellipsis)


def _bar(share: float, columns: int, *, ascii_only: bool) -> str:
    from tqdm import tqdm

    return tqdm.format_meter(
        round(share * 1000), 1000, 0, ncols=columns, ascii=ascii_only, bar_format="|{bar}|"
    )
