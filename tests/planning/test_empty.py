"""Empty cells are counted where the mail shows or compares them, and said once for each column."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.findings import Finding
from sendbatch.ledger.store import Record
from sendbatch.message.reading import read_content
from sendbatch.planning.empty import empty_cells, empty_in_conditions
from tests.kit.campaigns import YAML, campaign
from tests.kit.desks import Make

PEOPLE = """\
email,name,plan
ann@example.com,Ann,a
bob@example.com,,b
cyd@example.com, ,a
dee@example.com,Dee,
dee@example.com,,b
"""
COLUMNS = ("email", "name", "plan")


def found(
    folder: Path, ledger: Record, make: Make, *, letter: str, people: str = PEOPLE, yaml: str = YAML
) -> list[Finding]:
    one = campaign(folder, people=people, yaml=yaml)
    (folder / "letter.txt").write_text(letter)
    make(one)
    content, people_of = read_content(one), ledger.reading
    return [
        *empty_cells(people_of, content, one, COLUMNS),
        *empty_in_conditions(people_of, content, COLUMNS, people_of.totals()),
    ]


def test_one_finding_counts_the_rows_and_shows_the_first_place(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    (empty,) = found(tmp_path, ledger, make, letter="\nHi {{ name }},\n\nDear {{ name }}!\n")
    assert empty.message == "name is empty in 2 rows (rows 3, 4), and the letter and the subject show it"
    assert (empty.rule, empty.severity) == ("empty-cell", "warning")
    assert empty.hint == 'say what stands in for it, as in {{ name or "friend" }}, or in recipients.defaults'
    assert empty.place is not None
    assert (Path(empty.place.file).name, empty.place.line) == ("letter.txt", 2)


def test_a_default_fills_the_cell(tmp_path: Path, ledger: Record, make: Make) -> None:
    yaml = YAML.replace("file: people.csv", "file: people.csv\n  defaults: {name: friend}")
    assert found(tmp_path, ledger, make, letter="Hi {{ name }},\n", yaml=yaml) == []


def test_whoever_does_not_get_it_is_not_counted(tmp_path: Path, ledger: Record, make: Make) -> None:
    yaml = YAML.replace("file: people.csv", "file: people.csv\n  where: name != ''")
    assert found(tmp_path, ledger, make, letter="Hi {{ name }},\n", yaml=yaml) == []


TWO_WAYS = "{% if plan == 'a' %}A{% else %}B{% endif %}\n"
FLAG = "email,name,plan\n" + "".join(f"p{n}@example.com,P,{'yes' if n > 2 else ''}\n" for n in range(9))
FEW = "email,name,plan\n" + "".join(f"p{n}@example.com,P,{'ab'[n % 2] if n > 5 else ''}\n" for n in range(9))


@pytest.mark.parametrize(
    ("people", "number"), [(PEOPLE.replace(",,", ",N,"), 1), (FLAG, 0), (FEW, 0)]
)
def test_a_condition_is_told_of_where_most_rows_answer_one_way_or_another(
    tmp_path: Path, ledger: Record, make: Make, people: str, number: int
) -> None:
    yaml = YAML.replace("Hello {{ name }}", "News")
    hints = found(tmp_path, ledger, make, letter=TWO_WAYS, people=people, yaml=yaml)
    assert [hint.message for hint in hints] == [
        "plan is empty in 1 row (row 5), and a condition takes no notice of that"
    ] * number
    assert {hint.severity for hint in hints} <= {"hint"}
