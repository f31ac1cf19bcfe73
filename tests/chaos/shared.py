"""Machines die over one record in PostgreSQL: what became of everybody is held against what a server got.

A campaign goes through rounds. In each, two to six runners join the run, and events happen to them and to
their database (`troubles`); those that end are started again. Between rounds all are gone, and somebody may
edit the plan or send again whom they are not sure about. At last all is well, and the run comes to its end.

Twice is a message more than one and than a person's word allowed. In doubt may be as many as had connections
open on machines that were killed, or cut from the mail server; nobody whose answer reached a runner that
lived to write it down.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from random import Random

from tests.chaos.killing import CAMPAIGN, PATIENCE, Tally
from tests.chaos.recording import RecordingServer
from tests.chaos.runners import ENDED, Life, Park, Place
from tests.chaos.troubles import MOMENTS, PLANNING, TROUBLES, Moment, Trouble, failed_over
from tests.kit.machines import clocked
from tests.kit.pooler import pooled
from tests.kit.postgres import Database, Postgres
from tests.kit.relay import Fate, Trap
from tests.kit.server import Script, Visit

HOUR = 3600
STOPPED = 3  # by a person, or for what it needs was away for too long
TAKEN_FOR_DEAD = "was not heard of for longer than its lease"
SOON = 8.0  # seconds that an event waits for its moment
BREATH = 0.35  # seconds between two events, in the mean
AFTER_RESEND = 1200  # seconds: a doubt is older than a lease and a quarter of an hour
STATES = """
SELECT coalesce(d.email, p.email), coalesce(d.status, p.status)
FROM sendbatch.plan_row p LEFT JOIN sendbatch.delivery d ON d.record = p.record AND d.id = p.delivery
WHERE p.plan = (SELECT max(id) FROM sendbatch.plan WHERE record = p.record)
UNION ALL SELECT email, status FROM sendbatch.delivery
"""


@dataclass(frozen=True)
class Common:
    """What a campaign has to do, and who does it."""

    people: int
    runners: int
    connections: int  # of all
    rate: int  # messages a second, of all
    offline: float  # seconds that the database is waited for
    pooled: bool = False
    followed: bool = False  # by a replica

    def __str__(self) -> str:
        more = ", PgBouncer" * self.pooled + ", a replica" * self.followed
        return (
            f"{self.people} people, {self.runners} runners, {self.connections} connections, "
            f"{self.rate}/s, offline {self.offline:g} s{more}"
        )


def some_common(random: Random) -> Common:
    rate, is_pooled = random.choice((20, 40, 80, 150)), random.random() < 0.3
    runners = random.randint(2, 6)
    return Common(
        people=rate * random.randint(8, 20),
        runners=runners,
        connections=runners * random.choice((1, 2, 4)),
        rate=rate,
        offline=random.choice((3.0, 60.0, 60.0)),
        pooled=is_pooled,
        followed=not is_pooled and random.random() < 0.25,
    )


class Witness(RecordingServer):
    """Also writes down which process each whole message came from, and whether it was answered."""

    def __init__(self) -> None:
        super().__init__(behind="taken")
        self.park: Park | None = None
        self.came: dict[str, list[Life | None]] = defaultdict(list)

    async def ask(self, visit: Visit, moment: str) -> Script:
        if moment == "MESSAGE" and self.park is not None:
            self.came[visit.recipient].append(self.park.life_of(visit.port))
        return await super().ask(visit, moment)


class Shared:
    """One campaign over a PostgreSQL of its own. It is the scene of its troubles."""

    def __init__(self, folder: Path, common: Common, random: Random, tally: Tally) -> None:
        self.random, self._folder, self._common, self._tally = random, folder, common, tally
        self._addresses = [f"person{i}@example{i % 7}.com" for i in range(common.people)]
        self._words: Counter[str] = Counter()  # by which a person had somebody sent to again
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._events = 0
        self._offset = 0  # of the database's clock
        self._is_away = False  # the database is, for all
        self._open = contextlib.ExitStack()

    def survive(self, events: int) -> None:
        with self._open:
            self._server = self._open.enter_context(Postgres.made())
            self.database = self._server.new_database()
            self._witness = self._open.enter_context(Witness())
            self._replica = self._follow() if self._common.followed else None
            port = self._server.port
            if self._common.pooled:
                port = self._open.enter_context(pooled(self._server, sessions=20)).port
            clocks = [self.random.choice((0, 0, HOUR, -HOUR)) for _ in range(self._common.runners)]
            built = Park.built(self._folder, clocks, port, self._witness.port)
            self._park = self._witness.park = self._open.enter_context(built)
            self._write()
            while self._events < events and self._round(events):
                self._between()
            self._finish()
        self._tally.campaigns += 1
        self._tally.recipients += len(self._addresses)

    def _write(self) -> None:
        for place in self._park.places:
            rows = "".join(f"{address},Person {i}\n" for i, address in enumerate(self._addresses))
            (place.folder / "people.csv").write_text("email,name\n" + rows)
            (place.folder / "letter.txt").write_text("Hello {{ name }}\n" * 20)
            campaign = CAMPAIGN.replace("offline: 30s", f"offline: {self._common.offline:g}s")
            (place.folder / "campaign.yaml").write_text(campaign)
            (place.folder / "profiles.yaml").write_text(
                f"project: chaos\nprofiles:\n  target: {{host: {self._park.host}, "
                f"port: {self._park.port}, security: none, allow_plaintext: true, helo: chaos.example, "
                f"delivers: true, connections: {self._common.connections}, rate: {self._common.rate}/s}}\n"
            )

    # rounds

    def _round(self, events: int) -> bool:
        """Returns whether there is more to be done: False once the run has come to its end."""
        most = min(events, self._events + self.random.randint(5, 15))
        is_new = self.random.random() < 0.4  # events begin while they plan, or join
        for place in self._park.places:
            self._start(place)
        if not is_new:
            before = self._witness.ledger.whole.total()
            self._wait(10 * SOON, until=lambda: self._witness.ledger.whole.total() > before)
        while self._events < most:
            if not self._attend():
                return False
            self._event(is_new)
            is_new = False
            self._wait(self.random.expovariate(1 / BREATH))
        self._end_all()
        return True

    def _start(self, place: Place, *more: str) -> None:
        self._tally.runs += 1
        place.start(self._park.url(place, self.database), *more)
        if self._is_away:
            place.has_to_wait()

    def _attend(self) -> bool:
        """What is due is done, who has gone is started again. False once one came to the run's end."""
        self._do_what_is_due()
        is_over = False
        for place in self._park.places:
            if not place.is_busy:
                is_over = self._look_at_end(place) in ENDED or is_over
        if is_over:
            return False
        for place in self._park.places:
            if not place.is_busy and self.random.random() < 0.7:
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
        if code == STOPPED and TAKEN_FOR_DEAD in self._last_words(place):  # on a busy machine
            self._tally.tried["a runner was taken for dead"] += 1
        elif code not in may:
            self._complain(f"a runner ended with {code}; its log: {self._last_words(place)}")
        return code

    def _event(self, is_new: bool) -> None:
        trouble = self._some_trouble()
        self._events += 1
        self._tally.kills += 1
        if trouble.of_all is not None:
            self._tally.steps[trouble.name] += 1
            trouble.of_all(self)
            return
        busy = [place for place in self._park.places if place.is_busy]
        if busy:
            self._one(trouble, self.random.choice(busy), is_new)

    def _some_trouble(self) -> Trouble:
        while True:
            trouble = self.random.choices(TROUBLES, [one.weight for one in TROUBLES])[0]
            if trouble.of_all is failed_over and self._replica is None:
                continue
            if trouble.of_one is not None or not self._is_away:
                return trouble

    def _one(self, trouble: Trouble, place: Place, is_new: bool) -> None:
        """At its moment; where that does not come soon, at once."""
        act = trouble.of_one
        assert act is not None
        moment = trouble.moment or self._some_moment(is_new)
        if moment is None or not place.is_busy:
            act(self, place)
            self._tally.steps[f"{trouble.name}, by the clock"] += 1
            return
        sprung: list[Fate] = []

        def spring() -> Fate:
            sprung.append(act(self, place))
            return sprung[0]

        nth = self.random.randint(1, 3)
        trap = Trap(moment.pattern, spring, nth=nth, from_client=moment.from_client)
        way = place.database if moment.to_database else place.mail
        way.set(trap)
        self._wait(SOON, until=lambda: bool(sprung) or not place.is_busy)
        way.lift(trap)
        if sprung:
            self._tally.steps[f"{trouble.name}, {moment.name}"] += 1
        else:  # there is none, as where it has no block
            act(self, place)
            self._tally.steps[f"{trouble.name}, by the clock"] += 1

    def _some_moment(self, is_new: bool) -> Moment | None:
        if self.random.random() < 0.25:
            return None
        return self.random.choice(PLANNING if is_new else MOMENTS)

    def _wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """What is due meanwhile is done."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            self._do_what_is_due()
            time.sleep(0.01)

    def _do_what_is_due(self, *, all_of_it: bool = False) -> None:
        now = time.monotonic()
        due = [entry for entry in self._later if all_of_it or entry[0] <= now]
        for entry in sorted(due, key=itemgetter(0)):
            self._later.remove(entry)
            entry[1]()

    def _end_all(self) -> None:
        """However it comes: all machines at once, or as somebody asks."""
        how = self.random.choice(("kill", "Ctrl-C", "stop"))
        self._mend()
        if how == "stop":
            for place in self._park.places:
                if place.life is not None:
                    place.life.was_ended = True
            self.command("stop", "campaign.yaml")
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
        self._compare(finished=False)
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
        self._words.update(doubts)
        self._tally.steps["those in doubt are sent to again"] += 1
        self._start(self._park.places[0], "--in-doubt", "resend")
        self._wait(self.random.uniform(0.5, 3))
        self._park.places[0].kill()
        self._await_all("after a resend")

    def _finish(self) -> None:
        self._mend()
        for place in self._park.places[:2]:
            if not place.is_busy:
                self._start(place)
        self._await_all("at last")
        for place in self._park.places:
            life = place.life
            if life is not None and life.process.returncode not in ENDED and life is place.lives[-1]:
                self._tally.tried["had to be called once more"] += 1
        place = self._park.places[0]
        self._start(place)
        self._await_all("at the very last")
        assert place.life is not None
        if place.life.process.returncode not in ENDED:
            self._complain(f"the last run ended with {place.life.process.returncode}")
        self._compare(finished=True)

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

    def _follow(self) -> Postgres:
        return self._open.enter_context(self._server.replica(synchronous=True))

    def command(self, *words: str) -> int:
        place = self._park.places[0]
        process = place.popen(self._park.url(place, self.database), *words)
        self._wait(PATIENCE, until=lambda: process.poll() is not None)
        if process.poll() is None:
            process.kill()
            self._complain(f"sendbatch {words[0]} did not end; its log: {self._last_words(place)}")
        return process.wait(60)

    def doubts(self) -> list[str]:
        return [address for address, status in self._record().items() if status == "in_doubt"]

    def gave_word(self, address: str) -> None:
        self._words[address] += 1

    def had(self, address: str) -> bool:
        return bool(self._witness.ledger.whole[address])

    # what became of everybody

    def _compare(self, *, finished: bool) -> None:
        status, whole = self._record(), self._witness.ledger.whole
        for address, times in list(whole.items()):
            if times > 1 + self._words[address]:
                self._complain(f"{address} got it {times} times")
        if not status:
            if whole:
                self._complain("there is no record, and mail went out")
            return
        for address in self._addresses:
            self._judge(address, status.get(address), whole[address], finished)
        doubts = [address for address, one in status.items() if one == "in_doubt"]
        unheard = sum(life.unheard for place in self._park.places for life in place.lives)
        if len(doubts) > unheard:
            self._complain(f"{len(doubts)} in doubt, and {unheard} connections were cut off")
        if finished:
            self._tally.in_doubt += len(doubts)

    def _judge(self, address: str, status: str | None, whole: int, finished: bool) -> None:
        if status is None and finished:
            self._complain(f"{address} is not in the record")
        elif status == "accepted" and not whole:
            self._complain(f"{address} is accepted, and the server never had it")
        elif status in ("pending", "deferred", "rejected", "failed") and whole > self._words[address]:
            self._complain(f"{address} is {status}, and the server has it")
        elif finished and status in ("pending", "sending", "deferred"):
            self._complain(f"{address} is {status} after the last run")
        elif finished and status == "in_doubt" and not self._words[address]:
            lives = [life for life in self._witness.came[address] if life is not None]
            if any(life.process.returncode in ENDED and not life.unheard for life in lives):
                self._complain(f"{address} is in doubt, and its answer came to a runner that lived")

    def _record(self) -> dict[str, str]:
        """Where everybody stands, as the tables have it; what is *sending* by nobody alive is in doubt."""
        if not self._server.is_running:
            return {}
        found: dict[str, str] = {}
        with contextlib.suppress(Exception):  # there is no table yet
            for address, status in self.database.say(STATES):
                if found.get(address) in (None, "pending", "invalid"):
                    found[address] = status
        return found

    def _last_words(self, place: Place) -> str:
        return (place.folder / "log.txt").read_text(errors="replace")[-1500:]

    def _complain(self, text: str) -> None:
        self._tally.wrong.append(f"{self._common}: {text}")


def one_campaign(folder: Path, random: Random, tally: Tally, events: int) -> None:
    """In a folder of its own, which is kept where something was wrong."""
    before = len(tally.wrong)
    Shared(folder, some_common(random), random, tally).survive(events)
    if len(tally.wrong) == before:
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
