"""One call on one campaign: what it is about, and what it works with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict, Unpack

from sendbatch.campaign.model import Campaign, Profile
from sendbatch.ledger.folder import GIT, Recorded, RecordFolder
from sendbatch.ledger.git.place import Place, patience_of
from sendbatch.planning.options import Options
from sendbatch.planning.request import Ways
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.ci import in_ci
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.observer import Guarded, Observer
from sendbatch.runtime.relay import Relay
from sendbatch.runtime.stop import Stop
from sendbatch.session.commands import CommandLines
from sendbatch.session.database import place_of, typed_as


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
    def ways(self) -> Ways:
        """The lines that make this call again, but for its edition. A plan.json is one edition's."""
        lines, options = CommandLines(self.campaign, self.record.given), self.typed
        another = lines.run_of_any_edition(options.without_plan())
        return Ways(lines.run_of_any_edition(options), another)

    @property
    def typed(self) -> Options:
        """What a line has that a person is told to type: no plan.json of a job in CI, for it goes with its
        disk."""
        return self.options.without_plan() if in_ci(self.edge.environ) else self.options


class Around(TypedDict, total=False):
    """What every verb that plans may be given: `record` stands for --record, `observer` is told
    what happens, `stop` ends it, `edge` brings clock, chance and environment, `workers` build."""

    record: Recorded
    observer: Observer | None
    stop: Stop | None
    edge: Edge | None
    workers: Workers | None


def job_of(campaign: Campaign, options: Options | None = None, **around: Unpack[Around]) -> Job:
    stop, edge = around.get("stop") or Stop(), around.get("edge") or Edge()
    observer = Guarded(around.get("observer") or Observer(), stop)
    folder = folder_of(campaign, around.get("record"), edge.environ)
    if folder.repository is not None:
        place = folder.repository.telling(observer.notice, stop)
        if options is not None and options.no_wait:
            place = place.not_waiting()
        folder = replace(folder, repository=place)
    if folder.database is not None:
        shared = folder.database.telling(Relay(observer.notice), stop)
        if options is not None and options.no_wait:
            shared = shared.not_waiting()
        folder = replace(folder, database=shared)
    return Job(
        campaign=campaign,
        options=options or Options(),
        record=folder,
        edge=edge,
        observer=observer,
        stop=stop,
        workers=around.get("workers"),
    )


def folder_of(
    campaign: Campaign, record: Recorded, environ: Mapping[str, str] | None = None
) -> RecordFolder:
    """Where this campaign's record is; `record` (--record) stands in for `reports/` beside it, or for what
    profiles.yaml says. What no recipient gets has its record on this disk, or in the database."""
    profile = campaign.profile
    own = profile.name if profile.has_own_record else ""
    base, is_named = campaign.folder / "reports", isinstance(record, Path)
    if isinstance(record, Path):
        base, record = record, None
    folder = RecordFolder(
        base,
        campaign.name,
        campaign.run,
        own,
        profile.mails_the_list,
        named=is_named,
        campaign=CommandLines(campaign).named(),
    )
    if is_named:
        return folder
    environ = os.environ if environ is None else environ
    typed = "" if record is None else typed_as(record)
    if (database := place_of(campaign, record, environ)) is not None:
        return replace(folder, database=database, typed=typed)
    if not profile.mails_the_list or GIT not in (record, campaign.record):
        return replace(folder, typed=typed)
    place = Place(
        campaign.belongs.project,
        folder.path.name,
        campaign.folder,
        environ,
        patience_of(campaign.retry.offline, environ),
    )
    return replace(folder, repository=place, typed=typed)
