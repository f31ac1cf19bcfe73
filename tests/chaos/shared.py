"""Machines die over one record in PostgreSQL: what became of everybody is held against what a server got.

A campaign goes through rounds. In each, two to six runners join the run, and events happen to them and to
their database (`troubles`), several at once; those that end are started again. Between rounds all are gone,
and somebody may edit the plan or send again whom they are not sure about. At last all is well, and the run
comes to its end.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import ssl
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from random import Random

import trustme

from tests.chaos.common import AT_LAST, Common, some_common, write_campaign, write_list
from tests.chaos.judging import Judge, Witness, states
from tests.chaos.killing import PATIENCE, Tally
from tests.chaos.nest import Born, Nest
from tests.chaos.recording import RecordingServer
from tests.chaos.runners import AUTHORITY, ENDED, LEASE, Park, Place
from tests.chaos.strangers import Caller, Strangers
from tests.chaos.troubles import MOMENTS, PLANNING, TROUBLES, Moment, Trouble, failed_over
from tests.kit.machines import clocked
from tests.kit.pooler import pooled
from tests.kit.postgres import Database, Postgres
from tests.kit.relay import Fate, Relay, Trap

HOUR = 3600
STOPPED = 3  # by a person, or for what it needs was away for too long
TAKEN_FOR_DEAD = "was not heard of for longer than its lease"
LONG = 80.0  # seconds until something was sent, at most
SOON = 4.0  # seconds that an event waits for its moment
BREATH = 0.35  # seconds between two events, in the mean
AFTER_RESEND = 1200  # seconds: a doubt is older than a lease and a quarter of an hour


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


class Shared:
    """One campaign over a PostgreSQL of its own. It is the scene of its troubles."""

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
        self._callers: list[Caller] = []
        self._events = 0
        self._offset = 0  # of the database's clock
        self._is_away = False  # the database is, for all
        self._open = contextlib.ExitStack()

    def survive(self, events: int) -> None:
        with self._open:
            self._build()
            self._write()
            while self._events < events and self._round(events):
                self._between()
            self._finish()
        self._tally.campaigns += 1
        self._tally.recipients += len(self._addresses)

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

    def _write(self) -> None:
        for place in self._park.places:
            write_list(place.folder, self._addresses)
            write_campaign(place.folder, self._common, self._park.host, self._park.port)

    # rounds

    def _round(self, events: int) -> bool:
        """Returns whether there is more to be done: False once the run has come to its end."""
        most = min(events, self._events + self.random.randint(8, 25))
        is_new = self.random.random() < 0.4  # events begin while they plan, or join
        for place in self._park.places:
            self._start(place)
        if not is_new:
            before = self._witness.ledger.whole.total()
            self._wait(LONG, until=lambda: self._witness.ledger.whole.total() > before)
        while self._events < most:
            if not self._attend():
                return False
            if self._events + len(self._armed) < most:
                self._event(is_new)
                is_new = False
            self._wait(self.random.expovariate(1 / BREATH))
        self._end_all()
        return True

    def _start(self, place: Place, *more: str) -> None:
        self._tally.runs += 1
        place.start(self._url(place), *more)
        if self._is_away:
            place.has_to_wait()

    def _url(self, place: Place) -> str:
        return self._park.url(place.machine, place.database, self.database)

    def _attend(self) -> bool:
        """Who has gone is started again. False once one came to the run's end."""
        gone = [place for place in self._park.places if not place.is_busy]
        ends = [self._look_at_end(place) for place in gone]
        if any(end in ENDED for end in ends):
            return False
        for place in gone:
            if self.random.random() < 0.7:
                self._start(place)
        return True

    def _look_at_end(self, place: Place) -> int:
        """The exit code of a process that has ended."""
        life = place.life
        assert life is not None
        code = life.process.returncode
        if life.is_counted:
            return code
        life.is_counted = True
        self._tally.tried[f"ended with {code}"] += 1
        may = {*ENDED, -signal.SIGKILL}
        if life.was_ended:
            may |= {STOPPED, 130, -signal.SIGINT}
        if life.had_to_wait:
            may.add(STOPPED)
            if code == STOPPED:  # answers that came could not be written down
                life.unheard += self._common.connections
        if life.was_cut_off:  # before it had begun
            may.add(STOPPED)
        if code == STOPPED and TAKEN_FOR_DEAD in self._last_words(place):  # on a busy machine
            self._tally.tried["a runner was taken for dead"] += 1
        elif code not in may:
            self._complain(f"a runner ended with {code}; its log: {self._last_words(place)}")
        return code

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
            asked[1](asked[0].wait(0))
        for caller in self._callers:
            caller.had_to_wait |= self._is_away
        for caller in [one for one in self._callers if one.is_through]:
            self._callers.remove(caller)
            if (wrong := caller.wrong()) is not None:
                self._complain(wrong)
        if self._others.visits:
            self._others.visits.clear()
            self._complain("a runner that may not join has connected to a mail server")

    def _end_all(self) -> None:
        """However it comes: all machines at once, or as somebody asks."""
        how = self.random.choice(("kill", "Ctrl-C", "stop"))
        self._mend()
        if how == "stop":
            for place in self._park.places:
                if place.life is not None:
                    place.life.was_ended = True
            self.command("stop", "campaign.yaml", then=lambda code: None)
        for place in self._park.places:
            if how == "kill":
                place.kill()
            elif how == "Ctrl-C":
                place.interrupt()
        self._await_all(f"after {how}")
        self._tally.steps[f"all end by {how}"] += 1

    def _await_all(self, what: str) -> None:
        everyone = [place for place in self._park.places if place.life is not None]
        self._wait(PATIENCE, until=lambda: not any(place.is_busy for place in everyone))
        for place in everyone:
            assert place.life is not None
            if place.is_busy:
                self._complain(f"a runner did not end {what}; its log: {self._last_words(place)}")
                place.kill()
            place.life.process.wait(60)
            self._look_at_end(place)
        self._wait(PATIENCE, until=lambda: not self._asked and not self._callers)
        if self._asked or self._callers:
            self._complain(f"a command did not end {what}")

    def _mend(self) -> None:
        self._do_what_is_due(all_of_it=True)
        for place in self._park.places:
            place.resume()
            place.find_database()
            place.mail.mend()
        if not self._server.is_running:
            self.database_is_back()

    def _between(self) -> None:
        """Nobody sends."""
        self._compare()
        if self.random.random() < 0.3:
            new = len(self._addresses)
            more = [f"person{i}@example{i % 7}.com" for i in range(new, new + 20)]
            self._addresses += more
            self._tally.steps["the plan is edited"] += 1
            self._write()
        if self.random.random() < 0.2:
            self._resend()

    def _resend(self) -> None:
        """A quarter of an hour later, by the database's clock: who is in doubt is sent to again."""
        doubts = self.doubts()
        self._offset += AFTER_RESEND
        self._server.stop()
        self.database_is_back()
        self._judge.words.update(doubts)
        self._tally.steps["those in doubt are sent to again"] += 1
        self._start(self._park.places[0], "--in-doubt", "resend")
        self._wait(self.random.uniform(0.5, 3))
        self._park.places[0].kill()
        self._await_all("after a resend")

    def _finish(self) -> None:
        self._mend()
        self._await_all("once the run has ended")
        self._wait(2 * LEASE)  # who was killed counts as one of the run for as long
        self._common = replace(self._common, rate=AT_LAST)
        self._write()
        for place in self._park.places[:2]:
            self._start(place)
        self._await_all("at last")
        place = self._park.places[0]
        self._start(place)
        self._await_all("at the very last")
        assert place.life is not None
        if place.life.process.returncode not in ENDED:
            self._complain(f"the last run ended with {place.life.process.returncode}")
        self._tally.in_doubt += self._compare(finished=True)

    # what troubles ask of their scene

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, what))

    def database_is_back(self) -> None:
        if not self._server.is_running:
            self._server.start(clocked(self._offset))

    def away(self, seconds: float, back: Callable[[], None]) -> None:
        self._is_away = True
        for place in self._park.places:
            place.has_to_wait()

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

    def _follow(self) -> Postgres:
        return self._open.enter_context(self._server.replica(synchronous=True))

    def command(self, *words: str, then: Callable[[int], None]) -> None:
        place = self.random.choice(self._park.places)
        self._asked.append((place.call(self._url(place), *words), then))

    def stranger(self) -> None:
        self._callers.append(
            self._strangers.call(
                self._park.url(self._park.stranger, self._strangers.database, self.database),
                self.random, self._tally.runs, had_to_wait=self._is_away,
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

    def _compare(self, *, finished: bool = False) -> int:
        found = states(self.database) if self._server.is_running else {}
        return self._judge.judge(self._addresses, found, finished=finished)

    def _last_words(self, place: Place) -> str:
        return (place.folder / "log.txt").read_text(errors="replace")[-1500:]

    def _complain(self, text: str) -> None:
        self._tally.wrong.append(f"{self._common}: {text}")


def one_campaign(nest: Nest, random: Random, tally: Tally, events: int) -> None:
    """In a folder of its own, which is kept where something was wrong."""
    folder = Path(tempfile.mkdtemp(prefix="sendbatch-chaos-"))
    own = Tally()
    Shared(nest, folder, some_common(random, events), random, own).survive(events)
    tally.add(own)
    if own.wrong:
        tally.wrong.append(f"the folder of these: {folder}")
    else:
        shutil.rmtree(folder)


def keep(file: Path, number: int, seed: int, tally: Tally) -> None:
    """How far a call came: behind so many campaigns."""
    text = json.dumps({"number": number, "seed": seed, "tally": vars(tally)}, indent=1)
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def kept(file: Path) -> tuple[int, int, Tally]:
    """The number of the last campaign, the seed, and what all amounted to."""
    found = json.loads(file.read_text())
    tally = Tally(**found["tally"])
    tally.steps, tally.tried = Counter(tally.steps), Counter(tally.tried)
    return found["number"], found["seed"], tally
