"""Addresses that can be mailed, and should perhaps not be: likely misspelt, of throw-away mail, of a role;
keys that differ by the width of their letters alone; and more that is invalid than a good list has.

All are looked at in one pass over those who would get it, and what many share is one finding, which names
domains and rows and nobody's address.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from sendbatch.audience.disposable import is_disposable
from sendbatch.audience.roles import role_of
from sendbatch.audience.typos import meant_by
from sendbatch.campaign.model import Campaign
from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Group, Rule
from sendbatch.findings.groups import ROWS_NAMED
from sendbatch.ledger.store import People
from sendbatch.values import Status
from sendbatch.words import count, listed

AT_FIRST = 100_000  # rows that a run looks at: check and plan look at all
LEAST_ROWS, TOO_MANY = 20, 0.05
MOST_TYPOS = 5  # misspelt domains with a finding of their own: those that most have
MOST_NAMED = 8  # domains or roles in one finding
MOST_KEPT = 1000  # domains, or keys, that are told apart


def doubtful_addresses(people: People, campaign: Campaign, most: int | None) -> Iterator[Finding]:
    """`most` is how many rows are looked at; None for all."""
    found = _Found()
    for row, key, email in islice(people.addresses(), most):
        found.look(row, key, email)
    file = campaign.recipients.shown
    yield from _misspelt(found.misspelt, file)
    if found.wide:
        keys = ((row, key) for row, key, _ in islice(people.addresses(), most))
        yield from _twins(found.wide, keys, file)
    yield from found.disposable.finding(Rule.DISPOSABLE_ADDRESS, file, "at domains of throw-away mail")
    yield from found.roles.finding(Rule.ROLE_ADDRESS, file, "of a role, which several people read")


def many_invalid(campaign: Campaign, totals: Mapping[Status, int]) -> Iterator[Finding]:
    """A warning where more than a twentieth of the rows is invalid. Fewer than twenty rows are no list."""
    invalid = totals.get(Status.INVALID, 0)
    judged = sum(totals.values()) - totals.get(Status.FILTERED, 0)
    if judged < LEAST_ROWS or invalid <= TOO_MANY * judged:
        return
    said = f"{invalid:,} of {count(judged, 'row')} are invalid, which is {invalid / judged:.0%}"
    hint = "is this the file that was meant, its encoding and its column for addresses?"
    yield Rule.MANY_INVALID.finding(said, campaign.places.get("recipients.file"), hint)


class _Several:
    """Rows that share something, by what it is called."""

    def __init__(self) -> None:
        self._group = Group("")
        self._names: Counter[str] = Counter()

    def add(self, name: str, row: int) -> None:
        self._group.add(row, "")
        if name in self._names or len(self._names) < MOST_KEPT:
            self._names[name] += 1

    def finding(self, rule: Rule, file: str, what: str) -> Iterator[Finding]:
        """One for all of them; `what` they are."""
        group = self._group
        if not group.number:
            return
        most = self._names.most_common(MOST_NAMED)
        names = [f"{one_line(name, 80)} {number:,}" if len(most) > 1 else name for name, number in most]
        named = listed(names, MOST_NAMED, len(self._names))
        addresses = count(group.number, "address", "addresses")
        said = f"{addresses} {what}: {named} ({group.where})"
        yield rule.finding(said, Place(file, group.rows[0][0]))


class _Found:
    """What was found so far, in no more memory for more rows."""

    def __init__(self) -> None:
        self.misspelt: dict[str, Group] = {}
        self.disposable, self.roles = _Several(), _Several()
        self.wide: dict[str, list[int]] = {}  # by what it is in the usual letters
        self._verdicts: dict[str, tuple[str | None, bool]] = {}

    def look(self, row: int, key: str, email: str) -> None:
        local, _, domain = email.rpartition("@")
        meant, is_throw_away = self._verdict(domain)
        if meant is not None:
            self._add_misspelt(domain.lower(), meant, row)
        elif is_throw_away:
            self.disposable.add(domain.lower(), row)
        if (role := role_of(local)) is not None:
            self.roles.add(role, row)
        if not key.isascii():
            self._add_wide(row, key)

    def _verdict(self, domain: str) -> tuple[str | None, bool]:
        """What was probably meant by a domain, and whether it is for throw-away mail."""
        known = self._verdicts.get(domain)
        if known is None:
            if len(self._verdicts) >= MOST_KEPT:
                self._verdicts.clear()
            name = domain.lower()
            known = self._verdicts[domain] = meant_by(name), is_disposable(name)
        return known

    def _add_misspelt(self, domain: str, meant: str, row: int) -> None:
        group = self.misspelt.get(domain)
        if group is None:
            if len(self.misspelt) >= MOST_KEPT:
                return
            group = self.misspelt[domain] = Group(meant)
        group.add(row, "")

    def _add_wide(self, row: int, key: str) -> None:
        usual = unicodedata.normalize("NFKC", key)
        if usual != key and (usual in self.wide or len(self.wide) < MOST_KEPT):
            alike = self.wide.setdefault(usual, [])
            if len(alike) < ROWS_NAMED:
                alike.append(row)


def _misspelt(found: dict[str, Group], file: str) -> Iterator[Finding]:
    """A finding for each of the domains that most have, and one for the others."""
    by_number = sorted(found.items(), key=lambda one: -one[1].number)
    for domain, group in by_number[:MOST_TYPOS]:
        said = f"{count(group.number, 'address', 'addresses')} at {one_line(domain, 80)} ({group.where})"
        place = Place(file, group.rows[0][0])
        yield Rule.LIKELY_TYPO.finding(said, place, f"did you mean {group.words}?")
    others = by_number[MOST_TYPOS:]
    if others:
        number = sum(group.number for _, group in others)
        named = listed([one_line(domain, 80) for domain, _ in others], MOST_NAMED)
        place = Place(file, min(group.rows[0][0] for _, group in others))
        said = f"and {count(number, 'more address', 'more addresses')} at likely misspelt domains: {named}"
        yield Rule.LIKELY_TYPO.finding(said, place)


def _twins(
    wide: dict[str, list[int]], keys: Iterable[tuple[int, str]], file: str
) -> Iterator[Finding]:
    """One for all keys that others have in the usual letters, or in other unusual ones."""
    usual = {key: row for row, key in keys if key in wide}
    pairs = []
    for key, rows in wide.items():
        alike = sorted([*rows, *([usual[key]] if key in usual else [])])
        if len(alike) > 1:
            pairs.append(alike)
    if not pairs:
        return
    pairs.sort()
    named = listed([f"rows {alike[0]:,} and {alike[1]:,}" for alike in pairs], MOST_NAMED)
    said = (
        f"{len(pairs):,} {'key is' if len(pairs) == 1 else 'keys are'} in the CSV in letters of more than "
        f"one width, and each gets a message of its own: {named}"
    )
    yield Rule.TWIN_KEYS.finding(said, Place(file, pairs[0][1]), "write them alike, as in 123 for １２３")
