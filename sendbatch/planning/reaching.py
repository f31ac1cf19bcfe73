"""A record counts for those alone whom its mail went to.

A profile with `only_to` or `redirect_to`, or whose server keeps the mail, has a record of its own. Where such
a profile is changed into another kind, the record stays where it is, and must not count for what it is not
of.
"""

from __future__ import annotations

from sendbatch.campaign.model import Campaign
from sendbatch.errors import GuardError, one_line
from sendbatch.ledger.reach import NOBODY, kind_of, known_reach, reach_of, said_of
from sendbatch.ledger.store import Reading


def hold(reading: Reading, campaign: Campaign, place: str) -> None:
    """To the record in the folder `place`. Raises GuardError where some of its people have the mail and
    others would count as if they had, or the other way round. Where neither have, a rehearsal begins anew."""
    if not reading.has_tried():
        return
    profile, run = campaign.profile, reading.meta("run")
    hint = "give the profile another name: its record then knows nobody"
    if profile.has_own_record and run not in (None, campaign.run):
        said = f"{place} holds the record of the edition {one_line(run or '', 80)}"
        raise GuardError(f"{said}, and not of the profile {profile.name}", hint=hint)
    known, now = known_reach(reading, profile), reach_of(profile)
    if kind_of(known) != kind_of(now) and not {kind_of(known), kind_of(now)} <= NOBODY:
        raise GuardError(
            f"{place} holds the record of mail that {said_of(known)}, "
            f"and now it {said_of(now, is_now=True)}: the one must not count for the other",
            hint=hint,
        )
