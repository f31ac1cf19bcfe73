"""From a campaign and its record to what a run would do: planned, selected, and held to its guards.

The same steps serve a run, which keeps what they did to the record, and a plan that is only
looked at, which works on a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from sendbatch.errors import CampaignError
from sendbatch.findings import Finding, Rule
from sendbatch.ledger.facts import Weight
from sendbatch.ledger.states import sendable
from sendbatch.ledger.store import Draft
from sendbatch.limits.retries import longest_delay
from sendbatch.message.checks.besides import doubts_besides
from sendbatch.message.checks.ignored import ignoring_of
from sendbatch.message.checks.placeholders import Leftovers, placeholders
from sendbatch.message.content import Content
from sendbatch.message.tokens import Signer
from sendbatch.planning import guards, keys, ownership, reaching, retention, strangers
from sendbatch.planning.addresses import AT_FIRST
from sendbatch.planning.doubts import Sight, doubts
from sendbatch.planning.identity import identify, salt_of
from sendbatch.planning.inputs import inputs_digest
from sendbatch.planning.options import Options, all_spellings
from sendbatch.planning.people import refused_content
from sendbatch.planning.plan import CLASHING, Basis, Planned, make_plan
from sendbatch.planning.request import Lookups, Means, Request
from sendbatch.planning.resending import take_up
from sendbatch.planning.starting_over import start_over
from sendbatch.planning.versions import (
    NOT_SPREAD,
    Spread,
    near_versions,
    spread_of,
    unused_versions,
)
from sendbatch.rendering.pool import Pool
from sendbatch.rendering.setup import Setup
from sendbatch.values import Recipient, Status


@dataclass(frozen=True, slots=True)
class Counts:
    """`totals` are the rows that the call is about, `sendable` those of them that a run would send to,
    `left_over` those that only a limit keeps back; `holders` all who hold a key. `missing` are of the
    approved plan and no longer to be sent to; None where none was given."""

    totals: Mapping[Status, int]
    sendable: int
    left_over: int
    holders: int
    missing: int | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a run would do now. `planned` is None where the inputs are those of the last plan, and so is
    `weight`, that of the files which those it would send to have of their own. `samples` are the first three
    it would send, `spread` how all are over the versions of the content; `notices` what a person should know
    of the record. The links that `pool` makes have no signature yet, for that takes a secret."""

    content: Content
    salt: bytes
    pool: Pool
    planned: Planned | None
    counts: Counts
    samples: tuple[Recipient, ...]
    spread: Spread
    notices: tuple[str, ...]
    warnings: tuple[Finding, ...]
    placeholders: Leftovers  # of other tools, that were left in the letter
    weight: Weight | None = None

    @property
    def sendable(self) -> int:
        """How many it would send to."""
        return self.counts.sendable


def prepare(draft: Draft, request: Request, means: Means) -> Prepared:
    """Plan where the inputs changed, select, apply what was asked for, and pass every guard.

    All of it stands in the draft. Raises GuardError, CampaignError, AudienceError, Interrupted.
    """
    now, salt, is_new = means.now(), salt_of(draft), draft.reading.plan() is None
    moved = ownership.same_campaign(
        draft.reading,
        request.campaign,
        request.options.moved_from,
        request.ways.again,
        is_shared=request.keeping.is_shared,
    )
    reaching.hold(draft.reading, request.campaign, request.keeping.place)
    started_over, planned = _plan(draft, request, means, salt, now)
    planned = _select(draft, request, means, salt, planned, now)
    # Nothing below changes a row: the record is counted once, by what was asked for where it differs.
    everyone, holders = draft.people.census()
    numbers = guards.Numbers(holders, sendable(everyone), request.options.here)
    changes = guards.hold_unchanged(draft.reading, request, numbers, now)
    missing = guards.hold_expected(draft.people, request, everyone, holders, means.stop)
    to_mail = sendable(everyone) if request.options.excepted else holders
    begun = retention.hold_kept(request, to_mail, now, is_new=is_new)
    apart = strangers.hold_apart(request, draft.people, now, is_new=is_new)
    is_changed = draft.reading.meta("content") != request.content.digest
    warnings = _warnings(draft, request, planned, everyone, is_changed=is_changed)
    is_news = request.looking or planned is not None or is_changed
    resigned = guards.other_signatures(draft.reading, request.campaign.profile)
    identify(draft, request.campaign, request.content, now)
    pool = _pool(draft, request, means, salt)
    spread = _spread(draft, request, pool, means)
    if is_news:
        warnings = (*warnings, *near_versions(spread, request.content, request.campaign))
    if is_news and not (request.options.only or request.options.limit):
        warnings = (
            *warnings,
            *unused_versions(
                spread, pool, draft.people.holders, request.campaign, means.stop.heed
            ),
        )
    unsigned = _unsigned(request)
    excepted = planned.excepted if planned is not None else ()
    begun_so = (moved, request.keeping.notice, begun, apart, started_over)
    notices = (*begun_so, *excepted, *changes, resigned, unsigned)
    return Prepared(
        content=request.content,
        salt=salt,
        pool=pool,
        planned=planned,
        counts=_counts(draft, request.options, everyone, holders, missing),
        samples=tuple(draft.samples(3)),
        spread=spread,
        notices=tuple(filter(None, notices)),
        warnings=warnings,
        placeholders=_placeholders(draft, request) if is_news else Leftovers(),
        weight=draft.weight(),
    )


