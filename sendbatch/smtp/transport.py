"""What a transport is given and what it reports: the seam between a run and the way out.

A transport hands messages over, one after the other. It takes them from a *source*, writes each to an
*intent log* before the message can count as delivered, and reports to a *sink* how each one ended. What it
reports are facts: what was refused, what the server replied, how the connection broke. What a fact means
for a recipient is decided in `delivery/verdict.py`, and nowhere else.

All three are called on the loop, one call within no other of the same hand-over, from a callback or from
`carry`, and return at once. They may abort any transport meanwhile, this one too. What one of them raises is
lost nowhere: the transport is dropped so that nothing of the messages under way counts, the sink is told of
none of them, and `carry` raises it.

SMTP is the first transport. One that hands over a group in one request writes the group to the log at once,
takes what follows as long as the request has room, and reports a fact for each message of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, StrEnum, auto
from typing import Final, NamedTuple, Protocol, TypeAlias, TypeVar

from sendbatch.values import Message, Reply


class Step(StrEnum):
    """What a server was asked to take, in the order in which it is asked."""

    NEXT = "next"  # a new message on this connection
    SENDER = "sender"
    RECIPIENT = "recipient"
    BODY = "body"  # leave to send the message
    MESSAGE = "message"


class End(Enum):
    """How a hand-over ended, as far as a transport can see."""

    TAKEN = auto()  # the server took the whole message
    REFUSED = auto()  # the server replied that it does not
    EARLY = auto()  # it replied before it had the whole message: where it stands nobody knows
    RELEASED = auto()  # before anything of it counted: it may be handed over again
    UNFINISHED = auto()  # a part of it was sent, and never its end: it is not delivered
    UNANSWERED = auto()  # the whole of it had left, and no answer came
    UNFIT = auto()  # nothing was sent: it cannot be handed over here


class Break(StrEnum):
    """How a conversation broke. `reasons` has the words."""

    ENDED = "ended"
    GONE = "gone"  # before the message was begun
    CLOSED = "closed"  # announced by the server
    UNASKED = "unasked"
    EARLY = "early"
    GARBLED = "garbled"  # why it is no reply
    MISFIT = "misfit"  # the code, and what it answers
    SURPLUS = "surplus"
    STOPPED = "stopped"  # by us
    STALLED = "stalled"  # seconds
    SILENT = "silent"  # seconds, and what was not answered


class Unfit(StrEnum):
    """Why a message cannot be handed over."""

    TOO_LARGE = "too-large"  # its bytes, the most that are taken
    SMTPUTF8 = "smtputf8"
    UNSAFE_ADDRESS = "unsafe-address"
    LINE_END = "line-end"
    NOT_7BIT = "7-bit"


class Cause(NamedTuple):
    """What kept a message from being answered; `more` are the numbers and words that the kind has."""

    how: Break | Unfit
    more: str = ""

    def __str__(self) -> str:
        return f"{self.how} {self.more}" if self.more else str(self.how)


class Fact(NamedTuple):
    """How one hand-over ended.

    `step` and `reply`: what was asked, and what the server said to it, if a reply decided. `cause`: what
    decided where no reply did. `closing`: the server said that it closes the connection. `lost`: that is
    gone.
    """

    end: End
    step: Step | None = None
    reply: Reply | None = None
    cause: Cause | None = None
    closing: bool = False
    lost: bool = False


class Quit(NamedTuple):
    """Nothing follows on this connection: take leave along with the message that is under way."""


QUIT: Final = Quit()


class Parcel(Protocol):
    """One delivery under way. What else it holds is no matter of the transport."""

    @property
    def message(self) -> Message: ...


P = TypeVar("P", bound=Parcel)
P_co = TypeVar("P_co", bound=Parcel, covariant=True)
P_contra = TypeVar("P_contra", bound=Parcel, contravariant=True)
Written: TypeAlias = Callable[[BaseException | None], None]


class Source(Protocol[P_co]):
    """Where the messages come from."""

    def following(self) -> P_co | Quit | None:
        """What may leave in the same write as the end of the message that is under way: the next one, a
        leave, or None where nothing is due yet. What is given is handed over next in any case, whatever
        becomes of the one before it."""
        ...


class IntentLog(Protocol[P_contra]):
    """What must be on disk before a message may be whole on the wire."""

    def write(self, group: Sequence[P_contra], written: Written) -> None:
        """Write that these are about to leave, in one go, and return at once. On the loop, now or later,
        `written(None)` says that all of it is durable, `written(error)` that it is not. A log that blocks the
        loop lets it look at its sockets before it says so: what a server said meanwhile comes first.

        `written` may ask the source and write to the server before it returns, and raises nothing; of what is
        not under way any more it does nothing. What `write` raises says that they must not leave: nothing is
        written then, and nothing is said."""
        ...


class Sink(Protocol[P_contra]):
    """Who is told how each one ended."""

    def ended(self, parcel: P_contra, fact: Fact) -> None:
        """Called exactly once for each message taken, in their order; none of the next is told before. As
        soon as the answer is known: what follows goes on when this returns."""
        ...


class Transport(Protocol):
    """One way to hand messages over, open and ready: a connection, or what counts as one."""

    @property
    def accepted(self) -> int:
        """Messages that the server took on it so far."""
        ...

    @property
    def refused_recipients(self) -> int:
        """Recipients that it refused."""
        ...

    @property
    def most_messages(self) -> int | None:
        """How many it may carry, where the server says so."""
        ...

    @property
    def round_trip(self) -> float:
        """The shortest time, in seconds, in which the server has answered; 0 before it did."""
        ...

    @property
    def rest(self) -> float:
        """Seconds since it was opened, or the last message on it ended."""
        ...

    @property
    def usable(self) -> bool:
        """Whether another message may be handed over."""
        ...

    @property
    def mishandled(self) -> bool:
        """Whether it ended because the server did not cope with how messages were written."""
        ...

    async def carry(
        self, first: P, source: Source[P], intents: IntentLog[P], sink: Sink[P]
    ) -> None:
        """Hand over `first`, and what follows it without a pause.

        What a port raises, or the log tells, is raised from here, once the connection was dropped so that
        nothing of the message counts; so is a cancellation. The sink is not told of that one, nor of one
        that was to follow it.
        """
        ...

    async def quit(self) -> None:
        """Take leave and close, waiting a short while for the server to agree. Raises nothing."""
        ...

    def abort(self) -> None:
        """Drop it at once; the sink is told of a message under way that the connection was lost, soon and not
        from within this call."""
        ...
