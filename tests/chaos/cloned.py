"""The same kills where the record is in the repository: whole runners die, with their disks.

Each run starts from a fresh clone, with an empty HOME, over a repository on loopback that may go away,
refuse, or take a push and not say so; sometimes two run at once. What the receipts of the ref say is compared
with what the server got.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

from sendbatch.delivery.blocks import MOST
from sendbatch.ledger.git import pages
from sendbatch.ledger.git.names import ref_of
from sendbatch.ledger.git.place import KEY, WATCH
from sendbatch.ledger.git.receipts import Secret
from sendbatch.runtime.ci import SIGNS_OF_CI
from sendbatch.values import Status
from tests.chaos.killing import PATIENCE, Campaign, Setting, Tally, Target
from tests.chaos.recording import MOMENTS
from tests.chaos.steps import HOOK
from tests.kit.githost import GitHost, Manners, git, repository, served

ROOT = Path(__file__).parents[2]
SECRET = "0123456789abcdef0123456789abcdef"
ANSWER = 1.0  # seconds that a runner waits for an answer to its push
SPAN = 1.0  # seconds that a block is for, in place of ten: so runs die in many of them
RATES = (10, 20, 30, 50, 50, 100, 100_000)  # messages a second, and so blocks of many sizes
LONG = 40  # seconds that sending takes, at the most
ANOTHER = 5  # run: it holds the campaign, or may be alive
# 2 and 4: refused before anything was sent; 3: the remote was gone, or refused
STOPPED = (2, 3, 4, ANOTHER)


class Cloned(Campaign):
    """A campaign whose record is in the repository that it is in."""

    twice = 0.15  # the share of runs that another is started beside
    troubled = 0.4  # and of those to whom the remote is not good

    def __init__(self, folder: Path, setting: Setting, random: Random, tally: Tally) -> None:
        self._rate = random.choice(RATES)
        people = min(setting.people, self._rate * LONG)
        super().__init__(folder, replace(setting, people=people), random, tally)
        self._host: GitHost | None = None
        self._runners = 0
        self._doubts = 0  # in the record, after the last run
        self._at_once = 1  # runs since
        self._timers: list[threading.Timer] = []

    @contextlib.contextmanager
    def _server(self) -> Iterator[Target]:
        with super()._server() as server, served(repository(self._folder)) as host:
            self._host = host
            yield server

    def _write(self, server: Target) -> None:
        super()._write(server)
        host, profiles = self._repository, self._folder / "profiles.yaml"
        profiles.write_text(profiles.read_text().replace("100000/s", f"{self._rate}/s"))
        source = host.clone(self._folder / "source")
        for name in ("people.csv", "letter.txt", "campaign.yaml", "profiles.yaml"):
            shutil.move(self._folder / name, source / name)
        git("add", ".", at=source)
        git("commit", "-qm", "the campaign", at=source)
        git("push", "-q", "origin", "HEAD:main", at=source)

    @property
    def _repository(self) -> GitHost:
        assert self._host is not None
        return self._host

    def _start(self, more: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """On another machine."""
        self._tally.runs += 1
        self._runners += 1
        runner = self._folder / f"runner{self._runners}"
        (runner / "home").mkdir(parents=True)
        git("clone", "-q", str(self._repository.bare), "shop", at=runner)
        git("remote", "set-url", "origin", self._repository.url, at=runner / "shop")
        path = [str(HOOK), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environ = dict(os.environ) | self._environ() | {
            "HOME": str(runner / "home"),
            "XDG_STATE_HOME": str(runner / "home" / "state"),
            "PYTHONPATH": os.pathsep.join(path),
            "CHAOS_ANSWER": str(ANSWER),
            "CHAOS_SPAN": str(SPAN),
            KEY: SECRET,
            WATCH: "0.2",
        }  # fmt: skip
        with (self._folder / "log.txt").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "sendbatch", "run", "campaign.yaml", "--yes", "--record", "git"],
                cwd=runner / "shop",
                env=environ | dict.fromkeys(SIGNS_OF_CI, ""),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _kill(self) -> None:
        """The whole machine, mostly; or the run alone, whose push goes on."""
        self._countdown = None
        assert self._process is not None
        _end(self._process, alone=self._random.random() < 0.3)

    def _run_and_kill(self, server: Target) -> bool:
        """Returns whether a run was killed; False where one came to its end first."""
        random = self._random
        while True:
            is_well = random.random() >= self.troubled
            if not is_well:
                self._trouble()
            if random.random() < self.twice:
                codes, is_well = self._two_at_once(), False
            else:
                by_clock = random.random() < 0.4  # also while it reads, or pushes
                moment = random.choice(MOMENTS)
                self._countdown = None if by_clock else (moment, random.randint(1, self._most))
                self._process = self._start()
                codes = [self._ended(random.uniform(0.3, 4.0) if by_clock else PATIENCE)]
            self._at_once = len(codes)
            if is_well and not {*codes} <= {0, 1, ANOTHER, -signal.SIGKILL}:
                self._complain(f"a run ended with {codes}, and nothing was wrong")
            self._well()
            shutil.rmtree(self._folder / f"runner{self._runners}", ignore_errors=True)
            self._compare(server, finished=False)
            if -signal.SIGKILL in codes:
                return True
            if 0 in codes or 1 in codes:
                return False

    def _two_at_once(self) -> list[int]:
        """The second where the first is in the middle; then both die, or one ends."""
        random, self._countdown = self._random, None
        first = self._start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            first.wait(random.uniform(0.5, 3.0))
        second = self._start()
        self._tally.steps["two at once"] += 1
        codes = []
        for one in (first, second):
            self._process = one
            codes.append(self._ended(random.uniform(1.0, 6.0)))
        return codes

    def _ended(self, patience: float) -> int:
        assert self._process is not None
        try:
            code = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._kill()
            code = self._process.wait(60)
        self._countdown = None
        if code not in (0, 1, -signal.SIGKILL, *STOPPED):
            self._complain(f"a run ended with {code}")
        self._tally.tried[f"ended with {code}"] += 1
        return code

    def _run(self, server: Target) -> int:
        """To its end; whoever comes too soon behind a run that was killed is told so, and comes again."""
        self._at_once = 1
        code = super()._run(server)
        for _ in range(20):
            if code != ANOTHER:
                break
            time.sleep(0.5)
            code = super()._run(server)
        return code

    # a remote that is not good

    def _trouble(self) -> None:
        manners = self._random.choice((Manners.AWAY, Manners.REFUSES, Manners.LATE, Manners.BREAKS))
        after, seconds = self._random.uniform(0.2, 4.0), self._random.uniform(0.3, 3 * ANSWER)
        self._tally.steps[f"a remote that {manners.name.lower()}"] += 1
        self._repository.answering.clear()
        self._timers = [
            threading.Timer(after, setattr, (self._repository, "manners", manners)),
            threading.Timer(after + seconds, self._is_well),
        ]
        for timer in self._timers:
            timer.start()

    def _well(self) -> None:
        for timer in self._timers:
            timer.cancel()
            timer.join()
        self._is_well()

    def _is_well(self) -> None:
        self._repository.manners = Manners.WELL
        self._repository.answering.set()

    # what became of everybody

    def _compare(self, server: Target, *, finished: bool) -> None:
        super()._compare(server, finished=finished)
        counts = Counter(self._record().values())
        doubts = counts[Status.IN_DOUBT]
        if doubts - self._doubts > self._at_once * self._most_sending:
            runs = "one run" if self._at_once == 1 else f"{self._at_once} runs"
            self._complain(f"{doubts - self._doubts} more in doubt after {runs} at {self._rate}/s")
        self._doubts = doubts

    @property
    def _most_sending(self) -> int:
        """A block, and those that are carried over from the one before."""
        return min(MOST, round(self._rate * SPAN) + 1 + self._setting.connections)

    @property
    def _most(self) -> int:
        return max(2, min(300, self._setting.people // 2))

    def _record(self) -> dict[str, str]:
        """As the receipts say; whoever has none was never announced."""
        host, ref = self._repository, ref_of("127.0.0.1/shop", "chaos")
        commit = host.refs().get(ref)
        if commit is None:
            return {}
        secret = Secret(SECRET.encode()).of(ref)
        names = git("ls-tree", "--name-only", commit, at=host.bare).split()
        files = {name: host.show(commit, name).encode() + b"\n" for name in names}
        receipts = pages.read(files, secret).receipts()
        found = {}
        for address in self._addresses:
            receipt = receipts.get(secret.id_of(address))
            found[address] = str(Status.PENDING if receipt is None else receipt.status)
        return found


def _end(process: subprocess.Popen[bytes], *, alone: bool) -> None:
    with contextlib.suppress(ProcessLookupError):
        if alone:
            os.kill(process.pid, signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.SIGKILL)
