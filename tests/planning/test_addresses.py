"""Addresses that can be mailed, and should perhaps not be: said once, by domain, role and row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from sendbatch.findings import Finding
from sendbatch.ledger.store import People
from sendbatch.planning.addresses import doubtful_addresses, many_invalid
from sendbatch.values import Status
from tests.kit.campaigns import campaign


class Some:
    """Those who would get it, from row 2 on."""

    def __init__(self, *emails: str, keys: tuple[str, ...] = ()) -> None:
        self._emails, self._keys = emails, keys or emails

    def addresses(self) -> Iterator[tuple[int, str, str]]:
        for row, (key, email) in enumerate(zip(self._keys, self._emails, strict=True), 2):
            yield row, key, email


Look = Callable[..., list[Finding]]


@pytest.fixture
def found(tmp_path: Path) -> Look:
    one = campaign(tmp_path)

    def look(people: Some, most: int | None = None) -> list[Finding]:
        findings = [*doubtful_addresses(cast("People", people), one, most)]
        assert not any("@" in str(finding) for finding in findings)  # many may read a log
        return findings

    return look


def test_each_misspelt_domain_is_one_line_with_its_rows_and_no_address(found: Look) -> None:
    typo, other = found(
        Some("a@gmail.com", "ann.b@gmial.com", "c@hotmial.com", "d@Gmial.com", "e@gmial.com", "f@gmial.com")
    )
    assert typo.message == "4 addresses at gmial.com (rows 3, 5, 6 and 1 more)"
    assert typo.hint == "did you mean gmail.com?"
    assert typo.severity == "warning"
    assert typo.place is not None
    assert (Path(typo.place.file).name, typo.place.line) == ("people.csv", 3)
    assert other.message == "1 address at hotmial.com (row 4)"


def test_many_misspelt_domains_are_few_lines(found: Look) -> None:
    domains = [f"{'gmail'[:n]}{letter}{'gmail'[n:]}.com" for n in range(1, 6) for letter in "qxzw"]
    findings = found(Some(*(f"a@{domain}" for domain in domains), *["b@gmailq.com"] * 2))
    assert len(findings) == 6
    assert findings[0].message == "3 addresses at gmailq.com (rows 18, 22, 23)"
    assert findings[-1].message.startswith("and 15 more addresses at likely misspelt domains: ")
    assert findings[-1].message.endswith(" and 7 more")


def test_throw_away_mail_and_roles_are_a_hint_each(found: Look) -> None:
    business = ("INFO@other.example", "sales@firm.example")
    disposable, roles = found(
        Some("a@mailinator.com", "info@firm.example", "b@x.yopmail.com", *business)
    )
    assert disposable.severity == roles.severity == "hint"
    assert disposable.message == (
        "2 addresses at domains of throw-away mail: mailinator.com 1, x.yopmail.com 1 (rows 2, 4)"
    )
    assert roles.message == "3 addresses of a role, which several people read: info 2, sales 1 (rows 3, 5, 6)"


def test_a_long_right_list_is_right(found: Look) -> None:
    assert found(Some(*(f"person{n}@firm{n}.example" for n in range(3000)))) == []


def test_keys_in_letters_of_another_width_are_twins(found: Look) -> None:
    emails = tuple("abcdef")
    keys = ("Ａ１", "A1", "Ｂ２", "C3", "ｶﾅ", "カナ")
    (twins,) = found(Some(*(f"{one}@firm.example" for one in emails), keys=keys))
    assert twins.rule == "twin-keys"
    assert twins.message == (
        "2 keys are in the CSV in letters of more than one width, and each gets a message of its own: "
        "rows 2 and 3, rows 6 and 7"
    )
    assert twins.place is not None
    assert twins.place.line == 3


def test_a_run_looks_at_the_first_rows(found: Look) -> None:
    people = Some("a@gmail.com", "b@gmial.com")
    assert found(people, 1) == []
    assert len(found(people, 2)) == 1


@pytest.mark.parametrize(
    ("invalid", "others", "is_said"),
    [(2, 18, True), (1, 19, False), (1, 18, False), (5, 95, False), (6, 94, True)],
)
def test_more_than_a_twentieth_of_a_list_is_many(
    tmp_path: Path, invalid: int, others: int, is_said: bool
) -> None:
    totals = {Status.INVALID: invalid, Status.PENDING: others, Status.FILTERED: 1000}
    assert bool([*many_invalid(campaign(tmp_path), totals)]) == is_said
