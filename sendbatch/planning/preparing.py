"""From a campaign and its record to what a run would do: planned, selected, and held to its guards.

The same steps serve a run, which keeps what they did to the record, and a plan that is only
looked at, which works on a copy.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sendbatch.audience.deliverability import NO_MAIL
from sendbatch.campaign.model import Campaign
from sendbatch.errors import CampaignError, GuardError, LedgerError
from sendbatch.findings import Finding, Rule
from sendbatch.ledger.states import SENDABLE
from sendbatch.ledger.store import Draft
from sendbatch.limits.retries import longest_delay
from sendbatch.message.attachments import advice
from sendbatch.message.checks.pictures import doubtful_pictures
from sendbatch.message.checks.placeholders import Placeholder, placeholders
from sendbatch.message.checks.wordless import wordless
from sendbatch.message.content import Content
from sendbatch.planning import belonging, guards, keys, lasting
from sendbatch.planning.approval import Held, hold_to, read_approval
from sendbatch.planning.conditions import bare_warnings, matching_nobody
from sendbatch.planning.inputs import inputs_digest
from sendbatch.planning.options import Options, all_spellings
from sendbatch.planning.people import refused_content
from sendbatch.planning.plan import CLASHING, Lookups, Planned, Planning, make_plan
from sendbatch.planning.resending import remember_key, take_up
from sendbatch.planning.starting_over import begin_anew
from sendbatch.planning.unused import hidden_slips, used_by
from sendbatch.rendering.pool import Pool
from sendbatch.rendering.setup import Setup
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.observer import Observer
from sendbatch.runtime.stop import Stop
from sendbatch.smtp.idempotency import Keys
from sendbatch.values import Recipient, Status


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a run would do now. `planned` is None where the inputs are those of the last plan.

    `totals` are the rows this call is about, `sendable` those it may send, `left_over` those only
    a limit keeps back; `holders` all who hold a key. `samples` are the first three it would send.
    """

    campaign: Campaign
    content: Content
    salt: bytes
    pool: Pool
    planned: Planned | None
    totals: dict[Status, int]
    sendable: int
    left_over: int
    holders: int
    samples: tuple[Recipient, ...]
    in_doubt: int
    held: Held | None
    notices: tuple[str, ...]
    warnings: tuple[Finding, ...]
    placeholders: tuple[Placeholder, ...]  # of other tools, that were left in the letter


@dataclass(frozen=True, slots=True)
class Preparing:
    """Everything the steps need. `command` is the line that runs the campaign again."""

    campaign: Campaign
    content: Content
    options: Options
    command: str
    size_seen: int | None  # what the server lately said
    lookups: Callable[[], Lookups]
    workers: Workers
    observer: Observer
    stop: Stop
    wall: Callable[[], float]
    environ: Mapping[str, str]
    place: str  # the record's folder as it is shown
    recorded: bool  # whether the command says where records are kept
    keys: Keys | None = None  # where who is in doubt may be sent to again by the provider's
    looking: bool = False  # nothing will be sent: changes are told of, not refused
    refused: LedgerError | None = (
        None  # what a run would say of the record, where it is only looked at
    )


