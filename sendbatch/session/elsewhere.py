"""A campaign that CI sends, on a machine whose record would be another: it would know nobody, and mail
everybody again.

Where a record on this disk or in a database would begin, in a checkout whose workflow names sendbatch, its
`origin` is asked whether it has a record of this campaign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sendbatch.campaign.automated import sent_by
from sendbatch.campaign.model import Campaign
from sendbatch.campaign.profiles import repository_root
from sendbatch.errors import GuardError, one_line, shown
from sendbatch.ledger.folder import GIT, RecordFolder
from sendbatch.ledger.git.place import KEY
from sendbatch.ledger.records import has_record
from sendbatch.planning.options import Options
from sendbatch.session.commands import CommandLines
from sendbatch.session.database import names_database
from sendbatch.session.job import Job


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where else this campaign has a record, or may have one; what to do for who runs it, and for who only
    looks."""

    said: str
    hint: str
    looking: str


def sent_elsewhere(
    campaign: Campaign,
    folder: RecordFolder,
    environ: Mapping[str, str],
    options: Options | None = None,
    ended: Callable[[], bool] = lambda: False,
) -> Elsewhere | None:
    """None where a record is here, where a person named its folder, or nobody but this machine sends it."""
    if folder.repository is not None or folder.named or not campaign.profile.mails_the_list:
        return None
    if not (folder.is_here or folder.is_read):
        return None
    root = repository_root(campaign.folder.resolve())
    if not (root / ".git").exists() or (workflow := sent_by(root)) is None or has_record(folder):
        return None
    # running git is of use here alone
    from sendbatch.ledger.git.elsewhere import Unasked, records_elsewhere

    named = one_line(shown(workflow), 200)
    try:
        found = folder.editions_among(records_elsewhere(root, environ, ended))
    except Unasked as why:
        if folder.database is not None:
            return None  # it is the one of all who send this, and CI may never have kept another
        line = CommandLines(campaign, folder.base).run(options)
        return Elsewhere(
            f"{named} names sendbatch, so that CI may have sent this campaign, and `origin` cannot be "
            f"asked for its record: {one_line(str(why), 600)}",
            "look whether this works here:  git ls-remote origin\n"
            "  is it sent from this machine alone? then name the folder of its record, which begins with "
            f"everybody:\n    {line}",
            "look whether this works here:  git ls-remote origin",
        )
    if folder.run not in found and (folder.run or campaign.run_given or not found):
        return None
    line = CommandLines(campaign, GIT).run(options)
    if folder.database is not None:
        return Elsewhere(
            f"there is no record of {one_line(folder.name, 200)} in the database, and the repository has "
            f"one, of what CI has sent ({named})",
            f"finish it with that one, with {KEY} set to the key of its receipts:\n    {line}\n"
            "  a new edition (--run) may begin in the database",
            f"add --record git, with {KEY} set to the key of its receipts",
        )
    return Elsewhere(
        f"there is no record of {one_line(folder.name, 200)} on this disk, and the repository has one, of "
        f"what CI has sent ({named})",
        f"go on with that one, with {KEY} set to the key of its receipts:\n    {line}\n"
        "  or, for everybody who sends it, write at the top of profiles.yaml:  record: git",
        f"add --record git, with {KEY} set to the key of its receipts; or write at the top of "
        "profiles.yaml:  record: git",
    )


def _beside_database(job: Job) -> GuardError | None:
    """A folder, or the repository, that a person or a machine's environment names has no record, and
    profiles.yaml says that it is in a database."""
    campaign, folder = job.campaign, job.record
    if not campaign.profile.mails_the_list or not names_database(campaign.record):
        return None
    if folder.repository is None and not folder.named:
        return None
    if not folder.is_read or has_record(folder):  # without a key nothing is asked, and no run begins
        return None
    place = f"a folder without one ({one_line(shown(folder.path), 200)})"
    if folder.repository is not None:
        place = f"the repository, which has none ({one_line(folder.repository.ref, 300)})"
    return GuardError(
        "profiles.yaml says that the record is in a database, and --record, or SENDBATCH_RECORD, names "
        f"{place}: it would know nobody, and mail all of them; nothing was sent",
        hint="leave --record out, and SENDBATCH_RECORD unset; only if the database has no record of this "
        "campaign either, take `record:` out of profiles.yaml",
    )


def refusal(job: Job) -> GuardError | None:
    """What a run says where the record that it would begin is not the only one."""
    if (beside := _beside_database(job)) is not None:
        return beside
    found = sent_elsewhere(
        job.campaign, job.record, job.edge.environ, job.typed, lambda: job.stop.is_soon
    )
    job.stop.heed()
    if found is None:
        return None
    return GuardError(
        f"{found.said}; a new record would know nobody, and mail all of them; nothing was sent",
        hint=found.hint,
    )
