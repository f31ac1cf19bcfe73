"""One call on one campaign: what it is about, and what it works with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from sendbatch.campaign.model import Campaign, Profile
from sendbatch.ledger.folder import RecordFolder
from sendbatch.planning.options import Options
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.observer import Guarded, Observer
from sendbatch.runtime.stop import Stop
from sendbatch.session.commands import CommandLines


@dataclass(frozen=True, slots=True)
class Job:
    """`workers` were started before, by whoever ends them; None: the call has its own."""

    campaign: Campaign
    options: Options
    record: RecordFolder
    edge: Edge
    observer: Observer
    stop: Stop
    workers: Workers | None = None

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.edge.clock.wall()

    @property
    def profile(self) -> Profile:
        """What the campaign is sent through."""
        return self.campaign.profile

    @property
    def command(self) -> str:
        """The line that makes this call again, but for its edition."""
        folder = self.record.base if self.record.named else None
        return CommandLines(self.campaign, folder).run_of_any_edition(self.options)


class Around(TypedDict, total=False):
    """What every verb that plans may be given: `record` stands for --record, `observer` is told
    what happens, `stop` ends it, `edge` brings clock, chance and environment, `workers` build."""

    record: Path | None
    observer: Observer | None
    stop: Stop | None
    edge: Edge | None
    workers: Workers | None


def job_of(campaign: Campaign, options: Options | None = None, **around: Unpack[Around]) -> Job:
    stop = around.get("stop") or Stop()
    return Job(
        campaign=campaign,
        options=options or Options(),
        record=folder_of(campaign, around.get("record")),
        edge=around.get("edge") or Edge(),
        observer=Guarded(around.get("observer") or Observer(), stop),
        stop=stop,
        workers=around.get("workers"),
    )


def folder_of(campaign: Campaign, record: Path | None) -> RecordFolder:
    """Where this campaign's record is; `record` (--record) stands in for `reports/` beside it."""
    profile, base = campaign.profile, record or campaign.folder / "reports"
    own = profile.name if profile.has_own_record else ""
    named, mails = record is not None, profile.mails_the_list
    return RecordFolder(base, campaign.name, campaign.run, own, mails, named=named)
