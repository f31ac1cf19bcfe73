"""What the keys of a record come from never changes within it."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sendbatch import api
from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.model import Campaign
from sendbatch.errors import GuardError
from sendbatch.ledger.sqlite.record import FILE
from sendbatch.planning import keys
from sendbatch.runtime.edge import Edge
from tests.kit.campaigns import YAML, campaign, write

PEOPLE = """\
Work E-Mail,home,name
ada@work.example,ada@home.example,Ada
Bob@Work.example,bob@home.example,Bob
eve@example.net,eve@example.net,Eve
"""
BY_COLUMN = YAML.replace("file: people.csv", "file: people.csv\n  email: COLUMN")
WORK = "work_e_mail"


def load(folder: Path, column: str = WORK, more: str = "", people: str = PEOPLE) -> Campaign:
    yaml = BY_COLUMN.replace("COLUMN", column + more)
    return load_campaign(write(folder, people=people, yaml=yaml))


def send(loaded: Campaign, folder: Path) -> list[str]:
    """Run it; returns everyone who ever got it."""
    result = api.run(loaded, edge=Edge(state=folder / "state", environ={}))
    with (result.folder / "report.csv").open(newline="") as report:
        return sorted(row["email"] for row in csv.DictReader(report))


def as_version_1_wrote_it(loaded: Campaign) -> None:
    """Without what later versions remember."""
    ledger = loaded.folder / "reports" / "spring.sandbox" / FILE
    with closing(sqlite3.connect(ledger)) as store, store:
        store.execute("DELETE FROM meta WHERE key IN (?, 'project')", (keys.COLUMN,))


def as_read_before(loaded: Campaign, was: dict[str, str], key: str = "") -> None:
    """With keys, and the column of keys, as versions made them that left blanks at a cell's ends."""
    ledger = loaded.folder / "reports" / "spring.sandbox" / FILE
    with closing(sqlite3.connect(ledger)) as store, store:
        for now, before in was.items():
            for table in ("plan_row", "delivery"):
                found = store.execute(f"UPDATE {table} SET key = ? WHERE key = ?", (before, now))
            assert found.rowcount == 1
        store.execute("UPDATE plan SET inputs = 'of other checks'")
        if key:
            store.execute("UPDATE meta SET value = ? WHERE key = ?", (key, keys.KEY))


@pytest.mark.parametrize(
    ("people", "key", "was", "column"),
    [
        ("email,name,id\na@b.example,A,A1\u200b\n", "id", {"A1": "A1\u200b"}, ""),
        ('email, name, id\na@b.example, A, "A1"\n', "id", {"A1": '"A1"'}, "_id"),
        ("email,name,id\na@b.example, A, 1 \n", '"{{ id }}/{{ name }}"', {"1/A": "1 / A"}, ""),
        (
            "email,name\nｊａｎｅ@b.example,A\n",
            "email",
            {"jane@b.example": "ｊａｎｅ@b.example"},
            "",
        ),
        ("email,name,Nr. (€)\na@b.example,A,1\n", '"Nr. (€)"', {}, "nr____"),
        ("email,name,ชื่อ\na@b.example,A,1\n", "ชื่อ", {}, "ช__อ"),
    ],
)
def test_who_was_sent_to_when_cells_were_read_otherwise_is_not_mailed_again(
    tmp_path: Path, people: str, key: str, was: dict[str, str], column: str
) -> None:
    loaded = load(tmp_path, "email", more=f"\n  key: {key}", people=people)
    send(loaded, tmp_path)
    as_read_before(loaded, was, column)
    send(loaded, tmp_path)
    assert len(list((loaded.folder / "reports" / "spring.sandbox" / "outbox").iterdir())) == 1


@pytest.mark.parametrize(
    ("key", "was"),
    [
        ("id", {"A1": "\u200bA1"}),
        ("id", {"A1": '"A1"'}),
        ('"{{ id }}"', {"A1": "A1\u2060"}),
        ("email", {"jane@b.example": "ｊａｎｅ@b.example"}),
    ],
)
def test_who_was_sent_to_is_recognised_though_the_csv_was_cleaned_up_since(
    tmp_path: Path, key: str, was: dict[str, str]
) -> None:
    people = "email,name,id\njane@b.example,Jane,A1\n"
    loaded = load(tmp_path, "email", more=f"\n  key: {key}", people=people)
    send(loaded, tmp_path)
    as_read_before(loaded, was)
    people += "bob@b.example,Bob,B2\n"
    again = load(tmp_path, "email", more=f"\n  key: {key}", people=people)
    send(again, tmp_path)
    assert len(list((loaded.folder / "reports" / "spring.sandbox" / "outbox").iterdir())) == 2


