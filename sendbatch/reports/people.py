"""The part of report.html that names whoever needs attention, with the lines that settle them.

It holds no more than a page can carry; the others are counted, and report.csv has them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TextIO

from sendbatch.ledger.facts import ReportRow
from sendbatch.ledger.states import SENDABLE, sendable
from sendbatch.reasons import reason
from sendbatch.reports.formats import TABLE
from sendbatch.reports.markup import Html, code, data, paragraph, section, text
from sendbatch.reports.report import Report, statuses_of
from sendbatch.reports.rows import timestamp
from sendbatch.reports.tables import chip
from sendbatch.reports.tally import NEEDS_ATTENTION
from sendbatch.values import Status
from sendbatch.words import word

MOST = 5000  # rows
MOST_CHARACTERS = 1_300_000  # of all of them
SHOWN_FIRST = 100  # the others are there for who searches, or asks for them
LONGEST = 160  # characters of what was said to one


def settling(report: Report) -> Html:
    """What leads on, each with its line for a shell."""
    totals = report.tally.totals
    steps = "".join(
        f'<li><b class="chip is-{status}">{totals[status]:,} {word(status)}</b> {text(words)}'
        f"{''.join(map(code, lines))}</li>"
        for status, words, lines in _steps(totals, report.commands)
        if not report.live or status not in SENDABLE  # these are left to the run that is under way
    )
    if not steps:
        return Html("")
    then = paragraph(text("Once the run that is under way is over:")) if report.live else ""
    return section("next", "What to do", f'{then}<ul class="steps">{steps}</ul>')


def _steps(
    totals: Mapping[Status, int], lines: Mapping[str, str]
) -> Iterator[tuple[Status, str, list[str]]]:
    def number(status: Status) -> int:
        return totals.get(status, 0)

    def line(*names: str) -> list[str]:
        return [lines[name] for name in names if name in lines]

    if number(Status.IN_DOUBT):
        yield (
            Status.IN_DOUBT,
            "The mail may have arrived. Whoever is known to have it is settled by key or address with the "
            "first line, whoever is known not to with --as pending in it; the second sends to all of them "
            "again.",
            line("settle", "resend"),
        )
    if number(Status.REJECTED):
        yield (
            Status.REJECTED,
            "The server said never. Where that was a fault that is mended now, this sends to them again:",
            line("retry"),
        )
    if number(Status.FAILED):
        yield (
            Status.FAILED,
            "Mend what could not be built. This builds every message and sends none:",
            line("check"),
        )
    if number(Status.INVALID):
        yield Status.INVALID, "Correct these rows in the CSV, and run again.", []
    if number(Status.DEFERRED):
        also = f", with all {sendable(totals):,} that are left" if number(Status.PENDING) else ""
        yield Status.DEFERRED, f"Refused for now. This tries whoever is due{also}:", line("run")
    if number(Status.PENDING) and number(Status.DEFERRED):
        yield Status.PENDING, "Not tried yet. The line of the deferred ones sends to these as well.", []
    elif left := number(Status.PENDING):
        everyone = sendable(totals)
        also = f", with all {everyone:,} that are left" if everyone > left else ""
        yield Status.PENDING, f"Not tried yet. This goes on{also}:", line("run")


def write_people(report: Report, out: TextIO) -> None:
    """The table, row by row as the record has them."""
    totals = report.tally.totals
    many = report.tally.needing_attention
    if not many:
        return
    out.write(
        '<section id="people" aria-labelledby="of-people">'
        '<h2 id="of-people">Everyone who needs attention</h2>\n'
        '<div class="tools" hidden></div>\n'
        '<div class="table" role="region" aria-label="Table: everyone who needs attention" tabindex="0">'
        '<table class="sortable people"><caption class="unseen">Everyone who needs attention</caption>'
        '<thead><tr><th scope="col" class="number">Row</th><th scope="col">Address</th>'
        '<th scope="col">Key</th><th scope="col">Status</th><th scope="col">What was said</th>'
        '<th scope="col" class="number">Attempts</th><th scope="col" class="time">Last (UTC)</th>'
        "</tr></thead><tbody>\n"
    )
    written = 0
    for line in _lines(report, totals):
        if written == SHOWN_FIRST:
            out.write('</tbody><tbody class="later">\n')
        out.write(line)
        written += 1
    out.write("</tbody></table></div>\n")
    if left := many - written:
        where = report.places.get("report", TABLE)
        out.write(
            f'<p class="quiet" data-left="{left}">'
            f"{text(f'{left:,} more are not on this page; {where} has everybody.', 1000)}</p>\n"
        )
    out.write("</section>\n")


def _lines(report: Report, totals: Mapping[Status, int]) -> Iterator[str]:
    left = _fair({status: totals.get(status, 0) for status in NEEDS_ATTENTION}, MOST)
    room, tell = MOST_CHARACTERS, _teller()
    for told in report.reading.report_rows(statuses_of(report)):
        status = Status.IN_DOUBT if told[3] == Status.SENDING else Status(told[3])
        if not left[status]:
            continue
        line = tell(told, status)
        left[status] -= 1
        room -= len(line)
        if room < 0:
            return
        yield line
        if not any(left.values()):
            return


def _fair(wanted: Mapping[Status, int], most: int) -> Counter[Status]:
    """How many of each, so that many of one do not hide a few of another."""
    given: Counter[Status] = Counter()
    for place, status in enumerate(sorted(wanted, key=lambda one: wanted[one])):
        share = (most - given.total()) // (len(wanted) - place)
        given[status] = min(wanted[status], share)
    return given


def _teller() -> Callable[[ReportRow, Status], str]:
    chips = {status: chip(status) for status in NEEDS_ATTENTION}

    def tell(told: ReportRow, status: Status) -> str:
        row, key, email, _, reply_code, enhanced, reply, attempts, _, _, ended, why, detail = told
        said = " ".join(str(part) for part in (reply_code, enhanced, reply) if part)
        words = said or ("" if why is None else reason(why, detail, reply_code, row))
        when = (timestamp(ended) or "")[:19].replace("T", " ")
        own_key = "" if key == email.lower() else data(key, 120)
        return (
            f"<tr><td>{row}<td>{data(email, 320)}<td>{own_key}<td>{chips[status]}"
            f"<td>{data(words, LONGEST)}<td>{attempts}<td>{when}\n"
        )

    return tell
