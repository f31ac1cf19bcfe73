"""Conditions that say another thing than was meant, as the cells show.

A column that is a condition all by itself: any text but the empty one is true, `no` as well. Whether that was
meant depends on the cells. Where they say false, 0, no, off or n, a template is warned about, and a `where`
refuses, for it would write to people who said no. A `where` that is true for nobody is warned about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sendbatch.audience.rules import Rules, bare_columns
from sendbatch.campaign.language.environment import environment, expression_names
from sendbatch.campaign.language.misuses import truthful
from sendbatch.campaign.model import Campaign
from sendbatch.errors import CampaignError, Place, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.ledger.facts import Saying
from sendbatch.ledger.store import People, Staging
from sendbatch.message.checks.names import bare_conditions
from sendbatch.message.content import Content
from sendbatch.values import Status, Why
from sendbatch.words import count, rows

CELLS_SHOWN, COLUMNS_SHOWN = 3, 3


def refuse_bare_where(staging: Staging, rules: Rules, campaign: Campaign) -> None:
    """All rows are staged. Raises CampaignError for each column that `where` takes for true or false
    and that says no somewhere."""
    place = campaign.places.get("recipients.where")
    findings = []
    for column, words in bare_columns(rules).items():
        found = staging.saying(column, words)
        if found.count:
            findings.append(
                _bare(Rule.BARE_WHERE, f"recipients.where: {column}", column, found, place)
            )
    if findings:
        raise CampaignError(findings)


def bare_warnings(
    people: People, content: Content, campaign: Campaign, columns: tuple[str, ...]
) -> Iterator[Finding]:
    """One for each column that a template takes for true or false, and that says no for somebody."""
    told: set[str] = set()
    for (column, words), place in bare_conditions(content, campaign, columns).items():
        found = people.saying(column, words)
        if found.count and column not in told:
            told.add(column)
            yield _bare(Rule.BARE_CONDITION, column, column, found, place)


def matching_nobody(
    people: People, campaign: Campaign, columns: tuple[str, ...], totals: Mapping[Status, int]
) -> Iterator[Finding]:
    """A warning where `where` is true for none of the rows: nobody gets anything."""
    number, where = sum(totals.values()), campaign.recipients.where
    if where is None or not number or totals.get(Status.FILTERED) != number:
        return
    if campaign.profile.only_to and any(
        entry.why == Why.OUT_OF_REACH for entry in people.entries((Status.FILTERED,))
    ):
        return  # `where` is true for these
    names = [use.name for use in expression_names(environment(), where) if use.name in columns]
    held = []
    for name in names[:COLUMNS_SHOWN]:
        cells = [f'"{one_line(cell, 30)}"' for cell in people.usual(name, CELLS_SHOWN + 1)]
        more = ", …" if len(cells) > CELLS_SHOWN else ""
        held.append(f"{name} holds {', '.join(cells[:CELLS_SHOWN])}{more}")
    said = f"recipients.where is true for none of {count(number, 'row')}: {one_line(where, 200)}"
    yield Rule.WHERE_MATCHES_NOBODY.finding(
        said, campaign.places.get("recipients.where"), "; ".join(held) or None
    )


def _bare(rule: Rule, what: str, column: str, found: Saying, place: Place | None) -> Finding:
    cells = " or ".join(one_line(cell, 20) for cell in found.cells)
    said = (
        f"{what} alone is true for every text but the empty one, and {count(found.count, 'cell')} "
        f"{'says' if found.count == 1 else 'say'} {cells} ({rows(found.rows, found.count)})"
    )
    return rule.finding(said, place, f"write {truthful(column)}")
