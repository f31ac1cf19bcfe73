"""From a campaign and its record to what a run would do: each step in its order, and every guard."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.errors import CampaignError, GuardError
from sendbatch.ledger.store import Record
from sendbatch.values import Status
from tests.kit.campaigns import PEOPLE, YAML, campaign
from tests.kit.desks import Prepare
from tests.kit.people import bring, remember

TEN = "email,name\n" + "".join(f"p{n}@example.org,P{n}\n" for n in range(10))


def test_a_first_plan_takes_everybody_and_shows_the_first_three(
    tmp_path: Path, prepared: Prepare
) -> None:
    found = prepared(campaign(tmp_path, people=TEN))
    assert found.planned is not None
    assert found.counts.totals == {Status.PENDING: 10}
    counts = found.counts
    assert (counts.sendable, counts.left_over, counts.holders) == (10, 0, 10)
    assert [one.email for one in found.samples] == [f"p{n}@example.org" for n in range(3)]
    assert found.notices == ()


def test_where_nothing_changed_no_plan_is_made(tmp_path: Path, prepared: Prepare) -> None:
    spring = campaign(tmp_path)
    first = prepared(spring)
    again = prepared(spring)
    assert again.planned is None
    assert (again.counts, again.salt) == (first.counts, first.salt)


@pytest.mark.parametrize(
    "changed",
    [
        {"people": PEOPLE + "joe@example.org,Joe\n"},
        {"yaml": YAML.replace("file: people.csv", "file: people.csv\n  where: name != 'Joe'")},
        {"more": "suppress: [never.txt]\n"},
    ],
    ids=["the CSV", "the rules", "a list"],
)
def test_where_the_inputs_changed_it_is_planned_anew(
    tmp_path: Path, prepared: Prepare, changed: dict[str, str]
) -> None:
    (tmp_path / "never.txt").write_text("zoe@example.org\n")
    prepared(campaign(tmp_path))
    assert prepared(campaign(tmp_path, **changed)).planned is not None


def test_each_row_has_its_status_and_only_those_who_hold_a_key_count(
    tmp_path: Path, prepared: Prepare
) -> None:
    (tmp_path / "never.txt").write_text("eve@example.net\n")
    people = PEOPLE + "ada@example.org,Ada\nnobody,Nobody\njoe@example.org,Joe\n"
    rules = YAML.replace("file: people.csv", "file: people.csv\n  where: name != 'Joe'")
    found = prepared(campaign(tmp_path, people=people, yaml=rules, more="suppress: [never.txt]\n"))
    assert found.counts.totals == {
        Status.PENDING: 2,
        Status.SUPPRESSED: 1,
        Status.DUPLICATE: 1,
        Status.INVALID: 1,
        Status.FILTERED: 1,
    }
    assert (found.sendable, found.counts.holders) == (2, 2)


def test_strictly_an_invalid_row_refuses_and_nothing_is_planned(
    tmp_path: Path, prepared: Prepare, ledger: Record
) -> None:
    with pytest.raises(GuardError, match="1 invalid"):
        prepared(campaign(tmp_path, people=PEOPLE + "nobody,Nobody\n"), strict=True)
    assert ledger.reading.plan() is None
    assert ledger.reading.meta("salt") is None


def test_another_number_than_expected_refuses_and_nothing_is_planned(
    tmp_path: Path, prepared: Prepare, ledger: Record
) -> None:
    with pytest.raises(GuardError, match="3"):
        prepared(campaign(tmp_path, more="expect: 4-9\n"))
    assert ledger.reading.plan() is None


def tried(ledger: Record) -> None:
    bring(ledger, "ada@example.org", Status.ACCEPTED)


def test_another_letter_refuses_once_somebody_has_the_first(
    tmp_path: Path, prepared: Prepare, ledger: Record
) -> None:
    prepared(campaign(tmp_path))
    tried(ledger)
    remember(ledger, content="another", server="mail.example", reach="")  # as a run with another letter did
    real = campaign(
        tmp_path, yaml=YAML.replace("smtp: sandbox", "smtp: {host: mail.example, security: tls}")
    )
    with pytest.raises(GuardError, match="the text changed"):
        prepared(real)
    told = prepared(real, looking=True)
    assert any("the text changed" in notice for notice in told.notices)
    accepted = prepared(real, accept_changes=True)
    assert (accepted.sendable, accepted.notices) == (2, ())


def test_another_key_refuses_once_anybody_was_tried(
    tmp_path: Path, prepared: Prepare, ledger: Record
) -> None:
    prepared(campaign(tmp_path))
    by_name = YAML.replace("file: people.csv", "file: people.csv\n  key: name")
    assert prepared(campaign(tmp_path, yaml=by_name)).counts.holders == 3
    prepared(campaign(tmp_path))
    tried(ledger)
    with pytest.raises(GuardError, match="key"):
        prepared(campaign(tmp_path, yaml=by_name))


def test_names_that_no_column_has_refuse_also_where_nothing_else_changed(
    tmp_path: Path, prepared: Prepare
) -> None:
    prepared(campaign(tmp_path))
    spring = campaign(tmp_path)
    (tmp_path / "letter.txt").write_text("Dear {{ nmae }}\n")
    with pytest.raises(CampaignError, match="name"):
        prepared(spring)


def test_who_is_in_doubt_is_counted_and_not_sent_to(
    tmp_path: Path, prepared: Prepare, ledger: Record
) -> None:
    spring = campaign(tmp_path)
    prepared(spring)
    bring(ledger, "bob@example.org", Status.IN_DOUBT)
    found = prepared(spring)
    assert found.counts.totals[Status.IN_DOUBT] == 1
    assert (found.sendable, found.counts.holders) == (2, 3)