def test_a_key_within_quotes_that_stands_in_the_csv_is_nobody_elses(tmp_path: Path) -> None:
    people = 'email,name,id\na@b.example,A,"""A1"""\n'
    loaded = load(tmp_path, "email", more="\n  key: id", people=people)
    send(loaded, tmp_path)
    again = load(tmp_path, "email", more="\n  key: id", people=f"{people}b@b.example,B,A1\n")
    assert send(again, tmp_path) == ["a@b.example", "b@b.example"]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("{{ nr_ }}/{{ name }}", "{{ nr }}/{{ name }}"),
        ("{% if nr_ %}{{ nr_ }}{% endif %}", "{% if nr %}{{ nr }}{% endif %}"),
        ("{{ ช__อ }}", "{{ ชื่อ }}"),
    ],
)
def test_a_key_template_may_call_a_column_as_it_is_called_by_now(
    tmp_path: Path, was: str, now: str
) -> None:
    people = "email,name,Nr.,ชื่อ\na@b.example,A,1,2\n"
    loaded = load(tmp_path, "email", more=f"\n  key: '{now}'", people=people)
    send(loaded, tmp_path)
    as_read_before(loaded, {}, was)
    assert send(loaded, tmp_path) == ["a@b.example"]


@pytest.mark.parametrize("was", ["{{ nr }}__{{ name }}", "{{ nr }}{{ '__' }}{{ name }}"])
def test_a_key_template_with_another_text_is_another_key(tmp_path: Path, was: str) -> None:
    people = "email,name,Nr.\na@b.example,A,1\n"
    now = was.replace("__", "_")
    loaded = load(tmp_path, "email", more=f'\n  key: "{now}"', people=people)
    send(loaded, tmp_path)
    as_read_before(loaded, {}, was)
    with pytest.raises(GuardError, match="nobody could be recognised"):
        send(loaded, tmp_path)


def test_the_address_as_key_is_the_default_however_it_is_written(tmp_path: Path) -> None:
    assert keys.key_of(campaign(tmp_path)) == ""
    keyed = YAML.replace("file: people.csv", "file: people.csv\n  key: {}")
    assert keys.key_of(campaign(tmp_path, yaml=keyed.replace("{}", "email"))) == ""
    assert keys.key_of(campaign(tmp_path, yaml=keyed.replace("{}", "name"))) == "name"


@pytest.mark.parametrize("of_version_1", [False, True])
def test_the_address_of_another_column_is_another_key(tmp_path: Path, of_version_1: bool) -> None:
    loaded = load(tmp_path)
    reached = send(loaded, tmp_path)
    if of_version_1:
        as_version_1_wrote_it(loaded)
    with pytest.raises(GuardError) as refused:
        send(load(tmp_path, "home"), tmp_path)
    said = str(refused.value)
    was = "of another column" if of_version_1 else f"in {WORK}"
    assert f"recipients.key was the address {was} when 3 were sent to" in said
    assert "is the address in home now" in said
    assert "all 3 would be mailed as new" in said
    assert "a new edition, to all 3:" in said
    assert "--accept-changes" not in said
    assert send(load(tmp_path), tmp_path) == reached


def test_another_key_is_refused_and_says_to_how_many_it_would_go(tmp_path: Path) -> None:
    send(load(tmp_path), tmp_path)
    people = PEOPLE + "dora@example.net,dora@home.example,Dora\n"
    with pytest.raises(GuardError) as refused:
        send(load(tmp_path, more="\n  key: name", people=people), tmp_path)
    assert "is name now" in str(refused.value)
    assert "to all 4:" in str(refused.value)
    assert "called" not in str(refused.value)


