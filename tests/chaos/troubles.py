"""What may happen to machines over one record: each event by its name, how often it comes, and what it does.

An event is about one machine, or about the database of all. It comes by the clock, or at a moment that is
seen in what passes between a runner and the database or the mail server.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random
from typing import Protocol

import psycopg

from tests.chaos.runners import LEASE, Place
from tests.kit.postgres import Database
from tests.kit.relay import CALLED, Fate


@dataclass(frozen=True, slots=True)
class Moment:
    """These bytes pass, from the client or else the server, on the way to the database or the mail server."""

    name: str
    pattern: bytes
    from_client: bool
    to_database: bool


DOT = Moment("as a dot leaves", b"\r\n.\r\n", True, False)
MOMENTS = (
    Moment("as it commits", b"CALL sendbatch.commit", True, True),
    Moment("as its commit is answered", CALLED, False, True),
    Moment("as a body may come", b"\r\n354 ", False, False),
    DOT,
    Moment("as a dot is answered", b"250 taken", False, False),
)
PLANNING = (
    Moment("as it plans", b"plan_row", True, True),
    Moment("as it commits while planning", b"COMMIT", True, True),
)


class Scene(Protocol):
    """Where events happen."""

    random: Random
    database: Database

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        """Undo what was done, after so long."""
        ...

    def away(self, seconds: float, back: Callable[[], None]) -> None:
        """The same, of what keeps everybody from the database; nothing else happens to it meanwhile."""
        ...

    def database_is_back(self) -> None:
        """It was killed or stopped, and starts again."""
        ...

    def fail_over(self) -> None: ...

    def command(self, *words: str, then: Callable[[int], None]) -> None:
        """Of sendbatch, by somebody at one of the machines. `then` hears its exit code."""
        ...

    def stranger(self) -> None:
        """Comes, and wants to join."""
        ...

    def doubts(self) -> list[str]:
        """The addresses of those in doubt."""
        ...

    def gave_word(self, address: str) -> None:
        """Somebody said that this one is to be sent to again."""
        ...

    def had(self, address: str) -> bool:
        """Whether the mail server has a message for this one."""
        ...


@dataclass(frozen=True, slots=True)
class Trouble:
    """`weight`: how often it comes beside the others. `of_one`: about one machine, `of_all`: about none."""

    name: str
    weight: float
    of_one: Callable[[Scene, Place], Fate] | None = None
    of_all: Callable[[Scene], None] | None = None
    moment: Moment | None = None  # the only one at which it makes sense


# one machine


def killed(scene: Scene, place: Place) -> Fate:
    """What is just about to leave, or to come, is lost, or arrives."""
    place.kill()
    return scene.random.choice((Fate.CUT, Fate.PASS))


def paused(scene: Scene, place: Place) -> Fate:
    """Past its lease, mostly."""
    place.pause()
    scene.later(scene.random.uniform(0.5, 4) * LEASE, place.resume)
    return Fate.PASS


def falls_asleep(place: Place) -> Fate:
    """Until somebody wakes it."""
    place.pause()
    return Fate.PASS


def commits_late(scene: Scene, place: Place) -> Fate:
    """The COMMIT is on the way for longer than its lease lasts, mostly."""
    place.leave_database(resets=False)
    scene.later(scene.random.uniform(0.5, 4) * LEASE, place.find_database)
    return Fate.PASS


def cut_from_database(scene: Scene, place: Place) -> Fate:
    place.leave_database(resets=scene.random.random() < 0.5)
    scene.later(scene.random.uniform(0.2, 3) * LEASE, place.find_database)
    return Fate.PASS


def cut_from_mail(scene: Scene, place: Place) -> Fate:
    if scene.random.random() < 0.5:
        place.cut_from_mail()
    else:
        place.mail.stall()
    scene.later(scene.random.uniform(0.1, 2) * LEASE, place.mail.mend)
    return Fate.PASS


def answer_lost(scene: Scene, place: Place) -> Fate:
    """To a commit: the connection is reset, or says no more and then is."""
    place.has_to_wait()
    if scene.random.random() < 0.7:
        return Fate.CUT
    scene.later(scene.random.uniform(0.5, 2) * LEASE, lambda: place.leave_database(resets=True))
    scene.later(2.5 * LEASE, place.find_database)
    return Fate.SILENCE


def interrupted(scene: Scene, place: Place) -> Fate:
    place.interrupt()
    return Fate.PASS


# the database of all


def database_killed(scene: Scene) -> None:
    scene.database.server.kill()
    scene.away(scene.random.uniform(0, 2) * LEASE, scene.database_is_back)


def database_stopped(scene: Scene) -> None:
    scene.database.server.stop()
    scene.away(scene.random.uniform(0, 2) * LEASE, scene.database_is_back)


def database_crashed(scene: Scene) -> None:
    scene.database.server.crash()
    scene.away(0, scene.database_is_back)


def sessions_ended(scene: Scene) -> None:
    scene.database.end_sessions()
    scene.away(0, lambda: None)


def read_only(scene: Scene) -> None:
    _for_a_while(scene, scene.database.read_only())


def crowded(scene: Scene) -> None:
    _for_a_while(scene, scene.database.crowded())


def database_paused(scene: Scene) -> None:
    _for_a_while(scene, scene.database.server.paused())


def _for_a_while(scene: Scene, state: AbstractContextManager[None]) -> None:
    state.__enter__()
    scene.away(scene.random.uniform(0.2, 2) * LEASE, lambda: state.__exit__(None, None, None) and None)


def failed_over(scene: Scene) -> None:
    scene.fail_over()
    scene.away(0, lambda: None)


# persons


def resolved(scene: Scene) -> None:
    """One in doubt, whether or not an answer may still come."""
    if doubts := scene.doubts():
        settled(scene, scene.random.choice(doubts))


def settled(scene: Scene, address: str) -> None:
    """By a person, as the mail server's log has it, or not."""

    def heard(code: int) -> None:
        if code not in (2, 4, 5):
            scene.gave_word(address)

    if scene.had(address) and scene.random.random() < 0.6:
        scene.command("resolve", "campaign.yaml", address, "--as", "accepted", then=lambda code: None)
    else:
        scene.command("resolve", "campaign.yaml", address, "--as", "pending", then=heard)


