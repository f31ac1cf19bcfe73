"""What is wrong or doubtful about a sender by what the DNS says, held to what Gmail, Yahoo and Microsoft ask
of those who send much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.published.asking import Asking
from sendbatch.published.dmarc import Dmarc, dmarc_of, organisation_of
from sendbatch.published.keys import Published, look_up
from sendbatch.published.spf import MOST_LOOKUPS, Spf, spf_of
from sendbatch.words import listed

_MOST = 5  # that are named
_MOST_SERVERS = 5  # of a domain whose addresses are asked for, until one has any
_LONGEST = 200  # characters of data


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: the domains in From and of the envelope (A-labels), and the keys that the profile signs with
    for From. `relay` is the provider's name with what its SPF record is included by, where that is known."""

    author: str
    envelope: str
    keys: tuple[Published, ...] = ()
    relay: tuple[str, str] | None = None
    author_place: Place | None = None
    envelope_place: Place | None = None
    keys_place: Place | None = None


def judged(sender: Sender, asking: Asking) -> Iterator[Finding]:
    """All that can be said of one sender; `unasked` says what could not be asked."""
    yield from _takes_mail(sender, asking)
    yield from _spf(sender, asking)
    yield from _keys(sender, asking)
    dmarc = dmarc_of(sender.author, asking)
    yield from _policy(sender, dmarc)
    yield from _alignment(sender, dmarc, asking)


def unasked(asking: Asking) -> Iterator[Finding]:
    """What is not known is said, and is no pass."""
    if not asking.unanswered:
        return
    names = [f"{one_line(name, _LONGEST)}: {why}" for name, why in asking.unanswered.items()]
    if asking.answered:
        said = f"could not be asked of the DNS: {listed(names, _MOST)}"
        hint = "what was not asked is not known to be right: try again"
        yield Rule.UNANSWERED_QUESTION.finding(said, hint=hint)
    else:
        said = f"nothing could be asked of the DNS: {listed(names, _MOST)}"
        hint = "is the network there, and may this machine ask name servers?"
        if asking.is_heard:
            hint = "the network is there: ask where the domain is kept (its servers, or its DNSSEC)"
        yield Rule.UNREACHABLE_DNS.finding(said, hint=hint)


def _takes_mail(sender: Sender, asking: Asking) -> Iterator[Finding]:
    places = {sender.author: sender.author_place}
    places.setdefault(sender.envelope, sender.envelope_place)
    for domain, place in places.items():
        wrong = _no_mail(domain, asking)
        if wrong:
            said = f"mail to {domain} goes nowhere, {wrong}: no bounce and no answer arrives"
            yield Rule.UNREACHABLE_SENDER.finding(said, place, "is it written right? give it an MX record")


def _no_mail(domain: str, asking: Asking) -> str:
    servers = asking.ask(domain, "MX")
    if not servers.is_known:
        return ""
    if not servers.exists:
        return "for there is no such domain"
    if servers.values == (".",):  # RFC 7505
        return "as its MX says"
    if servers.values:
        few = len(servers.values) <= _MOST_SERVERS
        is_lost = few and all(_is_nowhere(name, asking) for name in servers.values)
        return "for no server that its MX names has an address that others can reach" if is_lost else ""
    answers = [asking.ask(domain, kind) for kind in ("A", "AAAA")]
    if any(answer.values or not answer.is_known for answer in answers):
        return ""
    return "for it has neither an MX nor an address"


def _is_nowhere(name: str, asking: Asking) -> bool:
    """Whether a mail server has no address but those of whoever asks."""
    answers = [asking.ask(name, kind) for kind in ("A", "AAAA")]
    return all(one.is_known and all(map(_is_own, one.values)) for one in answers)


def _is_own(address: str) -> bool:
    return ip_address(address).is_loopback or ip_address(address).is_unspecified


def _spf(sender: Sender, asking: Asking) -> Iterator[Finding]:
    domain, place = sender.envelope, sender.envelope_place
    spf = spf_of(domain, asking)
    if spf.broken:
        said = f"the SPF record of {domain} counts for nothing: {spf.broken}"
        yield Rule.BROKEN_SPF.finding(said, place, "mailboxes take that for a permanent error (permerror)")
        return
    if spf.record is None:
        if not spf.unknown:
            said = f"{domain}, the envelope's domain, publishes no SPF record"
            needs = f"include:{sender.relay[1]} " if sender.relay else "… "
            hint = f"publish as TXT, naming your relay and all others who send for it: v=spf1 {needs}~all"
            yield Rule.NO_SPF.finding(said, place, hint)
        return
    if spf.ending == "+all":
        said = f"the SPF record of {domain} lets everybody send (+all)"
        yield Rule.OPEN_SPF.finding(said, place, "name all who send for it, and end it with ~all")
    elif spf.ending in ("", "?all") and not spf.unknown and not spf.has_macros:
        said = f"the SPF record of {domain} says nothing of whom it does not name"
        yield Rule.LOOSE_SPF.finding(said, place, "name all who send for it, and end it with ~all")
    if spf.uses_ptr:
        said = f"the SPF record of {domain} has ptr, which mailboxes may leave out"
        yield Rule.LOOSE_SPF.finding(said, place, "name addresses instead (RFC 7208 §5.5)")
    if sender.relay is not None and sender.relay[1] not in spf.includes:
        yield from _without_relay(spf, domain, sender.relay, place)


