"""Proofs: a few recipients' messages, mailed to reviewers. Nothing counts as delivered.

The record is not touched; only the account's quota is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from sendbatch.audience.addresses import normalise
from sendbatch.audience.reach import Reach
from sendbatch.campaign.secrets import Commands
from sendbatch.delivery.connections import Dialer
from sendbatch.delivery.verdict import unbuilt, verdict
from sendbatch.errors import CampaignError, Interrupted, SendbatchError
from sendbatch.findings import Rule
from sendbatch.ledger.store import Draft
from sendbatch.limits.account import Allowance
from sendbatch.planning.options import spellings
from sendbatch.planning.preparing import Prepared
from sendbatch.runtime.loop import Loop, unless_stopped
from sendbatch.session.job import Job
from sendbatch.session.look import look
from sendbatch.session.server import way_to_server
from sendbatch.session.signing import keys_of
from sendbatch.smtp.transport import Fact, Written
from sendbatch.values import Message, Outcome, Recipient, Unbuildable
from sendbatch.words import clock_time, count

if TYPE_CHECKING:
    from sendbatch.arrival.inspected import Inspected


@dataclass(frozen=True, slots=True)
class Proofed:
    """One proof: whose message, to which reviewer, how it was taken, and the message itself, where it could
    be built. `inspected` is how it arrived, where that was asked for and it was found."""

    recipient: Recipient
    reviewer: str
    outcome: Outcome
    message: Message | None = None
    inspected: Inspected | None = None


def send_proofs(
    job: Job,
    reviewers: Sequence[str],
    *,
    wanted: int,
    key: str | None,
    inspect: str | None = None,
) -> list[Proofed]:
    """Mail the messages of the first `wanted` recipients, or of the one with `key`. `inspect` is the address
    of the reviewer's mailbox, where the first is waited for.

    Raises CampaignError where there is nobody to show or to send to, or no quota left, SmtpError,
    Interrupted, SendbatchError where the mailbox cannot be used.
    """
    _hold_addresses(job, reviewers)
    if inspect is not None:
        from sendbatch.session.arrived import awaited

        if len(reviewers) > 1:
            raise SendbatchError("--inspect: the mailbox is one reviewer's, and --to names several: name one")
        if not job.profile.delivers:
            said = f"--inspect: the server of the profile {job.profile.name} keeps the mail, and none arrives"
            hint = "name one that delivers: --smtp PROFILE"
            raise SendbatchError(said, hint=hint)
        return awaited(job, inspect, lambda: _sent(job, reviewers, wanted, key))
    return _sent(job, reviewers, wanted, key)


def _sent(job: Job, reviewers: Sequence[str], wanted: int, key: str | None) -> list[Proofed]:

    def see(draft: Draft, prepared: Prepared, allowance: Allowance) -> list[Proofed]:
        shown = _chosen(draft, prepared, wanted, key)
        now = job.now()
        pool = prepared.pool.signed_by(keys_of(job))
        build = partial(pool.each, shown, now, job.stop.heed)
        messages = [
            (recipient, reviewer, message)
            for built in zip(*(list(build(reviewer)) for reviewer in reviewers), strict=True)
            for reviewer, (recipient, message) in zip(reviewers, built, strict=True)
        ]
        _take_quota(allowance, len(messages), now)
        with way_to_server(job, proofs=True) as way, Loop() as loop, Commands() as commands:
            dialer = Dialer(way.server, lambda: way.read_credentials(commands))
            return loop.run(unless_stopped(_hand_over(job, dialer, messages), job.stop))

    return look(job, see, spending=True)


def _hold_addresses(job: Job, reviewers: Sequence[str]) -> None:
    """Each is an address that the profile may reach."""
    profile, findings = job.profile, []
    only = (profile.redirect_to,) if profile.redirect_to is not None else profile.only_to
    key = "redirect_to" if profile.redirect_to is not None else "only_to"
    for reviewer in reviewers:
        try:
            found = normalise(reviewer)
            if only and not Reach(only).includes(found.email, found.domain):
                raise ValueError(f"the profile {profile.name} does not reach this address: {key} says whom")
        except ValueError as error:
            findings.append(Rule.WRONG_USAGE.finding(f"--to {reviewer}: {error}"))
    if findings:
        raise CampaignError(findings)


def _chosen(draft: Draft, prepared: Prepared, wanted: int, key: str | None) -> list[Recipient]:
    if key is not None:
        found = draft.people.named(spellings(key))
        if found is None:
            raise CampaignError(f"--recipient: nobody in the plan has the key or address {key}")
        return [found]
    first = prepared.spread.few(wanted) or draft.samples(wanted)
    if not first:
        first = list(islice(draft.people.holders(), wanted))
    if not first:
        raise CampaignError("the plan has nobody whose message could be shown")
    return first


def _take_quota(allowance: Allowance, messages: int, now: float) -> None:
    free_at = allowance.take(messages, now)
    if free_at is not None:
        raise CampaignError(
            f"the account's quota has no room for {count(messages, 'proof')} "
            f"before {clock_time(free_at)}"
        )


async def _hand_over(
    job: Job, dialer: Dialer, messages: Sequence[tuple[Recipient, str, Message | Unbuildable]]
) -> list[Proofed]:
    connection = await dialer.open()
    done: list[Proofed] = []
    try:
        for recipient, reviewer, message in messages:
            if job.stop.is_soon:
                raise Interrupted(f"{job.stop.reason}; {count(len(done), 'proof')} went out")
            if isinstance(message, Unbuildable):
                outcome = unbuilt(message)
            else:
                if not connection.usable:
                    connection = await dialer.open()
                alone = _Alone(message)
                await connection.carry(alone, alone, alone, alone)
                outcome = verdict(alone.facts[0])
            done.append(
                Proofed(recipient, reviewer, outcome, message if isinstance(message, Message) else None)
            )
    finally:
        if connection.usable:
            await connection.quit()
        else:
            connection.abort()
    return done


class _Alone:
    """One proof, which nothing follows. It is in no record: there is nothing to make durable before its end
    leaves."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.facts: list[Fact] = []

    def following(self) -> None:
        return None

    def write(self, group: Sequence[_Alone], written: Written) -> None:
        written(None)

    def ended(self, parcel: _Alone, fact: Fact) -> None:
        self.facts.append(fact)
