"""The row of refusals that all runners count together, as it stands in a record."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.ledger.facts import Change, InARow, Met, Noted, Settled
from sendbatch.ledger.streak import CLEAR, TRIPPED, Of, Streak, after, clears, counts, read
from sendbatch.values import Outcome, Reply, Status

NEVER = Reply(550, "go away, \u201cp1@example.org\u201d", "RCPT", "5.7.1")


def refused(id_: int, domain: str = "a.example", *, ours: bool = False, limit: int = 20) -> InARow:
    return InARow(Met.REFUSED, id_, limit, 24, domain, ours, "ada@example.com", NEVER)


def accepted(id_: int = 1) -> Settled:
    return Settled(id_, Outcome(Status.ACCEPTED), None, 1.0)


def deferred(id_: int = 1) -> Settled:
    return Settled(id_, Outcome(Status.DEFERRED), None, 1.0)


UNANSWERED = InARow(Met.UNANSWERED, 7, 20, 24)
NOBODY_ELSE = InARow(Met.NOBODY_ELSE, 0, 20, 24)
changes = st.lists(
    st.one_of(
        st.builds(
            refused,
            st.integers(1, 50),
            st.sampled_from(("a.example", "b.example", "c.example")),
            ours=st.booleans(),
        ),
        st.just(UNANSWERED),
        st.just(NOBODY_ELSE),
        st.builds(accepted, st.integers(1, 50)),
        st.just(deferred()),
        st.just(Noted("slowdown", "half", 1.0)),
    ),
    max_size=60,
)


@given(changes, st.integers(0, 60))
def test_it_does_not_matter_in_how_many_commits_they_come(all_of_them: list[Change], cut: int) -> None:
    at_once = after("", all_of_them)
    assert after(after("", all_of_them[:cut]), all_of_them[cut:]) == at_once
    assert str(read(at_once)) == at_once


@given(changes, changes)
def test_a_store_may_write_clear_without_reading_where_somebody_was_accepted_and_none_counts(
    before: list[Change], group: list[Change]
) -> None:
    stood, told = after("", before), [one for one in group if not isinstance(one, InARow)]
    assert not counts(told)
    expected = stood
    if clears(told) and stood != CLEAR and not stood.startswith("tripped"):
        expected = CLEAR
    assert read(after(stood, told)).tripped == read(expected).tripped
    if not read(expected).tripped:
        assert after(stood, told) == expected


def test_twenty_over_several_commits_and_two_domains_trip_it() -> None:
    told = after("", [accepted()])
    for number in range(20):
        assert not told.startswith(TRIPPED)
        told = after(told, [refused(number + 1, f"{number % 2}.example")])
    assert told.startswith(TRIPPED)
    assert read(told).trip == (Of.REFUSED, 20, NEVER, "")
    assert after(told, [accepted(), refused(70)]).startswith(TRIPPED)


def test_an_acceptance_within_a_group_counts_in_its_place() -> None:
    told = after(CLEAR, [*map(refused, range(1, 12)), accepted(), refused(12), refused(13)])
    assert (read(told).length, read(told).began) == (2, 12)


def test_the_limits_are_those_of_whoever_was_refused_first() -> None:
    told = after(CLEAR, [refused(1, limit=3), refused(2, "b.example"), refused(3)])
    assert told.startswith(TRIPPED)


@pytest.mark.parametrize(
    "text",
    ["nonsense", "{}", "[]", "null", '{"limit": []}', "[" * 100_000, json.dumps({"last": [1]})],
)
def test_what_cannot_be_read_is_an_empty_row_and_a_trip_stays_one(text: str) -> None:
    assert read(text) == Streak()
    assert read(TRIPPED + text).tripped
    assert after(text, [refused(1)]) == after("", [refused(1)])
    _ = read(TRIPPED + text).trip


def lengths(groups: Sequence[Sequence[Change]]) -> list[int]:
    told, found = "", []
    for group in groups:
        told = after(told, group)
        found.append(read(told).length)
    return found


def test_deferred_ones_change_nothing() -> None:
    assert lengths([[refused(1)], [deferred()], [refused(2)], [accepted()]]) == [1, 1, 2, 0]
