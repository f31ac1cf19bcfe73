"""The lists of a campaign, held against its rows: whoever asked to be left out is, or the run is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sendbatch.errors import AudienceError, shown
from sendbatch.ledger.store import Record
from sendbatch.planning.plan import Planned
from sendbatch.values import Status
from tests.kit.campaigns import YAML, campaign

Make = Callable[..., Planned]

KEYED = YAML.replace("file: people.csv", "file: people.csv\n  key: id")


def left(ledger: Record) -> list[str]:
    """Who would be written to."""
    return [entry.email for entry in ledger.reading.entries({Status.PENDING})]


def refused(make: Make, folder: Path, **lists: str) -> list[str]:
    with pytest.raises(AudienceError) as caught:
        plan(make, folder, **lists)
    said = map(str, caught.value.findings)
    return [one.replace(f"{shown(folder)}/", "").replace(f"{folder}/", "") for one in said]


def plan(
    make: Make, folder: Path, *, people: str = "", yaml: str = YAML, more: str = "", **lists: str
) -> Planned:
    """A campaign with these lists, each as `name.txt`."""
    people = (
        people or "email,name\nann@example.com,Ann\nbob@mail.example.com,Bob\neve@example.org,Eve\n"
    )
    folder.mkdir(exist_ok=True)
    for name, text in lists.items():
        (folder / f"{name}.txt").write_text(text)
    named = more or f"suppress: [{', '.join(f'{name}.txt' for name in lists)}]\n"
    return make(campaign(folder, people=people, yaml=yaml, more=named))


@pytest.mark.parametrize(
    "entry",
    [
        "*@example.com", "@Example.COM", "Ann <ANN@example.com>", "mailto:ann@example.com",
        "\u200bann@example.com", "ann@example.com.", "zed@example.com ann@example.com",
    ],
)  # fmt: skip
def test_however_it_is_written_an_entry_leaves_its_person_out(
    tmp_path: Path, ledger: Record, make: Make, entry: str
) -> None:
    plan(make, tmp_path, left=f"{entry}\n")
    assert left(ledger) == ["bob@mail.example.com", "eve@example.org"]


def test_a_domain_is_one_in_unicode_and_in_a_labels(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    people = (
        "email,name\nAnn@MÜLLER.example,Ann\nbob@xn--mller-kva.example,Bob\neve@example.org,Eve\n"
    )
    for entry in ("@müller.example", "@XN--mller-kva.example", "*@ｍüller．example"):
        plan(make, tmp_path, people=people, left=entry)
        assert left(ledger) == ["eve@example.org"]


def test_what_lies_below_a_domain_is_left_out_where_the_list_says_so(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    plan(make, tmp_path, left="@example.com\n")
    assert left(ledger) == ["bob@mail.example.com", "eve@example.org"]
    more = "suppress: {file: left.txt, subdomains: true}\n"
    plan(make, tmp_path, left="@example.com\n", more=more)
    assert left(ledger) == ["eve@example.org"]
    plan(make, tmp_path, left="*@*.example.com\n", more=more)
    assert left(ledger) == ["ann@example.com", "eve@example.org"]
    plan(make, tmp_path, left="@ample.com\n@com.example\n", more=more)
    assert len(left(ledger)) == 3


def test_all_that_cannot_be_read_in_any_list_is_told_in_one_go(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    faults = refused(
        make,
        tmp_path,
        one="ann@example.com\nexample.com\nnobody\n",
        two="who,why\na,b\n",
        three="#\n",
    )
    assert [fault.partition(": ")[0] for fault in faults] == [
        "two.txt:1", "one.txt:2", "one.txt:3", "error",
    ]  # fmt: skip
    assert faults[1].endswith(
        "not an address and not @domain: 'example.com'\n  write @example.com for everybody there"
    )
    assert "three.txt: this suppression list is not empty and names nobody" in faults[3]
    assert ledger.reading.plan() is None


def test_a_page_in_the_place_of_a_list_is_no_list(tmp_path: Path, make: Make) -> None:
    faults = refused(make, tmp_path, left="<html><body>Session expired</body></html>\n")
    assert "names nobody" in faults[0]
    assert "is this the file that was meant?" in faults[0]
    assert len(faults) == 2


def test_very_many_unreadable_entries_are_bounded_and_counted(tmp_path: Path, make: Make) -> None:
    faults = refused(make, tmp_path, left="ann@example.com\n" + "nobody\n" * 700)
    assert len(faults) == 501
    assert "200 more entries that cannot be read" in faults[-1]


def test_asked_to_let_them_pass_they_pass_with_a_warning_that_counts(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    more = "suppress: [{file: left.txt, unreadable: warn}]\n"
    planned = plan(make, tmp_path, left="ann@example.com, Ann\nexample.com\nx y\n", more=more)
    (warning,) = planned.warnings
    assert warning.severity == "warning"
    assert "left.txt:1: warning: 3 entries of this list cannot be read in full" in str(warning)
    assert "'example.com' (line 2), 'x y' (line 3)" in str(warning)
    assert left(ledger) == ["bob@mail.example.com", "eve@example.org"]


def test_a_list_of_which_nothing_can_be_read_is_refused_also_then(
    tmp_path: Path, make: Make
) -> None:
    more = "suppress: [{file: left.txt, unreadable: warn}]\n"
    assert "names nobody" in refused(make, tmp_path, left="example.com\n", more=more)[0]


def test_empty_cells_are_counted(tmp_path: Path, ledger: Record, make: Make) -> None:
    planned = plan(make, tmp_path, left="email,why\nann@example.com,x\n,y\n,z\n")
    (notice,) = planned.warnings
    assert (notice.severity, notice.message) == (
        "hint", "2 rows with an empty cell in this list, skipped",
    )  # fmt: skip


PEOPLE = """\
id,email,name
C-1,ann@example.com,Ann
Acme Corp,bob@example.com,Bob
ann.lee,eve@example.org,Eve
"""


def test_a_key_of_the_campaign_is_an_entry(tmp_path: Path, ledger: Record, make: Make) -> None:
    text = "C-1\nC-77\nAcme Corp\nann.lee\n"
    assert plan(make, tmp_path, people=PEOPLE, yaml=KEYED, left=text).warnings == ()
    assert left(ledger) == []


def test_a_key_that_the_record_knows_from_an_earlier_plan_is_one_too(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    plan(make, tmp_path, people=PEOPLE, yaml=KEYED, left="")
    gone = PEOPLE.replace("Acme Corp,bob@example.com,Bob\n", "")
    plan(make, tmp_path, people=gone, yaml=KEYED, left="Acme Corp\n")
    assert left(ledger) == ["ann@example.com", "eve@example.org"]


def test_an_address_leaves_out_its_rows_whatever_their_keys(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    plan(make, tmp_path, people=PEOPLE, yaml=KEYED, left="Ann <ANN@example.com>\n@example.org\n")
    assert left(ledger) == ["bob@example.com"]


def test_with_keys_what_is_neither_key_nor_address_is_refused(tmp_path: Path, make: Make) -> None:
    text = "C-1\nann@example\nexample.com\nNobody Known\n"
    faults = refused(make, tmp_path, people=PEOPLE, yaml=KEYED, left=text)
    assert [fault.partition(": ")[0] for fault in faults] == [
        "left.txt:2",
        "left.txt:3",
        "left.txt:4",
    ]


def test_a_key_column_of_addresses_is_matched_in_any_case(
    tmp_path: Path, ledger: Record, make: Make
) -> None:
    people = "id,email,name\nAnn@Work.example,ann@home.example,Ann\n,eve@example.org,Eve\n"
    plan(make, tmp_path, people=people, yaml=KEYED, left="ANN@work.example\n")
    assert left(ledger) == []
