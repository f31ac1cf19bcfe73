"""What a record says of itself: its salt, and what the guards of the next run compare with."""

from __future__ import annotations

import os

from sendbatch.campaign.dkim import signed_by
from sendbatch.campaign.model import Campaign
from sendbatch.ledger import reach
from sendbatch.ledger.store import Draft, Reading
from sendbatch.message.content import Content
from sendbatch.planning import guards, keys, ownership
from sendbatch.planning.resending import remember_key

SALT_BYTES = 32


def salt_of(draft: Draft) -> bytes:
    """The record's own, made with its first plan and kept for good: Message-IDs and variants come from it."""
    known = draft.reading.meta("salt")
    if known is None:
        known = os.urandom(SALT_BYTES).hex()
        draft.remember("salt", known)
    return bytes.fromhex(known)


def salt_in(reading: Reading) -> bytes:
    """That of a record that is only looked at; no bytes where it has none, or what stands there is none."""
    try:
        return bytes.fromhex(reading.meta("salt") or "")
    except ValueError:
        return b""


def identify(draft: Draft, campaign: Campaign, content: Content, now: float) -> None:
    """Write down whose record it is, and what is sent through which server."""
    server = guards.server_of(campaign.profile)
    if draft.reading.meta("server") != server:
        draft.note("server", server, now)
    remember_key(draft, campaign, now)
    draft.remember("name", campaign.name)
    draft.remember("run", campaign.run)
    ownership.remember(draft, campaign)
    reach.remember(draft, campaign.profile)
    keys.remember(draft, campaign)
    draft.remember("content", content.digest)
    draft.remember("server", server)
    draft.remember(guards.SIGNED_BY, signed_by(campaign.profile))
    draft.remember(f"domain of {content.digest}", content.sender_domain)
    draft.remember("from", str(campaign.sender))
    draft.remember(f"subject of {content.digest}", campaign.subject)
    if content.variants is not None:
        draft.remember(f"subjects of {content.digest}", content.variants.remembered())
