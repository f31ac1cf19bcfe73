"""Whom the mail of a record went to: everybody on its list, a few of them alone, somebody in their place, or
nobody, for the server kept it. It is one line of the record, which follows from the profile."""

from __future__ import annotations

from sendbatch.campaign.model import Profile
from sendbatch.errors import one_line
from sendbatch.ledger.store import Draft, Reading

REACH = "reach"  # meta
# What the line begins with; "" is everybody.
KEPT, REDIRECTED, ONLY = "kept", "redirected to", "only to"
NOBODY = {KEPT, REDIRECTED}  # of the list gets it
LONGEST = 300  # characters that are shown


def reach_of(profile: Profile) -> str:
    """As the record keeps it."""
    if not profile.delivers:
        return KEPT
    few = f"{ONLY} {', '.join(profile.only_to)}" if profile.only_to else ""
    if profile.redirect_to is not None:
        return f"{REDIRECTED} {profile.redirect_to}{f', {few}' if few else ''}"
    return few


def remember(draft: Draft, profile: Profile) -> None:
    draft.remember(REACH, reach_of(profile))


def known_reach(reading: Reading, profile: Profile) -> str:
    """What the record says. One of before it was kept is of mail that a server kept, unless it is that of
    everybody's mail."""
    known = reading.meta(REACH)
    return known if known is not None else KEPT if profile.has_own_record else ""


def kind_of(reach: str) -> str:
    return next((kind for kind in (KEPT, REDIRECTED, ONLY) if reach.startswith(kind)), "")


def redirected_to(reading: Reading) -> str:
    """Who got the mail in the recipients' place; "" where they got it, or nobody."""
    known = reading.meta(REACH) or ""
    if kind_of(known) != REDIRECTED:
        return ""
    return one_line(known.removeprefix(REDIRECTED).partition(f", {ONLY}")[0].strip(), LONGEST)


def told(reading: Reading) -> str:
    """What a report's title has behind it, where the mail did not go to everybody."""
    known = reading.meta(REACH) or ""
    known = f"{ONLY} a few" if known == ONLY else known  # of a record that keeps no addresses
    return f", {one_line(known, LONGEST)}" if kind_of(known) in (REDIRECTED, ONLY) else ""


def said_of(reach: str, *, is_now: bool = False) -> str:
    """To be read behind "the mail"."""
    kind, went = kind_of(reach), "goes" if is_now else "went"
    if kind == KEPT:
        return "is kept by the server" if is_now else "was kept by the server"
    if kind == REDIRECTED:
        whom = one_line(reach.removeprefix(REDIRECTED).strip(), LONGEST)
        return f"{went} to {whom} in the recipients' place"
    return f"{went} {one_line(reach, LONGEST)}" if kind == ONLY else f"{went} to everybody"
