"""Cells that are empty in some rows, and that the mail shows or compares as if they were not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sendbatch.campaign.model import Campaign
from sendbatch.findings import Finding, Rule
from sendbatch.ledger.facts import Saying
from sendbatch.ledger.store import People
from sendbatch.message.checks.cells import Use, cells_compared, cells_shown
from sendbatch.message.content import Content
from sendbatch.values import Status
from sendbatch.words import count, rows

LEAST_VALUES = 2  # that a column holds for its empty cells to be gaps, and not the other of two answers
LEFT_OUT = (Status.FILTERED, Status.INVALID, Status.SUPPRESSED, Status.DUPLICATE)


def empty_cells(
    people: People, content: Content, campaign: Campaign, columns: Collection[str]
) -> Iterator[Finding]:
    """A warning for each column that every message shows in a sentence, and that is empty for some who get
    it, at its first place."""
    uses: dict[str, list[Use]] = {}
    for column, use in cells_shown(content, campaign, columns):
        uses.setdefault(column, []).append(use)
    empty = people.empty([*uses])
    for column, found_in in uses.items():
        if (found := empty[column]).count:
            what = [*dict.fromkeys(use.what for use in found_in)]
            verb = "shows" if len(what) == 1 else "show"
            said = f"{_empty(column, found)}, and {' and '.join(what)} {verb} it"
            instead = f'{{{{ {column} or "friend" }}}}'
            hint = f"say what stands in for it, as in {instead}, or in recipients.defaults"
            yield Rule.EMPTY_CELL.finding(said, found_in[0].place, hint)


def empty_in_conditions(
    people: People, content: Content, columns: Collection[str], totals: Mapping[Status, int]
) -> Iterator[Finding]:
    """A hint for each column that a condition compares, and that is empty for some, where that seems to be a
    gap: the other cells say one thing or another, and not just `yes` or nothing, and most are not empty."""
    everyone = sum(number for status, number in totals.items() if status not in LEFT_OUT)
    uses = dict(cells_compared(content, columns))
    empty = people.empty([*uses])
    for column, use in uses.items():
        found = empty[column]
        if not 0 < 2 * found.count <= everyone:
            continue
        held = [cell for cell in people.usual(column, LEAST_VALUES + 1) if cell]
        if len(held) >= LEAST_VALUES:
            said = f"{_empty(column, found)}, and {use.what} takes no notice of that"
            hint = f'say what these get: ask {column} == "", or fill it by recipients.defaults'
            yield Rule.EMPTY_IN_CONDITION.finding(said, use.place, hint)


def _empty(column: str, found: Saying) -> str:
    return f"{column} is empty in {count(found.count, 'row')} ({rows(found.rows, found.count)})"