def _without_relay(
    spf: Spf, domain: str, relay: tuple[str, str], place: Place | None
) -> Iterator[Finding]:
    title, include = relay
    if include in spf.behind_all:
        said = f"the SPF record of {domain} includes {include} behind all, where nobody reads on"
        yield Rule.SPF_WITHOUT_RELAY.finding(said, place, "write it before all")
    elif not spf.unknown and not spf.has_macros:
        said = f"the SPF record of {domain} does not include {include}, which {title} asks for"
        hint = f"add include:{include} to it, unless it names the provider's servers by their addresses"
        if spf.lookups > MOST_LOOKUPS // 2:
            hint += f"; it needs {spf.lookups} look-ups already, and breaks with more than {MOST_LOOKUPS}"
        yield Rule.SPF_WITHOUT_RELAY.finding(said, place, hint)


def _keys(sender: Sender, asking: Asking) -> Iterator[Finding]:
    for wanted in sender.keys:
        found = look_up(wanted, asking)
        if found.ok is False:
            yield Rule.UNPUBLISHED_KEY.finding(found.text, sender.keys_place, found.hint)
        elif found.ok and found.hint:
            yield Rule.KEY_ON_TRIAL.finding(found.text, sender.keys_place, found.hint)


def _policy(sender: Sender, dmarc: Dmarc) -> Iterator[Finding]:
    if dmarc.broken:
        hint = "leave one, with the policy that is meant, as in v=DMARC1; p=none: until then there is none"
        yield Rule.BROKEN_DMARC.finding(dmarc.broken, sender.author_place, hint)
    elif not dmarc.policy and not dmarc.failed:
        said = f"{sender.author} publishes no DMARC policy"
        hint = f"publish as TXT at _dmarc.{dmarc.organisation}: v=DMARC1; p=none"
        yield Rule.NO_DMARC.finding(said, sender.author_place, hint)
    elif dmarc.policy == "none":
        said = f"the DMARC policy of {sender.author} only watches (p=none)"
        hint = (
            "it is all that mailboxes ask for; quarantine or reject keeps others from sending in your name: "
            "once its reports (rua=) show that all of your own mail passes"
        )
        yield Rule.WATCHING_DMARC.finding(said, sender.author_place, hint)


def _alignment(sender: Sender, dmarc: Dmarc, asking: Asking) -> Iterator[Finding]:
    """RFC 7489 §3.1: the domain in From has to be that of a signature, or of the envelope."""
    if dmarc.failed:
        return
    signers = {key.domain for key in sender.keys}
    signed = any(_aligned(one, sender.author, dmarc.strict_dkim, asking) for one in signers)
    enveloped = _aligned(sender.envelope, sender.author, dmarc.strict_spf, asking)
    if not sender.keys:
        said = f"whether the relay signs with {sender.author} (d=) is not known here"
        hint = "send a proof, and have it read: sendbatch proof --inspect, or sendbatch inspect"
        yield Rule.UNKNOWN_SIGNER.finding(said, sender.author_place, hint)
    elif not signed:
        how = ", as its DMARC record asks for strictly (adkim=s)" if dmarc.strict_dkim else ""
        said = f"no key signs for {sender.author}{how}: dkim is for {listed(sorted(signers), _MOST)}"
        yield Rule.UNALIGNED_KEY.finding(said, sender.keys_place, f"sign with domain: {sender.author}")
    if not enveloped:
        how = ", strictly (aspf=s)" if dmarc.strict_spf else ""
        said = f"the envelope is of {sender.envelope} and From of {sender.author}"
        said += f": SPF does not count for DMARC{how}"
        hint = (
            f"no harm where a signature of {sender.author} holds; else let bounces_to be an address there, "
            "if bounces arrive at it"
        )
        yield Rule.UNALIGNED_ENVELOPE.finding(said, sender.envelope_place, hint)


def _aligned(one: str, author: str, strict: bool, asking: Asking) -> bool:
    if one == author or strict:
        return one == author
    return organisation_of(one, asking) == organisation_of(author, asking)
