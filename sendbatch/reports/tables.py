"""The tables of report.html: answers with what they mean, domains, variants, contents, servers, attempts and
times."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sendbatch.findings import pattern_of
from sendbatch.ledger.facts import Answer
from sendbatch.ledger.figures import Figures
from sendbatch.ledger.store import Reading
from sendbatch.message.identity import short
from sendbatch.reasons import reason
from sendbatch.reports.markup import (
    Column,
    Html,
    Part,
    bar,
    data,
    number,
    paragraph,
    section,
    share,
    table,
    text,
)
from sendbatch.reports.overview import exactly
from sendbatch.reports.tally import Tally
from sendbatch.reports.text import GLOSSES
from sendbatch.reports.times import Times
from sendbatch.reports.variants import OF_VARIANTS
from sendbatch.values import Status
from sendbatch.words import count, word

MOST_ANSWERS = 60
LOOKED_AT = 500  # answers that are told apart by the record, before those alike are joined
MOST_DOMAINS = 50
TRIED = (Status.ACCEPTED, Status.DEFERRED, Status.REJECTED, Status.IN_DOUBT, Status.FAILED)
NUMBER = "number"
# What to do where no server has said anything.
TO_DO = {
    Status.IN_DOUBT: "Look for their Message-ID, which report.csv has, in the server's log, and settle them.",
    Status.FAILED: "Mend the template, the attachment or the row; the next run builds them anew.",
    Status.INVALID: "Correct the row; the next run takes it.",
    Status.DEFERRED: "Nothing: the next run tries them again.",
}


def answers(reading: Reading, tally: Tally, statuses: Sequence[Status]) -> Html:
    """Why whoever needs attention has no mail."""
    if not tally.needing_attention:  # what is asked is asked of everybody
        return Html("")
    found = _joined(reading.answers(statuses, LOOKED_AT))
    columns = [Column("Recipients", NUMBER), Column("Status"), Column("What was said", "wide")]
    columns += [Column("What it means", "wide"), Column("What to do", "wide")]
    rows = (_answer(one) for one in found[:MOST_ANSWERS])
    everyone = sum(tally.totals.get(status, 0) for status in statuses)
    left = everyone - sum(one.recipients for one in found[:MOST_ANSWERS])
    others = paragraph(text(f"{left:,} more, by other answers."), kind="quiet") if left > 0 else ""
    return section(
        "answers",
        "Why they have no mail",
        table("Replies and reasons", columns, rows),
        others,
    )


def _joined(found: Sequence[Answer]) -> list[Answer]:
    """Those that differ by a name or a number alone are one."""
    alike: dict[tuple[object, ...], Answer] = {}
    for one in found:
        key = (one.status, one.code, one.enhanced, one.why, pattern_of(one.text), pattern_of(one.detail))
        known = alike.get(key)
        many = one.recipients + (known.recipients if known else 0)
        alike[key] = replace(known or one, recipients=many, varies=one.varies or known is not None)
    return sorted(alike.values(), key=lambda one: -one.recipients)


def _answer(one: Answer) -> tuple[Html, ...]:
    reply = " ".join(str(part) for part in (one.code, one.enhanced, one.text) if part)
    said = data(reply or reason(one.why, one.detail, one.code) or "nothing", 500)
    if one.varies:
        said = Html(f"{said} <small>(the words vary)</small>")
    status = Status.IN_DOUBT if one.status is Status.SENDING else one.status
    means, to_do = text(f"{GLOSSES[status]}."), text(TO_DO.get(status, ""))
    if one.code is not None and one.code >= 400:
        from sendbatch.smtp.advice import advice  # reads 14 ms of data, which only refusals need

        told = advice(one.code, one.enhanced, one.text)
        source = f' <a href="{text(told.source)}" rel="noreferrer">source</a>' if told.source else ""
        means, to_do = Html(f"{text(told.means)}{source}"), text(told.do)
    return number(one.recipients), chip(status), said, means, to_do


def chip(status: str) -> Html:
    return Html(f'<span class="chip is-{status}">{word(status)}</span>')


def domains(figures: Figures, *, live: bool) -> Html:
    """Of those tried, by where their mailbox is."""
    by_domain: dict[str, Counter[str]] = defaultdict(Counter)
    for (domain, status), many in figures.domains.items():
        by_domain[domain][status if live else _settled(status)] += many
    if not by_domain:
        return Html("")
    beyond = by_domain.pop("", Counter())
    order = sorted(by_domain.items(), key=lambda item: (-item[1].total(), item[0]))
    rows = [(data(domain, 120), counts) for domain, counts in order[:MOST_DOMAINS]]
    for _, counts in order[MOST_DOMAINS:]:
        beyond += counts
    if beyond:
        more = f"all {len(order) - MOST_DOMAINS:,} others" if len(order) > MOST_DOMAINS else "all others"
        rows.append((text(more), beyond))
    shown = [status for status in (*TRIED, Status.SENDING) if any(counts[status] for _, counts in rows)]
    columns = [Column("Domain", "wide"), Column("Tried", NUMBER), Column("", "drawn")]
    columns += [Column(word(status).capitalize(), NUMBER) for status in shown]
    columns += [Column("Share accepted", NUMBER)]
    return section(
        "domains",
        "By recipient domain",
        table("By recipient domain", columns, (_domain(name, counts, shown) for name, counts in rows)),
    )


def _domain(name: Html, counts: Counter[str], shown: Sequence[Status]) -> tuple[Html, ...]:
    total = counts.total()
    parts = bar((Part(f"is-{status}", counts[status]) for status in shown), total)
    numbers = (number(counts[status]) for status in shown)
    return name, number(total), parts, *numbers, text(share(counts[Status.ACCEPTED], total))


def _settled(status: str) -> str:
    return Status.IN_DOUBT if status == Status.SENDING else status


def variants(tally: Tally) -> Html:
    """Side by side what became of each subject."""
    if not tally.variants:
        return Html("")
    several = len({one.content for one in tally.variants}) > 1
    shown = [
        status
        for status in OF_VARIANTS
        if status is Status.ACCEPTED or any(one.totals.get(status) for one in tally.variants)
    ]
    columns = [Column("Variant"), Column("Subject", "wide")]
    columns += [Column("Content")] if several else []
    columns += [Column("Recipients", NUMBER), Column("", "drawn")]
    columns += [Column(word(status).capitalize(), NUMBER) for status in shown]
    columns += [Column("Share accepted", NUMBER)]
    rows = []
    for one in tally.variants:
        row = [text(one.name), data(one.subject)]
        row += [text(short(one.content))] if several else []
        row += [number(one.recipients), _drawn(one.totals, one.recipients)]
        row += [number(one.totals.get(status, 0)) for status in shown]
        row += [text(share(one.totals.get(Status.ACCEPTED, 0), one.recipients))]
        rows.append(row)
    return section("variants", "Variants of the subject", table("Variants of the subject", columns, rows))


def _drawn(totals: Mapping[Status, int], whole: int) -> Html:
    return bar((Part(f"is-{status}", totals.get(status, 0)) for status in GLOSSES), whole)


def attempts(figures: Figures, times: Times, *, live: bool) -> Html:
    """How many needed how many attempts, and how soon they were accepted."""
    parts = [*_attempts(figures, live=live), *_times(times)]
    return section("attempts", "Attempts and times", *parts) if parts else Html("")


def _attempts(figures: Figures, *, live: bool) -> Iterator[Html]:
    by_number: dict[int, Counter[str]] = defaultdict(Counter)
    for (status, tries), many in figures.attempts.items():
        if tries:
            by_number[tries][status if live else _settled(status)] += many
    if not by_number:
        return
    most = max(counts.total() for counts in by_number.values())
    tried = (*TRIED, Status.SENDING)
    shown = [status for status in tried if any(counts[status] for counts in by_number.values())]
    columns = [Column("Attempts"), Column("Recipients", NUMBER), Column("", "drawn")]
    columns += [Column(word(status).capitalize(), NUMBER) for status in shown]
    rows = (
        (
            text(count(tries, "attempt")),
            number(counts.total()),
            bar((Part(f"is-{status}", counts[status]) for status in shown), most),
            *(number(counts[status]) for status in shown),
        )
        for tries, counts in sorted(by_number.items())
    )
    yield Html(f"<h3>Attempts</h3>{table('How many needed how many attempts', columns, rows)}")


def _times(times: Times) -> Iterator[Html]:
    everybody = times.number
    if not everybody:
        return
    sentences = []
    for only, who in ((False, "at the first attempt"), (True, "after more than one")):
        some = Times(times.figures, only)
        middle, nearly = some.median, some.within(0.95)
        if middle is not None and nearly is not None:
            how = ", which is how long the server took to answer" if not only else ""
            sentences.append(
                f"Of {count(some.number, 'recipient')} accepted {who}, half were within {exactly(middle)} "
                f"and 95 % within {exactly(nearly)}{how}."
            )
    rows = list(times.spread())
    most = max(many for _, _, many in rows)
    columns = [Column("From the first attempt"), Column("Recipients", NUMBER), Column("", "drawn")]
    columns += [Column("Share", NUMBER)]
    told = (
        (
            text(_between(low, high)),
            number(many),
            bar([Part("is-accepted", many)], most),
            text(share(many, everybody)),
        )
        for low, high, many in rows
    )
    yield Html(
        f"<h3>Time to accept</h3>{paragraph(*map(text, sentences))}"
        f"{table('Time from the first attempt to the acceptance', columns, told)}"
    )


def _between(low: float, high: float) -> str:
    if high == float("inf"):
        return f"over {exactly(low)}"
    return f"{exactly(low)} to {exactly(high)}" if low else f"under {exactly(high)}"


def went_out(tally: Tally) -> Html:
    """Which contents, and through which servers; where there is one of each, the top of the page has it."""
    parts = []
    if len(tally.contents) > 1:
        rows = ((text(short(digest)), number(many)) for digest, many in tally.contents)
        columns = [Column("Content"), Column("Sent to", NUMBER)]
        parts.append(f"<h3>Contents</h3>{table('Contents', columns, rows)}")
    if len(tally.servers) > 1:
        rows = ((data(name), number(many)) for name, many in tally.servers)
        columns = [Column("Server", "wide"), Column("Accepted", NUMBER)]
        parts.append(f"<h3>Servers</h3>{table('Servers', columns, rows)}")
    return section("sent", "What went out, and through whom", *parts) if parts else Html("")
