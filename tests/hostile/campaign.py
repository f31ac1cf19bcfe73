"""A campaign for hostile servers: sent through the front door, and held to its record afterwards."""

from __future__ import annotations

import faulthandler
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from sendbatch import api
from sendbatch.errors import SendbatchError
from sendbatch.ledger.sqlite.view import CURRENT, rows_of
from sendbatch.limits.known_servers import KnownServers
from sendbatch.limits.usage_file import UsageFile
from sendbatch.planning.options import Options
from sendbatch.reasons import reason
from sendbatch.runtime.clock import Clock
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.stop import Stop
from sendbatch.session.question import Question
from tests.kit.clock import FastClock
from tests.kit.server import ScriptedServer
from tests.kit.watcher import Watcher

LONGEST = 120.0  # real seconds that a run may take before it counts as hanging
FINAL = 0.5  # seconds that a run is told to wait for replies where the server keeps some back
HASTY = f"{{mail: {FINAL}s, rcpt: {FINAL}s, data: {FINAL}s, final: {FINAL}s}}"

CAMPAIGN = """\
name: hostile
from: News <news@example.com>
subject: "Hello {{ name }}"
recipients: {file: people.csv}
templates: {text: letter.txt}
smtp: target
"""


@dataclass
class Ended:
    """How a run ended. `said` is its reason or its error, as a person reads it."""

    code: int
    said: str
    statuses: dict[str, str]
    notices: list[str]
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        return dict(Counter(self.statuses.values()))


@dataclass
class House:
    """A folder with a campaign and a profile; `send` is one run of it."""

    folder: Path
    clock: Clock = field(default_factory=FastClock)
    environ: Mapping[str, str] = field(default_factory=dict)
    record: Path | None = None  # in place of reports/ beside the campaign
    security: str = "none"
    known_level: int | None = None  # what an earlier run is to have found out about the server

    def people(self, number: int, domains: tuple[str, ...] = ("example.net",)) -> list[str]:
        addresses = [f"p{n}@{domains[n % len(domains)]}" for n in range(number)]
        rows = "".join(f"{address},P{n}\n" for n, address in enumerate(addresses))
        (self.folder / "people.csv").write_text("email,name\n" + rows)
        return addresses

    def write(
        self, port: int, *, people: int = 3, letter: str = "Hello {{ name }}.\n",
        retry: str = "{attempts: 1}", more: str = "",
        domains: tuple[str, ...] = ("example.net",), **profile: object,
    ) -> House:  # fmt: skip
        """`profile` are keys of the profile; `more` is YAML at the campaign's end."""
        self.people(people, domains)
        (self.folder / "letter.txt").write_text(letter)
        (self.folder / "campaign.yaml").write_text(f"{CAMPAIGN}retry: {retry}\n{more}")
        keys = {
            "host": "127.0.0.1",
            "port": port,
            "security": self.security,
            "connections": 1,
            "rate": "100000/s",
        } | profile
        told = "".join(f"    {key}: {value}\n" for key, value in keys.items())
        (self.folder / "profiles.yaml").write_text(f"profiles:\n  target:\n{told}")
        if self.known_level is not None:
            servers = KnownServers(UsageFile(self.folder / "state" / "usage.sqlite"))
            servers.found_level(f"127.0.0.1:{port}", self.known_level, self.clock.wall())
        return self

    @property
    def ledger(self) -> Path:
        return (self.record or self.folder / "reports") / "hostile" / "ledger.sqlite"

    def send(
        self,
        *,
        options: Options | None = None,
        watcher: Watcher | None = None,
        stop: Stop | None = None,
        ask: Callable[[Question], bool] | None = None,
        longest: float = LONGEST,
    ) -> Ended:
        """One run, in a thread that is given up when it hangs. A traceback is the test's failure."""
        watcher, stop = watcher or Watcher(), stop or Stop()
        result = watched(lambda: self._send(options, watcher, stop, ask), longest)
        rows = self.rows()
        statuses = {email: row["status"] for email, row in rows.items()}
        return Ended(*result, statuses, watcher.notices, rows)

    def _send(
        self,
        options: Options | None,
        watcher: Watcher,
        stop: Stop,
        ask: Callable[[Question], bool] | None,
    ) -> tuple[int, str]:
        edge = Edge(
            clock=self.clock,
            random=Random(1),
            environ=self.environ,
            state=self.folder / "state",
            holder="a test",
        )
        try:
            campaign = api.load(self.folder / "campaign.yaml")
            result = api.run(
                campaign,
                options=options,
                record=self.record,
                yes=ask is None,
                ask=ask,
                observer=watcher,
                stop=stop,
                edge=edge,
            )
        except SendbatchError as error:
            return error.exit_code, str(error)
        return result.exit_code, result.reason

    def rows(self) -> dict[str, dict[str, Any]]:
        """The record by address; empty where there is none, or none that can be read."""
        if not self.ledger.exists():
            return {}
        connection = sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            found = connection.execute(f"SELECT * FROM {rows_of(CURRENT)}").fetchall()
        except sqlite3.DatabaseError:
            return {}
        finally:
            connection.close()
        told = [dict(row) for row in found]
        return {
            row["email"]: row
            | {"reason": reason(row["why"], row["detail"], row["code"], row["row"])}
            for row in told
        }


def watched(work: Callable[[], Any], longest: float = LONGEST) -> Any:
    """What `work` returns or raises; where it hangs, all stacks are shown and the test fails."""
    ended: list[Any] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            ended.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(longest)
    if thread.is_alive():
        faulthandler.dump_traceback(file=sys.__stderr__)
        raise AssertionError(f"it hangs: not over after {longest:g} s")
    if raised:
        raise raised[0]
    return ended[0]


def held_to_its_record(ended: Ended, server: ScriptedServer, connections: int = 1) -> None:
    """What the record says is what the server got, recipient by recipient."""
    for email, status in ended.statuses.items():
        whole, taken = server.whole[email], server.taken.count(email)
        assert taken <= 1, f"{email} was taken {taken} times"
        if status == "accepted":
            assert taken == 1, f"{email} is accepted, and was not taken"
        elif status == "in_doubt":
            seen = (0, 1) if server.has_gone else (1,)
            assert whole in seen, f"{email} is in doubt, and {whole} dots of it arrived"
        else:
            assert taken == 0, f"{email} is {status}, and was taken"
        assert status != "sending", f"{email} was left on the way"
    doubtful = sum(status == "in_doubt" for status in ended.statuses.values())
    assert doubtful <= connections, f"{doubtful} are in doubt"
