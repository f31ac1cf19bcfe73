"""The runs on one account, each on a machine of its own: whose the connections are, and who is heard."""

from __future__ import annotations

import pytest

from sendbatch.errors import LedgerError
from tests.kit.peering import LEASE, Table, peer


def test_one_alone_has_all_connections() -> None:
    one = peer(Table(), "one")
    assert one.beside().connections == 0
    one.look()
    assert (one.beside().parts, one.beside().connections) == (1, 8)


def test_who_comes_waits_until_others_have_given_up_what_they_have_open() -> None:
    table = Table()
    one, other = peer(table, "one"), peer(table, "other")
    one.look()
    one.tell(8, "", 0)
    other.look()
    assert other.beside().connections == 0
    one.look()
    assert one.beside().connections == 4  # but eight are open still
    other.look()
    assert other.beside().connections == 0
    one.tell(5, "", 0)
    one.look()
    other.look()
    assert other.beside().connections == 3
    one.tell(4, "", 0)
    one.look()
    other.look()
    assert (one.beside().connections, other.beside().connections) == (4, 4)


@pytest.mark.parametrize("declared", [1, 3, 7, 10])
@pytest.mark.parametrize("runs", [1, 2, 4, 12])
def test_there_are_never_more_than_were_declared_and_in_the_end_equal_parts(
    declared: int, runs: int
) -> None:
    table = Table()
    all_of_them = [peer(table, f"{number:02}", declared=declared) for number in range(runs)]
    for turn in range(6):
        for number, one in enumerate(all_of_them[: 2 + turn * 3]):
            table.now += 0.1
            one.look()
            one.tell(one.beside().connections, "", 0)
            assert table.had() <= declared, (turn, number)
    parts = [one.beside().connections for one in all_of_them]
    assert sum(parts) == declared
    assert max(parts) - min(parts) <= 1


def test_who_cannot_renew_has_no_connection_and_others_have_them_then() -> None:
    table = Table()
    one, other = peer(table, "one"), peer(table, "other")
    one.look()
    table.now += LEASE
    assert one.beside().connections == 0
    other.look()
    assert (other.beside().parts, other.beside().connections) == (1, 8)
    other.tell(8, "", 0)
    one.look()  # it is back
    assert one.beside().connections == 0


def test_a_row_that_ends_too_far_ahead_counts_as_over() -> None:
    table = Table()
    table.rows["tampered"] = ("tampered", "news", 0.0, 9e9, 8, 0, "", 0.0)
    one = peer(table, "one")
    one.look()
    assert one.beside().connections == 8


def test_what_others_have_learned_and_could_not_build_is_told() -> None:
    table = Table()
    one, other, another = peer(table, "one"), peer(table, "other"), peer(table, "third", "another")
    for each in (one, other, another):
        each.look()
    table.now += 1
    other.tell(1, "slower", 7)
    another.tell(1, "few", 9)
    other.look()
    another.look()
    table.now += 2
    one.look()
    found = {each.id: each for each in one.beside().others}
    assert (found["other"].lessons, found["other"].age, found["other"].is_ours) == ("slower", 2.0, True)
    assert (found["third"].lessons, found["third"].is_ours) == ("few", False)
    assert not found["other"].is_first
    assert one.beside().unbuildable == 7


def test_one_that_ends_leaves_its_connections_at_once_and_what_it_learned_for_a_while() -> None:
    table = Table()
    one, other = peer(table, "one"), peer(table, "other")
    with one.among_them():
        one.tell(8, "few", 0)
    other.look()
    assert (other.beside().parts, other.beside().connections) == (1, 8)
    assert [(each.lessons, each.is_alive) for each in other.beside().others] == [("few", False)]


def test_where_they_cannot_be_seen_a_run_does_not_begin_and_one_under_way_goes_on_for_a_lease() -> None:
    table = Table(is_away=True)
    one = peer(table, "one")
    with pytest.raises(LedgerError), one.among_them():
        pass
    table.is_away = False
    with one.among_them():
        table.is_away = True
        assert one.beside().connections == 8
        table.now += LEASE
        assert one.beside().connections == 0
