"""The record as Markdown: for a comment, a wiki or a step's summary. Bounded: what is left out is
counted, and report.csv has everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from sendbatch.errors import inert
from sendbatch.ledger.approvals import Approvals
from sendbatch.ledger.ending import ended_of
from sendbatch.message.identity import short
from sendbatch.reports.overview import BROKE_OFF, doubtful
from sendbatch.reports.report import Report
from sendbatch.reports.rows import timestamp
from sendbatch.reports.spans import MOST, code, table, within
from sendbatch.reports.tally import Attention, ReplyGroup, Tally
from sendbatch.reports.text import GLOSSES, headline
from sendbatch.reports.variants import OF_VARIANTS
from sendbatch.smtp.advice import advice
from sendbatch.values import Status
from sendbatch.words import exact_duration, rate, word

MOST_REPLIES = 15
MOST_VARIANTS = 20
MOST_OTHERS = 10  # versions and servers
MOST_DATA = 120  # columns of what others wrote


def write(report: Report, out: TextIO) -> None:
    """All of it, in a bounded number of bytes."""
    text = inert(report.shown("\n\n".join(filter(None, _blocks(report))))) + "\n"
    out.write(within(text, MOST))


def _blocks(report: Report) -> Iterator[str]:
    tally = report.tally
    yield f"# {code(report.title, 300)}: {headline(tally)}"
    yield _ending(report)
    yield _counts(tally)
    yield _timing(tally)
    yield _approved(tally.approvals)
    yield from _attention(tally)
    yield from _replies(tally)
    yield from _variants(tally)
    yield from _others(tally)
    yield "\n".join(f"- {what}: {code(where, 500)}" for what, where in report.places.items())


def _ending(report: Report) -> str:
    """What the counts do not say: that a run goes on, or that the last one ended before its time."""
    if report.live:
        return "The run is under way: this tells how it stands at this moment."
    if report.broke_off:
        return f"{BROKE_OFF} {doubtful(report.tally)}".rstrip()
    ended = ended_of(report.reading)
    early = ended is not None and ended.early
    return f"The last run was stopped early: {code(ended.why, 600)}" if ended and early else ""


def _counts(tally: Tally) -> str:
    rows = [
        (word(status), f"{number:,}", gloss.replace("`where`", "where"))
        for status, gloss in GLOSSES.items()
        if (number := tally.totals.get(status))
    ]
    return table(("", "recipients", ""), rows, numbers=(1,)) if rows else ""


def _timing(tally: Tally) -> str:
    if tally.first_attempt_at is None or tally.finished_at is None:
        return ""
    took = f", {exact_duration(tally.seconds)}" if tally.seconds else ""
    fast = f", {rate(tally.messages_a_second)}" if tally.messages_a_second else ""
    first, last = timestamp(tally.first_attempt_at), timestamp(tally.finished_at)
    return f"Sent from {first} to {last}{took}{fast}."


def _approved(approvals: Approvals) -> str:
    """By whom, of what and when."""
    lines = [
        f"- plan {code(one.short)} approved by {code(one.by)} on {code(one.at)} ({code(one.key)})"
        for one in approvals.known
    ]
    lapsed = [f"- {approvals.lapsed}"] if approvals.lapsed else []
    return "\n".join([*lines, *lapsed])


def _attention(tally: Tally) -> Iterator[str]:
    if not tally.attention:
        return
    yield "## Needs attention"
    heads = ("status", "recipients", "first", "rows", "why")
    yield table(heads, map(_attention_row, tally.attention), numbers=(1,))
    if left := tally.needing_attention - sum(one.found.number for one in tally.attention):
        yield f"… and {left:,} more."


def _attention_row(one: Attention) -> tuple[str, ...]:
    found = one.found
    rows = ", ".join(f"{row:,}" for row, _ in found.rows)
    more = ", …" if found.number > len(found.rows) else ""
    varies = " (the words vary)" if found.varies else ""
    who, why = code(found.rows[0][1], MOST_DATA), code(found.words, MOST_DATA)
    return word(one.status), f"{found.number:,}", who, rows + more, why + varies


def _replies(tally: Tally) -> Iterator[str]:
    if not tally.replies:
        return
    yield "## What the refusals mean"
    heads = ("recipients", "reply", "what it means", "what to do")
    yield table(heads, map(_reply_row, tally.replies[:MOST_REPLIES]), numbers=(0,))
    if len(tally.replies) > MOST_REPLIES:
        yield "… and other replies, which report.csv has."


def _reply_row(group: ReplyGroup) -> tuple[str, ...]:
    said = " ".join(str(part) for part in (group.code, group.enhanced, group.text) if part)
    meant = advice(group.code, group.enhanced, group.text)
    source = f" ([source]({meant.source}))" if meant.source else ""
    return f"{group.recipients:,}", code(said, MOST_DATA), f"{meant.means}{source}", meant.do


def _variants(tally: Tally) -> Iterator[str]:
    if not tally.variants:
        return
    yield "## Variants of the subject"
    rows = [
        (
            one.name,
            code(one.subject, MOST_DATA),
            short(one.content),
            f"{one.recipients:,}",
            *(f"{one.totals.get(status, 0):,}" for status in OF_VARIANTS),
        )
        for one in tally.variants[:MOST_VARIANTS]
    ]
    heads = ("", "subject", "content", "recipients", *(word(status) for status in OF_VARIANTS))
    yield table(heads, rows, numbers=range(3, len(heads)))
    if (left := len(tally.variants) - MOST_VARIANTS) > 0:
        yield f"… and {left:,} more."


def _others(tally: Tally) -> Iterator[str]:
    """Where there were several of what is one mostly."""
    if len(tally.contents) > 1:
        yield "## Versions of the content"
        newest = tally.contents[-MOST_OTHERS:]
        yield table(("content", "recipients"), [(short(d), f"{n:,}") for d, n in newest], numbers=(1,))
    if len(tally.servers) > 1:
        yield "## Servers"
        last = tally.servers[-MOST_OTHERS:]
        yield table(("server", "accepted"), [(code(s), f"{n:,}") for s, n in last], numbers=(1,))
    if tally.departed:
        rows = [(word(Status(status)), f"{number:,}") for status, number in tally.departed.items()]
        yield "## No longer in the CSV, and not counted"
        yield table(("", "recipients"), rows, numbers=(1,))
