"""A rehearsal begins anew where the text changed, or the server, or whom the mail goes to.

Through a profile that does not deliver, or redirects, no recipient is mailed, so nobody can be mailed twice:
a change needs no word of a person there. Who was tried is forgotten, and all are sent to. The record of mail
that recipients get is another one, and is never touched by this.
"""

from __future__ import annotations

from sendbatch.campaign.model import Campaign
from sendbatch.errors import one_line
from sendbatch.ledger.reach import KEPT, known_reach, reach_of, said_of
from sendbatch.ledger.store import Draft, Reading
from sendbatch.planning.guards import server_of

REHEARSAL = "rehearsal"  # the event


def start_over(draft: Draft, campaign: Campaign, content: str, now: float) -> str | None:
    """Forget who was tried, and say so in a line; None where there is nothing to begin anew.

    `content` is the digest of what is sent. A plan has to be made after.
    """
    reading = draft.reading
    if not _is_rehearsed(reading, campaign) or not reading.has_tried():
        return None
    number = sum(sent for _, sent in reading.contents())
    sent = f"{number:,} {'was' if number == 1 else 'were'} sent it" if number else "it was tried"
    server, known = server_of(campaign.profile), one_line(reading.meta("server") or "", 200)
    before, now_goes = known_reach(reading, campaign.profile), reach_of(campaign.profile)
    if before != now_goes:
        why = f"the mail {said_of(now_goes, is_now=True)}, and that of before {said_of(before)}"
    elif reading.meta("content") != content:
        why = f"the text changed since {sent}"
    elif known != server:
        why = f"the server changed from {known} to {server} since {sent}"
    else:
        return None
    draft.forget_everyone()
    draft.note(REHEARSAL, f"{why}: begun anew", now)
    kept = (
        "; the mails kept so far stay in the outbox" if campaign.profile.name == "sandbox" else ""
    )
    nobody = "none was delivered" if before == KEPT else "no recipient got any"
    return f"{why}, and {nobody}: the rehearsal begins anew, with everyone{kept}"


def _is_rehearsed(reading: Reading, campaign: Campaign) -> bool:
    """Whether this is the record of mail that nobody gets, and of this edition: the folder `news@1.test` may
    be that of edition 1.test, which was delivered, or that of 1 through the profile `test`."""
    known = reading.meta
    named = (known("name"), known("run"))
    return not campaign.profile.mails_the_list and named == (campaign.name, campaign.run)
