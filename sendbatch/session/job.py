"""One call on one campaign: what it is about, what it works with, and the lines that lead on."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from sendbatch.campaign.model import Campaign
from sendbatch.errors import shown
from sendbatch.ledger.folder import RecordFolder
from sendbatch.planning.options import Options
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.observer import Guarded, Observer
from sendbatch.runtime.stop import Stop


@dataclass(frozen=True, slots=True)
class Job:
    """One call on one campaign. `command` is the line that runs it again, but for its edition; `recorded`
    says that it names the folder of the records."""

    campaign: Campaign
    command: str
    record: RecordFolder
    recorded: bool
    options: Options
    edge: Edge
    observer: Observer
    stop: Stop
    workers: Workers | None = (
        None  # started before, by whoever ends them; else the verb has its own
    )


class Around(TypedDict, total=False):
    """What every verb that plans may be given: `record` stands for --record, `observer` is told
    what happens, `stop` ends it, `edge` brings clock, chance and environment, `workers` build."""

    record: Path | None
    observer: Observer | None
    stop: Stop | None
    edge: Edge | None
    workers: Workers | None


def job_of(campaign: Campaign, options: Options | None = None, **around: Unpack[Around]) -> Job:
    record = around.get("record")
    chosen = options.words(options.limit) if options is not None else []
    if options is not None and options.moved_from is not None:
        chosen = ["--moved-from", options.moved_from, *chosen]  # until a run has taken it in
    stop = around.get("stop") or Stop()
    return Job(
        campaign=campaign,
        command=shlex.join([*_words(campaign, record), *chosen]),
        record=folder_of(campaign, record),
        recorded=record is not None,
        options=options or Options(),
        edge=around.get("edge") or Edge(),
        observer=Guarded(around.get("observer") or Observer(), stop),
        stop=stop,
        workers=around.get("workers"),
    )


def again(
    campaign: Campaign,
    record: Path | None = None,
    options: Options | None = None,
    *,
    limit: int | None = None,
) -> str:
    """The line that runs the campaign again as it was now, or goes on where that ended: for the
    same people, and with `limit` no more of them than were left."""
    edition = ("--run", campaign.run) if campaign.run_given else ()
    chosen = options.words(limit) if options is not None else []
    return shlex.join([*_words(campaign, record), *edition, *chosen])


def checking(campaign: Campaign, record: Path | None = None) -> str:
    """The line that builds every message of the campaign and sends none."""
    typed = _typed(campaign, "--smtp", "--set", "--expect", "--tolerate")
    return shlex.join(["sendbatch", "check", shown(campaign.file), *typed, *_kept(record)])


def resolving(campaign: Campaign, record: Path | None = None) -> str:
    """The beginning of a line that settles recipients by hand."""
    typed = _typed(campaign, "--smtp", "--set")
    return shlex.join(["sendbatch", "resolve", shown(campaign.file), *typed, *_kept(record)])


def _typed(campaign: Campaign, *known: str) -> list[str]:
    """The edition, and so much of what was typed as another verb knows."""
    edition = ["--run", campaign.run] if campaign.run_given else []
    pairs = zip(campaign.typed[::2], campaign.typed[1::2], strict=True)
    return [*(word for pair in pairs if pair[0] in known for word in pair), *edition]


def _kept(record: Path | None) -> tuple[str, ...]:
    return () if record is None else ("--record", shown(record))


def _words(campaign: Campaign, record: Path | None) -> list[str]:
    return ["sendbatch", "run", shown(campaign.file), *campaign.typed, *_kept(record)]


def folder_of(campaign: Campaign, record: Path | None) -> RecordFolder:
    """Where this campaign's record is; `record` (--record) stands in for `reports/` beside it."""
    kept = "" if campaign.profile.delivers else campaign.profile.name
    base = record or campaign.folder / "reports"
    return RecordFolder(base, campaign.name, campaign.run, kept, named=record is not None)
