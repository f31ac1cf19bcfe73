"""How much goes in one write: what a server has shown to take, shared by all connections of a run.

Three levels (RFC 2920): 1, command by command; 2, MAIL, RCPT and DATA in a group; 3, that group in
the same write as the message before it. A run goes at the second where PIPELINING is offered; one
connection alone tries the third, and the others follow once it got its replies: some servers
announce PIPELINING and answer whatever stands behind the end of a message with 503, or swallow it.
What does not fit lowers the level for the rest of the run. So do two streams that end within their first
group, before any group got through: some firewalls cut off who writes several commands at once. Where single
commands end no better, groups were not to blame. No I/O and no clock.
"""

from __future__ import annotations

SINGLE, GROUP, BEHIND = 1, 2, 3
TRYING = 10.0  # seconds of silence after the reply to a dot that are a sign, while it is new
LATER = 30.0  # and once the third level has worked
CUTS = 2  # streams that end within their first group, and it is no chance
OUT_OF_STEP = (500, 502, 503)  # RFC 5321 §4.2.2: codes about the order and the kind of commands


class Levels:
    """One object a run. `known` is the level that an earlier run found the server to take.

    `learned` is what this run has found out, None where it is nothing worth keeping.
    """

    def __init__(self, known: int | None = None) -> None:
        self.highest = BEHIND if known is None else min(max(known, SINGLE), BEHIND)
        self.learned: int | None = None
        self.proven = known is not None and known >= BEHIND
        self._trying: object | None = None
        self._cuts = 0
        self._cleared = False  # groups are known not to end streams
        self._suspect: int | None = None  # the level before, where groups may be to blame

    @property
    def group(self) -> int:
        """The level of an envelope that begins a write."""
        return min(self.highest, GROUP)

    @property
    def patience(self) -> float:
        """Seconds after the reply to a dot in which the first reply to what went behind it is due."""
        return LATER if self.proven else TRYING

    def is_open(self, connection: object) -> bool:
        """Whether this connection may write behind a dot: all may once it is proven, else one."""
        return self.highest >= BEHIND and (self.proven or self._trying in (None, connection))

    def tries(self, connection: object) -> None:
        """It now does; while the third level is not proven no other one may."""
        if not self.proven:
            self._trying = connection

    def fits(self) -> None:
        """What went behind a dot was answered as it should be."""
        if self.highest >= BEHIND:
            self.proven, self.learned, self._trying = True, BEHIND, None

    def lower(self, level: int) -> None:
        """A write at this level was mishandled."""
        if SINGLE < level <= self.highest:
            self.highest = self.learned = level - 1
            self.proven, self._trying = False, None

    def heard(self, level: int) -> None:
        """Another run has found out, at the same time, that the server takes this one and no higher."""
        if level >= BEHIND and self.highest >= BEHIND:
            self.proven, self._trying = True, None
        elif SINGLE <= level < self.highest:
            self.highest = level
            self.proven, self._trying = False, None

    def leaves(self, connection: object, *, cut: bool) -> None:
        """The connection ended. Cut off in the middle of its try, it tells nothing for sure, and is
        reason enough not to try again in this run: what was sent before could be in doubt."""
        if self._trying is not connection:
            return
        self._trying = None
        if cut:
            self.highest = min(self.highest, GROUP)

    def cut_off(self, level: int) -> bool:
        """A stream ended within its first envelope, of this level. Returns whether to write less now."""
        if level == SINGLE and self._suspect is not None:
            self.highest, self._suspect, self._cleared = self._suspect, None, True
        if level == SINGLE or level > self.highest or self._cleared:
            return False
        self._cuts += 1
        if self._cuts < CUTS:
            return False
        self._suspect, self.highest = self.highest, SINGLE
        return True

    def through(self, level: int) -> None:
        """An envelope at this level got all its replies."""
        if level > SINGLE:
            self._cleared = True
            if self._suspect is not None:  # one that was under way: the cuts had another reason
                self.highest, self._suspect = self._suspect, None
        elif self._suspect is not None:
            self.learned, self._suspect = SINGLE, None
