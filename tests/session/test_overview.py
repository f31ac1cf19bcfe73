"""What is shown before anything is sent, as values."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch import api
from sendbatch.errors import GuardError
from sendbatch.findings import Rule
from sendbatch.planning.options import Options
from sendbatch.runtime.edge import Edge
from sendbatch.values import Status
from tests.kit.campaigns import PEOPLE
from tests.kit.mailhost import MailHost
from tests.session.conftest import Declare

BAD = PEOPLE + "nobody,Nobody\nada@example.org,Ada\n"


def test_a_plan_says_who_what_and_through_which_server(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    seen = api.plan(live(), edge=edge)
    assert seen.server == f"127.0.0.1:{mailhost.port}"
    assert seen.totals == {Status.PENDING: 3}
    assert (seen.sendable, seen.left_over, seen.holders) == (3, 0, 3)
    assert list(seen.subjects) == ["Hello Ada", "Hello Bob", "Hello Eve"]
    assert seen.difference is None
    assert seen.rehearsal is None
    assert seen.exit_code == 0
    assert mailhost.visits == []


def test_a_limit_is_about_fewer_and_says_how_many_are_left_over(live: Declare, edge: Edge) -> None:
    seen = api.plan(live(), options=Options(limit=1), edge=edge)
    assert (seen.sendable, seen.left_over, seen.holders) == (1, 2, 3)
    assert list(seen.subjects) == ["Hello Ada"]


@pytest.mark.parametrize(
    ("rate", "seconds"), [("", None), ("    rate: 1/s\n", 2.0), ("    rate: 2/day\n", 86400.0)]
)
def test_a_plan_says_how_long_the_limits_let_it_take(
    live: Declare, edge: Edge, rate: str, seconds: float | None
) -> None:
    found = api.plan(live(profile=rate), edge=edge).done_in
    assert (found is None) == (seconds is None)
    if found is not None and seconds is not None:
        assert seconds <= found <= seconds * 1.1 + 1


def test_a_plan_says_what_changed_since_the_last_run(live: Declare, edge: Edge) -> None:
    assert api.run(live(), options=Options(limit=1), yes=True, edge=edge).exit_code == 0
    changed = PEOPLE.replace("bob@example.org,Bob", "joe@example.org,Joe").replace("Eve", "Eva")
    seen = api.plan(live(people=changed), edge=edge)
    assert seen.difference == (1, 1, 1)
    assert seen.totals == {Status.ACCEPTED: 1, Status.PENDING: 2}
    assert list(seen.subjects) == ["Hello Joe", "Hello Eva"]


def test_a_plan_tells_of_another_letter_where_a_run_refuses(
    tmp_path: Path, live: Declare, edge: Edge
) -> None:
    api.run(live(), options=Options(limit=1), yes=True, edge=edge)
    spring = live()
    (tmp_path / "letter.txt").write_text("Good day {{ name }}\n")
    (notice,) = api.plan(spring, edge=edge).notices
    assert "the text changed since 1 of 3 were sent it" in notice
    with pytest.raises(GuardError):
        api.run(spring, yes=True, edge=edge)


@pytest.mark.parametrize(
    ("more", "code"),
    [("", 1), ("tolerate: 1\n", 0), ("tolerate: 25%\n", 0), ("tolerate: 24%\n", 1)],
)
def test_bad_rows_count_for_the_exit_code_as_far_as_they_are_not_tolerated(
    live: Declare, edge: Edge, more: str, code: int
) -> None:
    """One of the four rows that are neither filtered, suppressed nor duplicate is invalid."""
    seen = api.plan(live(people=BAD, more=more), edge=edge)
    assert seen.totals == {Status.PENDING: 3, Status.INVALID: 1, Status.DUPLICATE: 1}
    assert seen.exit_code == code


def test_a_check_names_the_bad_rows_and_builds_every_message(live: Declare, edge: Edge) -> None:
    found = api.check(live(people=BAD), edge=edge)
    rows = {finding.rule: finding.place.line for finding in found.findings if finding.place}
    assert rows == {Rule.INVALID_ROW.id: 5, Rule.DUPLICATE_ROW.id: 6}
    assert found.rehearsal is not None
    assert (found.rehearsal.built, found.rehearsal.failed) == (3, 0)
    assert found.rehearsal.largest > 100


def test_messages_that_cannot_be_built_are_found_by_a_check_and_not_by_a_plan(
    tmp_path: Path, live: Declare, edge: Edge
) -> None:
    spring = live()
    (tmp_path / "letter.txt").write_text("{{ 1 // (name != 'Bob')|int }}\n")
    assert api.plan(spring, edge=edge).exit_code == 0
    found = api.check(spring, edge=edge)
    assert found.rehearsal is not None
    assert (found.rehearsal.built, found.rehearsal.failed, found.exit_code) == (3, 1, 1)
    (finding,) = (one for one in found.findings if one.rule == Rule.UNBUILDABLE_MESSAGE.id)
    assert finding.place is not None
    assert finding.place.line == 3


def test_a_plan_that_is_written_down_is_what_a_run_is_held_to(
    tmp_path: Path, live: Declare, edge: Edge
) -> None:
    out = tmp_path / "plan.json"
    digest = api.plan(live(), out=out, edge=edge).digest
    assert digest is not None
    assert digest in out.read_text()
    assert "ada@" not in out.read_text()
    fewer = live(people=PEOPLE.replace("bob@example.org,Bob\n", ""))
    assert api.run(fewer, options=Options(plan=out), edge=edge).exit_code == 0
    with pytest.raises(GuardError):
        api.run(
            live(people=PEOPLE + "joe@example.org,Joe\n"), options=Options(plan=out), edge=edge
        )


def test_looking_leaves_no_record(live: Declare, edge: Edge, tmp_path: Path) -> None:
    api.plan(live(), edge=edge)
    api.check(live(), edge=edge)
    assert not list(tmp_path.rglob("ledger.sqlite"))
    assert not (tmp_path / "state").exists()
