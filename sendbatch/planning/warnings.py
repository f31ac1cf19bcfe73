"""What is no fault of a plan and may not be meant, told before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sendbatch.findings import Finding
from sendbatch.ledger.store import Draft
from sendbatch.message.attachments import advice
from sendbatch.message.checks.pictures import doubtful_pictures
from sendbatch.message.checks.placeholders import Placeholder, placeholders
from sendbatch.message.checks.wordless import wordless
from sendbatch.planning import keys
from sendbatch.planning.conditions import bare_warnings, matching_nobody
from sendbatch.planning.plan import Planned
from sendbatch.planning.request import Request
from sendbatch.planning.unused import hidden_slips, used_by
from sendbatch.values import Status


@dataclass(frozen=True, slots=True)
class Warnings:
    """`placeholders` are of other tools, and were left in the letter: how many messages have them is found
    out where every message is built."""

    findings: tuple[Finding, ...]
    placeholders: tuple[Placeholder, ...]


def warnings_of(
    draft: Draft, request: Request, planned: Planned | None, everyone: Mapping[Status, int]
) -> Warnings:
    """`everyone` counts all rows by status. A run that goes on with the same content has said most of it."""
    is_other = draft.reading.meta("content") != request.content.digest
    is_told = request.looking or planned is not None or is_other
    found = [
        *(planned.warnings if planned is not None else ()),
        *_of_nobody(draft, request, everyone),
        *(_of_columns(draft, request) if is_told else ()),
        *(advice(request.content, request.campaign) if request.looking else ()),
        *(_of_the_letter(request) if request.looking or planned is not None else ()),
    ]
    plan = draft.people.plan()
    columns = plan.columns if plan is not None else ()
    left = placeholders(request.content, request.campaign, columns) if is_told else ()
    return Warnings(tuple(found), left)


def _of_nobody(
    draft: Draft, request: Request, everyone: Mapping[Status, int]
) -> Iterator[Finding]:
    plan, rows = draft.people.plan(), sum(everyone.values())
    if plan is not None and rows and everyone.get(Status.FILTERED) == rows:
        yield matching_nobody(draft.people, request.campaign, plan.columns, rows)


def _of_columns(draft: Draft, request: Request) -> Iterator[Finding]:
    """What the content makes of the columns and their cells."""
    plan = draft.people.plan()
    if plan is None:
        return
    content, campaign = request.content, request.campaign
    yield from bare_warnings(draft.people, content, campaign, plan.columns)
    shared = keys.shared_warning(draft.people, campaign)
    if shared is not None:
        yield shared
    yield from hidden_slips(content, campaign, used_by(content, campaign), plan.columns)
    yield from doubtful_pictures(content, plan.columns)


def _of_the_letter(request: Request) -> Iterator[Finding]:
    html = request.content.html if request.content.text is None else None
    bare = wordless(html) if html is not None else None
    if bare is not None:
        yield bare
