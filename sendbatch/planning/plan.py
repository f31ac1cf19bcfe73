"""Making a plan: every row checked and staged, the suppressed and the duplicates found, merged.

It is made in a draft, so that a plan which is refused, declined or interrupted leaves nothing behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from sendbatch.audience.reading import Table
from sendbatch.audience.rules import Rules
from sendbatch.campaign.model import FAIL, SEND_WITHOUT, Campaign
from sendbatch.errors import AudienceError, CampaignError, Place, shown
from sendbatch.findings import Finding, Groups, Rule
from sendbatch.ledger.facts import NOBODY, Difference, Faulty, Lacking, Twins
from sendbatch.ledger.store import Draft, Staging
from sendbatch.message.attachments import encoded
from sendbatch.message.checks.names import names_used
from sendbatch.message.content import Content, SharedFile
from sendbatch.planning.conditions import refuse_bare_where
from sendbatch.planning.keys import key_of, keys_since
from sendbatch.planning.people import open_people, rules_of
from sendbatch.planning.suppressing import suppress
from sendbatch.rendering.batches import Large
from sendbatch.rendering.pool import Pool, in_parts
from sendbatch.rendering.setup import Setup, too_large
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.observer import Observer
from sendbatch.runtime.stop import Stop
from sendbatch.values import Row
from sendbatch.words import count

CLASHING = "names of more than one column"  # meta, with blanks between
BATCH = 500  # rows checked in one go
_WAYS = (
    "attachments: [{file: …, missing: send_without}] sends such rows without it, "
    "missing: fail lets them fail alone"
)
MOST_FAULTS = 1000  # looked through for what is said of them


class Lookups(Protocol):
    """`check(domains, heed)` says for each domain why no mail can go there, or None; `heed` is called
    now and then, and may raise. `unanswered` are those of which nothing could be learned."""

    unanswered: set[str]

    def check(self, domains: Iterable[str], heed: Callable[[], None]) -> dict[str, str | None]: ...


@dataclass(frozen=True, slots=True)
class Planned:
    """What a new plan brought: how it differs from the last, and what a person should know."""

    difference: Difference
    twins: Twins
    corrected_doubt: frozenset[int] = frozenset()  # IDs of those in doubt whose row is another now
    warnings: tuple[Finding, ...] = ()
    large: tuple[Large, ...] = ()  # those with the largest attachments
    failing: Lacking = NOBODY  # rows that fail alone by a fault of their attachments
    without: Lacking = NOBODY  # rows that are sent without a file of theirs


@dataclass(frozen=True, slots=True)
class Planning:
    """All that a plan is made from. `size_limit` is what the provider publishes, `size_seen` what the
    server lately said; `lookups` is None unless the campaign asks for MX look-ups."""

    campaign: Campaign
    content: Content
    inputs: str
    salt: bytes
    size_limit: int | None
    lookups: Lookups | None
    workers: Workers
    observer: Observer
    stop: Stop
    wall: Callable[[], float]
    size_seen: int | None = None


def make_plan(draft: Draft, planning: Planning) -> Planned:
    """Read the CSV, check every row, and make the result the plan of the draft.

    Raises CampaignError, AudienceError with all that is wrong; Interrupted when asked to stop.
    """
    started_at = planning.wall()
    recipients = planning.campaign.recipients
    heed = planning.stop.heed
    as_before = bool(key_of(planning.campaign)) and draft.reading.has_tried()
    with open_people(planning.campaign, planning.content, heed, as_before=as_before) as table:
        rules = _rules(planning, table)
        draft.remember(CLASHING, " ".join(table.clashes))
        staging = draft.stage(rules.columns)
        digest, large = _stage_rows(staging, table, rules, planning)
    warnings = suppress(staging, planning.campaign, heed)
    if planning.lookups is not None:
        reasons = planning.lookups.check(staging.domains(), heed)
        staging.reject_domains((domain, why) for domain, why in reasons.items() if why)
        if unanswered := planning.lookups.unanswered:
            said = f"{count(len(unanswered), 'domain')} could not be looked up: no answer came"
            hint = "addresses there are taken as they are; is there a name server?"
            warnings.append(Rule.NO_DNS_ANSWER.finding(said, hint=hint))
    staging.called_since(keys_since(draft.reading, planning.campaign))
    staging.settle()
    refuse_bare_where(staging, rules, planning.campaign)
    _refuse_faulty(staging.faulty(MOST_FAULTS), recipients.file)
    failing, without = staging.lacking(FAIL), staging.lacking(SEND_WITHOUT)
    sendable = staging.may_be_sent_to([line for line, _, _ in large])
    large = [one for one in large if one[0] in sendable]
    warnings += [
        replace(finding, hint="it said so within the last week; run asks it again")
        for finding in oversized(
            Rule.MESSAGE_LIKELY_TOO_LARGE, large, planning.size_seen, recipients.file
        )
    ]
    difference = staging.difference()
    corrected_doubt = staging.corrected_doubt()
    twins = staging.twins(names_used(planning.content))
    if difference.first and recipients.key is None:
        _refuse_other_files(staging.twins_by_attachment(), planning.campaign)
    staging.finish(
        inputs=planning.inputs,
        recipients_digest=digest,
        content_digest=planning.content.digest,
        started_at=started_at,
        completed_at=planning.wall(),
    )
    return Planned(
        difference, twins, corrected_doubt, tuple(warnings), tuple(large), failing, without
    )


def _rules(planning: Planning, table: Table) -> Rules:
    """Raises CampaignError with what is wrong with the rules and with the content, in one go."""
    findings = _too_large_for_all(planning)
    try:
        rules = rules_of(planning.campaign, planning.content, table, planning.stop.heed)
    except CampaignError as error:
        raise CampaignError([*error.findings, *findings]) from None
    if findings:
        raise CampaignError(findings)
    return rules


def _too_large_for_all(planning: Planning) -> list[Finding]:
    """What everybody gets, held against what the provider publishes."""
    files = [file for file in planning.content.attachments if isinstance(file, SharedFile)]
    size, limit = encoded(sum(len(file.data) for file in files)), planning.size_limit
    if limit is None or size <= limit:
        return []
    place = planning.campaign.places.get("attachments")
    said = f"attachments: what everybody gets is too large: {too_large(size, limit)}"
    return [Rule.MESSAGE_TOO_LARGE.finding(said, place)]


def _stage_rows(
    staging: Staging, table: Iterable[Row], rules: Rules, planning: Planning
) -> tuple[str, list[Large]]:
    """Check and stage every row; returns their digest, and those with large attachments."""
    setup = Setup(planning.content, rules, rules.columns, planning.salt, planning.size_limit)
    pool = Pool(setup, planning.workers)
    campaign = planning.campaign
    marked = bool(campaign.suppress or campaign.attachments or planning.lookups)
    digest, rows = hashlib.sha256(), 0
    large: list[Large] = []
    for found in pool.check(in_parts(table, BATCH), planning.stop.heed):
        staging.add(found.rows)
        if marked:
            staging.mark(found.marks())
        staging.known_as(found.former)
        digest.update(found.digested)
        staging.fault(found.faults)
        large += found.large
        staging.lack(FAIL, found.failing)
        staging.lack(SEND_WITHOUT, found.without)
        rows += len(found.rows)
        planning.observer.planning(rows)
    if not rows:
        file = campaign.recipients.file
        said = f"{shown(file)}: there is a header and no recipient under it"
        raise AudienceError(Rule.NO_RECIPIENTS.finding(said))
    return digest.hexdigest(), large


def _refuse_faulty(faulty: Faulty, file: Path) -> None:
    """Attachments that are missing for rows that would be sent to: a fault of the campaign."""
    if not faulty.count:
        return
    findings = _of_rows(Rule.UNUSABLE_ATTACHMENT, faulty.rows, file)
    if (others := faulty.count - len(faulty.rows)) > 0:
        said = f"and {count(others, 'more row')} whose attachments cannot be used"
        findings.append(Rule.UNUSABLE_ATTACHMENT.finding(said, Place(shown(file))))
    if faulty.is_missing:
        findings[-1] = replace(findings[-1], hint=_WAYS)
    raise CampaignError(findings)


def oversized(
    rule: Rule, large: Sequence[Large], limit: int | None, file: Path
) -> list[Finding]:
    """The rows whose attachments are more than the server takes, but for those that fail alone."""
    held = [
        (line, too_large(size, limit))
        for line, size, fails in large
        if limit is not None and size > limit and not fails
    ]
    return _of_rows(rule, held, file)


def _of_rows(rule: Rule, held: Sequence[tuple[int, str]], file: Path) -> list[Finding]:
    groups = Groups()
    for row, text in held:
        groups.add(text, row, "")
    return [
        *groups.findings(
            rule,
            shown(file),
            lambda group: f"{group.words}{group.where_if_many}",
            "with other such faults",
        )
    ]


def _refuse_other_files(twins: Twins, campaign: Campaign) -> None:
    """Which of two different files should one address get? Only the author knows."""
    if not twins.count:
        return
    shown = ", ".join(f"row {later} (as row {first})" for later, first in twins.rows)
    raise CampaignError(
        Rule.OTHER_ATTACHMENTS.finding(
            f"{count(twins.count, 'row')} have the address of an earlier row and other attachments: "
            f"{shown}",
            campaign.places.get("recipients.file"),
            "write out what makes a row one delivery: key: customer_id   (or key: email, to send "
            "the first only)",
        )
    )
