"""Machines over one record: each has a name, an address and a clock of its own where root allows it, and a
process of `sendbatch run --join`, whose way to the database and to the mail server may be cut."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sendbatch.runtime.ci import SIGNS_OF_CI
from tests.chaos.nest import Born, Nest
from tests.kit.loopback import HOST
from tests.kit.machines import Machine, clocked, machine
from tests.kit.postgres import Database
from tests.kit.relay import Relay

RUN = ("run", "campaign.yaml", "--yes", "--join")
ENDED = (0, 1)  # to its end, of itself
LEASE = 1.0  # seconds
RECORD = "SENDBATCH_RECORD"
AUTHORITY = "authority.pem"  # beside the machines' folders, where the mail server has TLS


@dataclass(eq=False)
class Life:
    """One process of a machine. `unheard`: so many answers of the mail server may not have reached it, or it
    did not live to write them down; `had_to_wait` for its database."""

    process: Born
    is_paused: bool = False
    unheard: int = 0
    had_to_wait: bool = False
    was_cut_off: bool = False  # from the mail server
    was_ended: bool = False  # asked to, by Ctrl-C or `stop`
    resends: bool = False  # those in doubt
    met_a_word: bool = False  # of a person, which has the record for a moment
    is_counted: bool = False


@dataclass(eq=False)
class Place:
    """A machine: `database` and `mail` are its ways to both."""

    machine: Machine
    folder: Path
    nest: Nest
    database: Relay
    mail: Relay
    life: Life | None = None
    lives: list[Life] = field(default_factory=list)
    is_away: bool = False  # from its database

    @property
    def is_busy(self) -> bool:
        return self.life is not None and self.life.process.poll() is None

    @property
    def is_paused(self) -> bool:
        return self.life is not None and self.life.is_paused

    def start(self, url: str, *more: str) -> None:
        process = self.call(url, *RUN, *more)
        self.life = Life(process, had_to_wait=self.is_away, resends="--in-doubt" in more)
        self.lives.append(self.life)

    def call(self, url: str, *words: str) -> Born:
        """A command of sendbatch there, over the record at this URL."""
        log = self.folder / "log.txt"
        with log.open("a") as file:
            file.write(f"\n$ sendbatch {' '.join(words)}\n")
        environ = {**environ_of(self.machine, self.folder), RECORD: url}
        return self.nest.birth(self.machine, words, environ, self.folder, log)

    # what may happen to its process

    def kill(self) -> None:
        if self.life is not None and self.is_busy:
            self.life.unheard += self.mail.open
        self._signal(signal.SIGKILL)

    def cut_from_mail(self) -> None:
        if self.life is not None:
            self.life.unheard += self.mail.open
            self.life.was_cut_off = True
        self.mail.cut()

    def pause(self) -> None:
        if self.life is not None and self.is_busy:
            self.life.is_paused = self.life.had_to_wait = True  # its run may be another's by then
            self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self.life is not None and self.life.is_paused:
            self.life.is_paused = False
            self._signal(signal.SIGCONT)

    def interrupt(self) -> None:
        if self.life is not None:
            self.life.was_ended = True
        self._signal(signal.SIGINT)

    def leave_database(self, *, resets: bool) -> None:
        self.is_away = True
        self.has_to_wait()
        if resets:
            self.database.cut()
        else:
            self.database.stall()

    def find_database(self) -> None:
        self.is_away = False
        self.database.mend()

    def has_to_wait(self) -> None:
        if self.life is not None:
            self.life.had_to_wait = True

    def meets_a_word(self) -> None:
        if self.life is not None:
            self.life.met_a_word = True

    def _signal(self, one: signal.Signals) -> None:
        if self.life is not None and self.is_busy:
            self.life.process.send_signal(one)


class Park:
    """So many machines around one database and one mail server, of which each knows the same address."""

    def __init__(self, places: Sequence[Place], stranger: Machine, host: str, port: int) -> None:
        self.places, self.stranger, self.host, self.port = places, stranger, host, port

    @classmethod
    @contextlib.contextmanager
    def built(
        cls,
        nest: Nest,
        folder: Path,
        clocks: Sequence[int],
        database_port: int,
        mail_port: int,
        others_port: int,
    ) -> Iterator[Self]:
        """A machine for each of `clocks`, which says how far off its clock is, and one more, `stranger`,
        whose mail all comes to a server of others, by whatever address."""
        with contextlib.ExitStack() as open_:
            can = can_make_machines()
            shared = None if can else open_.enter_context(Relay(mail_port))
            places = []
            for number, clock in enumerate(clocks):
                own = folder / f"machine{number}"
                (own / "home").mkdir(parents=True)
                if can:
                    made = open_.enter_context(machine(f"runner{number}", clock=clock))
                else:
                    made = Machine(f"runner{number}", HOST, HOST, (), clocked(clock))
                way = open_.enter_context(Relay(database_port, host=made.here))
                mail = shared or open_.enter_context(Relay(mail_port))
                places.append(Place(made, own, nest, way, mail))
            stranger = open_.enter_context(machine("stranger")) if can else places[0].machine
            ways = {place.machine.there: place.mail.port for place in places}
            ways[stranger.there] = others_port if can else mail_port
            here = places[0].machine.here
            entry = shared or open_.enter_context(Relay(host=here, route=ways.__getitem__))
            park = cls(places, stranger, entry.host, entry.port)
            try:
                yield park
            finally:
                park.end()

    def end(self) -> None:
        """Nothing is left of any process."""
        for place in self.places:
            place.kill()
            if place.life is not None:
                place.life.process.wait(60)

    def url(self, machine: Machine, way: Relay, database: Database) -> str:
        return database.through(way.port).replace(f"@{HOST}:", f"@{machine.here}:")

    def life_of(self, port: int) -> Life | None:
        """Whose connection comes to the mail server from this port; None where machines share a way."""
        found = [place for place in self.places if place.mail.carries(port)]
        return found[0].life if len(found) == 1 else None


def environ_of(machine: Machine, folder: Path) -> dict[str, str]:
    """Of all commands on this machine, beside where their record is."""
    own = {
        "HOME": str(folder / "home"),
        "XDG_STATE_HOME": str(folder / "home" / "state"),
        "SENDBATCH_LEASE": f"{LEASE:g}",
    }
    if (authority := folder.parent / AUTHORITY).exists():
        own["SSL_CERT_FILE"] = str(authority)
    environ = dict(os.environ) | dict.fromkeys(SIGNS_OF_CI, "") | own | dict(machine.environ)
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each would compile everything
    return environ


@functools.cache
def can_make_machines() -> bool:
    if not all(shutil.which(tool) for tool in ("unshare", "nsenter", "ip")):
        return False
    words = ["unshare", "--net", "--uts", "true"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0
