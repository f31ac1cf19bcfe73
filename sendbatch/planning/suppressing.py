"""The suppression lists of a campaign, staged; everything wrong with any of them is told in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from sendbatch.audience.suppression import Entry, Suppression, names_nobody, read_suppression
from sendbatch.campaign.model import Campaign
from sendbatch.errors import AudienceError, Place, shown
from sendbatch.findings import Finding, Rule
from sendbatch.ledger.store import Staging
from sendbatch.words import count, listed

T = TypeVar("T")

AT_ONCE = 1000  # entries
MOST = 500  # unreadable entries of a list that are told one by one
NAMED = 10  # of those that pass with a warning


def suppress(
    staging: Staging, campaign: Campaign, heed: Callable[[], None] = lambda: None
) -> list[Finding]:
    """Stage every list of the campaign; all its rows are staged. Returns what a person should know.
    `heed` is called now and then; what it raises ends it.

    Raises AudienceError with every list that cannot be used, and every entry that cannot be read.
    """
    keyed = campaign.recipients.key not in (None, campaign.recipients.email)
    findings: list[Finding] = []
    read: list[tuple[int, Suppression]] = []
    for number, declared in enumerate(campaign.suppress):
        recipients = campaign.recipients
        suppression = read_suppression(
            declared, recipients.email, keyed=keyed, as_given=recipients.as_given, heed=heed
        )
        try:
            for entries in _parts(suppression, AT_ONCE):
                _stage(staging, number, entries)
        except AudienceError as error:
            findings += error.findings
        else:
            read.append((number, suppression))
    notices: list[Finding] = []
    for number, suppression in read:
        for finding in _of_one(suppression, *staging.unread(number, MOST)):
            (findings if finding.severity == "error" else notices).append(finding)
    if findings:
        raise AudienceError(findings)
    return notices


def _stage(staging: Staging, number: int, entries: list[Entry]) -> None:
    staging.suppress((entry.kind, entry.value) for entry in entries)
    staging.question(
        (number, entry.line, entry.value, entry.text, entry.why)
        for entry in entries
        if entry.why is not None
    )


def _of_one(
    suppression: Suppression, unread: int, entries: list[tuple[int, str, str]]
) -> Iterator[Finding]:
    """What is wrong with one list, and what is worth knowing."""
    path, file = suppression.declared.file, shown(suppression.declared.file)
    read = suppression.named or suppression.questioned > unread
    if not read and (unread or not suppression.is_empty()):
        yield names_nobody(path)
    if suppression.blank:
        said = f"{count(suppression.blank, 'row')} with an empty cell in this list, skipped"
        yield Rule.EMPTY_ENTRIES.finding(said, Place(file))
    if unread and suppression.declared.lenient:
        named = listed([f"{text!r} (line {line})" for line, text, _ in entries], NAMED, unread)
        what, whom = "1 entry", "it means"
        if unread > 1:
            what, whom = f"{unread:,} entries", "they mean"
        said = (
            f"{what} of this list cannot be read in full, and whoever {whom} is not left out: "
            f"{named}"
        )
        yield Rule.PASSED_ENTRIES.finding(said, Place(file, entries[0][0]))
        return
    for line, text, why in entries:
        yield Rule.UNREADABLE_ENTRY.finding(
            f"not an address and not @domain: {text!r}", Place(file, line), why
        )
    if unread > len(entries):
        more = f"{unread - len(entries):,} more entries that cannot be read"
        yield Rule.UNREADABLE_ENTRY.finding(
            more, Place(file), "unreadable: warn, where the list is named, lets them pass"
        )


def _parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
