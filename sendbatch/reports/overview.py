"""The top of report.html: what happened, in the ten seconds that somebody gives it; and what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sendbatch.ledger.ending import ended_of
from sendbatch.ledger.facts import Event
from sendbatch.ledger.figures import Figures
from sendbatch.ledger.states import sendable
from sendbatch.message.identity import short
from sendbatch.reports.markup import (
    Html,
    Part,
    bar,
    code,
    data,
    moment,
    number,
    pairs,
    paragraph,
    section,
    share,
    text,
)
from sendbatch.reports.report import Report
from sendbatch.reports.stretches import Stretch, limit_of
from sendbatch.reports.tally import NOT_COUNTED, UNFINISHED, Tally
from sendbatch.reports.text import GLOSSES, gloss
from sendbatch.reports.times import Times
from sendbatch.values import Status
from sendbatch.words import count, exact_duration, rate, word

MOST_RUNS = 20
BROKE_OFF = "The last run did not come to its end."
TO_PAGE = " --format html > report.html"


def headline(report: Report) -> tuple[str, str]:
    """What became of everyone, as a sentence, and how that is: "good", "open" or "bad"."""
    tally = report.tally
    everyone, accepted = tally.counted, tally.totals.get(Status.ACCEPTED, 0)
    if not everyone:
        return "There is nobody to send to.", "open"
    if report.live:
        return f"Being sent at this moment: {accepted:,} of {everyone:,} accepted so far.", "open"
    if accepted == everyone:
        return "The server accepted " + ("the mail." if everyone == 1 else f"all {everyone:,}."), "good"
    said = f"The server accepted {accepted:,} of {everyone:,}"
    without, left = everyone - accepted, 0
    if any(tally.totals.get(status) for status in UNFINISHED):
        left = sendable(tally.totals)  # those whom the line that goes on sends to
        said += f"; {count(left, 'recipient')} {'is' if left == 1 else 'are'} still to be tried"
    if left == without:
        return f"{said}.", "open"
    needing = without - left
    joined = ", and" if left else ";"
    return f"{said}{joined} {needing:,} {'needs' if needing == 1 else 'need'} attention.", "bad"


def notes(report: Report) -> Iterator[Html]:
    """What the counts do not say: a run that goes on, or that ended before everybody had their turn."""
    if report.goes_on_elsewhere:
        said = "One runner has left, and others go on with the run: this page tells how it stood then."
        line = report.commands.get("report")
        anew = f" This makes it anew: {code(line + TO_PAGE)}" if line is not None else ""
        yield Html(f"{text(said)}{anew}")
        return
    if report.live:
        yield text("The run is under way: this page tells how it stood when it was made.")
        return
    if report.broke_off:
        yield text(f"{BROKE_OFF} {doubtful(report.tally)}".rstrip())
        return
    ended = ended_of(report.reading)
    if ended is not None and ended.early:
        why, then = ended.why, ""
        if ended.until is not None:
            why = why.partition("; it is worth trying again from")[0]  # said in the reader's zone below
            then = f" It is worth going on from {moment(ended.until)}."
        yield Html(f"The last run was stopped early: {data(why, 600)}.{then}")


def doubtful(tally: Tally) -> str:
    """Whom a run that broke off may have reached; "" where that is nobody."""
    if not (many := tally.totals.get(Status.IN_DOUBT, 0)):
        return ""
    return f"{count(many, 'recipient')} {'is' if many == 1 else 'are'} in doubt: the mail may have arrived."


def statuses(report: Report) -> Html:
    """The bar of those who were to get the mail, with its legend; who was left out is named below."""
    tally = report.tally
    shown = [status for status in GLOSSES if tally.totals.get(status)]
    parts = [Part(f"is-{status}", tally.totals[status]) for status in shown if status not in NOT_COUNTED]
    legend = (
        f'<li class="is-{status}"><b>{number(tally.totals[status])}</b> <span>{word(status)}</span> '
        f"<i>{share(tally.totals[status], tally.counted) if status not in NOT_COUNTED else 'not counted'}</i>"
        f"<small>{text(gloss(status, report))}</small></li>"
        for status in shown
    )
    gone = ", ".join(f"{many:,} {word(status)}" for status, many in tally.departed.items())
    left = paragraph(text(f"No longer in the CSV, and not counted: {gone}."), kind="quiet") if gone else ""
    return Html(
        f'{bar(parts, tally.counted, kind="statuses")}\n<ul class="legend">{"".join(legend)}</ul>\n{left}'
    )


def tiles(tally: Tally, parts: Sequence[Stretch], times: Times) -> Html:
    """The figures that people ask for first."""
    found = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(figure)}</dd><dd class=\"quiet\">{said}</dd></div>"
        for name, figure, said in _tiles(tally, parts, times)
    )
    return Html(f'<dl class="tiles">{found}</dl>') if found else Html("")


def _tiles(
    tally: Tally, parts: Sequence[Stretch], times: Times
) -> Iterator[tuple[str, str, Html]]:
    if parts:
        seconds = sum(part.seconds for part in parts)
        often = f" in {len(parts)} stretches" if len(parts) > 1 else ""
        since = Html(f"{moment(parts[0].began)} to {moment(parts[-1].ended)}")
        yield f"Sending took{often}", exact_duration(seconds), since
        accepted = sum(sum(part.accepted) for part in parts)
        if accepted and seconds >= 1:
            peak = max(part.peak for part in parts)
            best = text(f"at best {rate(max(peak, accepted / seconds))}")
            yield "On average", rate(accepted / seconds), best
    if (middle := times.median) is not None:
        most = text(f"95 % within {exactly(times.within(0.95) or 0.0)}, from the first attempt on")
        yield "Accepted after (median)", exactly(middle), most
    if tries := _tries(tally, times.figures):
        yield "Needed more than one attempt", *tries


def _tries(tally: Tally, figures: Figures) -> tuple[str, Html] | None:
    again = sum(
        many for (status, attempts), many in figures.attempts.items() if attempts > 1 and status == "accepted"
    )
    accepted = tally.totals.get(Status.ACCEPTED, 0)
    return (f"{again:,}", text(f"{share(again, accepted)} of those accepted")) if again else None


def exactly(seconds: float) -> str:
    """ "12 ms", "4.2 s", "2 min 5 s"."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else exact_duration(seconds)


