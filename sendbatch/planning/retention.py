"""A record that lasts: in CI, where a disk is thrown away after each job, none is begun in silence.

It would know nobody, and everybody would be mailed, those too whom an earlier job has mailed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sendbatch.errors import GuardError
from sendbatch.planning.request import Request
from sendbatch.runtime.ci import ATTEMPT, attempt, in_ci
from sendbatch.words import count


@dataclass(frozen=True, slots=True)
class Beginning:
    """A new record through a profile that delivers, of so many `holders`; `place` is its folder as it is
    shown, `command` the line that runs the campaign, with --record where `recorded`."""

    name: str
    place: str
    command: str
    recorded: bool
    holders: int


def hold_kept(request: Request, holders: int, now: float, *, is_new: bool) -> str | None:
    """A new record, in CI: refused, or only told of. Raises GuardError."""
    options, keeping, campaign = request.options, request.keeping, request.campaign
    if not is_new:
        begun_before = "--first-run: there is a record, which the run goes on with"
        return None if options.first_run is None else begun_before
    if not campaign.profile.mails_the_list:
        return None
    if keeping.lasts:
        return _begun_in(keeping.database, holders) if keeping.database else None
    beginning = Beginning(
        campaign.name, keeping.place, request.ways.again, keeping.is_named, holders
    )
    reason = refusal(beginning, keeping.environ, options.first_run, now)
    if reason is not None and not request.looking:
        raise GuardError(reason)
    return None if reason is None else f"a run would be refused: {reason}"


def _begun_in(database: str, holders: int) -> str:
    """Of a database that another variable may name: it is asked about, or stands in the log."""
    return (
        f"a new record, {database}: there nobody is known to have the mail, and it begins with "
        f"{_all(holders)}"
    )


def refusal(
    beginning: Beginning, environ: Mapping[str, str], first_run: date | None, now: float
) -> str | None:
    """Why this record must not be begun here, with the ways on; None where it may."""
    today = datetime.fromtimestamp(now, UTC).date()
    taken = (today, today - timedelta(days=1))
    if first_run is not None and first_run not in taken:
        days = " or ".join(f"{day}" for day in taken)
        return (
            f"--first-run {first_run} does not hold today: it takes {days} (UTC). There is no record of "
            f"{beginning.name} in {beginning.place}, so that it would begin one and mail "
            f"{_all(beginning.holders)}\n{_keeping(beginning)}"
        )
    if not in_ci(environ):
        return None
    if (times := attempt(environ)) > 1:
        return (
            f"this job is run again ({ATTEMPT} is {times}), and there is no record of "
            f"{beginning.name} in {beginning.place}: an attempt before may have mailed some or "
            f"all of the {beginning.holders:,}, and --first-run does not hold for it\n{_keeping(beginning)}\n"
            "  only if nobody got it (the attempt's log and the server's say so), start the workflow "
            f"anew with --first-run {today}:\n    that mails {_all(beginning.holders)}"
        )
    if first_run is not None:
        return None
    return (
        f"this is CI, where a disk may not last, and there is no record of {beginning.name} in "
        f"{beginning.place}: a new one knows nobody, and would mail {_all(beginning.holders)}, "
        f"those too who have it from an earlier job\n{_keeping(beginning)}\n"
        f"  only if nobody has it yet, begin the record, which mails {_all(beginning.holders)}: in the "
        "repository, where it lasts,\n    with record: git at the top of profiles.yaml, and no --record\n"
        f"  or here (taken today and tomorrow):\n    {beginning.command} --first-run {today}"
    )


def _keeping(beginning: Beginning) -> str:
    way = "  go on with the record, in a folder that lasts and holds it: "
    if beginning.recorded:
        return f"{way}put it back there, or name another folder"
    return f"{way}--record DIR or SENDBATCH_RECORD"


def _all(holders: int) -> str:
    return count(holders, "recipient") if holders == 1 else f"all {holders:,} recipients"
