"""What a run was asked for, as a sentence that the record keeps: who reads its report later wants to know."""

from __future__ import annotations

from collections.abc import Iterable

from sendbatch.campaign.model import Rate
from sendbatch.errors import one_line
from sendbatch.session.commands import CommandLines
from sendbatch.session.job import Job
from sendbatch.words import count

BEGAN = "began"  # the kind of the event
LONGEST = 1000  # characters: --only may name thousands
_UNITS = {1: "a second", 60: "a minute", 3600: "an hour", 86400: "a day", 2592000: "in 30 days"}


def asked(job: Job, sendable: int, rates: Iterable[Rate]) -> str:
    """Who, how fast at most, and the line, as `CommandLines.kept` has it."""
    limits = ", ".join(
        f"{rate.count:,} {_UNITS.get(rate.seconds, f'in {rate.seconds} s')}" for rate in rates
    )
    words = [
        f"{count(sendable, 'recipient')} to be sent to",
        f"at most {limits}" if limits else "without a limit of its rate",
        f"over {count(job.profile.connections, 'connection')} at most",
        CommandLines(job.campaign, job.record.given).kept().run(job.options, limit=job.options.limit),
    ]
    return one_line("; ".join(words), LONGEST)