def prepare(draft: Draft, preparing: Preparing) -> Prepared:
    """Plan where the inputs changed, select, apply what was asked for, and pass every guard.

    All of it stands in the draft. Raises GuardError, CampaignError, AudienceError, Interrupted.
    """
    campaign, options, now = preparing.campaign, preparing.options, preparing.wall()
    reading = draft.reading
    is_new = reading.plan() is None
    moved = belonging.same_campaign(reading, campaign, options.moved_from, preparing.command)
    keyed_by = keys.other_key(reading, campaign)
    anew = None
    if keyed_by is None:
        keys.own_addresses(reading, campaign)
        if not options.accept_changes:
            anew = begin_anew(draft, campaign, preparing.content.digest, now)
    salt = _salt(draft)
    planned = _plan(draft, preparing, salt, anew=anew is not None)
    if keyed_by is not None:
        _, holders = draft.people.census()
        raise keys.refusal(keyed_by, reading, campaign, holders, preparing.command, now)
    _restrict(draft, options)

    def plan_anew() -> Planned:
        inputs = inputs_digest(campaign, preparing.stop.heed)
        made = _plan_anew(draft, preparing, salt, inputs, _lookups(preparing))
        _restrict(draft, options)
        return made

    planned = take_up(
        draft, campaign, options, preparing.content.digest, planned, plan_anew, now,
        preparing.keys, preparing.observer.notice,
    )  # fmt: skip
    draft.make_due(now, now + longest_delay(campaign.retry))
    # Nothing below changes a row: the record is counted once, by what was asked for where it differs.
    everyone, holders = draft.people.census()
    changes = _changes(draft, preparing, everyone, holders, now)
    held = _hold(draft, preparing, everyone, holders)
    begun = _lasting(preparing, holders, now) if is_new else _not_the_first(options)
    is_other = reading.meta("content") != preparing.content.digest
    is_told = preparing.looking or planned is not None or is_other
    warnings = tuple(_warnings(draft, preparing, planned, everyone, is_told=is_told))
    _identify(draft, campaign, preparing.content, now)
    is_restricted = options.only is not None or options.limit is not None
    totals = draft.totals() if is_restricted else everyone
    return Prepared(
        campaign=campaign,
        content=preparing.content,
        salt=salt,
        pool=_pool(draft, preparing, salt),
        planned=planned,
        totals=totals,
        sendable=_sendable(totals),
        left_over=draft.left_over(),
        holders=holders,
        samples=tuple(draft.samples(3)),
        in_doubt=totals.get(Status.IN_DOUBT, 0),
        held=held,
        notices=tuple(
            notice for notice in (moved, _refused(preparing), begun, anew, *changes) if notice
        ),
        warnings=warnings,
        placeholders=_placeholders(draft, preparing) if is_told else (),
    )


def _warnings(
    draft: Draft,
    preparing: Preparing,
    planned: Planned | None,
    everyone: Mapping[Status, int],
    *,
    is_told: bool,
) -> Iterator[Finding]:
    """What is no fault and may not be meant. A run that goes on with the same content has said it."""
    if planned is not None:
        yield from planned.warnings
    plan = draft.people.plan()
    rows = sum(everyone.values())
    if plan is not None and rows and everyone.get(Status.FILTERED) == rows:
        yield matching_nobody(draft.people, preparing.campaign, plan.columns, rows)
    if plan is not None and is_told:
        content, campaign = preparing.content, preparing.campaign
        yield from bare_warnings(draft.people, content, campaign, plan.columns)
        shared = keys.shared_warning(draft.people, campaign)
        if shared is not None:
            yield shared
        yield from hidden_slips(content, campaign, used_by(content, campaign), plan.columns)
        yield from doubtful_pictures(content, plan.columns)
    if preparing.looking:
        yield from advice(preparing.content, preparing.campaign)
    html = preparing.content.html if preparing.content.text is None else None
    if html is not None and (preparing.looking or planned is not None):
        bare = wordless(html)
        if bare is not None:
            yield bare


def _placeholders(draft: Draft, preparing: Preparing) -> tuple[Placeholder, ...]:
    plan = draft.people.plan()
    columns = plan.columns if plan is not None else ()
    return placeholders(preparing.content, preparing.campaign, columns)


def _restrict(draft: Draft, options: Options) -> None:
    """To those whom --only names."""
    strangers = draft.only(all_spellings(options.only))
    if strangers:
        raise CampaignError(
            f"--only names nobody in the plan: {', '.join(strangers[:10])}",
            hint="give the key or the address as the CSV has it",
        )


def _sendable(totals: Mapping[Status, int]) -> int:
    return sum(totals.get(status, 0) for status in SENDABLE)


def _salt(draft: Draft) -> bytes:
    known = draft.reading.meta("salt")
    if known is None:
        known = os.urandom(32).hex()
        draft.remember("salt", known)
    return bytes.fromhex(known)


def _plan(
    draft: Draft, preparing: Preparing, salt: bytes, *, anew: bool = False
) -> Planned | None:
    """None where the inputs are those of the last plan, unless it is to be made `anew` all the same."""
    heed = preparing.stop.heed
    inputs, lookups = inputs_digest(preparing.campaign, heed), _lookups(preparing)
    last = draft.reading.plan()
    if (
        last is None
        or anew
        or last.inputs != inputs
        or _is_alive_again(draft, lookups, preparing.stop)
    ):
        return _plan_anew(draft, preparing, salt, inputs, lookups)
    # the content may use other names than the plan has columns for
    clashing = (draft.reading.meta(CLASHING) or "").split()
    _hold_names(preparing, last.columns, clashing)
    return None


def _lookups(preparing: Preparing) -> Lookups | None:
    return preparing.lookups() if preparing.campaign.recipients.check_deliverability else None


