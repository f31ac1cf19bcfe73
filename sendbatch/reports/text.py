"""The summary at the end of a run, for a person at a terminal.

Counts in words, then who needs attention, then where to read on. No colour, no cursor movement:
what it says can be piped, mailed and pasted as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, TextIO

from sendbatch.errors import inert, one_line, shell_line
from sendbatch.findings import Group
from sendbatch.ledger.approvals import Approvals
from sendbatch.message.identity import short
from sendbatch.reasons import OURS
from sendbatch.reports.report import HANDED_OVER_NOW, Report, ThisRun
from sendbatch.reports.tally import Attention, ReplyGroup, Tally, counted
from sendbatch.reports.variants import OF_VARIANTS
from sendbatch.values import Status
from sendbatch.words import count, cut, exact_duration, padded, rate, span, width, word

if TYPE_CHECKING:
    from sendbatch.smtp.advice import Advice

GLOSSES = {
    Status.ACCEPTED: "the server took it",
    Status.PENDING: "not tried yet",
    Status.SENDING: HANDED_OVER_NOW,
    Status.DEFERRED: "refused for now; tried again when due",
    Status.REJECTED: "refused for good by the server",
    Status.FAILED: "could not be built: template, attachment or size",
    Status.IN_DOUBT: "the message may have arrived; no reply came",
    Status.INVALID: "no usable address, key or required cell",
    Status.FILTERED: "left out by `where` or only_to",
    Status.SUPPRESSED: "on a suppression list, or forgotten",
    Status.DUPLICATE: "an earlier row has this key",
    Status.WITHDRAWN: "tried without success, no longer in the CSV",
}
MOST_ADDRESS = 40
MOST_KEY = 320  # characters of one that stands in a line to be pasted
MOST_REASON = 100
MOST_MEANINGS = 3
MOST_APPROVALS = 5
MOST_REPLIES = 5  # of those that hold recipients back; who has another is counted


def write(report: Report, out: TextIO) -> None:
    """The summary, with nothing in it that a terminal would obey."""
    out.write(inert(report.shown(summary(report))))


def summary(report: Report) -> str:
    """What became of everyone, ending with a line break."""
    tally, places = report.tally, report.places.items()
    blocks = (
        [
            f"{report.title}: {headline(tally)}",
            "",
            *_counts(report),
            *_remarks(report),
        ],
        *_variants(tally),
        _attention(tally),
        _meant(tally),
        _held(report),
        _aligned([(f"{what}:", one_line(where)) for what, where in places]),
    )
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def headline(tally: Tally) -> str:
    """How many have it, to be read after the campaign's title."""
    return headline_of(tally.totals)


def headline_of(totals: Mapping[Status, int]) -> str:
    accepted, those = totals.get(Status.ACCEPTED, 0), counted(totals)
    if not those:
        return "nobody to send to"
    if accepted == those:
        return f"all {accepted:,} accepted" if accepted > 1 else "accepted"
    return f"{accepted:,} of {those:,} accepted"


def gloss(status: Status, report: Report) -> str:
    """What is meant by it, in a few words."""
    return (report.handing if status is Status.SENDING else "") or GLOSSES[status]


def _counts(report: Report) -> Iterator[str]:
    totals = report.tally.totals
    rows = [(status, totals[status]) for status in GLOSSES if totals.get(status)]
    names = max((len(word(status)) for status, _ in rows), default=0)
    digits = max((len(f"{number:,}") for _, number in rows), default=0)
    for status, number in rows:
        yield f"  {word(status):<{names}}  {number:>{digits},}  {gloss(status, report)}"


def _remarks(report: Report) -> Iterator[str]:
    """What the counts do not say: how fast, how many texts and servers, who is gone."""
    tally = report.tally
    remarks = [_timing(tally, report.run)]
    if len(tally.contents) > 1:
        parts = _listed((short(digest), number) for digest, number in tally.contents)
        remarks.append(f"{len(tally.contents)} versions went out: {parts}")
    if len(tally.servers) > 1:
        remarks.append(f"accepted through {_listed(tally.servers)}")
    if tally.departed:
        parts = _listed((word(status), number) for status, number in tally.departed.items())
        remarks.append(f"no longer in the CSV, and not counted: {parts}")
    remarks += _approved(tally.approvals)
    said = [f"  {remark}" for remark in remarks if remark]
    yield from ["", *said] if said else []


def _timing(tally: Tally, run: ThisRun | None) -> str:
    """Of this run alone where one tells it that is not the first: between two runs nobody sends."""
    first, last = tally.first_attempt_at, tally.finished_at
    if first is None or last is None:
        return ""
    accepted, words = tally.totals.get(Status.ACCEPTED, 0), "in"
    if run is not None and run.began_at > first:
        first, accepted, words = run.began_at, run.accepted, "this run: in"
    seconds = last - first
    if seconds <= 0:
        return ""
    took = f"{words} {exact_duration(seconds)}"
    if accepted:
        took += f", {rate(accepted / seconds)}"
    return f"{took}; {span(first, last)}"


def _approved(approvals: Approvals) -> Iterator[str]:
    """By whom, of what and when; the newest, where there are many."""
    known = approvals.known
    if (earlier := len(known) - MOST_APPROVALS) > 0:
        yield f"{count(earlier, 'approval')} before those that follow, see the record's events"
    yield from map(str, known[-MOST_APPROVALS:])
    if approvals.lapsed is not None:
        yield approvals.lapsed


