"""plan.json: what was reviewed, and being held to it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.errors import CampaignError, GuardError
from sendbatch.planning.approval import (
    Approval,
    Held,
    approve,
    hold_to,
    read_approval,
    write_approval,
)
from sendbatch.values import Recipient

SALT = bytes(range(32))
PEOPLE = [
    Recipient(n, n + 2, f"p{n}@example.org", f"p{n}@example.org", (f"p{n}@example.org", f"Name{n}"))
    for n in range(10)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plan.json"


def approved(people: list[Recipient] = PEOPLE) -> Approval:
    return approve("spring", "", "text1", "mail.example", SALT, people)


def hold(people: list[Recipient], approval: Approval | None = None, **changes: str) -> Held:
    given = {"campaign": "spring", "run": "", "content": "text1", "server": "mail.example"}
    return hold_to(approval or approved(), holders=people, **{**given, **changes})


def test_written_and_read_it_is_the_same(path: Path) -> None:
    write_approval(approved(), path)
    assert read_approval(path) == approved()
    assert [one.name for one in path.parent.iterdir()] == ["plan.json"]


def test_it_names_nobody(path: Path) -> None:
    write_approval(approved(), path)
    text = path.read_text()
    assert "example.org" not in text
    assert "Name" not in text
    assert "@" not in text


def test_another_salt_gives_other_marks() -> None:
    other = approve("spring", "", "text1", "mail.example", b"x" * 32, PEOPLE)
    assert not other.marks & approved().marks


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ("example.com (s1)", "", "the plan is signed by example.com (s1), this is not signed"),
        ("", "example.com (s1)", "the plan is not signed, this is signed by example.com (s1)"),
        ("example.com (s1)", "example.com (s2)", "this is signed by example.com (s2)"),
    ],
)
def test_other_signatures_than_those_approved_refuse(
    path: Path, then: str, now: str, said: str
) -> None:
    write_approval(replace(approved(), signed_by=then), path)
    with pytest.raises(GuardError, match=re.escape(said)):
        hold(PEOPLE, read_approval(path), signed_by=now)
    assert hold(PEOPLE, read_approval(path), signed_by=then) == Held(0)


def test_a_plan_of_before_signatures_were_written_down_is_not_held_to_any(path: Path) -> None:
    write_approval(approved(), path)
    body = json.loads(path.read_text())
    del body["digest"], body["signed_by"]
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps({"digest": digest, **body}))
    assert hold(PEOPLE, read_approval(path), signed_by="example.com (s1)") == Held(0)


def test_the_same_people_pass_in_any_order() -> None:
    assert hold(PEOPLE[::-1]) == Held(0)


def test_whoever_is_missing_is_counted_and_breaks_nothing() -> None:
    assert hold(PEOPLE[3:]) == Held(3)
    assert hold([]) == Held(10)


@pytest.mark.parametrize(
    "change",
    [{"key": "new"}, {"email": "p3@example.net"}, {"cells": ("p3@example.org", "Another")}],
    ids=["key", "address", "cell"],
)
def test_whoever_was_changed_refuses(change: dict[str, str]) -> None:
    people = [*PEOPLE[:3], PEOPLE[3]._replace(**change), *PEOPLE[4:]]
    with pytest.raises(GuardError, match=r"1 recipients? .*added or changed.*rows? 5\b"):
        hold(people)


def test_whoever_was_added_refuses_and_only_some_rows_are_named() -> None:
    added = [PEOPLE[0]._replace(row=100 + n, key=f"new{n}") for n in range(20)]
    with pytest.raises(GuardError) as refused:
        hold([*PEOPLE, *added])
    assert "20 recipients were added" in str(refused.value)
    assert "rows 100, 101, 102, 103, 104, …" in str(refused.value)
    assert "example.org" not in str(refused.value)


def test_cells_cannot_be_moved_over_their_borders() -> None:
    moved = [PEOPLE[3]._replace(cells=("p3@example.orgN", "ame3")), *PEOPLE[:3]]
    with pytest.raises(GuardError):
        hold(moved)


def test_the_row_a_person_stands_in_does_not_matter() -> None:
    assert hold([one._replace(row=one.row + 50) for one in PEOPLE]) == Held(0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"content": "text2"}, "text, subject, headers or attachments changed"),
        ({"server": "other.example"}, "for server mail.example, this is other.example"),
        ({"run": "2026-12"}, r"for edition \(none\), this is 2026-12"),
        ({"campaign": "autumn"}, "for campaign spring, this is autumn"),
    ],
)
def test_anything_else_that_changed_refuses(change: dict[str, str], said: str) -> None:
    with pytest.raises(GuardError, match=said):
        hold(PEOPLE, **change)


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(GuardError) as refused:
        hold([PEOPLE[0]._replace(key="new")], content="text2", run="x", server="y")
    for word in ("edition", "server", "text", "row 2"):
        assert word in str(refused.value)


def tampered(path: Path, **changes: object) -> None:
    write_approval(approved(), path)
    body = json.loads(path.read_text())
    body.update(changes)
    path.write_text(json.dumps(body))


@pytest.mark.parametrize(
    "changes",
    [{"content": "text2"}, {"count": 11}, {"recipients": ""}, {"salt": "00" * 32}, {"more": 1}],
)
def test_a_file_changed_by_hand_is_refused(path: Path, changes: dict[str, object]) -> None:
    tampered(path, **changes)
    with pytest.raises(CampaignError, match="changed after it was written"):
        read_approval(path)


def test_another_version_is_named(path: Path) -> None:
    tampered(path, version=2)
    with pytest.raises(CampaignError, match="has version 2; this sendbatch reads 1"):
        read_approval(path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"x"', "{}", '{"digest": 1}', "[" * 100_000, "\udcff"],
    ids=range(9),
)
def test_what_is_no_plan_is_refused(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CampaignError, match="no plan that"):
        read_approval(path)


def test_a_plan_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(CampaignError, match="cannot be read: No such file"):
        read_approval(path)


def test_where_it_cannot_be_written_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="cannot be written"):
        write_approval(approved(), tmp_path / "nowhere" / "plan.json")
    folder = tmp_path / "folder.json"
    folder.mkdir()
    with pytest.raises(CampaignError, match="cannot be written"):
        write_approval(approved(), folder)
    assert list(tmp_path.iterdir()) == [folder]
