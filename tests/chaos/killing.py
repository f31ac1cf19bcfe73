"""Kills `sendbatch run` over and over, and holds its record against what a server really got."""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Protocol

import trustme

from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.records import has_record, read_record
from sendbatch.runtime.ci import SIGNS_OF_CI
from tests.chaos.recording import BEHIND, MOMENTS, Ledger, RecordingServer
from tests.chaos.steps import next_step
from tests.kit.disk import Disk

CAMPAIGN = """\
name: chaos
from: Chaos <chaos@example.com>
subject: "{{ name }}, hello"
recipients: people.csv
templates: {text: letter.txt}
smtp: target
retry: {attempts: 4, first_delay: 1s, max_delay: 1s, offline: 30s}
"""
PATIENCE = 180.0  # seconds for a run that nobody kills


class Target(Protocol):
    """A server, and what it got."""

    host: str
    port: int

    @property
    def ledger(self) -> Ledger: ...


@dataclass
class Tally:
    """What a number of kills amounted to."""

    kills: int = 0
    runs: int = 0
    campaigns: int = 0
    recipients: int = 0
    in_doubt: int = 0
    steps: Counter[str] = field(default_factory=Counter)  # at which runs were killed
    tried: Counter[str] = field(default_factory=Counter)  # at which they were to be
    cuts: int = 0  # of power that were tried
    states: int = 0  # of a disk that these left
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name, amount in vars(other).items():
            setattr(self, name, getattr(self, name) + amount)


@dataclass(frozen=True)
class Setting:
    """One campaign's size and its way to the server."""

    people: int
    connections: int
    tls: bool
    behind: str | None  # what the server does with commands behind a dot; None: no PIPELINING

    def __str__(self) -> str:
        way = "TLS" if self.tls else "plain"
        more = f", PIPELINING, behind a dot {self.behind}" if self.behind else ""
        return f"{self.people} people, {self.connections} connections, {way}{more}"


def some_setting(random: Random, most_people: int) -> Setting:
    people = round(50 * (most_people / 50) ** random.random())
    # a server that swallows makes each run wait that has not found out yet: less often
    behind = random.choices(BEHIND, (4, 4, 3, 1))[0]
    return Setting(people, random.choice((1, 2, 5, 10, 20)), random.random() < 0.5, behind)