def prepare_again(draft: Draft, prepared: Prepared, request: Request, means: Means) -> Prepared:
    """The same plan, with a content that was changed since: for whoever only looks. The inputs of the plan
    are as they were. Raises CampaignError where the content uses what the rows do not have."""
    plan = draft.people.plan()
    assert plan is not None
    _hold_names(request, plan.columns, [])
    everyone, _ = draft.people.census()
    warnings = _warnings(draft, request, prepared.planned, everyone, is_changed=True)
    pool = _pool(draft, request, means, prepared.salt)
    spread = _spread(draft, request, pool, means)
    near = near_versions(spread, request.content, request.campaign)
    return replace(
        prepared,
        content=request.content,
        pool=pool,
        spread=spread,
        warnings=(*warnings, *near),
        placeholders=_placeholders(draft, request),
    )


def _warnings(
    draft: Draft,
    request: Request,
    planned: Planned | None,
    everyone: Mapping[Status, int],
    *,
    is_changed: bool,
) -> tuple[Finding, ...]:
    """What may not be meant."""
    plan = draft.people.plan()
    assert plan is not None
    most = None if request.looking else AT_FIRST
    sight = Sight(request.campaign, request.content, draft.people, plan.columns, everyone, most)
    is_new = planned is not None
    found = doubts(sight, looking=request.looking, planned=is_new, changed=is_changed)
    return (*(planned.warnings if planned is not None else ()), *found)


def _placeholders(draft: Draft, request: Request) -> Leftovers:
    plan = draft.people.plan()
    columns = plan.columns if plan is not None else ()
    return placeholders(request.content, request.campaign, columns)


def _plan(
    draft: Draft, request: Request, means: Means, salt: bytes, now: float
) -> tuple[str | None, Planned | None]:
    """That a rehearsal starts over, if it does, and the new plan, where the inputs are not those of the last.

    Raises GuardError where keys come from something else than before: said with the numbers of a plan.
    """
    campaign, reading = request.campaign, draft.reading
    keyed_by = keys.other_key(reading, campaign)
    started_over = None
    if keyed_by is None and not request.options.accept_changes:
        started_over = start_over(draft, campaign, request.content.digest, now)
    planned = _plan_if_needed(draft, request, means, salt, is_needed=started_over is not None)
    if keyed_by is not None:
        _, holders = draft.people.census()
        raise keys.refusal(keyed_by, reading, campaign, holders, request.ways.another, now)
    keys.own_addresses(draft, campaign, is_new=planned is not None)
    return started_over, planned


def _plan_if_needed(
    draft: Draft, request: Request, means: Means, salt: bytes, *, is_needed: bool
) -> Planned | None:
    """None where the inputs are those of the last plan, unless a new one is needed all the same."""
    inputs, lookups = _inputs(request, means), _lookups(request, means)
    last = draft.reading.plan()
    if (
        last is None
        or is_needed
        or request.options.excepted
        or last.inputs != inputs
        or _takes_mail_by_now(draft, lookups, means)
    ):
        return make_plan(draft, request, means, Basis(inputs, salt, lookups))
    # the content may use other names than the plan has columns for
    clashing = (draft.reading.meta(CLASHING) or "").split()
    _hold_names(request, last.columns, clashing)
    return None


