"""What a mailing bears by itself, where its readers can unsubscribe: the headers by which programs know that
it is one. One that its author wrote is theirs.

They are no part of the content's digest: what the mail says is the same without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sendbatch.campaign.model import Campaign
from sendbatch.campaign.written.hosts import ascii_domain

_LONGEST_LIST_ID = 255  # characters (RFC 2919 §3)
_SENDER_ID = (5, 15)  # characters of the last part of a Feedback-ID, as Gmail wants them


def headers_added(campaign: Campaign) -> tuple[tuple[str, str], ...]:
    """Names and values; none where nobody can unsubscribe. The domain in `from` has A-labels."""
    if campaign.unsubscribe is None:
        return ()
    declared = {name.lower() for name in campaign.headers}
    return tuple(pair for pair in _all(campaign) if pair[0].lower() not in declared)


def _all(campaign: Campaign) -> Iterator[tuple[str, str]]:
    domain = ascii_domain(campaign.sender.address.rpartition("@")[2])
    list_id = f"<{campaign.name}.{domain}>"
    if len(list_id) <= _LONGEST_LIST_ID:
        yield "List-Id", list_id
    for name, value in campaign.profile.mailing:
        named = value.replace("CAMPAIGN", campaign.name)
        yield name, named.replace("SENDER", _sender_id(domain))


def _sender_id(domain: str) -> str:
    """What of a domain can be the sender's own part of a Feedback-ID."""
    least, most = _SENDER_ID
    return re.sub("[^a-z0-9]+", "-", domain.lower())[:most].strip("-").ljust(least, "0")
