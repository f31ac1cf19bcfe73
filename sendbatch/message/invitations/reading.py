"""Reading the invitation of a campaign, and what is doubtful in one that everybody gets.

A file that has values in it is looked at with places for them; whatever stands in an `if` counts as there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from sendbatch.campaign.model import Campaign
from sendbatch.campaign.written.hosts import ascii_domain
from sendbatch.errors import one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.bundling import read_bundle
from sendbatch.message.checks.senders import may_be_of_one
from sendbatch.message.content import Bundle, Content, SharedFile
from sendbatch.message.invitations.form import fault_of, method_of
from sendbatch.message.invitations.invitation import LARGEST
from sendbatch.message.invitations.lines import PLACE, Line, lines_of
from sendbatch.message.source import BLOCK, VALUE, at, constants

_TAGS = re.compile(f"{VALUE}+")
_COMPONENTS = ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY")
_MAILTO = re.compile(r"mailto:([^\s?]+)", re.IGNORECASE)
_ATTENDEE = 'write ATTENDEE;CN="{{ name }}";RSVP=TRUE:mailto:{{ email }}'

# What an entry must have (RFC 5546 §3.2.1, §3.2.2), and what becomes of one that has it not.
_NEEDED = {
    "UID": "without it a calendar cannot tell this event from another, and later changes are new events",
    "DTSTAMP": "without it a calendar cannot tell which of two versions of an event is the newer",
    "DTSTART": "without it the event is at no time",
}
# Which a METHOD:REQUEST has beside.
_ASKED = {
    "ORGANIZER": "without it Outlook and Gmail show no buttons, for nobody would get the answer",
    "ATTENDEE": "without it Outlook and Gmail show no buttons, for nobody is asked",
}


def read_invitation(campaign: Campaign, path: Path) -> tuple[Bundle | None, list[Finding]]:
    """The file for everybody, and what is wrong with it."""
    place = campaign.places.get("invite")
    bundle, findings = read_bundle(
        path,
        search=[path.parent, campaign.folder],
        allowed=[path.parent, campaign.folder],
        what="invite",
        place=place,
    )
    if bundle is None or findings:
        return bundle, findings
    source = bundle.sources[bundle.entry]
    if len(source.encode("utf-8", "replace")) > LARGEST:
        said = f"invite: larger than {LARGEST:,} bytes: no invitation: {path.name}"
        return bundle, [Rule.FILE_TOO_LARGE.finding(said, place)]
    if len(bundle.sources) == 1 and (fault := fault_of(seen(bundle))) is not None:
        where = at(bundle.paths[bundle.entry], source, fault.line)
        said = f"invite: {path.name} {fault.said}"
        findings = [Rule.UNUSABLE_CALENDAR.finding(said, where, fault.hint)]
    return bundle, findings


def seen(bundle: Bundle) -> list[Line]:
    """The lines of the file, with a place for each value."""
    source = constants(bundle.sources[bundle.entry])
    return [*lines_of(_TAGS.sub(PLACE, source.replace(BLOCK, "")))]


def doubtful_invitation(content: Content, campaign: Campaign) -> Iterator[Finding]:
    """Warnings of what calendar programs need, or show otherwise than is meant."""
    yield from _attached(content, campaign)
    if not isinstance(content.invite, Bundle) or len(content.invite.sources) > 1:
        return
    bundle = content.invite
    lines = seen(bundle)
    is_asked = method_of(lines) == "REQUEST"
    first = next((line for line in lines if _begins_entry(line)), None)
    if first is None:
        said = f"invite: {bundle.entry} has no event in it: BEGIN:VEVENT"
        yield _doubt(Rule.INCOMPLETE_INVITATION, bundle, said, lines[0].number)
        return
    named = {line.name for line in lines}
    for name, why in {**_NEEDED, **(_ASKED if is_asked else {})}.items():
        if name not in named:
            said = f"invite: {bundle.entry} has no {name}: {why}"
            hint = _ATTENDEE if name == "ATTENDEE" else f"write {name}"
            yield _doubt(Rule.INCOMPLETE_INVITATION, bundle, said, first.number, hint)
    yield from _same_for_all(bundle, lines, is_asked=is_asked)
    yield from _strange_organizer(content, bundle, lines)


def _begins_entry(line: Line) -> bool:
    return line.name == "BEGIN" and line.value.strip().upper() in _COMPONENTS


def _same_for_all(bundle: Bundle, lines: Sequence[Line], *, is_asked: bool) -> Iterator[Finding]:
    asked = [line for line in lines if line.name == "ATTENDEE"]
    if is_asked and asked and not any(PLACE in line.text for line in asked):
        said = (
            f"invite: {bundle.entry} asks the same people in every mail: programs show buttons to those "
            "alone whom ATTENDEE names, and everybody sees the addresses"
        )
        yield _doubt(Rule.INCOMPLETE_INVITATION, bundle, said, asked[0].number, _ATTENDEE)


def _strange_organizer(
    content: Content, bundle: Bundle, lines: Sequence[Line]
) -> Iterator[Finding]:
    for line in lines:
        found = _MAILTO.match(line.value) if line.name == "ORGANIZER" else None
        if found is None or PLACE in found[1]:
            continue
        domain = found[1].rpartition("@")[2]
        foreign = [ours for ours in content.sender_domains if not _is_at(domain, ours)]
        if foreign:
            said = (
                f"invite: the ORGANIZER is {one_line(found[1], 100)}, and from is at "
                f"{foreign[0]}: programs may hold the invitation for a forged one"
            )
            hint = f"write an address at {foreign[0]}"
            yield _doubt(Rule.STRANGE_ORGANIZER, bundle, said, line.number, hint)


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
    source = bundle.sources[bundle.entry]
    return rule.finding(said, at(bundle.paths[bundle.entry], source, line), hint)
