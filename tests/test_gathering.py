"""One fault of many rows."""

from __future__ import annotations

from sendbatch.gathering import ALIKE, MOST, Gathering


def test_equal_words_are_one_fault_with_its_first_rows() -> None:
    found = Gathering()
    for row in range(2, 22):
        found.add("the cell is empty", row, f"p{row}")

    (one,) = found
    assert (one.words, one.number, one.lines) == (
        "the cell is empty",
        20,
        "rows 2, 3, 4 and 17 more",
    )
    assert one.rows == [(2, "p2"), (3, "p3"), (4, "p4")]


def test_what_differs_by_a_path_alone_is_shown_three_times_and_then_counted() -> None:
    found = Gathering()
    for row in range(2, 902):
        found.add(f"no such file: invoices/{row}.pdf", row, f"p{row}")

    told = [(one.words, one.lines) for one in found]
    assert told[:ALIKE] == [(f"no such file: invoices/{n}.pdf", f"row {n}") for n in (2, 3, 4)]
    assert told[ALIKE:] == [("such a fault each", "rows 5, 6, 7 and 894 more")]
    assert found.number == 900


def test_the_row_in_the_words_makes_no_other_fault() -> None:
    found = Gathering()
    for row in range(2, 22):
        found.add(f"spring.txt:1: no element 9 (row {row})", row, "")

    assert [(one.words, one.number) for one in found] == [("spring.txt:1: no element 9", 20)]


def test_where_one_wording_is_enough_the_others_count_to_it() -> None:
    found = Gathering(wordings=1)
    for row in range(2, 22):
        found.add(f"450 busy {row}", row, "")

    assert [(one.words, one.number, one.varies) for one in found] == [("450 busy 2", 20, True)]


def test_however_many_faults_there_are_a_screenful_is_kept() -> None:
    found = Gathering()
    for row in range(2, 1002):
        words = "".join(chr(97 + int(digit)) for digit in str(row))
        found.add(f"{words} is unknown", row, "")

    assert len(list(found)) == MOST
    assert found.unnamed == 1000 - MOST
