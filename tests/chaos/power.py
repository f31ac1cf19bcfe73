"""Power cuts, by the hundred, out of one trace: what each leaves is opened as the next run does.

A campaign is run against a server that writes down what it said to every dot, on a disk that writes down
what was done to it; some of its runs are killed. Then for every moment of it the folder of the record is made
as a disk may hold it after a cut (`cuts`), and must tell of everybody what the server knows.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from sendbatch.errors import SendbatchError
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.records import has_record, open_record, read_record
from sendbatch.ledger.store import Reading
from sendbatch.runtime.stop import Stop
from sendbatch.values import Status
from tests.chaos.cuts import BARE, Cut, Image, Trace
from tests.chaos.killing import Campaign, Setting, Tally, Target
from tests.chaos.recording import Ledger, RecordingServer
from tests.chaos.steps import bulk_each
from tests.kit.disk import Disk
from tests.kit.server import End

NAME = "chaos"
WAYS = ("well",) * 6 + ("later-rcpt", "later-dot", "never-rcpt", "never-dot", "silence-dot")
MEMORY = Path("/dev/shm")
SAID = {  # what may stand in the record of somebody whose dot was answered so: 2xx, 4xx, 5xx, not at all
    2: {Status.ACCEPTED, Status.IN_DOUBT},
    4: {Status.DEFERRED, Status.REJECTED, Status.IN_DOUBT},
    5: {Status.DEFERRED, Status.REJECTED, Status.IN_DOUBT},
    0: {Status.IN_DOUBT},
}


class MoodyServer(RecordingServer):
    """What becomes of a message stands in its address."""

    def mood(self, recipient: str, moment: str) -> bytes | End | None:
        how, _, at = recipient.partition(".")[0].partition("-")
        if at != moment:
            return None
        if how == "never":
            return b"550 5.1.1 no such user\r\n"
        if how == "silence":
            return End.RESET
        if recipient in self.ledger.busy_before:
            return None
        self.ledger.busy_before.add(recipient)
        return b"450 4.2.1 busy, come back\r\n"


@dataclass(frozen=True, slots=True)
class Left:
    """What a record says after a cut: of everybody, by address, at first sight and once it was recovered;
    how many were found on the way."""

    seen: dict[str, Status]
    statuses: dict[str, Status]
    found: int


class PowerCuts(Campaign):
    """One campaign in `folder`, whose runs are watched; then the power fails at every moment of them."""

    by_clock, by_step = 0.3, 0.0
    pages, attempts = 12, 5  # make a checkpoint, and a fold: else few messages make none
    goes_on = 3  # cuts, of all, after which a whole run is tried
    share = 1.0  # of the states of the disk that are opened
    _is_watched = True

    def __init__(self, folder: Path, setting: Setting, random: Random, tally: Tally) -> None:
        super().__init__(folder, replace(setting, tls=False), random, tally)
        self._addresses = [
            f"{random.choice(WAYS)}.{number}@example{number % 3}.com"
            for number in range(setting.people)
        ]
        self._disk = Disk(folder, folder / "trace")

    def survive(self, most_kills: int) -> None:
        with self._server() as server:
            self._write(server)
            for _ in range(most_kills):
                self._tally.kills += self._run_and_kill(server)
            code = self._run(server)
            if code not in (0, 1):
                self._complain(f"the last run ended with {code}")
            self._compare(server, finished=True)
            self._cut(server)
        self._tally.campaigns += 1
        self._tally.recipients += self._setting.people

    def _cut(self, server: Target) -> None:
        trace = Trace(self._disk.root, "reports")
        every = max(1, sum(1 for _ in self._disk.events()) // self.goes_on)
        with in_memory() as scratch:
            judge = _Judge(
                scratch / "cut", server.ledger, self._addresses, self._setting.connections
            )
            for cut in trace.cuts(self._disk.events(), self._random):
                if cut.key in judge.known or self._random.random() < self.share:
                    self._tally.cuts += 1
                    for wrong in judge.wrongs(cut):
                        self._complain(f"{cut}: {wrong}")
                if cut.number % every == every // 2 and cut.how == BARE:
                    for wrong in self._go_on(server, cut, judge):
                        self._complain(f"{cut}, and gone on: {wrong}")
        self._tally.states += len(judge.known)

    def _go_on(self, server: Target, cut: Cut, judge: _Judge) -> Iterator[str]:
        """A whole run on what the cut has left, which mails all others and nobody twice."""
        shutil.rmtree(self._folder / "reports")
        lay_out(cut.image(), self._folder)
        before = server.ledger.whole.copy()
        self._is_watched = False
        code = self._run(server)
        if code not in (0, 1):
            yield f"the run ended with {code}"
        status, got = self._record(), server.ledger.whole - before
        for address in self._addresses:
            times = got[address] + judge.had(address, cut)
            if times > 1:
                yield f"{address} got it twice"
            if status.get(address) not in ("accepted", "in_doubt", "rejected"):
                yield f"{address} is {status.get(address)} in the end"
            if status.get(address) == "accepted" and times != 1:
                yield f"{address} is accepted, and got it {times} times"

    @contextlib.contextmanager
    def _server(self) -> Iterator[Target]:
        with MoodyServer(behind=self._setting.behind, on=self._on) as server:
            yield server

    def _environ(self) -> dict[str, str]:
        watched = (
            self._disk.environ() | bulk_each(self.pages, self.attempts) if self._is_watched else {}
        )
        return super()._environ() | watched


class _Judge:
    """Opens what a cut has left, once for each state of the disk."""

    def __init__(
        self, folder: Path, ledger: Ledger, addresses: list[str], connections: int
    ) -> None:
        self._folder, self._addresses, self._connections = folder, addresses, connections
        self._answers: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for answered in ledger.answered:
            self._answers[answered.address].append((answered.at, (answered.code or 0) // 100))
        self.known: dict[object, Left | str | None] = {}

    def had(self, address: str, cut: Cut) -> bool:
        """Whether a message had left for them before the cut that the server took."""
        dots = sum(1 for sent in cut.sent if sent.address == address)
        return any(code == 2 for _, code in self._answers[address][:dots])

    def wrongs(self, cut: Cut) -> Iterator[str]:
        if cut.key not in self.known:
            self.known[cut.key] = opened(cut.image(), self._folder, NAME)
        left = self.known[cut.key]
        if isinstance(left, str):
            yield f"the record does not open: {left}"
        elif left is None:
            if cut.sent:
                yield f"there is no plan, and {len(cut.sent)} messages had left"
        else:
            yield from self._compared(left, cut)

    def _compared(self, left: Left, cut: Cut) -> Iterator[str]:
        if left.found > self._connections:
            yield f"{left.found} were found on the way"
        if left.seen != left.statuses:
            differ = [one for one in left.statuses if left.seen.get(one) != left.statuses[one]]
            yield f"{differ} are seen otherwise before the record is taken over"
        dots = Counter(sent.address for sent in cut.sent)
        for address in self._addresses:
            status = left.statuses.get(address)
            if status is None:
                yield f"{address} is not in the record"
            elif wrong := self._wrong(address, status, dots[address], cut.at):
                yield wrong

    def _wrong(self, address: str, status: Status, dots: int, at: int) -> str | None:
        answers = self._answers[address]
        if dots:
            said = answers[dots - 1][1] if dots <= len(answers) else 0
            if status not in SAID[said]:
                return f"{address} is {status}; its dot had left, and was answered with {said}xx"
        answered = bisect_right(answers, (at, 9))
        if status is Status.ACCEPTED and not any(code == 2 for _, code in answers[:answered]):
            return f"{address} is accepted, and no server had said so"
        return None


def opened(image: Image, folder: Path, name: str) -> Left | str | None:
    """The record of this name as the next run finds it, in a `folder` made anew; words where it cannot be
    opened, None where it has no plan."""
    shutil.rmtree(folder, ignore_errors=True)
    lay_out(image, folder)
    place = RecordFolder(folder / "reports", name)
    try:
        seen = {}
        if has_record(place):
            with read_record(place) as snapshot:
                assert snapshot is not None
                if doubt := snapshot.doubt():
                    return str(doubt)
                seen = _statuses(snapshot.reading)
        place.begin()
        with open_record(place, since="now", holder="a test", now=lambda: 1e9, stop=Stop()) as record:
            found = record.recover(1e9)
            if record.reading.plan() is None:
                return None
            return Left(seen, _statuses(record.reading), found)
    except SendbatchError as error:
        return str(error)


def _statuses(reading: Reading) -> dict[str, Status]:
    """*sending* is what nobody sends any more."""
    return {
        entry.email: Status.IN_DOUBT if entry.status is Status.SENDING else entry.status
        for entry in reading.entries(all_rows=True)
    }


def lay_out(image: Image, folder: Path) -> None:
    """Make its files there."""
    folder.mkdir(exist_ok=True)
    for path, content in sorted(image.items()):
        if content is None:
            (folder / path).mkdir(mode=0o700)
        else:
            (folder / path).write_bytes(content)


@contextlib.contextmanager
def in_memory() -> Iterator[Path]:
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="sendbatch-cuts-", dir=where) as folder:
        yield Path(folder)
