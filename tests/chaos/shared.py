"""Machines die over one record in PostgreSQL: what became of everybody is held against what a server got.

A campaign goes through rounds. In each, two to six runners join the run, and events happen to them and to
their database (`troubles`), several at once; those that end are started again. Between rounds all are gone,
and somebody may edit the plan or send again whom they are not sure about. At last all is well, and the run
comes to its end.
"""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

from tests.chaos.common import AT_LAST, some_common
from tests.chaos.judging import states
from tests.chaos.killing import PATIENCE, Tally
from tests.chaos.nest import Nest
from tests.chaos.runners import ENDED, LEASE, Place
from tests.chaos.stage import SOON, Stage
from tests.chaos.troubles import DOT, falls_asleep, settled
from tests.kit.relay import Trap

STOPPED = 3  # by a person, or for what it needs was away for too long
TAKEN_FOR_DEAD = "was not heard of for longer than its lease"
# With these codes, in these words: one that would resend met a run begun without it, or the other way round;
# or one met the word of a person, which has the record for a moment.
RESENDS = (4, "--in-doubt: not given there")
MET_A_RESEND = (4, "--in-doubt: resend there, and not given here")
MET_A_WORD = (5, "sendbatch resolve is at work")
LONG = 80.0  # seconds until something was sent, at most
BREATH = 0.35  # seconds between two events, in the mean
AFTER_RESEND = 1200  # seconds: a doubt is older than a lease and a quarter of an hour


class Shared(Stage):
    """One campaign, from its first round to its end."""

    def survive(self, events: int) -> None:
        with self._open:
            self._build()
            self._write()
            while self._events < events and self._round(events):
                self._between()
            self._finish()
        self._tally.campaigns += 1
        self._tally.recipients += len(self._addresses)

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
        code = life.process.wait(60)
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
        said = self._last_words(place)
        refusals = [RESENDS if life.resends else MET_A_RESEND, *([MET_A_WORD] if life.met_a_word else [])]
        if code == STOPPED and TAKEN_FOR_DEAD in said:  # on a busy machine
            self._tally.tried["a runner was taken for dead"] += 1
        elif any(code == number and words in said for number, words in refusals):
            self._tally.tried["a runner was refused"] += 1
        elif code not in may:
            self._complain(f"a runner ended with {code}; its log: {self._last_words(place)}")
        return code

    def _end_all(self) -> None:
        """However it comes: all machines at once, or as somebody asks."""
        how = self.random.choice(("kill", "Ctrl-C", "stop"))
        self._mend()
        if how == "stop":
            for place in self._park.places:
                if place.life is not None:
                    place.life.was_ended = True
            self._stop()
        for place in self._park.places:
            if how == "kill":
                place.kill()
            elif how == "Ctrl-C":
                place.interrupt()
        self._await_all(f"after {how}")
        self._tally.steps[f"all end by {how}"] += 1

    def _stop(self) -> None:
        """Again for whoever was not there yet: who comes once it was said begins anew."""
        give_up = time.monotonic() + PATIENCE
        while self._is_busy and time.monotonic() < give_up:
            self.command("stop", "campaign.yaml", then=lambda code: None)
            self._wait(PATIENCE, until=lambda: not self._asked)
            self._wait(2 * LEASE, until=lambda: not self._is_busy)

    def _await_all(self, what: str) -> None:
        everyone = [place for place in self._park.places if place.life is not None]
        self._wait(PATIENCE, until=lambda: not self._is_busy)
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

    def _between(self) -> None:
        """Nobody sends."""
        self._compare()
        if self.random.random() < 0.3:
            new = len(self._addresses)
            more = [f"person{i}@example{i % 7}.com" for i in range(new, new + 20)]
            self._addresses += more
            self._tally.steps["the plan is edited"] += 1
            self._write()
        if self.random.random() < 0.4:
            self._come_back_late()
        if self.random.random() < 0.2:
            self._resend()

    def _come_back_late(self) -> None:
        """One is paused with dots on the way, until it counts as dead; a person says what is to be done about
        those, another goes on by that, and then the answers come."""
        sleeper, other = self.random.sample(self._park.places, 2)
        self._start(sleeper)
        before = self._witness.ledger.whole.total()
        self._wait(
            LONG, until=lambda: self._witness.ledger.whole.total() > before or not sleeper.is_busy
        )
        if not self._common.tls:
            paused = Trap(DOT.pattern, partial(falls_asleep, sleeper), from_client=True)
            sleeper.mail.set(paused)
            self._wait(SOON, until=lambda: sleeper.is_paused or not sleeper.is_busy)
            sleeper.mail.lift(paused)
        sleeper.pause()
        self._wait(2.5 * LEASE)
        for address in self._open_questions()[:2]:
            settled(self, address)
        self._wait(PATIENCE, until=lambda: not self._asked)
        self._start(other)
        self.later(self.random.uniform(0, 3), sleeper.resume)
        self._wait(self.random.uniform(1, 4))
        self._mend()
        self._wait(self.random.uniform(0, 2))
        for place in (sleeper, other):
            place.kill()
        self._await_all("after answers that came late")
        self._tally.steps["answers come late, after a person's word"] += 1
        self._compare()

    def _open_questions(self) -> list[str]:
        """Of whom nobody knows whether they have it."""
        found = states(self.database).items()
        return [address for address, status in found if status in ("in_doubt", "sending")]

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
