"""Who a mail says that it comes from, and who the envelope says."""

from __future__ import annotations

from collections.abc import Iterator

from sendbatch.campaign.model import Campaign
from sendbatch.campaign.written.hosts import ascii_domain
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Content


def strange_bounces(content: Content, campaign: Campaign) -> Iterator[Finding]:
    """A warning where bounces go to the domain of another organisation than the one in `from`: DMARC then
    counts no SPF for the mail (RFC 7489 §3.1.2)."""
    if content.senders is not None and content.senders.take_bounces:
        return  # each has its own
    theirs = ascii_domain(content.bounces_to.rpartition("@")[2]).lower()
    for ours in content.sender_domains:
        if not may_be_of_one(theirs, ours):
            said = (
                f"bounces_to is at {theirs}, and from at {ours}: "
                "filters hold that against a mail, and DMARC counts no SPF for it"
            )
            hint = f"write an address at {ours}, or at a subdomain of it"
            yield Rule.STRANGE_BOUNCES.finding(said, campaign.places.get("bounces_to"), hint)


def may_be_of_one(one: str, other: str) -> bool:
    """Whether two domains may belong to one organisation. Which are for all to register in (co.uk) is not
    known here, so more pairs may than do."""
    return one.split(".")[-2:] == other.split(".")[-2:]