def _select(
    draft: Draft,
    request: Request,
    means: Means,
    salt: bytes,
    planned: Planned | None,
    now: float,
) -> Planned | None:
    """Whom this run is about, those it is to send to again among them. Returns the call's first plan."""
    campaign, options = request.campaign, request.options
    _restrict(draft, options)
    planned = take_up(
        draft,
        campaign,
        options,
        request.content.digest,
        planned,
        partial(_plan_anew, draft, request, means, salt),
        now,
        request.keys,
        means.observer.notice,
    )
    draft.make_due(now, now + longest_delay(campaign.retry))
    return planned


def _plan_anew(draft: Draft, request: Request, means: Means, salt: bytes) -> Planned:
    inputs = _inputs(request, means)
    made = make_plan(draft, request, means, Basis(inputs, salt, _lookups(request, means)))
    _restrict(draft, request.options)
    return made


def _inputs(request: Request, means: Means) -> str:
    return inputs_digest(request.campaign, means.stop.heed, request.content)


def _restrict(draft: Draft, options: Options) -> None:
    """To those whom --only names."""
    strangers = draft.only(all_spellings(options.only))
    if strangers:
        raise CampaignError(
            f"--only names nobody in the plan: {', '.join(strangers[:10])}",
            hint="give the key or the address as the CSV has it",
        )


def _counts(
    draft: Draft,
    options: Options,
    everyone: Mapping[Status, int],
    holders: int,
    missing: int | None,
) -> Counts:
    is_restricted = options.only is not None or options.limit is not None
    totals = draft.totals() if is_restricted else everyone
    return Counts(totals, sendable(totals), draft.left_over(), holders, missing)


def _lookups(request: Request, means: Means) -> Lookups | None:
    return means.lookups() if request.campaign.recipients.check_deliverability else None


def _takes_mail_by_now(draft: Draft, lookups: Lookups | None, means: Means) -> bool:
    """Whether a domain does, of those whose rows the last plan found invalid by their DNS alone."""
    if lookups is None:
        return False
    domains = draft.reading.domains_without_mail()
    return any(why is None for why in lookups.check(domains, means.stop.heed).values())


def _hold_names(request: Request, columns: tuple[str, ...], clashing: list[str]) -> None:
    campaign = request.campaign
    place = campaign.places.get("recipients.file")
    clashes = {
        name: Rule.AMBIGUOUS_COLUMN.finding(
            f"more than one column of the CSV is usable as {name}", place, "rename one of them"
        )
        for name in clashing
    }
    if findings := refused_content(request.content, campaign, columns, clashes):
        ignoring = ignoring_of(campaign, request.content.bundles)
        besides = ignoring.kept(doubts_besides(request.content, campaign.check, columns))
        raise CampaignError([*findings, *besides])


def _pool(draft: Draft, request: Request, means: Means, salt: bytes) -> Pool:
    """For building messages only: the rows are checked, their rules no longer matter."""
    plan = draft.people.plan()
    assert plan is not None
    setup = Setup(request.content, None, plan.columns, salt)
    signer = Signer(request.campaign.name) if request.content.signs_links else None
    return Pool(setup, means.workers, signer)


def _spread(draft: Draft, request: Request, pool: Pool, means: Means) -> Spread:
    """Of those that a run would send to. Where that is nobody, and they are looked at, of everyone: then they
    are not counted."""
    content, heed, plan = request.content, means.stop.heed, draft.people.plan()
    assert plan is not None
    if not content.has_versions:
        return NOT_SPREAD
    found = spread_of(pool, content, plan.columns, draft.to_send(), heed)
    if found.first or not request.looking:
        return found
    return replace(spread_of(pool, content, plan.columns, draft.people.holders(), heed), axes=found.axes)


def _unsigned(request: Request) -> str | None:
    """What is said of links that bear no signature yet."""
    is_inert = request.content.redirect_to is not None
    if not request.looking or not request.content.signs_links or is_inert:
        return None
    return (
        "links to unsubscribe end with a placeholder: only a run reads the secret that signs them"
    )
