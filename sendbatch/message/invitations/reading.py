"""Reading the invitation of a campaign: the file that everybody gets, and what is wrong with it.

A file that has values in it is looked at with places for them; whatever stands in an `if` counts as there.
"""

from __future__ import annotations

import re
from pathlib import Path

from sendbatch.campaign.model import Campaign
from sendbatch.findings import Finding, Rule
from sendbatch.message.bundling import read_bundle
from sendbatch.message.content import Bundle
from sendbatch.message.invitations.form import Fault, fault_of, fault_of_nesting
from sendbatch.message.invitations.invitation import LARGEST
from sendbatch.message.invitations.lines import PLACE, Line, lines_of, with_whole_characters
from sendbatch.message.source import BLOCK, VALUE, at, constants

_TAGS = re.compile(f"{VALUE}+")
_BROKEN_TAG = re.compile(f"([{VALUE}{BLOCK}])\n(?=\\1)")


def read_invitation(campaign: Campaign, path: Path) -> tuple[Bundle | None, list[Finding]]:
    """The file for everybody, and what is wrong with it."""
    place = campaign.places.get("invite")
    bundle, findings = read_bundle(
        path,
        search=[path.parent, campaign.folder],
        allowed=[path.parent, campaign.folder],
        what="invite",
        place=place,
        as_text=with_whole_characters,
    )
    if bundle is None or findings:
        return bundle, findings
    source = bundle.sources[bundle.entry]
    if len(source.encode("utf-8", "replace")) > LARGEST:
        said = f"invite: larger than {LARGEST:,} bytes: no invitation: {path.name}"
        return bundle, [Rule.FILE_TOO_LARGE.finding(said, place)]
    if len(bundle.sources) == 1 and (fault := _fault(bundle)) is not None:
        where = at(bundle.paths[bundle.entry], source, fault.line)
        said = f"invite: {path.name} {fault.said}"
        findings = [Rule.UNUSABLE_CALENDAR.finding(said, where, fault.hint)]
    return bundle, findings


def _fault(bundle: Bundle) -> Fault | None:
    lines = seen(bundle)
    if (fault := fault_of(lines)) is not None or BLOCK in constants(bundle.sources[bundle.entry]):
        return fault  # a component that is begun in an `if` may be ended in another
    return fault_of_nesting(lines)


def seen(bundle: Bundle) -> list[Line]:
    """The lines of the file, with a place for each value."""
    # Where a tag goes over several lines, these are one, and are counted: folded.
    source = _BROKEN_TAG.sub(r"\1\n ", constants(bundle.sources[bundle.entry]))
    return [*lines_of(_TAGS.sub(PLACE, source.replace(BLOCK, "")))]
