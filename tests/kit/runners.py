"""Runners over a record in PostgreSQL, as several machines have them; and what becomes of one that is
paused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from sendbatch.ledger.facts import Intent, Settled
from sendbatch.ledger.postgres.address import address_of
from sendbatch.ledger.postgres.backlog import PostgresBacklog
from sendbatch.ledger.postgres.connecting import Connection
from sendbatch.ledger.postgres.line import Line
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.postgres.record import PostgresRecord, open_record
from sendbatch.ledger.store import Draft
from sendbatch.runtime.stop import Stop
from sendbatch.values import Outcome, Recipient, Status
from tests.kit.people import OUTCOMES, person, stage
from tests.kit.postgres import Database

OFFLINE = 20.0  # seconds
ACCEPTED = OUTCOMES[Status.ACCEPTED]


@dataclass
class Runner:
    """One process; `heard` is what its person is told."""

    record: PostgresRecord
    backlog: PostgresBacklog
    stop: Stop
    heard: list[str] = field(default_factory=list)

    def claim(self, limit: int = 99) -> list[Recipient]:
        return self.backlog.claim_new(0, limit)

    def begin(self, *people: Recipient) -> list[int]:
        """Whose dot may leave."""
        ids = [one.id for one in people]
        lost = self.backlog.apply([Intent(id_, "digest", 1.0, self.backlog.now()) for id_ in ids])
        return [id_ for id_ in ids if id_ not in lost]

    def end(self, *people: Recipient, outcome: Outcome = ACCEPTED, due_at: float | None = None) -> None:
        """What the server says of them."""
        at = self.backlog.now()
        self.backlog.apply([Settled(one.id, outcome, due_at, at) for one in people])

    def pause(self) -> None:
        """It is not heard of any more, as if its machine was suspended."""
        self.record.heartbeat.stop()


def place_of(url: str, *, told: Callable[[str], None] = lambda text: None, **also: str) -> Place:
    address = address_of(url)
    names = {"project": "shop", "name": "news", "edition": "", "profile": ""} | also
    return Place(lambda: address, offline=OFFLINE, told=told, stop=Stop(), **names)


@contextmanager
def opened(url: str, *, join: bool = False, host: str = "on here") -> Iterator[tuple[PostgresRecord, Place]]:
    place = place_of(url)
    with open_record(place, since="", holder=host, now=lambda: 0.0, join=join) as record:
        yield record, place


@contextmanager
def runner(url: str, *, join: bool = True, people: int = 0) -> Iterator[Runner]:
    """A runner; the first one plans so many `people`."""
    heard: list[str] = []
    place = place_of(url, told=heard.append)
    with open_record(place, since="", holder="on here", now=lambda: 0.0, join=join) as record:
        if record.joined is None:
            record.recover(record.own_time())
            with record.draft() as draft:
                planned(draft, people)
                draft.merge(record.own_time())
        yield Runner(record, record.backlog(lambda: 0.0), place.stop, heard)


def planned(draft: Draft, people: int) -> None:
    if people:
        stage(draft, [person(line, f"p{line}") for line in range(2, people + 2)])


def forgotten(database: Database) -> None:
    """Every lease there is has run out."""
    database.say(
        "UPDATE sendbatch.runner SET seen_at = 0", "UPDATE sendbatch.block SET until = 0 WHERE state = 'held'"
    )


def standing(database: Database) -> dict[str, str]:
    return dict(database.say("SELECT key, status FROM sendbatch.delivery ORDER BY id"))


@contextmanager
def losing(line: Line, meanwhile: Callable[[], None] = lambda: None) -> Iterator[None]:
    """The next answer does not come, whatever was done; and `meanwhile` happens before it is known."""
    asked: Any = line.ask
    is_lost: list[bool] = []

    def ask(work: Callable[[Connection], Any]) -> Any:
        def lost(connection: Connection) -> Any:
            found = work(connection)
            if not is_lost:
                is_lost.append(True)
                meanwhile()
                raise psycopg.OperationalError("the connection is lost")
            return found

        return asked(lost)

    line.ask = ask  # type: ignore[method-assign]
    try:
        yield
    finally:
        line.ask = asked  # type: ignore[method-assign]