def asked(report: Report, events: Sequence[Event]) -> Html:
    """What was asked for, as far as the record knows."""
    return section("asked", "What was asked", pairs(_asked(report, events)))


def _asked(report: Report, events: Sequence[Event]) -> Iterator[tuple[str, Html]]:
    meta, tally = report.reading.meta, report.tally
    yield "Campaign", data(meta("name") or report.title)
    if edition := meta("run"):
        yield "Edition", data(edition)
    if sender := meta("from"):
        yield "From", data(sender)
    content = meta("content") or ""
    if subject := meta(f"subject of {content}"):
        yield "Subject", data(subject)
    for one in tally.variants:
        if one.content == content:
            yield f"Subject {one.name}", data(one.subject)
    if content:
        yield "Content", text(short(content))
    if server := meta("server"):
        yield "Server", data(server)
    if (plan := report.reading.plan()) is not None:
        rows = sum(tally.totals.values())
        yield "Plan", Html(f"{text(count(rows, 'row'))}, made {moment(plan.completed_at)}")
    for yes in tally.approvals.known:
        said = Html(f"{data(yes.by)} on {text(yes.at)} ({data(yes.key)})")
        yield "Approved", Html(f"plan {text(yes.short)} by {said}")
    if tally.approvals.lapsed is not None:
        yield "Approved", text(tally.approvals.lapsed)
    runs = [event for event in events if event.kind == "began"]
    for event in runs[-MOST_RUNS:]:
        yield "Run", Html(f"{moment(event.at)} {data(event.detail, 1000)}")
    if len(runs) > MOST_RUNS:
        yield "Runs before", number(len(runs) - MOST_RUNS)
    rates = [limit_of(event) for event in events if event.kind == "limit"]
    if rates and rates[-1] is not None:
        yield "Limit at the end", text(rate(rates[-1]))
