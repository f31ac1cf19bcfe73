"""A column that is a condition by itself is true for `no` as well: refused in `where`, else warned about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.errors import CampaignError
from sendbatch.ledger.store import Record
from sendbatch.message.reading import read_content
from sendbatch.planning.conditions import bare_warnings, matching_nobody
from sendbatch.planning.plan import Planned
from sendbatch.values import Status
from tests.kit.campaigns import YAML, campaign

Make = Callable[..., Planned]

PEOPLE = """\
email,name,active
ann@example.com,Ann,TRUE
bob@example.com,Bob, FALSE
cyd@example.com,Cyd,0
dee@example.com,Dee,
eve@example.com,Eve,no
eve@example.com,Eve again,n
"""


def where(condition: str) -> str:
    return YAML.replace("file: people.csv", f"file: people.csv\n  where: {condition}")


@pytest.mark.parametrize(
    "condition", ["active", "not active", "name == 'Ann' and active", "active|lower"]
)
def test_a_where_of_a_column_alone_is_refused_where_cells_say_no(
    tmp_path: Path, ledger: Record, make: Make, condition: str
) -> None:
    with pytest.raises(CampaignError) as refused:
        make(campaign(tmp_path, people=PEOPLE, yaml=where(condition)))
    (fault,) = refused.value.findings
    assert fault.message == (
        "recipients.where: active alone is true for every text but the empty one, "
        "and 4 cells say FALSE or 0 or no or n (rows 3, 4, 6, 7)"
    )
    assert fault.hint == 'write active|trim|lower not in ["", "false", "0", "no", "off", "n"]'
    assert (fault.place.line, fault.place.column) == (6, 10) if fault.place else False
    assert ledger.reading.plan() is None


def test_the_condition_that_is_advised_is_taken_as_it_is_written(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    advised = 'active|trim|lower not in ["", "false", "0", "no", "off", "n"]'
    make(campaign(tmp_path, people=PEOPLE, yaml=where(advised)))
    assert [e.email for e in ledger.reading.entries({Status.PENDING})] == ["ann@example.com"]


def test_a_where_of_a_column_alone_is_fine_where_no_cell_says_no(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    people = "email,name,active\nann@example.com,Ann,x\nbob@example.com,Bob,\n"
    make(campaign(tmp_path, people=people, yaml=where("active")))
    assert [e.email for e in ledger.reading.entries({Status.PENDING})] == ["ann@example.com"]


def test_a_template_is_warned_about_for_those_who_would_get_it(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    one = campaign(tmp_path, people=PEOPLE)
    (tmp_path / "letter.txt").write_text(
        "Dear {{ name }},\n{% if active %}you are active{% endif %}\n"
    )
    make(one)
    columns = ("email", "name", "active")
    (warning,) = bare_warnings(ledger.reading, read_content(one), one, columns)
    assert warning.severity == "warning"
    assert warning.message.endswith("and 3 cells say FALSE or 0 or no (rows 3, 4, 6)")
    assert "letter.txt:2:7: warning: active alone is true" in str(warning)


def test_very_many_rows_are_counted_and_the_first_are_named(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    people = "email,name,active\n" + "".join(f"p{n}@example.com,P,Off\n" for n in range(1200))
    with pytest.raises(
        CampaignError, match=r"1,200 cells say Off \(rows 2, 3, 4, 5, 6 and 1,195 more\)"
    ):
        make(campaign(tmp_path, people=people, yaml=where("active")))


def test_a_where_that_is_true_for_nobody_says_what_its_columns_hold(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    one = campaign(tmp_path, people=PEOPLE, yaml=where("name == 'Zoe' and active != 'x' and 1"))
    make(one)
    totals = {Status.FILTERED: 6}
    (fault,) = matching_nobody(ledger.reading, one, ("email", "name", "active"), totals)
    assert fault.severity == "warning"
    assert fault.message == (
        "recipients.where is true for none of 6 rows: name == 'Zoe' and active != 'x' and 1"
    )
    assert fault.hint == ('active holds "", "0", "FALSE", …; name holds "Ann", "Bob", "Cyd", …')
    assert (fault.place.line, fault.place.column) == (6, 10) if fault.place else False


def test_whom_only_to_leaves_out_where_is_true_for(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    yaml = where("name != 'Zoe'")
    one = campaign(tmp_path, people=PEOPLE, yaml=yaml)
    some = replace(one, profile=replace(one.profile, only_to=("nobody@example.org",)))
    make(some)
    assert not [*matching_nobody(ledger.reading, some, ("email", "name", "active"), {Status.FILTERED: 6})]
