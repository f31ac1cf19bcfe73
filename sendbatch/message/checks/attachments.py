"""Attachments that do no good: empty files, one twice, kinds that are refused, any file that a cell names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from sendbatch.campaign.model import Campaign
from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Content, OwnFile, SharedFile

# Which Gmail refuses, in an archive too: https://support.google.com/mail/answer/6590, as of November 2026.
# Most servers of companies refuse these and more.
_REFUSED = frozenset(
    "ade adp apk appx appxbundle bat cab chm cmd com cpl diagcab diagcfg diagpkg dll dmg "  # noqa: SIM905
    "ex ex_ exe hta img ins iso isp jar jnlp js jse lib lnk mde mjs msc msi msix msixbundle msp mst nsh pif "
    "ps1 scr sct shb sys vb vbe vbs vhd vxd wsc wsf wsh xll".split()
)
_ENDING = re.compile(r"\.(\w+)\s*\Z")
_LONGEST_SHOWN = 100


def doubtful_attachments(content: Content, campaign: Campaign) -> Iterator[Finding]:
    """A warning for each that is empty, of a kind that is refused, or there before."""
    met: dict[object, int] = {}
    for number, file in enumerate(content.attachments):
        shown = one_line(campaign.attachments[number].file, _LONGEST_SHOWN)
        place = _place(campaign, number)
        if isinstance(file, SharedFile) and not file.data:
            said = f"attachments: {shown} is empty: it has no byte"
            yield Rule.EMPTY_ATTACHMENT.finding(said, place, "write the file anew, or leave it out")
            continue
        first = met.setdefault(_what(file), number)
        if first != number:
            other = one_line(campaign.attachments[first].file, _LONGEST_SHOWN)
            same = f"is the same file as {other}" if other != shown else "is attached twice"
            yield Rule.ATTACHED_TWICE.finding(
                f"attachments: {shown} {same}", place, "take one away"
            )
        elif (ending := _refused(file)) is not None:
            said = f"attachments: Gmail refuses a mail with a .{ending} in it, and so do many others: {shown}"
            yield Rule.REFUSED_ATTACHMENT.finding(said, place, "link to it instead")


def open_attachments(content: Content, campaign: Campaign) -> Iterator[Finding]:
    """A warning for each path that is a cell's word alone: any file beside the campaign's own would do."""
    attached = [
        ("attachments", file, _place(campaign, number))
        for number, file in enumerate(content.attachments)
    ]
    for key, file, place in (*attached, ("invite", content.invite, campaign.places.get("invite"))):
        if isinstance(file, OwnFile) and file.rest == file.pattern:
            said = f"{key}: a cell may name any file beside {campaign.file.name}: {file.pattern}"
            hint = f"put these files into a folder of their own, and write files/{file.pattern}"
            yield Rule.OPEN_ATTACHMENT.finding(said, place, hint)


def _refused(file: SharedFile | OwnFile) -> str | None:
    """The ending that it is refused for, of the name that a reader sees; None where a value decides."""
    name = file.saved_as or (file.name if isinstance(file, SharedFile) else file.pattern)
    found = _ENDING.search(name)
    return found[1].lower() if found is not None and found[1].lower() in _REFUSED else None


def _what(file: SharedFile | OwnFile) -> object:
    return file.pattern if isinstance(file, OwnFile) else hashlib.sha256(file.data).digest()


def _place(campaign: Campaign, number: int) -> Place | None:
    return campaign.places.get(f"attachments.{number}.file")