class Campaign:
    """One campaign in `folder`, run until it ends by itself."""

    by_clock = 0.15  # the share of kills that come at no moment of the server's
    by_step = 0.45  # and that come at a step of the run itself

    def __init__(self, folder: Path, setting: Setting, random: Random, tally: Tally) -> None:
        self._folder, self._setting, self._random, self._tally = folder, setting, random, tally
        self._addresses = [f"person{i}@example{i % 7}.com" for i in range(setting.people)]
        self._killed = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._countdown: tuple[str, int] | None = None
        self._armed = folder / "armed"  # is there once a dot has come in this run

    def survive(self, most_kills: int) -> None:
        """Kill runs at random moments until `most_kills`, then let one end; compare everything."""
        with self._server() as server:
            self._write(server)
            kills = 0
            while kills < most_kills:
                if not self._run_and_kill(server):
                    break
                kills += 1
                self._tally.kills += 1
                self._compare(server, finished=False)
            code = self._run(server)
            if code not in (0, 1):
                self._complain(f"the last run ended with {code}")
            self._compare(server, finished=True)
        self._tally.campaigns += 1
        self._tally.recipients += self._setting.people

    @contextlib.contextmanager
    def _server(self) -> Iterator[Target]:
        context = None
        if self._setting.tls:
            authority = trustme.CA()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            authority.cert_pem.write_to_path(str(self._folder / "ca.pem"))
        with RecordingServer(behind=self._setting.behind, context=context, on=self._on) as server:
            yield server

    def _write(self, server: Target) -> None:
        rows = "".join(f"{address},Person {i}\n" for i, address in enumerate(self._addresses))
        (self._folder / "people.csv").write_text("email,name\n" + rows)
        (self._folder / "letter.txt").write_text("Hello {{ name }}\n" * 20)
        (self._folder / "campaign.yaml").write_text(CAMPAIGN)
        security = "starttls" if self._setting.tls else "none"
        (self._folder / "profiles.yaml").write_text(
            f"profiles:\n  target: {{host: {server.host}, port: {server.port}, "
            f"security: {security}, connections: {self._setting.connections}, rate: 100000/s, "
            f"usage: usage.sqlite{self._login()}}}\n"
        )

    def _login(self) -> str:
        """More of the profile, where the server wants a login."""
        return ""

    def _environ(self) -> dict[str, str]:
        more = dict.fromkeys(SIGNS_OF_CI, "") | {"XDG_STATE_HOME": str(self._folder / "state")}
        if self._setting.tls:
            more["SSL_CERT_FILE"] = str(self._folder / "ca.pem")
        return more

    def _start(self, more: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        self._tally.runs += 1
        self._armed.unlink(missing_ok=True)
        log = (self._folder / "log.txt").open("ab")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", "sendbatch", "run", "campaign.yaml", "--yes"],
                cwd=self._folder,
                env=dict(os.environ) | self._environ() | (more or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _on(self, moment: str) -> None:
        """In the server's thread: is this the moment?"""
        if moment == "dot":
            self._armed.touch()
        if self._countdown is None or self._process is None or moment != self._countdown[0]:
            return
        left = self._countdown[1] - 1
        self._countdown = (moment, left)
        if left <= 0:
            self._kill()

    def _kill(self) -> None:
        self._countdown = None
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)

    def _run_and_kill(self, server: Target) -> bool:
        """Returns whether the run was killed; False where it ended first."""
        random = self._random
        if random.random() < self.by_step:
            return self._run_to_a_step()
        by_clock = random.random() < self.by_clock  # also while planning, or long after a reply
        moment = random.choice(MOMENTS)
        self._countdown = None if by_clock else (moment, random.randint(1, self._most))
        self._process = self._start()
        return self._was_killed(random.uniform(0.05, 1.2) if by_clock else PATIENCE)

    def _run_to_a_step(self) -> bool:
        step = next_step(self._tally.tried, self._random, tls=self._setting.tls)
        self._tally.tried[step.name] += 1
        nth = self._random.randint(1, 3 if step.seldom else 8 if step.early else self._most)
        is_told = self.by_clock < 1  # of dots, as of any moment of the server's
        armed = self._armed if is_told and not step.early else None
        self._process = self._start(step.environ(nth, Disk(self._folder), armed))
        was_killed = self._was_killed(PATIENCE)
        self._tally.steps[step.name] += was_killed
        return was_killed

    @property
    def _most(self) -> int:
        """So many messages of one run may go before it is killed."""
        return max(2, min(200, self._setting.people // 5))

    def _was_killed(self, patience: float) -> bool:
        assert self._process is not None
        try:
            code = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._kill()
            code = self._process.wait(60)
        self._countdown = None
        if code not in (0, 1, -signal.SIGKILL):
            self._complain(f"a run ended with {code}")
        return code == -signal.SIGKILL

    def _run(self, server: Target) -> int:
        self._countdown = None
        self._process = self._start()
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait(60)
            self._complain("a run did not end")
            return -1

    def _compare(self, server: Target, *, finished: bool) -> None:
        """The record and the server tell the same, recipient by recipient."""
        got = server.ledger
        for address, times in got.whole.items():
            if times > 1:
                self._complain(f"{address} got it {times} times")
        status = self._record()
        if not status:
            if got.whole:
                self._complain("there is no record, and mail went out")
            return
        for address in self._addresses:
            self._judge(address, status.get(address), got.whole[address], finished)
        sending = sum(1 for s in status.values() if s == "sending")
        if sending > self._most_sending:
            self._complain(f"{sending} in doubt after one kill")
        if finished:
            self._tally.in_doubt += Counter(status.values())["in_doubt"]

    @property
    def _most_sending(self) -> int:
        """So many may be on the way when a run dies."""
        return self._setting.connections

    def _judge(self, address: str, status: str | None, whole: int, finished: bool) -> None:
        if status is None:
            self._complain(f"{address} is not in the record")
        elif status == "accepted" and whole != 1:
            self._complain(f"{address} is accepted, and the server has it {whole} times")
        elif status in ("pending", "deferred", "rejected", "failed") and whole:
            self._complain(f"{address} is {status}, and the server has it")
        elif finished and status in ("pending", "sending"):
            self._complain(f"{address} is {status} after the last run")

    def _record(self) -> dict[str, str]:
        """Where everybody stands, by address, as whoever reads it is told; empty where there is no plan."""
        folder = RecordFolder(self._folder / "reports", "chaos")
        if not has_record(folder):
            return {}
        with read_record(folder) as record:
            assert record is not None
            return {entry.email: entry.status for entry in record.reading.entries(all_rows=True)}

    def _complain(self, text: str) -> None:
        self._tally.wrong.append(f"{self._setting}: {text}")
