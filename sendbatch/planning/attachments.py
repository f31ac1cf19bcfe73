"""What attachments do to a plan: files that are missing, too large, or other ones for the same address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sendbatch.campaign.model import Campaign
from sendbatch.errors import CampaignError, Place
from sendbatch.findings import Finding, Groups, Rule
from sendbatch.ledger.facts import NOBODY, Faulty, Lacking, Twins
from sendbatch.message.attachments import encoded
from sendbatch.message.content import Content, Picture, SharedFile
from sendbatch.message.locales import IS_NONE
from sendbatch.message.pictures.shown import shown_to_all
from sendbatch.planning.leading import with_ways
from sendbatch.rendering.batches import Large
from sendbatch.rendering.setup import too_large
from sendbatch.words import count, rows

_WAYS = (
    "attachments: [{file: …, missing: send_without}] sends such rows without it, "
    "missing: fail lets them fail alone"
)
_MEND = "mend the files or the cells that name them, or leave such rows out with `where`"


def too_large_for_all(campaign: Campaign, content: Content) -> list[Finding]:
    """What everybody gets, held against what the provider publishes."""
    files = [file for file in content.attachments if isinstance(file, SharedFile)]
    pictures = min((shown_to_all(texts) for texts in content.texts), key=_size_of)
    size = _size_of(files) + _size_of(pictures)
    limit = campaign.profile.size_limit
    if limit is None or size <= limit:
        return []
    place = campaign.places.get("attachments" if files else "templates.html")
    kinds = {"attachments": files, "pictures": pictures}
    what = " and ".join(kind for kind, there in kinds.items() if there)
    said = f"{what}: what everybody gets is too large: {too_large(size, limit)}"
    return [Rule.MESSAGE_TOO_LARGE.finding(said, place)]


def _size_of(files: Sequence[SharedFile | Picture]) -> int:
    """On the wire."""
    return sum(encoded(len(file.data)) for file in files)


def refuse_faulty(
    faulty: Faulty, file: str, content: Content, nowhere: Lacking = NOBODY
) -> None:
    """Attachments and pictures that are missing for rows that would be sent to, and rows that lead `nowhere`,
    to no version of the letter, or to one that cannot be written for them: a fault of the campaign."""
    if not faulty.count:
        return
    versionless = frozenset(nowhere.rows)
    lost = [one for one in faulty.rows if one[0] in versionless]
    found = _of_rows(Rule.NO_VERSION, [one for one in lost if not one[1].startswith(IS_NONE)], file)
    found += _of_rows(Rule.NO_LOCALE, [one for one in lost if one[1].startswith(IS_NONE)], file)
    findings = with_ways(found, content)
    findings += _of_rows(
        Rule.UNUSABLE_ATTACHMENT, [one for one in faulty.rows if one[0] not in versionless], file
    )
    if (others := faulty.count - len(faulty.rows)) > 0:
        what = "without a letter for them" if versionless else "whose files cannot be used"
        rule = Rule.NO_VERSION if versionless else Rule.UNUSABLE_ATTACHMENT
        findings.append(rule.finding(f"and {count(others, 'more row')} {what}", Place(file)))
    if len(versionless) < len(faulty.rows):
        findings[-1] = replace(findings[-1], hint=_WAYS if faulty.is_missing else _MEND)
    raise CampaignError(findings)


def oversized(
    rule: Rule, large: Sequence[Large], limit: int | None, file: str
) -> list[Finding]:
    """The rows whose attachments are more than the server takes, but for those that fail alone."""
    held = [
        (line, too_large(size, limit))
        for line, size, fails in large
        if limit is not None and size > limit and not fails
    ]
    return _of_rows(rule, held, file)


def with_empty(them: Lacking, file: str) -> list[Finding]:
    """The rows that have an empty file of their own."""
    if not them.count:
        return []
    said = f"attachments: an empty file is sent to {rows(them.rows, them.count)}"
    place = Place(file, them.rows[0])
    return [Rule.EMPTY_ATTACHMENT.finding(said, place, "write the file anew")]


def refuse_other_files(twins: Twins, campaign: Campaign) -> None:
    """Which of two different files should one address get? Only the author knows."""
    if not twins.count:
        return
    shown = ", ".join(f"row {later} (as row {first})" for later, first in twins.rows)
    raise CampaignError(
        Rule.OTHER_ATTACHMENTS.finding(
            f"{count(twins.count, 'row')} have the address of an earlier row and other attachments: "
            f"{shown}",
            campaign.places.get("recipients.file"),
            "write out what makes a row one delivery: key: customer_id   (or key: email, to send "
            "the first only)",
        )
    )


def _of_rows(rule: Rule, held: Sequence[tuple[int, str]], file: str) -> list[Finding]:
    groups = Groups()
    for row, text in held:
        groups.add(text, row, "")
    return [
        *groups.findings(
            rule,
            file,
            lambda group: f"{group.words}{group.where_if_many}",
            "with other such faults",
        )
    ]