def _listed(parts: Iterator[tuple[str, int]] | Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{one_line(name, MOST_REASON)} {number:,}" for name, number in parts)


def _variants(tally: Tally) -> Iterator[list[str]]:
    """A table of the subjects, for each content that had several."""
    contents = list(dict.fromkeys(one.content for one in tally.variants))
    last = contents[-1] if contents else None
    for content in contents:
        those = [one for one in tally.variants if one.content == content]
        statuses = [
            status
            for status in (*OF_VARIANTS, Status.SENDING)
            if status is Status.ACCEPTED or any(one.totals.get(status) for one in those)
        ]
        of = f" of content {short(content)}" if len(contents) > 1 else ""
        digits = max(len(f"{number:,}") for one in those for number in (0, *one.totals.values()))
        rows = [
            (
                one.name,
                *(f"{word(status)} {one.totals.get(status, 0):>{digits},}" for status in statuses),
                cut(one_line(one.subject), MOST_REASON),
            )
            for one in those
        ]
        unseen = _without_subject(tally) if content == last else []
        yield [f"Variants of the subject{of}", *_aligned(rows), *unseen]


def _without_subject(tally: Tally) -> list[str]:
    """Why the variants add up to less than the totals: whoever was refused before, or has another content."""
    left = [
        (word(status), tally.totals.get(status, 0) - sum(one.totals.get(status, 0) for one in tally.variants))
        for status in OF_VARIANTS
    ]
    found = [one for one in left if one[1] > 0]
    return [f"  sent none of these: {_listed(found)}"] if found else []


def _attention(tally: Tally) -> list[str]:
    if not tally.attention:
        return []
    everyone = sum(tally.totals.values())
    rows = [_attention_row(one, everyone) for one in tally.attention]
    left = tally.needing_attention - sum(one.found.number for one in tally.attention)
    more = [f"  … and {left:,} more"] if left > 0 else []
    return ["Needs attention", *_aligned(rows), *more]


def _attention_row(one: Attention, everyone: int) -> tuple[str, ...]:
    found = one.found
    who = cut(" ".join(one_line(found.rows[0][1]).split()), MOST_ADDRESS)  # two blanks end a cell
    others = f" and {found.number - 1:,} more" if found.number > 1 else ""
    rows = ", ".join(str(row) for row, _ in found.rows)
    is_all, all_ = found.number == everyone > len(found.rows), f"all {everyone:,} rows"
    return (
        f"row {rows}" if found.number == 1 else f"rows {rows}{_more(found)}" if not is_all else all_,
        f"{who}{others}",
        word(one.status),
        cut(one_line(found.words), MOST_REASON) + (" (the words vary)" if found.varies else ""),
    )


def _more(found: Group) -> str:
    return ", …" if found.number > len(found.rows) else ""


def _meant(tally: Tally) -> list[str]:
    """The commonest meanings of the refusals, each once, and what to do."""
    if not tally.replies or not tally.attention:
        return []
    from sendbatch.smtp.advice import advice  # reads 14 ms of data, which only refusals need

    found: dict[Advice, ReplyGroup] = {}
    for group in tally.replies:
        found.setdefault(advice(group.code, group.enhanced, group.text), group)
    often = Counter(map(_code, found.values()))
    told = (
        (f"  {_code(group)}{_words_of(group, often)}: {one.means}", f"    {one.do}")
        for one, group in found.items()
    )
    left = len(found) - MOST_MEANINGS
    more = [f"  … and {count(left, 'more meaning')}: report.html has them"] if left > 0 else []
    return ["What it means", *chain.from_iterable(islice(told, MOST_MEANINGS)), *more]


def _code(group: ReplyGroup) -> str:
    return " ".join(filter(None, (str(group.code), group.enhanced)))


def _words_of(group: ReplyGroup, often: Mapping[str, int]) -> str:
    """What the server said, where its code alone means several things."""
    is_said = group.text and often[_code(group)] > 1
    return f" {cut(one_line(group.text), MOST_ADDRESS)}" if is_said else ""


def _held(report: Report) -> list[str]:
    """Refused for good by the server's word, and not by ours."""
    held = report.tally.held
    if not held:
        return []
    many = sum(group.recipients for group in held)
    digits = max(len(f"{group.recipients:,}") for group in held)
    lines = ["Refused with 5xx and still open"]
    for group in held[:MOST_REPLIES]:
        of = OURS[group.why] if group.why is not None else ""
        ours = f" (speaks of {of}, not of them)" if of else ""
        reply = " ".join(str(part) for part in (group.code, group.enhanced, group.text) if part)
        text = cut(one_line(reply), MOST_REASON)
        lines.append(f"  {group.recipients:>{digits},} × {text}{ours}")
    if left := sum(group.recipients for group in held[MOST_REPLIES:]):
        lines.append(f"  … and {left:,} more by other replies")
    these, they = ("this one", "it") if many == 1 else (f"these {many:,}", "they")
    command = _rejecting(report, held[0].key if many == 1 else None)
    return [
        *lines,
        "  The server says never, but it speaks of us, or nobody was accepted after that:",
        f"  the next run tries {these} again. Where the server is right, {they} can be settled for good"
        f"{':' if command else '.'}",
        *command,
    ]


def _rejecting(report: Report, key: str | None) -> list[str]:
    """The line that settles them; where it is one alone, with their key, if that can be pasted as it is."""
    beginning = report.commands.get("resolve")
    if beginning is None:
        return []
    if key is None or one_line(key, MOST_KEY) != key or inert(key) != key:
        return [f"  {beginning} KEY… --as rejected"]
    # Behind --, a key is none of the options, whatever it begins with.
    end = ["--as", "rejected", "--", key] if key.startswith("-") else [key, "--as", "rejected"]
    return [f"  {beginning} {shell_line(*end)}"]


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = (padded(cell, size) for cell, size in zip(row, widths, strict=True))
        lines.append(f"  {'  '.join(cells).rstrip()}")
    return lines
