"""Making a plan: every row checked and staged, the suppressed and the duplicates found.

Works inside a draft of the record, so that a plan which is refused, declined or interrupted leaves nothing
behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from sendbatch.audience.reading import Table
from sendbatch.audience.rules import Rules
from sendbatch.campaign.model import FAIL, SEND_WITHOUT
from sendbatch.errors import AudienceError, CampaignError, at
from sendbatch.findings import Finding, Rule
from sendbatch.ledger.facts import NOBODY, Difference, Lacking, Twins
from sendbatch.ledger.store import Draft, Staging
from sendbatch.message.checks.names import names_used
from sendbatch.planning.attachments import (
    oversized,
    refuse_faulty,
    refuse_other_files,
    too_large_for_all,
    with_empty,
)
from sendbatch.planning.conditions import refuse_bare_where
from sendbatch.planning.excepting import NAMED, except_those, settle
from sendbatch.planning.keys import key_of, keys_since
from sendbatch.planning.people import open_people, rules_of
from sendbatch.planning.request import Lookups, Means, Request
from sendbatch.planning.suppressing import suppress
from sendbatch.rendering.batches import Large, Staged, Surveyed
from sendbatch.rendering.pool import Pool, in_batches
from sendbatch.rendering.setup import Setup
from sendbatch.runtime.observer import Observer
from sendbatch.words import count

EMPTY = "empty"  # of the rows that lack something: a file of theirs has no byte
CLASHING = "names of more than one column"  # meta, with blanks between
BATCH = 500  # rows checked in one go
MOST_FAULTS = 1000  # looked through for what is said of them
NO_VERSION = "version"  # what a row lacks that leads to no version of the letter


@dataclass(frozen=True, slots=True)
class Planned:
    """What a new plan brought: how it differs from the last, and what a person should know."""

    difference: Difference
    twins: Twins
    corrected_doubt: frozenset[int] = frozenset()  # IDs of those in doubt whose row is another now
    warnings: tuple[Finding, ...] = ()
    large: tuple[Large, ...] = ()  # those with the largest attachments
    excepted: tuple[str, ...] = ()  # what is said of those who have the mail by the word of a file
    failing: Lacking = NOBODY  # rows that fail alone by a fault of their attachments
    without: Lacking = NOBODY  # rows that are sent without a file of theirs


class Basis(NamedTuple):
    """What a plan is made on: the digest of its inputs, the record's salt, and look-ups of domains, where the
    campaign asks for them."""

    inputs: str
    salt: bytes
    lookups: Lookups | None = None


class _Staged(NamedTuple):
    """Every row of the CSV is staged; `large` are those with the largest attachments."""

    staging: Staging
    rules: Rules
    digest: str
    large: list[Large]


def make_plan(draft: Draft, request: Request, means: Means, basis: Basis) -> Planned:
    """Read the CSV, check every row, and make the result the plan of the draft.

    Raises CampaignError, AudienceError with all that is wrong; Interrupted when asked to stop.
    """
    started_at, campaign = means.now(), request.campaign
    staged = _read(draft, request, means, basis)
    staging, heed = staged.staging, means.stop.heed
    warnings = suppress(staging, campaign, heed)
    excepted = except_those(staging, campaign, request.options, heed)
    if basis.lookups is not None:
        warnings += _look_up(staging, basis.lookups, means)
    staging.called_since(keys_since(draft.reading, campaign))
    staging.settle()
    refuse_bare_where(staging, staged.rules, campaign)
    nowhere = staging.lacking(NO_VERSION, MOST_FAULTS)
    faulty = staging.faulty(MOST_FAULTS)
    refuse_faulty(faulty, campaign.recipients.shown, request.content, nowhere)
    planned = _planned(staged, request, warnings)
    if planned.difference.first and campaign.recipients.key is None:
        refuse_other_files(staging.twins_by_attachment(), campaign)
    completed_at = means.now()
    staging.finish(
        inputs=basis.inputs,
        recipients_digest=staged.digest,
        content_digest=request.content.digest,
        started_at=started_at,
        completed_at=completed_at,
    )
    said = settle(draft, excepted, staging.matched(NAMED), completed_at)
    return replace(planned, excepted=tuple(said))


def _read(draft: Draft, request: Request, means: Means, basis: Basis) -> _Staged:
    """The CSV, row by row."""
    campaign, content, heed = request.campaign, request.content, means.stop.heed
    as_before = bool(key_of(campaign)) and draft.reading.has_tried()
    marked = bool(
        campaign.suppress
        or campaign.attachments
        or campaign.invite
        or basis.lookups
        or request.options.excepted
    )
    with open_people(campaign, content, heed, as_before=as_before) as table:
        rules = _rules(request, means, table)
        draft.remember(CLASHING, " ".join(table.clashes))
        staging = draft.stage(rules.columns)
        limit = campaign.profile.size_limit
        setup = Setup(content, rules, rules.columns, basis.salt, limit, marked=marked)
        checked = Pool(setup, means.workers).check(in_batches(table, BATCH), heed)
        if means.checked is not None:
            checked = _seen(checked, partial(means.checked, rules.columns))
        digest, large = _stage(staging, checked, means.observer, marked=marked)
    if digest is None:
        said = f"{at(campaign.recipients.shown)}: there is a header and no recipient under it"
        raise AudienceError(Rule.NO_RECIPIENTS.finding(said))
    return _Staged(staging, rules, digest, large)


def _seen(
    checked: Iterable[Surveyed], see: Callable[[Sequence[Staged]], None]
) -> Iterator[Surveyed]:
    for found in checked:
        see(found.rows)
        yield found


def _rules(request: Request, means: Means, table: Table) -> Rules:
    """Raises CampaignError with what is wrong with the rules and with the content, in one go."""
    findings = too_large_for_all(request.campaign, request.content)
    try:
        rules = rules_of(request.campaign, request.content, table, means.stop.heed)
    except CampaignError as error:
        raise CampaignError([*error.findings, *findings]) from None
    if findings:
        raise CampaignError(findings)
    return rules


def _stage(
    staging: Staging, checked: Iterable[Surveyed], observer: Observer, *, marked: bool
) -> tuple[str | None, list[Large]]:
    """Stage every row; returns their digest, None where there are none, and those with large attachments."""
    digest, rows = hashlib.sha256(), 0
    large: list[Large] = []
    for found in checked:
        staging.add(found.rows)
        if marked:
            staging.mark(found.marks())
        staging.known_as(found.former)
        digest.update(found.digested)
        staging.fault(found.faults)
        large += found.large
        staging.lack(NO_VERSION, found.nowhere)
        staging.lack(FAIL, found.failing)
        staging.lack(SEND_WITHOUT, found.without)
        staging.lack(EMPTY, found.empty)
        staging.weigh(found.weighed)
        rows += len(found.rows)
        observer.planning(rows)
    return digest.hexdigest() if rows else None, large


def _look_up(staging: Staging, lookups: Lookups, means: Means) -> list[Finding]:
    """Rows at domains that no mail can go to are invalid."""
    found = lookups.check(staging.domains(), means.stop.heed)
    staging.reject_domains((domain, why) for domain, why in found.items() if why)
    if not lookups.unanswered:
        return []
    said = f"{count(len(lookups.unanswered), 'domain')} could not be looked up: no answer came"
    hint = "addresses there are taken as they are; is there a name server?"
    return [Rule.NO_DNS_ANSWER.finding(said, hint=hint)]


def _planned(staged: _Staged, request: Request, warnings: list[Finding]) -> Planned:
    """All is settled: what came of it."""
    staging = staged.staging
    sendable = staging.may_be_sent_to([line for line, _, _ in staged.large])
    large = [one for one in staged.large if one[0] in sendable]
    file = request.campaign.recipients.shown
    too_large = oversized(Rule.MESSAGE_LIKELY_TOO_LARGE, large, request.announced_size, file)
    hint = "it said so within the last week; run asks it again"
    empty = with_empty(staging.lacking(EMPTY), file)
    return Planned(
        difference=staging.difference(),
        twins=staging.twins(names_used(request.content)),
        corrected_doubt=staging.corrected_doubt(),
        warnings=(*warnings, *(replace(finding, hint=hint) for finding in too_large), *empty),
        large=tuple(large),
        failing=staging.lacking(FAIL),
        without=staging.lacking(SEND_WITHOUT),
    )
