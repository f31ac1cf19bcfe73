"""What is there while machines die over one record: their database, the mail server, a campaign, and what is
to happen or to be undone. It is the scene of the troubles.

Nothing here waits for one event before the next: each machine may have one that waits for its moment.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from random import Random

import trustme

from tests.chaos.common import Common, write_campaign, write_list
from tests.chaos.judging import Judge, Witness, states
from tests.chaos.killing import Tally
from tests.chaos.nest import Born, Nest
from tests.chaos.recording import RecordingServer
from tests.chaos.runners import AUTHORITY, LEASE, Park, Place
from tests.chaos.strangers import Caller, Strangers
from tests.chaos.troubles import (
    MOMENTS,
    PLANNING,
    TROUBLES,
    Moment,
    Trouble,
    failed_over,
)
from tests.kit.machines import clocked
from tests.kit.pooler import pooled
from tests.kit.postgres import Database, Postgres
from tests.kit.relay import Fate, Relay, Trap

HOUR = 3600
SOON = 8.0  # seconds that an event waits for its moment
WORD_LASTS = 3 * LEASE  # seconds: who was cut off from the record as it gave its word has it for a lease


@dataclass(eq=False)
class Armed:
    """An event that waits for its moment at one machine, until then it comes by the clock."""

    trouble: Trouble
    place: Place
    moment: Moment
    trap: Trap
    until: float
    sprung: bool = False

    @property
    def way(self) -> Relay:
        return self.place.database if self.moment.to_database else self.place.mail


class Stage:
    """Of one campaign, over a PostgreSQL of its own."""

    def __init__(
        self, nest: Nest, folder: Path, common: Common, random: Random, tally: Tally
    ) -> None:
        self.random, self._folder, self._common, self._tally = (
            random,
            folder,
            common,
            tally,
        )
        self._nest = nest
        self._addresses = [f"person{i}@example{i % 7}.com" for i in range(common.people)]
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._armed: list[Armed] = []
        self._asked: list[
            tuple[Born, Callable[[int], None]]
        ] = []  # commands, and who hears how they end
        self._word_until = 0.0  # a person's word may have the record until then
        self._callers: list[Caller] = []
        self._events = 0
        self._offset = 0  # of the database's clock
        self._is_away = False  # the database is, for all
        self._open = contextlib.ExitStack()

    def _build(self) -> None:
        enter, common = self._open.enter_context, self._common
        self._server = enter(Postgres.made())
        self.database = self._server.new_database()
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if common.tls else None
        self._witness, self._others = enter(Witness(context)), enter(RecordingServer())
        if common.tls:
            authority.cert_pem.write_to_path(str(self._folder / AUTHORITY))
        self._replica = self._follow() if common.followed else None
        port = enter(pooled(self._server, sessions=20)).port if common.pooled else self._server.port
        clocks = [self.random.choice((0, 0, HOUR, -HOUR)) for _ in range(common.runners)]
        ports = port, self._witness.port, self._others.port
        self._park = self._witness.park = enter(
            Park.built(self._nest, self._folder, clocks, *ports)
        )
        if context is not None:
            authority.issue_cert(self._park.host).configure_cert(context)
        self._judge = Judge(self._witness, self._park, self._complain)
        here = self._park.stranger.here
        way, elsewhere = enter(Relay(port, host=here)), enter(Relay(self._others.port, host=here))
        self._strangers = Strangers(
            self._park.stranger, self._folder, way, common,
            (self._park.host, self._park.port), (here, elsewhere.port),
        )  # fmt: skip

    def _follow(self) -> Postgres:
        return self._open.enter_context(self._server.replica(synchronous=True))

    def _write(self) -> None:
        for place in self._park.places:
            write_list(place.folder, self._addresses)
            write_campaign(place.folder, self._common, self._park.host, self._park.port)

    # its machines

    def _start(self, place: Place, *more: str) -> None:
        self._tally.runs += 1
        place.start(self._url(place), *more)
        if self._is_away:
            place.has_to_wait()
        if self._asked or time.monotonic() < self._word_until:
            place.meets_a_word()

    def _url(self, place: Place) -> str:
        return self._park.url(place.machine, place.database, self.database)

    @property
    def _is_busy(self) -> bool:
        return any(place.is_busy for place in self._park.places)

    def _mend(self) -> None:
        self._do_what_is_due(all_of_it=True)
        for place in self._park.places:
            place.resume()
            place.find_database()
            place.mail.mend()
        if not self._server.is_running:
            self.database_is_back()

    # events

    def _event(self, is_new: bool) -> None:
        trouble = self._some_trouble()
        if trouble.of_all is not None:
            self._came(trouble.name)
            trouble.of_all(self)
            return
        taken = {armed.place for armed in self._armed}
        free = [place for place in self._park.places if place.is_busy and place not in taken]
        if free:
            self._one(trouble, self.random.choice(free), is_new)

    def _came(self, what: str) -> None:
        self._events += 1
        self._tally.kills += 1
        self._tally.steps[what] += 1

    def _some_trouble(self) -> Trouble:
        while True:
            trouble = self.random.choices(TROUBLES, [one.weight for one in TROUBLES])[0]
            if trouble.of_all is failed_over and self._replica is None:
                continue
            if trouble.of_one is not None or not self._is_away:
                return trouble

    def _one(self, trouble: Trouble, place: Place, is_new: bool) -> None:
        """At its moment, which is not waited for: other events come meanwhile."""
        act = trouble.of_one
        assert act is not None
        moment = trouble.moment or self._some_moment(is_new)
        if moment is None:
            self._by_the_clock(trouble, place)
            return

        def spring() -> Fate:
            fate = act(self, place)
            armed.sprung = True
            return fate

        nth = self.random.randint(1, 3)
        trap = Trap(moment.pattern, spring, nth=nth, from_client=moment.from_client)
        armed = Armed(trouble, place, moment, trap, time.monotonic() + SOON)
        self._armed.append(armed)
        armed.way.set(trap)

    def _by_the_clock(self, trouble: Trouble, place: Place) -> None:
        assert trouble.of_one is not None
        trouble.of_one(self, place)
        self._came(f"{trouble.name}, by the clock")

    def _some_moment(self, is_new: bool) -> Moment | None:
        if self.random.random() < 0.25:
            return None
        moments = PLANNING if is_new else MOMENTS
        return self.random.choice(
            [one for one in moments if one.to_database or not self._common.tls]
        )

    # as time passes

    def _wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """What is due meanwhile is done."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            self._do_what_is_due()
            time.sleep(0.02)

    def _do_what_is_due(self, *, all_of_it: bool = False) -> None:
        now = time.monotonic()
        due = [entry for entry in self._later if all_of_it or entry[0] <= now]
        for entry in sorted(due, key=itemgetter(0)):
            self._later.remove(entry)
            entry[1]()
        for armed in [one for one in self._armed if one.sprung or one.until <= now or all_of_it]:
            self._disarm(armed)
        self._hear()

    def _disarm(self, armed: Armed) -> None:
        armed.way.lift(armed.trap)
        self._armed.remove(armed)
        if armed.sprung:
            self._came(f"{armed.trouble.name}, {armed.moment.name}")
        elif armed.place.is_busy:  # there is no such moment, as where it has no block
            self._by_the_clock(armed.trouble, armed.place)

    def _hear(self) -> None:
        """Of commands and strangers that have ended."""
        for asked in [one for one in self._asked if one[0].poll() is not None]:
            self._asked.remove(asked)
            self._word_until = time.monotonic() + WORD_LASTS
            asked[1](asked[0].wait(0))
        for caller in [one for one in self._callers if one.is_through]:
            self._callers.remove(caller)
            if (wrong := caller.wrong()) is not None:
                self._complain(wrong)
        if self._others.visits:
            self._others.visits.clear()
            self._complain("a runner that may not join has connected to a mail server")

    # what troubles ask of their scene

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, what))

    def database_is_back(self) -> None:
        if not self._server.is_running:
            self._server.start(clocked(self._offset))

    def away(self, seconds: float, back: Callable[[], None]) -> None:
        self._is_away = True
        for one in (*self._park.places, *self._callers):
            one.has_to_wait()

        def is_back() -> None:
            back()
            self._is_away = False

        self.later(seconds, is_back)

    def fail_over(self) -> None:
        """To the replica, which has all that was committed."""
        assert self._replica is not None
        self._server.kill()
        self._replica.promote()
        self._server, self._replica = self._replica, None
        self.database = Database(self._server, self.database.name)
        for place in self._park.places:
            place.database.target = self._server.port
            place.database.cut()
            place.database.mend()
        self._strangers.database.target = self._server.port

    def command(self, *words: str, then: Callable[[int], None]) -> None:
        for one in self._park.places:
            one.meets_a_word()
        place = self.random.choice(self._park.places)
        self._asked.append((place.call(self._url(place), *words), then))

    def stranger(self) -> None:
        self._callers.append(
            self._strangers.call(
                self._park.url(self._park.stranger, self._strangers.database, self.database),
                self.random, had_to_wait=self._is_away,
            )
        )  # fmt: skip

    def doubts(self) -> list[str]:
        return [
            address for address, status in states(self.database).items() if status == "in_doubt"
        ]

    def gave_word(self, address: str) -> None:
        self._judge.words[address] += 1

    def had(self, address: str) -> bool:
        return bool(self._witness.ledger.whole[address])

    # what became of everybody

    def _compare(self, *, finished: bool = False) -> int:
        found = states(self.database) if self._server.is_running else {}
        return self._judge.judge(self._addresses, found, finished=finished)

    def _last_words(self, place: Place) -> str:
        return (place.folder / "log.txt").read_text(errors="replace")[-1500:]

    def _complain(self, text: str) -> None:
        self._tally.wrong.append(f"{self._common}: {text}")
