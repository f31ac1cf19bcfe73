"""Whoever looks at a record while a run is writing it is told the truth of one moment, each time."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from random import Random

from sendbatch import api
from sendbatch.values import Status
from tests.chaos.killing import Campaign, Setting, Tally
from tests.chaos.power import MoodyServer
from tests.kit.thoroughness import IN_CI

PEOPLE = 2000 if IN_CI else 1000
WAYS = ("well",) * 60 + ("later-rcpt", "later-dot", "never-rcpt", "never-dot", "silence-dot")


class Watched(Campaign):
    """A run of the command, and in this process somebody who looks at its record over and over."""

    def __init__(self, folder: Path, random: Random) -> None:
        super().__init__(folder, Setting(PEOPLE, 8, False, "taken"), random, Tally())
        ways = [random.choice(WAYS) for _ in range(PEOPLE)]
        self._addresses = [f"{way}.{n}@example{n % 5}.com" for n, way in enumerate(ways)]
        self._had: set[str] = set()  # accepted when last looked at
        self.looks = Counter[str]()

    def watch(self) -> None:
        with MoodyServer(behind="taken") as server:
            self._write(server)
            self._process = self._start()
            campaign = api.load(self._folder / "campaign.yaml")
            try:
                while self._process.poll() is None:
                    self._look(campaign, server)
            finally:
                self._kill()
                code = self._process.wait(60)
            assert code == 1
            self._look(campaign, server)
            assert self._had == {
                address for address in self._addresses if self._may_be_accepted(address)
            } - set(self._in_doubt(campaign))
            self._compare(server, finished=True)
        assert self._tally.wrong == []

    def _look(self, campaign: api.Campaign, server: MoodyServer) -> None:
        if not self._record():
            return  # there is no plan yet
        begun = set(server.whole)  # whose final dot has arrived
        told = self._rows(campaign)
        assert not [address for address in begun if told[address] == Status.PENDING]
        assert sorted(told) == sorted(self._addresses)
        accepted = {address for address, status in told.items() if status == Status.ACCEPTED}
        assert self._had <= accepted, "somebody accepted is no longer"
        assert accepted <= set(server.taken), (
            "somebody is accepted whom the server had not answered"
        )
        status = api.status(campaign).totals
        assert sum(status.values()) == PEOPLE
        assert status.get(Status.ACCEPTED, 0) >= len(accepted)
        out = io.StringIO()
        api.report(campaign).write("json", out)
        totals = json.loads(out.getvalue())["totals"]
        assert sum(totals.values()) == PEOPLE
        assert totals.get("accepted", 0) >= status.get(Status.ACCEPTED, 0)
        self.looks["under way" if 0 < len(accepted) < PEOPLE * 0.9 else "at the ends"] += 1
        self._had = accepted

    def _rows(self, campaign: api.Campaign) -> dict[str, str]:
        out = io.StringIO()
        api.report(campaign).write("csv", out)
        rows = list(csv.DictReader(io.StringIO(out.getvalue())))
        assert len(rows) == PEOPLE
        return {row["email"]: row["status"] for row in rows}

    def _in_doubt(self, campaign: api.Campaign) -> list[str]:
        return [email for email, status in self._rows(campaign).items() if status == "in_doubt"]

    def _may_be_accepted(self, address: str) -> bool:
        return address.startswith(("well", "later"))


def test_everybody_is_counted_once_and_whoever_is_accepted_had_their_250(tmp_path: Path) -> None:
    watched = Watched(tmp_path, Random(1))
    watched.watch()
    assert watched.looks["under way"] > 2