def stranger_comes(scene: Scene) -> None:
    scene.stranger()


def tampered(scene: Scene) -> None:
    """Somebody writes into the tables of leases. The rest is a record, whose word is taken."""
    with contextlib.suppress(psycopg.errors.UndefinedTable):
        scene.database.say(scene.random.choice(WRITTEN))
    scene.away(0, lambda: None)  # a runner may be taken for dead


WRITTEN = (
    *(f"UPDATE sendbatch.lease SET at = {at}" for at in ("at + 1e6", "at - 1e6", "'NaN'", "'Infinity'")),
    "UPDATE sendbatch.lease SET taken = -5",
    "UPDATE sendbatch.lease SET taken = 9223372036854775807",
    "DELETE FROM sendbatch.lease",
    "UPDATE sendbatch.taker SET at = at + 1e6",
    "DELETE FROM sendbatch.taker",
    *(f"UPDATE sendbatch.block SET until = {at} WHERE owner > 0" for at in ("until + 1e6", "0", "'NaN'")),
    *(f"UPDATE sendbatch.runner SET seen_at = {at}" for at in ("seen_at + 1e6", "0", "'NaN'")),
    *(f"UPDATE sendbatch.sender SET until = {at}" for at in ("until + 1e6", "0", "'NaN'")),
    "UPDATE sendbatch.sender SET connections = 2147483647",
    "UPDATE sendbatch.sender SET connections = -3",
    "DELETE FROM sendbatch.sender",
)
TROUBLES = (
    Trouble("a runner is killed", 6, killed),
    Trouble("a runner is paused", 6, paused),
    Trouble("a runner is cut from the database", 3, cut_from_database),
    Trouble("a runner is cut from the mail server", 2, cut_from_mail),
    Trouble("a commit arrives late", 3, commits_late, moment=MOMENTS[0]),
    Trouble("the answer to a commit is lost", 4, answer_lost, moment=MOMENTS[1]),
    Trouble("Ctrl-C", 1.5, interrupted),
    Trouble("the database is killed", 1, None, database_killed),
    Trouble("the database is stopped", 0.5, None, database_stopped),
    Trouble("the database crashes", 0.5, None, database_crashed),
    Trouble("the database stands still", 0.5, None, database_paused),
    Trouble("sessions are ended", 0.7, None, sessions_ended),
    Trouble("the database is read-only", 0.5, None, read_only),
    Trouble("too many connections", 0.5, None, crowded),
    Trouble("the database fails over", 0.5, None, failed_over),
    Trouble("one in doubt is resolved", 1, None, resolved),
    Trouble("a stranger wants to join", 0.7, None, stranger_comes),
    Trouble("the tables of leases are tampered with", 1, None, tampered),
)
