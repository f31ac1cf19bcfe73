"""Gates: each is one limit on when messages may go. A run holds a list of them, and asks the list.

A gate says when the next message may go, is told of each that goes, and explains itself where it holds one
back. What a gate does not limit it leaves to the class `Gate`, and then costs nothing for each message. Some
keep their use where other runs see it, and take of it ahead: these are `Metered`.

Times are steady seconds of the run's clock, which never jump. A gate that goes by the time of day is given
the clock and converts, for that one goes on while a laptop sleeps. No gate waits: the senders do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sendbatch.values import Status

ANY_TIME = float("-inf")
NEVER = float("inf")
EVERYBODY = ""  # in place of a recipient domain
ANY_NUMBER = float("inf")


class Hold(NamedTuple):
    """What keeps messages back, in words: `whom` in short, `why` as what a run waits for.

    `used_up` says what is at an end until then ("the limits are used up"), for a wait that a person may not
    have meant: it is told, and ends a run with --no-wait. It is empty for a wait that was asked for.
    """

    whom: str
    why: str
    used_up: str = ""


class Gate:
    """One limit, which by itself limits nothing. `domain` is the recipient domain that it holds, as A-labels;
    each such domain has a lane of its own in the queue, so that nobody waits behind it.

    A gate keeps `until`, or defines `due` where that depends on the moment or on the domain. One that has
    nothing to say for now says so by `holds` or `counts`: it is not asked or told until that has changed.
    """

    domain: str = EVERYBODY
    holds: bool = True  # whether `due` may hold somebody back now
    counts: bool = True  # whether `went` is of use now
    until: float = ANY_TIME  # no message may go before
    allowed: float = NEVER  # connections at once; finite from the start in a gate that limits them
    interval: float = 0.0  # seconds from one slot to the next at present; 0: there are no slots

    def due(self, now: float, domain: str) -> float:
        """The earliest time at which a message to this recipient domain may go: ANY_TIME where nothing is in
        its way, NEVER until something else has happened."""
        return self.until

    def hold(self, domain: str) -> Hold:
        """What keeps messages to this domain back; asked only where `due` is later than now."""
        raise NotImplementedError

    def within(self, now: float, domain: str, seconds: float) -> float:
        """How many messages to this domain may go in so many seconds from now, as far as is known;
        ANY_NUMBER where nothing is in their way."""
        first = max(now, self.due(now, domain))
        if first > now + seconds:
            return 0
        return 1 + (now + seconds - first) // self.interval if self.interval else ANY_NUMBER

    def went(self, now: float, domain: str, recipient_id: int) -> None:
        """A message goes: its envelope is written next, and servers count those."""

    def answered(self, now: float, domain: str, recipient_id: int, status: Status) -> str:
        """How one that went has ended; PENDING where it was released, and will go again. Returns why the run
        must end, for people; empty where it goes on."""
        return ""

    def share(self, parts: int) -> None:
        """So many runs are alive on the account, this one included: each has an equal part."""

    def forecast(self, messages: int, begun_at: float, needed: float | None) -> float | None:
        """Seconds that so many messages take, begun at this epoch time. `needed` is what the gates before
        this one in the list need; None where nothing limits them, as far as is known."""
        return needed


class Metered(Gate):
    """A gate whose use is kept elsewhere, in a file or a database, for all runs on an account: it takes some
    of it ahead, so that nothing is waited for at a message, and gives back what it did not need."""

    def has_some(self) -> bool:
        """Whether there is some in hand for one message more. Where not: `refill`, and then `due` says until
        when there is none to be had."""
        raise NotImplementedError

    async def refill(self) -> None:
        """Take some where there is none in hand. Raises LedgerError where its use cannot be kept."""
        raise NotImplementedError

    async def give_back(self) -> None:
        """The run ends. Raises LedgerError."""
        raise NotImplementedError


class Gates:
    """The gates of one run, in the order in which they are named where several hold for as long: those for
    everybody first, then those of one domain. `recent` is given the times at which messages go."""

    def __init__(self, gates: Iterable[Gate], recent: deque[float] | None = None) -> None:
        self._recent = deque[float](maxlen=0) if recent is None else recent
        self._gates = tuple(gates)
        self.domains = tuple(dict.fromkeys(g.domain for g in self if g.domain != EVERYBODY))
        self._everybody = _Lane(self._gates, EVERYBODY)
        self._lanes = {domain: _Lane(self._gates, domain) for domain in self.domains}
        self._allowing = [gate for gate in self._gates if gate.allowed < NEVER]
        self._listening = _that_define("answered", self)
        self.are_listening = bool(self._listening)  # whether a gate goes by how messages have ended
        self._parts = 1

    def __iter__(self) -> Iterator[Gate]:
        return iter(self._gates)

    def followed_by(self, gate: Gate) -> Gates:
        """The same, with one more behind them."""
        return Gates([*self._gates, gate], self._recent)

    def due(self, now: float, domain: str) -> float:
        """When the next message to this recipient domain may go: the latest that any gate says."""
        lane = self._lanes.get(domain, self._everybody)
        latest = ANY_TIME
        for gate in lane.until:
            if gate.until > latest:
                latest = gate.until
        for gate in lane.moving:
            if gate.holds and (at := gate.due(now, domain)) > latest:
                latest = at
        return latest

    def hold(self, now: float, domain: str) -> Hold:
        """What keeps messages to this domain back the longest; asked only where something does."""
        return self.latest(now, domain).hold(domain)

    def latest(self, now: float, domain: str) -> Gate:
        """The gate that keeps messages to this domain back the longest."""
        lane = self._lanes.get(domain, self._everybody)
        return max(lane.gates, key=lambda gate: gate.due(now, domain))

    def within(self, now: float, domain: str, seconds: float) -> float:
        """How many messages to this domain may go in so many seconds from now, as far as is known."""
        lane = self._lanes.get(domain, self._everybody)
        return min((gate.within(now, domain, seconds) for gate in lane.gates), default=ANY_NUMBER)

    def take(self, now: float, domain: str, recipient_id: int) -> bool:
        """Count one message, which goes now, at each gate. False, and nothing is counted, where one of them
        has none in hand: `refill` first."""
        lane = self._lanes.get(domain, self._everybody)
        for metered in lane.metered:
            if not metered.has_some():
                return False
        self._recent.append(now)
        for gate in lane.counting:
            if gate.counts:
                gate.went(now, domain, recipient_id)
        return True

    async def refill(self, domain: str) -> None:
        """For gates with none in hand, up to the first that has none to give. Raises LedgerError."""
        for gate in self._lanes.get(domain, self._everybody).metered:
            await gate.refill()
            if not gate.has_some():
                return

    async def give_back(self) -> None:
        """The run ends: what was taken ahead and not needed is given back. Raises LedgerError."""
        for gate in self._gates:
            if isinstance(gate, Metered):
                await gate.give_back()

    def answered(self, now: float, domain: str, recipient_id: int, status: Status) -> str:
        """How one that went has ended: others may go sooner now. Returns why the run must end, if it must."""
        whys = [gate.answered(now, domain, recipient_id, status) for gate in self._listening]
        return next(filter(None, whys), "")

    def share(self, parts: int) -> bool:
        """So many runs are alive on the account now. Returns whether this one has to give something up."""
        before, self._parts = self._parts, parts
        if parts != before:
            for gate in self._gates:
                gate.share(parts)
        return parts > before

    @property
    def parts(self) -> int:
        """How many runs share the account."""
        return self._parts

    @property
    def interval(self) -> float:
        """Seconds from one slot of the account to the next at present, 0 without a pace."""
        return max((gate.interval for gate in self._everybody.gates), default=0.0)

    def connections_allowed(self) -> float:
        """How many connections may be used at once."""
        fewest = NEVER
        for gate in self._allowing:
            if gate.allowed < fewest:
                fewest = gate.allowed
        return fewest

    def forecast(self, messages: int, begun_at: float) -> float | None:
        """Seconds until so many messages are done, begun at this epoch time; None where nothing limits them.
        The server's own speed is not known before, nor how many are at which domain."""
        if messages <= 0:
            return 0.0
        needed = None
        for gate in self._gates:
            needed = gate.forecast(messages, begun_at, needed)
        return needed


class _Lane:
    """What is asked for the recipients of one domain, in order."""

    def __init__(self, gates: tuple[Gate, ...], domain: str) -> None:
        for_everybody = [gate for gate in gates if gate.domain == EVERYBODY]
        own = [gate for gate in gates if gate.domain == domain] if domain != EVERYBODY else []
        self.gates = (*for_everybody, *own)
        self.metered = [gate for gate in self.gates if isinstance(gate, Metered)]
        self.moving = _that_define("due", self.gates)
        self.until = [gate for gate in self.gates if gate not in self.moving]
        self.counting = _that_define("went", self.gates)


def _that_define(method: str, gates: Iterable[Gate]) -> list[Gate]:
    """Those that do not leave it to the class `Gate`: the others need not be asked at each message."""
    return [gate for gate in gates if getattr(type(gate), method) is not getattr(Gate, method)]
