"""plan.json: what was reviewed, and being held to it."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from sendbatch.errors import CampaignError, GuardError
from sendbatch.planning.plan_file import (
    Held,
    PlanFile,
    Said,
    add_approval,
    hold_to,
    marks_of,
    plan_key,
    read_plan,
    sealing,
    write_plan,
)
from sendbatch.values import Recipient

SALT = bytes(range(32))
SECRET, ANOTHER = b"a secret of thirty-two bytes, ok", b"another one of as many bytes, ok"
SPRING = Said(
    "spring",
    "",
    "text1",
    "mail.example",
    "",
    "Ann <ann@example.org>",
    ("Hi {{ name }}",),
    "back@example.org",
    ("bills/{{ id }}.pdf",),
    "",
    "2026-11-27T10:00:00Z",
)
PEOPLE = [
    Recipient(n, n + 2, f"p{n}@example.org", f"p{n}@example.org", (f"p{n}@example.org", f"Name{n}"))
    for n in range(10)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plan.json"


def written(
    path: Path, people: list[Recipient] = PEOPLE, said: Said = SPRING, secret: bytes | None = None
) -> PlanFile:
    sealed = sealing(SALT, secret)
    digest = write_plan(path, said, sealed, marks_of(sealed, people))
    plan = read_plan(path)
    assert plan.digest == digest
    return plan


@pytest.fixture
def plan(path: Path) -> PlanFile:
    return written(path)


def test_written_and_read_it_is_the_same(path: Path) -> None:
    sealed = sealing(SALT, None)
    digest = write_plan(path, SPRING, sealed, marks_of(sealed, PEOPLE))
    assert read_plan(path) == PlanFile(SPRING, SALT, marks_of(sealed, PEOPLE), digest)
    assert [one.name for one in path.parent.iterdir()] == ["plan.json"]


@pytest.mark.parametrize("secret", [None, SECRET])
def test_it_names_no_recipient_and_no_secret(path: Path, secret: bytes | None) -> None:
    written(path, secret=secret)
    text = path.read_text()
    assert not any(one.email in text for one in PEOPLE)
    assert "Name" not in text
    assert SECRET.decode() not in text
    assert SECRET.hex() not in text


def test_another_salt_gives_other_marks() -> None:
    assert not marks_of(sealing(b"x" * 32, None), PEOPLE) & marks_of(sealing(SALT, None), PEOPLE)


def test_with_a_key_the_salt_of_the_file_tells_nobody_by_a_guess(path: Path) -> None:
    plan = written(path, secret=SECRET)
    assert not marks_of(sealing(plan.salt, None), PEOPLE) & plan.marks
    assert marks_of(sealing(plan.salt, SECRET), PEOPLE) == plan.marks


def test_a_plan_made_with_a_key_needs_it_and_tells_another_from_a_changed_list(path: Path) -> None:
    plan = written(path, secret=SECRET)
    assert hold_to(plan, SPRING, PEOPLE, secret=SECRET) == Held(0)
    with pytest.raises(GuardError, match="made with SENDBATCH_PLAN_KEY, which is not set here"):
        hold_to(plan, SPRING, PEOPLE)
    with pytest.raises(GuardError, match="made with another SENDBATCH_PLAN_KEY") as refused:
        hold_to(plan, SPRING, PEOPLE, secret=ANOTHER)
    assert "added or changed" not in str(refused.value)


def test_a_plan_made_without_a_key_holds_where_one_is_set(plan: PlanFile) -> None:
    assert hold_to(plan, SPRING, PEOPLE, secret=SECRET) == Held(0)


@pytest.mark.parametrize(("value", "said"), [("short", "has 5 bytes"), ("line\n" * 9, "line break")])
def test_a_key_that_can_be_guessed_or_not_used_is_refused_unshown(value: str, said: str) -> None:
    with pytest.raises(CampaignError, match=said) as refused:
        plan_key({"SENDBATCH_PLAN_KEY": value})
    assert value not in str(refused.value)


@pytest.mark.parametrize("environ", [{}, {"SENDBATCH_PLAN_KEY": ""}])
def test_a_secret_that_ci_leaves_empty_is_none(environ: dict[str, str]) -> None:
    assert plan_key(environ) is None


def hold(people: list[Recipient], plan: PlanFile, **changes: str) -> Held:
    return hold_to(plan, SPRING._replace(**changes), people)


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
    plan = written(path, said=SPRING._replace(signed_by=then))
    with pytest.raises(GuardError, match=re.escape(said)):
        hold(PEOPLE, plan, signed_by=now)
    assert hold(PEOPLE, plan, signed_by=then) == Held(0)


def rewritten(path: Path, **changes: object) -> PlanFile:
    """By somebody who knows how a plan is written: whom it names, its digest holds."""
    written(path)
    body = json.loads(path.read_text()) | changes
    del body["digest"]
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps({"digest": digest, **body}))
    return read_plan(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"from": "Boss <b@x.example>"}, "is from Boss <b@x.example>, this is from Ann <ann@example.org>"),
        ({"from": ""}, "the plan is from each row's own, this is from Ann"),
        ({"bounces_to": "b@x.example"}, "with bounces to b@x.example, this is with bounces to back@"),
        ({"subjects": ["Spring"]}, 'the plan has the subject "Spring", this has the subject "Hi {{ name }}"'),
        ({"subjects": []}, "the plan has no subject, this has the subject"),
        ({"subjects": ["Hi {{ name }}", "Two"]}, 'the subject "Hi {{ name }}" and 1 more, this has'),
        ({"reach": "redirected to q@x.example"}, "of mail that went to q@x.example in the recipients' place"),
        ({"own_files": []}, "the plan names other files of single recipients"),
    ],
)
def test_what_is_shown_of_a_plan_written_by_somebody_else_has_to_be_what_is_sent(
    path: Path, change: dict[str, object], said: str
) -> None:
    plan = rewritten(path, **change)
    with pytest.raises(GuardError, match=re.escape(said)):
        hold(PEOPLE, plan)


@pytest.mark.parametrize(
    "name", ["from", "subjects", "bounces_to", "own_files", "reach", "signed_by", "made_at"]
)
def test_nothing_that_is_shown_may_be_missing(path: Path, name: str) -> None:
    with pytest.raises(CampaignError, match="no plan that"):
        rewritten(path, **{name: None})


def test_many_and_long_subjects_are_held_as_far_as_a_plan_has_room(path: Path) -> None:
    many = SPRING._replace(subjects=("x" * 2000, *map(str, range(50))))
    assert hold_to(written(path, said=many), many, PEOPLE) == Held(0)


def test_the_same_people_pass_in_any_order(plan: PlanFile) -> None:
    assert hold(PEOPLE[::-1], plan) == Held(0)


def test_whoever_is_missing_is_counted_and_breaks_nothing(plan: PlanFile) -> None:
    assert hold(PEOPLE[3:], plan) == Held(3)
    assert hold([], plan) == Held(10)


@pytest.mark.parametrize(
    "change",
    [{"key": "new"}, {"email": "p3@example.net"}, {"cells": ("p3@example.org", "Another")}],
    ids=["key", "address", "cell"],
)
def test_whoever_was_changed_refuses(change: dict[str, str], plan: PlanFile) -> None:
    people = [*PEOPLE[:3], PEOPLE[3]._replace(**change), *PEOPLE[4:]]
    with pytest.raises(GuardError, match=r"1 recipients? .*added or changed.*rows? 5\b"):
        hold(people, plan)


def test_whoever_was_added_refuses_and_only_some_rows_are_named(plan: PlanFile) -> None:
    added = [PEOPLE[0]._replace(row=100 + n, key=f"new{n}") for n in range(20)]
    with pytest.raises(GuardError) as refused:
        hold([*PEOPLE, *added], plan)
    assert "20 recipients were added" in str(refused.value)
    assert "rows 100, 101, 102, 103, 104, …" in str(refused.value)
    assert "example.org" not in str(refused.value)


def test_cells_cannot_be_moved_over_their_borders(plan: PlanFile) -> None:
    moved = [PEOPLE[3]._replace(cells=("p3@example.orgN", "ame3")), *PEOPLE[:3]]
    with pytest.raises(GuardError):
        hold(moved, plan)


def test_the_row_a_person_stands_in_does_not_matter(plan: PlanFile) -> None:
    assert hold([one._replace(row=one.row + 50) for one in PEOPLE], plan) == Held(0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"content": "text2"}, "text, subject, headers or attachments changed"),
        ({"server": "other.example"}, "for server mail.example, this is other.example"),
        ({"run": "2026-12"}, r"for edition \(none\), this is 2026-12"),
        ({"campaign": "autumn"}, "for campaign spring, this is autumn"),
    ],
)
def test_anything_else_that_changed_refuses(change: dict[str, str], said: str, plan: PlanFile) -> None:
    with pytest.raises(GuardError, match=said):
        hold(PEOPLE, plan, **change)


def test_everything_wrong_is_said_at_once(plan: PlanFile) -> None:
    with pytest.raises(GuardError) as refused:
        hold([PEOPLE[0]._replace(key="new")], plan, content="text2", run="x", server="y")
    for word in ("edition", "server", "text", "row 2"):
        assert word in str(refused.value)


def tampered(path: Path, **changes: object) -> None:
    written(path)
    body = json.loads(path.read_text())
    body.update(changes)
    path.write_text(json.dumps(body))


@pytest.mark.parametrize(
    "changes",
    [
        {"content": "text2"},
        {"count": 11},
        {"recipients": ""},
        {"salt": "00" * 32},
        {"more": 1},
        {"subjects": ["Hello"]},
        {"key": "00"},
    ],
)
def test_a_file_changed_by_hand_is_refused(path: Path, changes: dict[str, object]) -> None:
    tampered(path, **changes)
    with pytest.raises(CampaignError, match="changed after it was written"):
        read_plan(path)


def test_another_version_is_named(path: Path) -> None:
    tampered(path, version=2)
    with pytest.raises(CampaignError, match="has version 2; 3 is the one that is read here"):
        read_plan(path)


def test_a_name_that_stands_twice_makes_no_plan(path: Path) -> None:
    written(path)
    path.write_text(path.read_text().replace("{", '{"content": "aa",', 1))
    with pytest.raises(CampaignError, match="no plan that"):
        read_plan(path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"x"', "{}", '{"digest": 1}', "[" * 100_000, "\udcff"],
    ids=range(9),
)
def test_what_is_no_plan_is_refused(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CampaignError, match="no plan that"):
        read_plan(path)


def test_a_plan_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(CampaignError, match="cannot be read: No such file"):
        read_plan(path)


def test_where_it_cannot_be_written_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="cannot be written"):
        written(tmp_path / "nowhere" / "plan.json")
    folder = tmp_path / "folder.json"
    folder.mkdir()
    with pytest.raises(CampaignError, match="cannot be written"):
        written(folder)
    assert list(tmp_path.iterdir()) == [folder]


def test_approvals_stand_beside_what_the_digest_is_over(path: Path, plan: PlanFile) -> None:
    add_approval(path, plan, [{"by": "Ann"}])
    again = read_plan(path)
    assert again.digest == plan.digest
    assert again.approvals == ({"by": "Ann"},)


def test_a_plan_that_was_written_anew_meanwhile_is_not_approved(path: Path, plan: PlanFile) -> None:
    other = written(path, people=PEOPLE[1:])
    with pytest.raises(CampaignError, match="another plan was written there meanwhile"):
        add_approval(path, plan, [{"by": "Ann"}])
    assert read_plan(path) == other


@pytest.mark.parametrize("key", ["\\ud800", "zz", "\u00e9"])
def test_a_key_that_none_of_ours_wrote_makes_no_plan(path: Path, plan: PlanFile, key: str) -> None:
    body = json.loads(path.read_text()) | {"key": json.loads(f'"{key}"')}
    del body["digest"]
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps({"digest": digest, **body}))
    with pytest.raises(CampaignError, match="no plan that"):
        read_plan(path)
