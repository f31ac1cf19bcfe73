"""Which level a server is spoken to at, and how that is found out: without a socket."""

from __future__ import annotations

import pytest

from sendbatch.smtp.levels import BEHIND, GROUP, LATER, SINGLE, TRYING, Levels

ONE, TWO = object(), object()


def test_a_run_starts_in_groups_and_one_connection_alone_tries_more() -> None:
    levels = Levels()
    assert levels.group == GROUP
    assert levels.is_open(ONE)
    levels.tries(ONE)
    assert levels.is_open(ONE)
    assert not levels.is_open(TWO)
    assert levels.patience == TRYING


def test_the_others_follow_once_it_got_its_replies() -> None:
    levels = Levels()
    levels.tries(ONE)
    levels.fits()
    assert levels.is_open(TWO)
    assert (levels.learned, levels.patience) == (BEHIND, LATER)


def test_what_does_not_fit_lowers_the_level_for_the_rest_of_the_run() -> None:
    levels = Levels()
    levels.tries(ONE)
    levels.lower(BEHIND)
    assert not levels.is_open(ONE)
    assert not levels.is_open(TWO)
    assert (levels.group, levels.learned) == (GROUP, GROUP)
    levels.fits()  # another connection's replies to what was written before
    assert not levels.is_open(TWO)


def test_a_level_that_worked_is_lowered_too() -> None:
    levels = Levels(BEHIND)
    levels.lower(BEHIND)
    levels.lower(BEHIND)  # on each of the connections
    assert (levels.group, levels.learned, levels.is_open(ONE)) == (GROUP, GROUP, False)
    levels.lower(GROUP)
    assert (levels.group, levels.learned) == (SINGLE, SINGLE)
    levels.lower(SINGLE)
    assert levels.group == SINGLE


def test_a_try_that_ends_with_its_connection_leaves_it_to_another() -> None:
    levels = Levels()
    levels.tries(ONE)
    levels.leaves(TWO, cut=True)
    assert not levels.is_open(TWO)
    levels.leaves(ONE, cut=False)
    assert levels.is_open(TWO)
    assert levels.learned is None


def test_a_try_that_is_cut_off_is_the_last_of_this_run_and_is_not_remembered() -> None:
    levels = Levels()
    levels.tries(ONE)
    levels.leaves(ONE, cut=True)
    assert not levels.is_open(TWO)
    assert (levels.group, levels.learned) == (GROUP, None)


@pytest.mark.parametrize(
    ("known", "group", "behind"),
    [(None, GROUP, True), (1, SINGLE, False), (2, GROUP, False), (3, GROUP, True)],
)
def test_what_was_learned_is_where_the_next_run_starts(
    known: int | None, group: int, behind: bool
) -> None:
    levels = Levels(known)
    assert (levels.group, levels.is_open(ONE)) == (group, behind)
    assert levels.proven is (known == 3)
    assert levels.learned is None


def test_known_to_work_all_begin_with_it() -> None:
    levels = Levels(BEHIND)
    levels.tries(ONE)
    assert levels.is_open(TWO)
    assert levels.patience == LATER


def test_two_streams_that_end_within_their_first_group_lower_the_level() -> None:
    levels = Levels()
    assert [levels.cut_off(GROUP), levels.cut_off(GROUP)] == [False, True]
    assert (levels.group, levels.learned) == (SINGLE, None)
    levels.through(SINGLE)
    assert (levels.group, levels.learned) == (SINGLE, SINGLE)


def test_where_single_commands_end_the_stream_too_groups_are_not_to_blame() -> None:
    levels = Levels()
    for _ in range(2):
        levels.cut_off(GROUP)
    assert not levels.cut_off(SINGLE)
    assert (levels.group, levels.learned) == (GROUP, None)
    assert not any(levels.cut_off(GROUP) for _ in range(5))
    assert levels.is_open(ONE)


def test_groups_that_got_through_are_not_to_blame_either() -> None:
    levels = Levels()
    levels.cut_off(GROUP)
    levels.through(GROUP)
    assert not any(levels.cut_off(GROUP) for _ in range(5))


def test_a_group_under_way_that_gets_through_after_the_cuts_clears_groups_too() -> None:
    levels = Levels()
    for _ in range(2):
        levels.cut_off(GROUP)
    levels.through(GROUP)
    levels.through(SINGLE)
    assert (levels.group, levels.learned) == (GROUP, None)
    assert levels.is_open(ONE)
