"""What the DNS says of a campaign's sender, where a person asks for that: `check --online`, `probe`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import TimeoutError as NotYet

from sendbatch.campaign.model import Campaign, Profile
from sendbatch.campaign.providers import named
from sendbatch.campaign.written.hosts import ascii_domain, is_signed_by
from sendbatch.errors import ProfileError
from sendbatch.findings import Finding, Rule
from sendbatch.message.dkim.declared import read_key
from sendbatch.published.asking import Asking
from sendbatch.published.judging import Sender, judged, unasked
from sendbatch.published.keys import Published
from sendbatch.runtime.threads import in_thread
from sendbatch.words import count, listed

MOST_SENDERS = 5  # domains of a campaign whose rows name their sender
_MOMENT = 0.1  # seconds between two calls of `heed`


def found_online(
    campaign: Campaign, environ: Mapping[str, str], heed: Callable[[], None], asking: Asking
) -> tuple[Finding, ...]:
    """Each finding once. `heed` is called while answers are waited for; what it raises ends the wait."""
    everybody = [*_senders(campaign, environ)]
    senders = everybody[:MOST_SENDERS]

    def look() -> list[Finding]:
        found = [finding for one in senders for finding in judged(one, asking)]
        return [*(found if asking.answered else ()), *unasked(asking), *_left_out(everybody)]

    answer = in_thread(look)
    while True:
        try:
            return tuple(dict.fromkeys(answer.result(_MOMENT)))
        except NotYet:
            if answer.done():
                raise
            heed()


def _left_out(senders: Sequence[Sender]) -> Iterator[Finding]:
    if more := senders[MOST_SENDERS:]:
        names = listed([one.author for one in more], MOST_SENDERS)
        said = f"{count(len(more), 'further domain')} in From not asked for: {names}"
        hint = "have each looked at in a campaign with that sender alone"
        yield Rule.UNANSWERED_QUESTION.finding(said, more[0].author_place, hint)


def _senders(campaign: Campaign, environ: Mapping[str, str]) -> Iterator[Sender]:
    """One for each domain in From."""
    boxes = campaign.senders.boxes if campaign.senders is not None else (campaign.sender,)
    own = campaign.senders is not None and campaign.senders.take_bounces
    seen = set()
    for box in boxes:
        author = _domain(box.address)
        if author in seen:
            continue
        seen.add(author)
        yield Sender(
            author=author,
            envelope=author if own else _domain(campaign.bounces_to),
            keys=tuple(_keys(campaign.profile, box.address, environ)),
            relay=_relay(campaign.profile),
            author_place=campaign.places.get("from"),
            envelope_place=campaign.places.get("bounces_to") or campaign.places.get("from"),
            keys_place=next((one.place for one in campaign.profile.dkim), None),
        )


def _keys(profile: Profile, address: str, environ: Mapping[str, str]) -> Iterator[Published]:
    """Where a key is not to be had, as in a check without secrets, it is looked whether one is there."""
    for one in profile.dkim:
        if not is_signed_by(address, one.domain):
            continue
        try:
            signing = read_key(one, profile, environ)
        except ProfileError:
            yield Published(one.selector, one.domain)
        else:
            kind = signing.key.algorithm.partition("-")[0]
            yield Published(one.selector, one.domain, kind, signing.key.public)


def _relay(profile: Profile) -> tuple[str, str] | None:
    preset = named(profile.provider) if profile.provider is not None else None
    return (preset.title, preset.spf) if preset is not None and preset.spf is not None else None


def _domain(address: str) -> str:
    return ascii_domain(address.rpartition("@")[2]).lower()
