"""What a record tells when nothing is sent, and how a person settles what only a person can know."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TextIO

from sendbatch.campaign.model import Campaign
from sendbatch.errors import CampaignError, LedgerError, one_line, shown
from sendbatch.ledger import reach
from sendbatch.ledger.facts import Work
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.records import has_record, open_record, sent_to_by_others, twin_of
from sendbatch.ledger.store import Reading
from sendbatch.planning.options import Options, all_spellings
from sendbatch.reports.encryption import encryption_of
from sendbatch.reports.files import write_files
from sendbatch.reports.formats import FORMATS, PAGE, TABLE
from sendbatch.reports.report import Report
from sendbatch.reports.tally import exit_code, take
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.stop import Stop
from sendbatch.session.commands import CommandLines
from sendbatch.session.elsewhere import sent_elsewhere
from sendbatch.session.recorded import plan_anew, recorded
from sendbatch.session.server import OUTBOX
from sendbatch.values import Status
from sendbatch.words import listed

MOST_NAMED = 5  # projects


def write_report(
    campaign: Campaign,
    folder: RecordFolder,
    form: str,
    out: TextIO,
    edge: Edge | None = None,
    *,
    is_masked: bool = False,
    with_columns: bool = False,
    excel: bool = False,
) -> int:
    """Write the record in a format of the registry; returns the exit code of `status`. A table, which is
    "csv", may have the recipients' own columns, and the mark by which Excel knows that it is UTF-8.

    Raises CampaignError for another format, LedgerError without a record.
    """
    hold_form(form, with_columns=with_columns, excel=excel)
    edge = edge or Edge()
    hold_recorded(campaign, folder, edge)
    with recorded(campaign, folder, edge) as record:
        at = edge.clock.wall()
        report = report_of(campaign, folder, record.reading, live=record.under_way, at=at)
        if FORMATS[form].is_wrapped:
            report = told_here(report, campaign, folder)
        if excel:
            out.write("\ufeff")
        if with_columns:
            from sendbatch.reports.csv import write_with_columns

            write_with_columns(report, out)
        else:
            FORMATS[form].write(replace(report, is_masked=is_masked), out)
    return exit_code(report.tally.totals, campaign.tolerate)


def hold_form(form: str, *, with_columns: bool, excel: bool) -> None:
    """Raises CampaignError where it is none, or is no table and something of tables is wanted."""
    if form not in FORMATS:
        raise CampaignError(f"no such format: {form}", hint=f"there are {', '.join(FORMATS)}")
    for wanted, what in ((with_columns, "with_columns"), (excel, "excel")):
        if wanted and form != "csv":
            raise CampaignError(f"{what} can only be had in the format csv, and this is {form}")


def resolve(
    campaign: Campaign, folder: RecordFolder, keys: Sequence[str], to: Status, edge: Edge
) -> None:
    """Settle recipients in doubt, or deferred by 5xx, as ACCEPTED, PENDING or REJECTED.

    Raises CampaignError where one is neither (then none is changed), LockedError while a run is under way.
    """
    hold_recorded(campaign, folder, edge)
    encryption = encryption_of(edge.environ)
    now = edge.clock.wall()
    without_log = not campaign.profile.mails_the_list
    with open_record(
        folder,
        since="a moment ago",
        holder=edge.holder,
        now=edge.clock.wall,
        stop=Stop(),
        without_log=without_log,
        work=Work.RESOLVE,
    ) as record:
        record.recover(now)
        if folder.repository is not None:
            plan_anew(campaign, folder, record, edge)
        wrong = record.resolve(all_spellings(keys) or [], to, now)
        if wrong:
            raise CampaignError(
                f"neither in doubt nor deferred by a 5xx: {', '.join(wrong)}; nothing was changed",
                hint="sendbatch status lists who is",
            )
        if os.access(folder.path, os.W_OK) or folder.is_here:
            report = report_of(campaign, folder, record.reading, at=now)
            write_files(report, folder.path, encryption)


def report_of(
    campaign: Campaign,
    folder: RecordFolder,
    reading: Reading,
    *,
    live: bool = False,
    at: float | None = None,
) -> Report:
    """What every format is made from; `live`: a process is sending at this moment, which is `at`."""
    tally, commands = take(reading, live=live), _commands(lines_of(campaign, folder).kept())
    title = f"{campaign.title}{reach.told(reading)}"
    report = Report(
        reading, tally, title, places_in(folder), commands=commands, live=live, made_at=at
    )
    if live or report.broke_off:  # a table that lies there is of the run before
        return replace(report, places=without_reports(report.places))
    return report


def without_reports(places: Mapping[str, str]) -> dict[str, str]:
    """Places, without those where a report lies that does not tell how the record stands."""
    return {what: where for what, where in places.items() if what not in ("report", "page")}


def told_here(report: Report, campaign: Campaign, folder: RecordFolder) -> Report:
    """The same for the person who called: its lines have the values of --set, which no file has."""
    return replace(report, commands=_commands(lines_of(campaign, folder)))


def lines_of(campaign: Campaign, folder: RecordFolder) -> CommandLines:
    """Those that lead on with the record of this folder, as it was named."""
    return CommandLines(campaign, folder.given)


def places_in(folder: RecordFolder) -> dict[str, str]:
    """Where there is more to read or to see, by what it is; of files no more than are there."""
    tables = {"report": folder.path / TABLE, "page": folder.path / PAGE}
    places = {what: shown(path) for what, path in tables.items() if path.is_file()}
    if (folder.path / OUTBOX).is_dir():
        places["mails"] = shown(folder.path / OUTBOX)
    return places


def _commands(lines: CommandLines) -> dict[str, str]:
    return {
        "run": lines.run(),
        "retry": lines.run(Options(retry=("rejected",))),
        "check": lines.check(),
        "resolve": lines.resolve(),
        "report": lines.report(),
        "settle": f"{lines.resolve()} KEY… --as accepted",
        "resend": f"{lines.run()} --in-doubt resend",
    }


def hold_recorded(campaign: Campaign, folder: RecordFolder, edge: Edge | None = None) -> None:
    """Raises LedgerError where there is no record, or none any more."""
    folder.refuse_links()
    if folder.repository is not None:
        folder.repository.secret()
    if folder.database is not None:
        folder.database.hold_named()
    if (gone := folder.lost()) is not None:
        raise gone
    if has_record(folder):
        if (behind := folder.behind()) is not None:
            raise behind
        return
    if (twin := twin_of(folder)) is not None:
        raise twin
    found = sent_elsewhere(campaign, folder, (edge or Edge()).environ)
    if found is not None:
        raise LedgerError(found.said, hint=found.looking)
    if folder.database is not None and (projects := sent_to_by_others(folder.database)):
        named = listed([one_line(project, 200) for project, _ in projects], MOST_NAMED)
        raise LedgerError(
            f"{folder.database.title}: there is no record there, and there is one of this campaign's name "
            f"under another project: {named}",
            hint="is it the same? then write that at the top of profiles.yaml, as `project:`",
        )
    others = [one_line(edition, 80) or "(without a name)" for edition in folder.editions()]
    where = f"{shown(folder.path)}: there is no record here"
    if folder.repository is not None:
        where = f"{folder.repository.ref}: there is no record in the repository"
    if folder.database is not None:
        where = f"{folder.database.title}: there is no record there"
    raise LedgerError(
        f"{where}; nothing was sent yet",
        hint=f"there are records of: {', '.join(others)} (--run)" if others else None,
    )
