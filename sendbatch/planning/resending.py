"""Sending again to those that are done with: --retry rejected, --in-doubt resend, a provider's key.

All of it holds for one run: whoever a limit leaves over, or the run does not come to, is as they were before.
"""

from __future__ import annotations

from collections.abc import Callable

from sendbatch.campaign.model import Campaign
from sendbatch.ledger.store import Draft, Reading
from sendbatch.planning import guards
from sendbatch.planning.options import Options, retried
from sendbatch.planning.plan import Planned
from sendbatch.runtime.clock import STEP
from sendbatch.smtp.idempotency import Keys
from sendbatch.words import count

KEYED = "keyed"  # meta: since when, and how, a provider can tell repetitions


def take_up(
    draft: Draft,
    campaign: Campaign,
    options: Options,
    content: str,
    planned: Planned | None,
    plan_anew: Callable[[], Planned],
    now: float,
    keys: Keys | None,
    notice: Callable[[str], None],
) -> Planned | None:
    """Make pending whom this run is to send to again, and choose the first so many of all.

    `content` is the digest of what is sent, `planned` the plan made in this call, if one was. A plan looks at
    the attachments of those alone who may be sent to: where somebody is taken up by a person's word it is
    made once more, so that what is wrong with theirs is said before anything is sent. Returns the call's
    first plan.
    """
    draft.retry(retried(options.retry), now)
    asked = draft.resend() if options.resend_in_doubt else 0
    if not options.resend_in_doubt:
        planned = _resolve_doubt(draft, campaign, content, planned, plan_anew, now, keys, notice)
    draft.limit(options.limit)
    if asked:
        made = plan_anew()
        planned = planned or made
        draft.limit(options.limit)
    return planned


def remember_key(draft: Draft, campaign: Campaign, now: float) -> None:
    """Write down since when messages go to this server with this key, or without one."""
    if _keyed_since(draft.reading, campaign) is None:
        draft.remember(KEYED, f"{now} {_keyed(campaign)}")


def _resolve_doubt(
    draft: Draft,
    campaign: Campaign,
    content: str,
    planned: Planned | None,
    plan_anew: Callable[[], Planned],
    now: float,
    keys: Keys | None,
    notice: Callable[[str], None],
) -> Planned | None:
    """Send again where the provider drops a repetition: the very same message with the same key,
    through the server that was given it, while the key holds."""
    since = _keyed_since(draft.reading, campaign)
    if keys is None or not campaign.profile.delivers or since is None:
        return planned
    doubtful = draft.doubt_with_key(content, max(since, keys.dated_after()))
    if doubtful and draft.reading.latest() > now + STEP:
        notice(
            "the clock was set back since the last run: whether the provider would drop a repetition cannot "
            f"be known; {count(len(doubtful), 'recipient')} in doubt "
            f"{'stays' if len(doubtful) == 1 else 'stay'} so"
        )
    elif doubtful:
        planned = planned or plan_anew()  # who has another row by now?
        draft.resend(doubtful - planned.corrected_doubt)
    return planned


def _keyed(campaign: Campaign) -> str:
    """The server, and the header that its key goes in."""
    idempotency = campaign.profile.idempotency
    return f"{guards.server_of(campaign.profile)} {idempotency.header if idempotency else '-'}"


def _keyed_since(reading: Reading, campaign: Campaign) -> float | None:
    """Since when all messages of this record have gone to this server with this key, if they do."""
    at, _, keyed = (reading.meta(KEYED) or "").partition(" ")
    return float(at) if keyed == _keyed(campaign) else None
