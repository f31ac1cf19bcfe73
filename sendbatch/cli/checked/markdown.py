"""What was found as Markdown, for a job's summary and a pull request: how each file fares, and what is wrong
with it, with file and line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sendbatch.cli.checked import Checked, counted
from sendbatch.cli.plan_markdown import counts, findings
from sendbatch.cli.plan_text import to_send
from sendbatch.errors import inert, shown
from sendbatch.reports.spans import MOST, code, within
from sendbatch.runtime.masking import for_log
from sendbatch.words import count, size

ROOM = 45_000  # bytes for what was found, of all files together
LEAST = 1_000


def markdown(checks: Sequence[Checked]) -> str:
    """Below 60 KB, whatever there is; what is left out is counted."""
    return within(inert("\n\n".join(_blocks(checks))) + "\n", MOST)


def _blocks(checks: Sequence[Checked]) -> Iterator[str]:
    if len(checks) > 1:
        bad = sum(done.code != 0 for done in checks)
        how = f"{bad:,} with faults" if bad else "all is well"
        yield f"# {count(len(checks), 'campaign file')} checked: {how}"
    room = max(ROOM // len(checks), LEAST)
    for done in checks:
        yield from _of_one(done, "##" if len(checks) > 1 else "#", room)


def _of_one(done: Checked, heading: str, room: int) -> Iterator[str]:
    plan, found = done.overview, counted(done.findings) or "nothing is wrong"
    yield f"{heading} {code(for_log(shown(done.file)))}: {found}"
    if plan is not None:
        yield f"{plan.sendable:,} {to_send(plan).rstrip(',')}, exit code {done.code}.{_built(done)}"
        yield counts(plan)
    else:
        yield f"It could not be checked: exit code {done.code}."
    yield from findings(done.findings, room)


def _built(done: Checked) -> str:
    rehearsal = done.overview.rehearsal if done.overview is not None else None
    if rehearsal is None:
        return ""
    built = count(rehearsal.built - rehearsal.failed, "message")
    return f" {built} built, the largest of {size(rehearsal.largest)}."
