"""Whom the gallery shows: each kind of message and each extreme of a cell, by few recipients."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.language.tracing import Way
from sendbatch.preview import choosing
from sendbatch.preview.choosing import Cell, Extent, Files, Survey, Version
from sendbatch.rendering.batches import Alike
from sendbatch.values import Recipient
from tests.kit.thoroughness import examples

PLANS = {
    plan: Way("letter.html", 3, "if", number, holds=True) for number, plan in enumerate("abcdef")
}


def person(row: int, *cells: str) -> Recipient:
    email = f"p{row}@example.com"
    return Recipient(row, row, email, email, cells)


def alike(*ways: Way, files: int = 0, version: int = 0) -> Alike:
    return Alike(ways=frozenset(ways), files=files, versions=((version, False),))


def survey(*rows: tuple[Recipient, Alike]) -> Survey:
    made = Survey({0: "city"})
    for recipient, one in rows:
        made.add(recipient, one)
    return made


def test_each_branch_is_shown_by_the_first_who_takes_it() -> None:
    people = [(person(n, "x"), alike(PLANS["a" if n < 40 else "b"])) for n in range(2, 60)]
    found = survey(*people).choice(most=2)
    assert [one.recipient.row for one in found.chosen] == [2, 40]
    assert [(one.kinds[0].traits, one.kinds[0].number) for one in found.chosen] == [
        ((PLANS["a"],), 38),
        ((PLANS["b"],), 20),
    ]
    assert found.seen == 58


def test_what_everybody_has_is_no_reason_to_be_shown() -> None:
    found = survey(*((person(n, "x"), alike(PLANS["a"])) for n in range(2, 30))).choice()
    assert [one.kinds for one in found.chosen] == [()] * choosing.FIRST
    assert [one.recipient.row for one in found.chosen] == [*range(2, 12)]


def test_ways_that_come_in_the_same_messages_are_one_kind() -> None:
    text = PLANS["a"]._replace(template="letter.txt")
    rows = [(person(2, "x"), alike(PLANS["a"], text)), (person(3, "x"), alike(PLANS["b"]))]
    kinds = {kind for one in survey(*rows).choice().chosen for kind in one.kinds}
    assert {kind.traits for kind in kinds} == {(PLANS["a"], text), (PLANS["b"],)}


def test_the_extremes_of_a_cell_are_shown_with_how_many_have_them() -> None:
    cells = ["Bonn", "", "Rheda-Wiedenbrück", "Ulm", "Aue", ""]
    rows = [(person(n, cell), alike()) for n, cell in enumerate(cells, start=2)]
    found = {kind for one in survey(*rows).choice().chosen for kind in one.kinds}
    assert {(kind.traits[0], kind.number) for kind in found} == {
        (Cell("city", Extent.EMPTY, 0), 2),
        (Cell("city", Extent.SHORTEST, 3), 2),
        (Cell("city", Extent.LONGEST, 17), 1),
    }


def test_a_column_of_equal_cells_has_no_extremes() -> None:
    rows = [(person(n, "Bonn"), alike()) for n in range(2, 5)]
    assert all(not one.kinds for one in survey(*rows).choice().chosen)


def test_versions_and_numbers_of_files_are_kinds_too() -> None:
    rows = [(person(2, "x"), alike()), (person(3, "x"), alike(files=1, version=1))]
    last = survey(*rows).choice().chosen[-1]
    assert {trait for kind in last.kinds for trait in kind.traits} == {
        Version(0, 1, False),
        Files(1),
    }


def test_who_is_asked_for_is_shown_besides_all_others() -> None:
    people = [(person(n, "x"), alike(PLANS["a" if n < 40 else "b"])) for n in range(2, 60)]
    asked = [(person(33, "x"), alike(PLANS["a"])), (person(34, "x"), alike(PLANS["a"]))]
    found = survey(*people).choice(asked, most=1)
    assert [(one.recipient.row, one.asked) for one in found.chosen] == [(33, True), (34, True)]
    assert [kind.traits for kind in found.unshown] == [(PLANS["b"],)]


def test_branches_come_before_cells_where_there_is_little_room() -> None:
    rows = [(person(n, "x" * n), alike(PLANS["a"])) for n in range(2, 9)]
    rows.append((person(9, "x" * 5), alike(PLANS["b"])))
    found = survey(*rows).choice(most=2)
    assert {way for one in found.chosen for kind in one.kinds for way in kind.traits} >= {
        PLANS["a"],
        PLANS["b"],
    }


@settings(max_examples=examples(100))
@given(st.integers(0, 1 << 32))
def test_with_room_each_kind_is_shown_and_counted_rightly(seed: int) -> None:
    random = Random(seed)
    rows = [
        (
            person(n, "x" * random.choice([0, 1, 4, 4, random.randrange(9)])),
            alike(
                *random.sample([*PLANS.values()], random.randrange(4)),
                files=random.choice([0, 0, 2]),
            ),
        )
        for n in range(2, 2 + random.randrange(1, 80))
    ]
    found = survey(*rows).choice(most=200)
    numbers = Counter(trait for _, one in rows for trait in choosing._of(one))
    shown = {
        trait: kind.number for one in found.chosen for kind in one.kinds for trait in kind.traits
    }
    ways = {trait: number for trait, number in shown.items() if not isinstance(trait, Cell)}
    assert ways == {trait: number for trait, number in numbers.items() if number < len(rows)}
    for trait, number in shown.items():
        if isinstance(trait, Cell):
            assert number == sum(len(one.cells[0]) == trait.length for one, _ in rows)
    assert not found.unshown
    own = {recipient.id: {*choosing._of(one)} for recipient, one in rows}
    for one in found.chosen:  # whoever is said to show it has it
        for kind in one.kinds:
            assert all(isinstance(t, Cell) or t in own[one.recipient.id] for t in kind.traits)


def test_more_kinds_than_are_told_apart_are_counted_and_shown_all_the_same() -> None:
    ways = [Way("letter", 1, "inline", number, holds=True) for number in range(16)]
    made = Survey({})
    for row in range(2, 2 + choosing._MOST_KINDS + 500):
        made.add(person(row), alike(*(way for bit, way in enumerate(ways) if row >> bit & 1)))
    late = Way("letter", 2, "if", 0, holds=True)
    made.add(person(99_999), alike(late))
    found = made.choice()
    shown = {
        trait: kind.number for one in found.chosen for kind in one.kinds for trait in kind.traits
    }
    assert shown[late] == 1
    assert shown[ways[0]] == sum(row & 1 for row in range(2, 2 + choosing._MOST_KINDS + 500))
