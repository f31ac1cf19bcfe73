"""How many connections a run may use, and how many messages go over each."""

from __future__ import annotations

from sendbatch.limits.connections import CALM, Connections


def test_refused_one_makes_do_with_half() -> None:
    connections = Connections(8)
    seen = [(connections.refused(turn * 10.0), connections.allowed) for turn in range(5)]
    assert seen == [(True, 4), (True, 2), (True, 1), (False, 1), (False, 1)]


def test_refusals_in_the_same_second_are_one() -> None:
    connections = Connections(8)
    assert [connections.refused(at) for at in (0.0, 0.1, 0.9)] == [True, False, False]
    assert connections.allowed == 4


def test_they_are_won_back_one_at_a_time() -> None:
    connections = Connections(4)
    connections.refused(0.0)
    assert not connections.win_back(CALM - 1)
    assert connections.win_back(CALM)
    assert (connections.allowed, connections.win_back(CALM + 1)) == (3, False)
    assert connections.win_back(2 * CALM)
    assert (connections.allowed, connections.win_back(3 * CALM)) == (4, False)


def test_runs_on_one_account_share_them() -> None:
    connections, allowed = Connections(8), []
    for parts in (1, 2, 3, 20, 1):
        connections.share(parts)
        allowed.append(connections.allowed)
    assert allowed == [8, 4, 2, 1, 8]


def test_ended_twice_after_as_many_that_is_how_many_it_takes() -> None:
    connections = Connections(4)
    seen = [connections.ended_after(k) for k in (100, 70, 100)]
    assert (seen, connections.per_connection) == ([False, False, True], 100)


def test_a_lower_number_is_learned_and_a_higher_is_not() -> None:
    connections = Connections(4, per_connection=50)
    assert [connections.ended_after(k) for k in (80, 80)] == [False, False]
    assert [connections.ended_after(k) for k in (20, 20)] == [False, True]
    assert connections.per_connection == 20


def test_a_server_that_takes_one_message_a_connection_is_believed() -> None:
    connections = Connections(4)
    assert [connections.ended_after(1) for _ in range(3)] == [False, True, False]
    assert connections.is_spent(1)


def test_ended_before_anything_was_accepted_teaches_no_number() -> None:
    connections = Connections(4)
    assert [connections.ended_after(0) for _ in range(3)] == [False] * 3
    assert connections.per_connection is None
