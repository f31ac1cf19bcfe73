"""What is doubtful in an invitation that everybody gets: each event of the file is looked at for itself.

A file that has values in it is looked at with places for them; whatever stands in an `if` counts as there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from sendbatch.campaign.model import Campaign
from sendbatch.campaign.written.hosts import ascii_domain
from sendbatch.errors import one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.senders import may_be_of_one
from sendbatch.message.content import Bundle, Content, SharedFile
from sendbatch.message.invitations.entries import EVENT, Entry, entries, zones
from sendbatch.message.invitations.form import method_of
from sendbatch.message.invitations.lines import PLACE, Line, lines_of
from sendbatch.message.invitations.reading import seen
from sendbatch.message.source import at

_MAILTO = re.compile(r"mailto:([^\s?]+)", re.IGNORECASE)
_ATTENDEE = 'write ATTENDEE;CN="{{ first_name }}";RSVP=TRUE:mailto:{{ email }}'
_ZONE = re.compile(r";TZID=(?:\"([^\"]*)\"|([^\";:]*))", re.IGNORECASE)
_LOCAL = re.compile(r"DTSTART(;VALUE=DATE-TIME)?:[0-9]{8}T[0-9]{6}\s*", re.IGNORECASE)

# What an entry must have (RFC 5546 §3.2), and what becomes of one that has it not.
_NEEDED = {
    "UID": "without it a calendar cannot tell this event from another, and later changes are new events",
    "DTSTAMP": "without it a calendar cannot tell which of two versions of an event is the newer",
}
_START = {"DTSTART": "without it the event is at no time"}
_ASKED = {
    "ORGANIZER": "without it Outlook and Gmail show no buttons, for nobody would get the answer",
    "ATTENDEE": "without it Outlook and Gmail show no buttons, for nobody is asked",
}
_TAKEN_BACK = {
    "ORGANIZER": "without it a calendar cannot tell who takes the event back, and may keep it",
    "SEQUENCE": "without a number above that of the invitation a calendar may keep the event",
}


def doubtful_invitation(content: Content, campaign: Campaign) -> Iterator[Finding]:
    """Warnings of what calendar programs need, or show otherwise than is meant."""
    yield from _attached(content, campaign)
    if not isinstance(content.invite, Bundle) or len(content.invite.sources) > 1:
        return
    bundle = content.invite
    lines = seen(bundle)
    doubt = partial(_doubt, Rule.INCOMPLETE_INVITATION, bundle)
    found = entries(lines)
    if not found:
        yield doubt("has no event in it: BEGIN:VEVENT", lines[0].number)
        return
    method = method_of(lines)
    for name, why, begun in _lacking(found, method):
        hint = _ATTENDEE if name == "ATTENDEE" else f"write {name}"
        yield doubt(f"has no {name}: {why}", begun.number, hint)
    for said, line, hint in (*_same_for_all(found, method), *_several(found, method)):
        yield doubt(said, line.number, hint)
    for said, line, hint in _without_zone(found, zones(lines)):
        yield doubt(said, line.number, hint)
    yield from _strange_organizer(content, bundle, found)


def _lacking(found: Sequence[Entry], method: str) -> Iterator[tuple[str, str, Line]]:
    """What the first event that lacks it lacks, why it is needed, and where that event begins."""
    more = {"REQUEST": _ASKED, "CANCEL": _TAKEN_BACK}.get(method, {})
    start = {} if method == "CANCEL" else _START
    for name, why in {**_NEEDED, **start, **more}.items():
        of_these = [entry for entry in found if name not in _START or entry.component == EVENT]
        bare = next((entry for entry in of_these if not entry.named(name)), None)
        if bare is not None:
            yield name, why, bare.begun


def _same_for_all(found: Sequence[Entry], method: str) -> Iterator[tuple[str, Line, str]]:
    asked = [line for entry in found for line in entry.named("ATTENDEE")]
    if method == "REQUEST" and asked and not any(PLACE in line.text for line in asked):
        said = (
            "asks the same people in every mail: programs show buttons to those alone whom ATTENDEE names, "
            "and everybody sees the addresses"
        )
        yield said, asked[0], _ATTENDEE


def _several(found: Sequence[Entry], method: str) -> Iterator[tuple[str, Line, str]]:
    """Events that are not those of one series, which have one UID (RFC 5546 §3.2.2, §3.2.5)."""
    uids = [line for entry in found for line in entry.named("UID")]
    others = [line for line in uids if line.value.strip() != uids[0].value.strip()]
    if others and method in ("REQUEST", "CANCEL"):
        said = f"has events with several UIDs: METHOD:{method} is of one event, and programs take the first"
        yield said, others[0], "send each event by a campaign of its own"


def _without_zone(found: Sequence[Entry], known: set[str]) -> Iterator[tuple[str, Line, str]]:
    """Times that calendars take for those of another place."""
    names: dict[str, Line] = {}
    for line in (line for entry in found for line in entry.lines):
        if _LOCAL.fullmatch(line.text):
            said = "has a DTSTART without a time zone: each calendar takes it for the time where its owner is"
            yield (
                said,
                line,
                "write it in UTC, with a Z at the end, or with ;TZID=… and its VTIMEZONE",
            )
        elif (zone := _ZONE.search(line.text)) is not None:
            names.setdefault((zone[1] or zone[2] or "").strip(), line)
    if any(PLACE in name for name in (*known, *names)):
        return
    for name, line in names.items():
        # RFC 5545 §3.2.19: the name of one that is known to all begins with a slash.
        if name not in known and not name.startswith("/"):
            shown = one_line(name, 60)
            said = f"says TZID={shown}, and has no VTIMEZONE of that name: Outlook may show another time"
            yield said, line, "add the VTIMEZONE, or write the times in UTC, with a Z at the end"


def _strange_organizer(
    content: Content, bundle: Bundle, found: Sequence[Entry]
) -> Iterator[Finding]:
    for line in (line for entry in found for line in entry.named("ORGANIZER")):
        address = _MAILTO.match(line.value)
        if address is None or PLACE in address[1]:
            continue
        domain = address[1].rpartition("@")[2]
        foreign = [ours for ours in content.sender_domains if not _is_at(domain, ours)]
        if foreign:
            said = (
                f"the ORGANIZER is {one_line(address[1], 100)}, and from is at "
                f"{foreign[0]}: programs may hold the invitation for a forged one"
            )
            hint = f"write an address at {foreign[0]}"
            where = at(bundle.paths[bundle.entry], bundle.sources[bundle.entry], line.number)
            yield Rule.STRANGE_ORGANIZER.finding(f"invite: {said}", where, hint)


def _is_at(domain: str, ours: str) -> bool:
    try:
        return may_be_of_one(ascii_domain(domain).lower(), ours)
    except ValueError:  # it is no domain
        return False


def _attached(content: Content, campaign: Campaign) -> Iterator[Finding]:
    """Of a calendar that is a mere attachment."""
    for number, file in enumerate(content.attachments):
        if not isinstance(file, SharedFile) or not file.name.lower().endswith(".ics"):
            continue
        method = method_of([*lines_of(file.data.decode("utf-8-sig", "replace"))])
        if method == "REQUEST" and content.invite is None:
            shown = one_line(campaign.attachments[number].file, 100)
            said = f"attachments: {shown} is an invitation, and few programs offer to answer an attachment"
            place = campaign.places.get(f"attachments.{number}.file")
            hint = f"write invite: {shown} instead"
            yield Rule.INVITATION_ATTACHED.finding(said, place, hint)


def _doubt(rule: Rule, bundle: Bundle, said: str, line: int, hint: str | None = None) -> Finding:
    where = at(bundle.paths[bundle.entry], bundle.sources[bundle.entry], line)
    return rule.finding(f"invite: {bundle.entry} {said}", where, hint)
