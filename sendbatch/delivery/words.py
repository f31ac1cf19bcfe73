"""What a run says of the server's answers: codes and numbers in, words for people out."""

from __future__ import annotations

from collections.abc import Collection

from sendbatch.errors import one_line
from sendbatch.ledger.streak import Of, Trip
from sendbatch.limits.brake import REFUSALS
from sendbatch.smtp.replies import said
from sendbatch.values import Reply, Status
from sendbatch.words import clock_time, count, listed

TRIED_ELSEWHERE = (
    "the server refuses everything, and another run tries one message at a time; waiting for what it is told"
)
NO_LONGER_TRIED = "the run that tried whether the server takes mail again has ended"
UNTOLD = "the run was ended before the repository knew what became of the last recipients"


def tripped(trip: Trip) -> str:
    """Why the breaker ended the run, as a sentence's beginning."""
    if trip.of is Of.UNANSWERED:
        return f"{trip.number} messages in a row were sent whole and never answered"
    last = f", the last one: {said(trip.last)}" if trip.last else ""
    if trip.of is Of.OF_US:
        whose = f", all of {one_line(trip.sender, 320)} as the sender" if trip.sender else ""
        return (
            f"{trip.number} refusals in a row that speak about us and not about the recipients{whose}{last}"
        )
    refusals = "refusal" if trip.number == 1 else "refusals"
    return f"{trip.number} permanent {refusals} in a row{last}"


def braked(last: Reply | None, *, tried: bool) -> str:
    """Why the brake is on; `tried`: a message was tried under it, and refused."""
    so = f"the last one: {said(last)}" if last else "all of them"
    if tried:
        return f"the server still refuses everything, {so}"
    return f"{REFUSALS} messages in a row were refused, {so}"


def next_try(why: str, at: float) -> str:
    return f"{why}; one message is tried at {clock_time(at)}"


def worth_trying(why: str, at: float) -> str:
    return f"{why}; it is worth trying again from {clock_time(at)}"


def slower(rate: float) -> str:
    return f"the server asks for less: {rate:.2g} messages a second now"


def more_connections(number: int) -> str:
    return f"{number} connections again"


def fewer_connections(number: int) -> str:
    return f"the server takes fewer connections: {number} now"


def session_limit(messages: int) -> str:
    return f"the server takes {count(messages, 'message')} a connection"


def set_aside(domains: Collection[str]) -> str:
    return f"all are refused at {listed(sorted(domains), 1)}: others are tried first"


def unbuildable(number: int, first: str) -> str:
    """`first` is the first reason of them, "" where all were met by other runners."""
    reason = f"; the first reason: {first}" if first else ", by other runners; each tells why"
    return f"{number} messages could not be built{reason}"


def of_domain(domain: str) -> str:
    return f"the domain {one_line(domain, 100)}"


def shared(runs: int) -> str:
    """Why a limit is less than was declared; "" where one run has all of it."""
    return f"{runs} runs share the account" if runs > 1 else ""


NO_DATABASE = "the record's database has not answered for a while: nothing leaves before it does"
DATABASE_IS_BACK = "the record's database answers again"
UNANSWERED = "the record's database did not answer, and was not waited for any longer"
ONCE_IT_IS_BACK = "run it again once the database is back: it goes on from there"
SETTLED_BY = "  whom the server has accepted, should they be in doubt then, this settles:"
ENDED_SO = {
    Status.ACCEPTED: "the server has accepted",
    Status.SENDING: "sent whole, and no answer came",
    Status.PENDING: "not sent",
}


def may_be_in_doubt(number: int) -> str:
    return f"it was not told what became of {count(number, 'recipient')}, who may be in doubt there"


OF_OTHERS = "nobody is left for this runner for now: others have the rest, and it looks again now and then"
ASKED_TO_SLOW_DOWN = "the server asked to slow down"
BRAKED_BEFORE = "the last run was refused for everybody: one message is tried first"
TAKES_MAIL = "the server takes mail again"
