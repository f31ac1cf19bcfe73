"""Where a campaign stands: while it is sent, as the process that sends tells; and afterwards, why it stopped,
until when, and what goes on from there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sendbatch.campaign.model import Campaign
from sendbatch.errors import one_line, shown
from sendbatch.ledger.ending import ENDED, Ended, ended_of
from sendbatch.ledger.facts import Runner
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.store import Reading, Snapshot
from sendbatch.reports.rows import timestamp
from sendbatch.reports.tally import exit_code
from sendbatch.reports.text import summary
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.notebook import Shown, Told, by_status
from sendbatch.session.commands import CommandLines
from sendbatch.session.now import Now, now_in
from sendbatch.session.record import hold_recorded, report_of, told_here
from sendbatch.session.recorded import recorded
from sendbatch.values import Status
from sendbatch.words import count

FORMAT = 1  # of the document; raised when a reader of the last one would go wrong
RECENT = 10.0  # seconds over which the rate is taken
LONGEST_HOST = 80  # characters of what a runner says of itself


@dataclass(frozen=True, slots=True)
class Died:
    """A run that did not come to its end. When it began, and when something was written last (seconds since
    the epoch; None where nobody knows); how many were on the way, and are in doubt."""

    since: float | None
    written_at: float | None
    in_doubt: int


@dataclass(frozen=True, slots=True, repr=False)
class StatusResult(Shown):
    """Where a campaign stands. `under_way` says that a process has the record in hand now; `doubt` why the
    record may know less than was sent, if it may. `now` is what a run that sends tells of itself, where it
    runs on this disk; `runners` are the processes that send from a record that several share; `rate` is that
    of the run, in accepted messages a second. `ended` is how the last run ended, where it came to its end,
    `died` that it did not. `go_on` and `resolve` are the commands that lead on. Times are seconds since the
    epoch."""

    exit_code: int
    totals: Mapping[Status, int]
    under_way: bool
    summary: str
    folder: Path
    doubt: str | None
    title: str
    at: float
    now: Now | None
    rate: float | None
    ended: Ended | None
    died: Died | None
    go_on: str
    resolve: str
    runners: tuple[Runner, ...] = ()

    def told(self) -> Told:
        facts = {"recipients": by_status(self.totals), "exit code": str(self.exit_code)}
        if self.under_way:
            alive = len(self.alive)
            facts["a run"] = f"is under way, by {count(alive, 'runner')}" if alive else "is under way"
        doubts = () if self.doubt is None else (self.doubt,)
        return Told(f"status of {self.folder.name}", facts | {"folder": shown(self.folder)}, doubts)

    @property
    def alive(self) -> list[Runner]:
        """Those of the runners that are heard of."""
        return [one for one in self.runners if one.alive]

    @property
    def since(self) -> float | None:
        """When the run under way began to send; None where it does not, or nobody knows."""
        if self.now is not None:
            return self.now.since
        return min((one.since for one in self.alive), default=None)

    @property
    def unsent(self) -> int:
        """How many are yet to be sent to for the first time, of the run that is under way if one is."""
        left = sum(self.totals.get(status, 0) for status in (Status.PENDING, Status.SENDING))
        return left if self.now is None else min(left, self.now.total)

    @property
    def seconds_left(self) -> float | None:
        """Roughly until these are done; None where nobody knows."""
        if (self.now is None and not self.alive) or not self.rate:
            return None
        return self.unsent / self.rate

    def document(self) -> dict[str, object]:
        """All of it as JSON: times in UTC, RFC 3339."""
        now, ended, died = self.now, self.ended, self.died
        wait = now.wait if now is not None else None
        limit = now.limit if now is not None else None
        opened, allowed = (now.connections or (None, None)) if now is not None else (None, None)
        left = self.seconds_left
        return {
            "format": FORMAT,
            "campaign": self.title,
            "at": timestamp(self.at),
            "exit_code": self.exit_code,
            "totals": {
                str(status): self.totals.get(status, 0)
                for status in Status
                if status is not Status.SENDING or self.under_way
            },
            "under_way": self.under_way,
            "since": timestamp(self.since),
            "rate": None if self.rate is None else round(self.rate, 3),
            "limit": {"rate": limit.rate, "why": limit.why or None, "until": timestamp(limit.until)}
            if limit is not None
            else None,
            "waiting": {"for": wait.why, "until": timestamp(wait.until)} if wait is not None else None,
            "connections": {"open": opened, "allowed": allowed} if opened is not None else None,
            "seconds_left": None if left is None else math.ceil(left),
            "runners": [_document(one) for one in self.runners],
            "ended": {
                "at": timestamp(ended.at),
                "early": ended.early,
                "why": ended.why or None,
                "until": timestamp(ended.until),
            }
            if ended is not None
            else None,
            "died": {
                "since": timestamp(died.since),
                "last_written_at": timestamp(died.written_at),
                "in_doubt": died.in_doubt,
            }
            if died is not None
            else None,
            "doubt": self.doubt,
            "go_on": self.go_on,
            "folder": str(self.folder),
        }


def _document(runner: Runner) -> dict[str, object]:
    return {
        "host": one_line(runner.host, LONGEST_HOST),
        "pid": runner.pid,
        "since": timestamp(runner.since),
        "seen_at": timestamp(runner.seen_at),
        "alive": runner.alive,
        "state": one_line(runner.state, LONGEST_HOST),
        "accepted": runner.sent,
        "rate": None if runner.speed is None else round(runner.speed, 3),
        "blocks": runner.blocks,
    }


def status(campaign: Campaign, folder: RecordFolder, edge: Edge) -> StatusResult:
    """Where a run stands, while it runs or afterwards. Raises LedgerError without a record."""
    hold_recorded(campaign, folder, edge)
    at = edge.clock.wall()
    with recorded(campaign, folder, edge) as record:
        reading, under_way = record.reading, record.under_way
        report = report_of(campaign, folder, reading, live=under_way)
        doubt = record.doubt()
        runners = tuple(record.runners())
        now = _now(folder.path, at) if under_way and folder.database is None else None
        rate = _rate(reading, now, at) if now is not None else _rate_of(runners)
        now = now.at_rate(rate) if now is not None and rate is not None else None
        ended, died = (None, None) if under_way else (ended_of(reading), _died(record))
    totals, lines = report.tally.totals, CommandLines(campaign, folder.given)
    return StatusResult(
        exit_code(totals, campaign.tolerate),
        totals,
        under_way,
        summary(told_here(report, campaign, folder)),
        folder.path,
        str(doubt) if doubt is not None and campaign.profile.mails_the_list else None,
        title=campaign.title,
        at=at,
        now=now,
        rate=rate,
        ended=None if died is not None else ended,
        died=died,
        go_on=lines.run(),
        resolve=f"{lines.resolve()} KEY… --as accepted",
        runners=runners,
    )


def _now(folder: Path, at: float) -> Now | None:
    found = now_in(folder)
    return None if found is None else found.at(at)


def _rate(reading: Reading, now: Now, at: float) -> float:
    """Of the last seconds, or of all where the run began within them."""
    begun = max(at - RECENT, now.since)
    return reading.accepted_since(begun) / max(at - begun, 0.1)


def _rate_of(runners: Sequence[Runner]) -> float | None:
    """Of all together; None where nobody sends."""
    speeds = [one.speed for one in runners if one.alive and one.speed is not None]
    return sum(speeds) if speeds else None


def _died(record: Snapshot) -> Died | None:
    """A run leaves a mark until it ends, and says how it ended unless it was broken off."""
    reading, since = record.reading, record.cut_off
    if since is None and (reading.meta(ENDED) != "" or not reading.has_tried()):
        return None
    return Died(since, reading.latest() or None, reading.totals().get(Status.SENDING, 0))