def _plan_anew(
    draft: Draft, preparing: Preparing, salt: bytes, inputs: str, lookups: Lookups | None
) -> Planned:
    planning = Planning(
        campaign=preparing.campaign,
        content=preparing.content,
        inputs=inputs,
        salt=salt,
        size_limit=preparing.campaign.profile.size_limit,
        size_seen=preparing.size_seen,
        lookups=lookups,
        workers=preparing.workers,
        observer=preparing.observer,
        stop=preparing.stop,
        wall=preparing.wall,
    )
    return make_plan(draft, planning)


def _hold_names(preparing: Preparing, columns: tuple[str, ...], clashing: list[str]) -> None:
    campaign = preparing.campaign
    place = campaign.places.get("recipients.file")
    clashes = {
        name: Rule.AMBIGUOUS_COLUMN.finding(
            f"more than one column of the CSV is usable as {name}", place, "rename one of them"
        )
        for name in clashing
    }
    if faults := refused_content(preparing.content, campaign, columns, clashes):
        raise CampaignError(faults)


def _is_alive_again(draft: Draft, lookups: Lookups | None, stop: Stop) -> bool:
    """Rows invalid for DNS alone are looked up again: has one of their domains come (back)?"""
    if lookups is None:
        return False
    domains = draft.reading.domains_without_mail(NO_MAIL)
    return any(reason is None for reason in lookups.check(domains, stop.heed).values())


def _changes(
    draft: Draft, preparing: Preparing, totals: Mapping[Status, int], holders: int, now: float
) -> list[str]:
    """Other content or another server than before: refused, accepted, or only told of."""
    campaign, reading, digest = preparing.campaign, draft.reading, preparing.content.digest
    if preparing.options.accept_changes:
        return []
    numbers = guards.Numbers(holders, _sendable(totals))
    said = [
        guards.other_content(reading, campaign, digest, numbers, preparing.command, now),
        guards.other_server(reading, campaign, numbers, preparing.command, now),
    ]
    told = [text for text in said if text is not None]
    if told and not preparing.looking:
        raise GuardError(
            [Rule.GUARD_REFUSED.finding(text) for text in told]
        )  # one --accept-changes accepts all of them
    return told


def _lasting(preparing: Preparing, holders: int, now: float) -> str | None:
    """A new record, in CI: refused, or only told of."""
    campaign = preparing.campaign
    if not campaign.profile.delivers:
        return None
    beginning = lasting.Beginning(
        campaign.name, preparing.place, preparing.command, preparing.recorded, holders
    )
    said = lasting.refusal(beginning, preparing.environ, preparing.options.first_run, now)
    if said is not None and not preparing.looking:
        raise GuardError(said)
    return None if said is None else f"a run would be refused: {said}"


def _refused(preparing: Preparing) -> str | None:
    if preparing.refused is None:
        return None
    return f"a run would be refused: {preparing.refused.message}\n  {preparing.refused.hint}"


def _not_the_first(options: Options) -> str | None:
    if options.first_run is None:
        return None
    return "--first-run: there is a record, which the run goes on with"


def _hold(
    draft: Draft, preparing: Preparing, totals: Mapping[Status, int], holders: int
) -> Held | None:
    """--strict, expect and --plan. Raises GuardError."""
    campaign, options = preparing.campaign, preparing.options
    if options.strict:
        guards.strictly(totals)
    guards.as_expected(campaign.expect, holders)
    if options.approval is None:
        return None
    return hold_to(
        read_approval(options.approval),
        campaign=campaign.name,
        run=campaign.run,
        content=preparing.content.digest,
        server=guards.server_of(campaign.profile),
        holders=preparing.stop.heeding(draft.people.holders()),
    )


def _identify(draft: Draft, campaign: Campaign, content: Content, now: float) -> None:
    """Write down what the guards of the next run compare with."""
    server = guards.server_of(campaign.profile)
    if draft.reading.meta("server") != server:
        draft.note("server", server, now)
    remember_key(draft, campaign, now)
    draft.remember("name", campaign.name)
    draft.remember("run", campaign.run)
    belonging.remember(draft, campaign)
    keys.remember(draft, campaign)
    draft.remember("content", content.digest)
    draft.remember("server", server)
    draft.remember(f"domain of {content.digest}", content.sender_domain)


def _pool(draft: Draft, preparing: Preparing, salt: bytes) -> Pool:
    """For building messages only: the rows are checked, their rules no longer matter."""
    plan = draft.people.plan()
    assert plan is not None
    setup = Setup(preparing.content, None, plan.columns, salt)
    return Pool(setup, preparing.workers)
