"""A plan as Markdown, for a job's summary and a comment on a pull request: who gets what, through which
server, until when, what changed, and what is doubtful."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sendbatch.cli.checked import counted, worst_first
from sendbatch.cli.comparison import comparison_markdown
from sendbatch.cli.plan_text import (
    not_sent_to,
    pace,
    subjects,
    to_send,
    what_changed,
    what_is_sent,
    who_sends,
)
from sendbatch.errors import Finding, SendbatchError, at, inert
from sendbatch.reports.spans import MOST, cell, code, table, within
from sendbatch.runtime.masking import finding_for_log, for_log
from sendbatch.words import count, size

if TYPE_CHECKING:
    from sendbatch.session.overview import Overview

ROOM = 40_000  # bytes for what was found
MOST_DATA = 300  # columns of what others wrote
MOST_SHOWN = 20  # subjects, notices


def markdown(plan: Overview) -> str:
    """Below 60 KB, whatever there is; what is left out is counted."""
    return within(inert("\n\n".join(filter(None, _blocks(plan)))) + "\n", MOST)


def _blocks(plan: Overview) -> Iterator[str]:
    yield f"# {_data(plan.campaign.title)}: {plan.sendable:,} {to_send(plan).rstrip(',')}"
    yield _where_to(plan)
    yield counts(plan)
    yield _list([*who_sends(plan.campaign), *what_changed(plan), *what_is_sent(plan), *pace(plan)])
    yield _samples(plan)
    if plan.digest is not None:
        yield f"Digest of the plan: {code(plan.digest)}"
    yield _list(plan.notices[:MOST_SHOWN])
    yield from findings([finding_for_log(one) for one in plan.findings], ROOM)
    if plan.compared is not None:  # the longest, and so at the end, where it is cut first
        yield from map(for_log, comparison_markdown(plan.compared))


def refusal(error: SendbatchError) -> str:
    """Why a call ended before it had something to tell."""
    found = [finding_for_log(finding) for finding in error.findings]
    blocks = (f"# Ended with exit code {error.exit_code}", *findings(found, ROOM))
    return within(inert("\n\n".join(blocks)) + "\n", MOST)


def _where_to(plan: Overview) -> str:
    whose = f" as {_data(plan.route.account)}" if plan.route.account else ""
    kept = "" if plan.campaign.profile.delivers else ", which keeps the mail and delivers none"
    said = f"Through {_data(plan.server)}{whose}{kept}."
    if reach := plan.campaign.profile.reach:
        said += f" **Mind whom it goes to:** {_data(reach)}."
    if (rehearsal := plan.rehearsal) is not None:
        built = count(rehearsal.built - rehearsal.failed, "message")
        said += f" {built} built, the largest of {size(rehearsal.largest)}."
    return said


def counts(plan: Overview) -> str:
    """How many there are of each kind, as a table."""
    rows = [(to_send(plan).rstrip(","), plan.sendable), ("left for a later run", plan.left_over)]
    rows += [(words.replace("`", ""), number) for number, words in not_sent_to(plan)]
    rows += [("of the approved plan, and no longer to be sent to", plan.counts.missing or 0)]
    shown = [(words, f"{number:,}") for words, number in rows if number or words == rows[0][0]]
    return table(("", "recipients"), shown, numbers=(1,))


def _samples(plan: Overview) -> str:
    """Subjects as some recipients would see them, or as they are declared."""
    shown = list(subjects(plan))[:MOST_SHOWN]
    if not any(key for _, key in shown):
        return table(("subject",), [(_data(subject),) for subject, _ in shown]) if shown else ""
    return table(("subject", "to"), [(_data(subject), _data(key)) for subject, key in shown])


def findings(found: Sequence[Finding], room: int) -> Iterator[str]:
    """What is wrong or doubtful, the worst first, as many as stand in `room` bytes; the others are
    counted."""
    if not found:
        return
    heads = ("", "where", "what", "what to do")
    rows: list[tuple[str, ...]] = []
    for one in worst_first(found):
        row = _row(one)
        room -= sum(len(cell(part).encode(errors="replace")) + 3 for part in row)
        if room < 0:
            break
        rows.append(row)
    yield f"## {counted(found)}"
    yield table(heads, rows)
    if left := worst_first(found)[len(rows) :]:
        yield f"… and {len(left):,} more: {counted(left)}."


def _row(found: Finding) -> tuple[str, ...]:
    place = found.place
    where = code(at(place.file, place.line, place.column), MOST_DATA) if place is not None else ""
    return found.severity, where, code(found.message, MOST_DATA), code(found.hint or "", MOST_DATA)


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {_data(line.strip())}" for line in lines)


def _data(text: str) -> str:
    """As it stands and as nothing else; masked before it is cut."""
    return code(for_log(text), MOST_DATA)
