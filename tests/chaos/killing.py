"""Kills `sendbatch run` over and over, and holds its record against what a server really got."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Protocol

import trustme

from sendbatch.ledger.sqlite.view import CURRENT, rows_of
from sendbatch.runtime.ci import SIGNS_OF_CI
from tests.chaos.recording import BEHIND, MOMENTS, Ledger, RecordingServer

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
    wrong: list[str] = field(default_factory=list)


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

    def __init__(self, folder: Path, setting: Setting, random: Random, tally: Tally) -> None:
        self._folder, self._setting, self._random, self._tally = folder, setting, random, tally
        self._addresses = [f"person{i}@example{i % 7}.com" for i in range(setting.people)]
        self._killed = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._countdown: tuple[str, int] | None = None

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

    def _start(self) -> subprocess.Popen[bytes]:
        self._tally.runs += 1
        log = (self._folder / "log.txt").open("ab")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", "sendbatch", "run", "campaign.yaml", "--yes"],
                cwd=self._folder,
                env=dict(os.environ) | self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _on(self, moment: str) -> None:
        """In the server's thread: is this the moment?"""
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
        by_clock = random.random() < self.by_clock  # also while planning, or long after a reply
        moment = random.choice(MOMENTS)
        most = max(2, min(200, self._setting.people // 5))
        self._countdown = None if by_clock else (moment, random.randint(1, most))
        self._process = self._start()
        try:
            code = self._process.wait(random.uniform(0.05, 1.2) if by_clock else PATIENCE)
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
        if sending > self._setting.connections:
            self._complain(f"{sending} in doubt after one kill")
        if finished:
            self._tally.in_doubt += Counter(status.values())["in_doubt"]

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
        path = self._folder / "reports" / "chaos" / "ledger.sqlite"
        if not path.exists():
            return {}
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return dict(connection.execute(f"SELECT email, status FROM {rows_of(CURRENT)}").fetchall())
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return {}
            raise
        finally:
            connection.close()

    def _complain(self, text: str) -> None:
        self._tally.wrong.append(f"{self._setting}: {text}")