@pytest.mark.parametrize("of_version_1", [False, True])
def test_an_unchanged_campaign_goes_on(tmp_path: Path, of_version_1: bool) -> None:
    loaded = load(tmp_path)
    send(loaded, tmp_path)
    if of_version_1:
        as_version_1_wrote_it(loaded)
    people = PEOPLE + "dora@example.net,dora@home.example,Dora\n"
    assert len(send(load(tmp_path, people=people), tmp_path)) == 4
    assert len(send(load(tmp_path, more=f"\n  key: {WORK}"), tmp_path)) == 4


def test_what_the_refusal_says_of_a_renamed_column_goes_on(tmp_path: Path) -> None:
    reached = send(load(tmp_path), tmp_path)
    renamed = PEOPLE.replace("Work E-Mail", "Office")
    with pytest.raises(GuardError, match="call the column in the CSV as it was called"):
        send(load(tmp_path, "office", people=renamed), tmp_path)
    assert send(load(tmp_path), tmp_path) == reached


def test_a_record_of_version_1_whose_columns_were_named_otherwise_is_believed(
    tmp_path: Path,
) -> None:
    loaded = load(tmp_path)
    send(loaded, tmp_path)
    as_version_1_wrote_it(loaded)
    ledger = loaded.folder / "reports" / "spring.sandbox" / FILE
    with closing(sqlite3.connect(ledger)) as store, store:
        store.execute("UPDATE plan SET columns = replace(columns, ?, 'xxx')", (WORK,))
    assert len(send(loaded, tmp_path)) == 3


def test_a_record_in_which_version_1_had_mixed_two_columns_goes_on_with_the_last(
    tmp_path: Path,
) -> None:
    loaded = load(tmp_path)
    send(loaded, tmp_path)
    as_version_1_wrote_it(loaded)
    ledger = loaded.folder / "reports" / "spring.sandbox" / FILE
    with closing(sqlite3.connect(ledger)) as store, store:  # as it let `email: home` do
        store.execute("UPDATE meta SET value = 'name' WHERE key = 'key'")
        store.execute("UPDATE delivery SET attempts = 0, first_attempt_at = NULL")
    send(load(tmp_path, "home"), tmp_path)
    with closing(sqlite3.connect(ledger)) as store, store:
        store.execute("UPDATE delivery SET attempts = 1, first_attempt_at = 1.0")
    as_version_1_wrote_it(loaded)
    assert len(send(load(tmp_path, "home"), tmp_path)) >= 3


def test_before_anybody_was_tried_the_key_may_change(tmp_path: Path) -> None:
    nobody = PEOPLE.replace("@", " at ")
    send(load(tmp_path, people=nobody), tmp_path)
    assert len(send(load(tmp_path, "home"), tmp_path)) == 3


SHARED = """\
email,name,id
ada@example.org,Ada,1
bob@example.org,Bob,2
Ada@Example.org,Ada,3
ada@example.org,Ada,4
bob@example.org,Bob,2
"""


def warned(loaded: Campaign, folder: Path) -> list[str]:
    found = api.check(loaded, edge=Edge(state=folder / "state", environ={}))
    return [str(warning) for warning in found.warnings]


def test_one_address_under_two_keys_is_said_and_sent_to_all_the_same(tmp_path: Path) -> None:
    loaded = load(tmp_path, "email", more="\n  key: id", people=SHARED)
    for _ in range(2):  # before and after the run
        (said,) = warned(loaded, tmp_path)
        assert "spring.yaml:7:8: warning: " in said
        assert "1 address has more than one key, and each key gets a message of its own" in said
        assert "rows 2 and 5" in said
        assert len(send(loaded, tmp_path)) == 5
    outbox = loaded.folder / "reports" / "spring.sandbox" / "outbox"
    assert len(list(outbox.iterdir())) == 4


def test_of_many_addresses_under_two_keys_a_few_are_said(tmp_path: Path) -> None:
    rows = [f"p{n // 2}@example.org,P,{n}\n" for n in range(12)]
    loaded = load(tmp_path, "email", more="\n  key: id", people="email,name,id\n" + "".join(rows))
    (said,) = warned(loaded, tmp_path)
    assert "6 addresses have more than one key" in said
    assert "rows 2 and 3, rows 4 and 5, rows 6 and 7, rows 8 and 9, rows 10 and 11, …" in said


def test_where_the_address_is_the_key_nothing_is_said_of_it(tmp_path: Path) -> None:
    assert warned(load(tmp_path, "email", people=SHARED), tmp_path) == []
