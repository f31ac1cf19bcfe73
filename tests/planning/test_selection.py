"""Whom a call is about: --only, --limit, --retry, --in-doubt resend, by the record as it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sendbatch.campaign.model import Campaign
from sendbatch.errors import CampaignError
from sendbatch.ledger.store import Record
from sendbatch.planning.preparing import Prepared, prepare
from sendbatch.rendering.workers import Workers
from sendbatch.values import Status
from tests.kit.campaigns import campaign
from tests.kit.desks import means, requested
from tests.kit.people import bring, entry

SIX = "email,name\n" + "".join(f"p{n}@example.org,P{n}\n" for n in range(6))
NOW = 1_790_000_000.0
Select = Callable[..., tuple[Prepared, list[str]]]


@pytest.fixture
def six(tmp_path: Path) -> Campaign:
    return campaign(tmp_path, people=SIX)


@pytest.fixture
def of_each(six: Campaign, selected: Select, ledger: Record) -> Campaign:
    """p0 has the mail, p1 was refused for good, p2 for now, p3 is in doubt, p4 was not built, p5 waits."""
    selected(six)
    for number, status in enumerate(
        (Status.ACCEPTED, Status.REJECTED, Status.DEFERRED, Status.IN_DOUBT, Status.FAILED)
    ):
        bring(ledger, f"p{number}@example.org", status, at=NOW)
    return six


@pytest.fixture
def selected(ledger: Record) -> Iterator[Select]:
    """selected(campaign, **options): what a run would do, and the names of whom it would send to."""

    def made(one: Campaign, **options: Any) -> tuple[Prepared, list[str]]:
        with ledger.draft() as draft:
            found = prepare(draft, requested(one, **options), means(workers, NOW))
            names = [one.email.partition("@")[0] for one in draft.samples(10)]
            draft.merge()
        return found, names

    with Workers() as workers:
        yield made


def test_without_a_word_those_who_may_still_get_it_are_sent_to(
    of_each: Campaign, selected: Select
) -> None:
    found, names = selected(of_each)
    assert names == ["p2", "p4", "p5"]
    assert (found.sendable, found.counts.left_over) == (3, 0)
    assert found.counts.totals[Status.IN_DOUBT] == 1
    assert sum(found.counts.totals.values()) == 6


def test_a_limit_takes_the_first_that_can_be_sent_to_and_leaves_the_others_over(
    of_each: Campaign, selected: Select
) -> None:
    found, names = selected(of_each, limit=2)
    assert names == ["p2", "p4"]
    assert (found.sendable, found.counts.left_over, found.counts.holders) == (2, 1, 6)


def test_only_those_named_by_key_or_address_are_meant(six: Campaign, selected: Select) -> None:
    found, names = selected(six, only=("p4@example.org", "P1@EXAMPLE.org"))
    assert names == ["p1", "p4"]
    assert found.counts.totals == {Status.PENDING: 2}
    assert found.counts.holders == 6, "the guards are over everybody"


def test_a_name_that_nobody_bears_refuses(six: Campaign, selected: Select) -> None:
    with pytest.raises(CampaignError, match=r"names nobody in the plan: who@example\.org"):
        selected(six, only=("p1@example.org", "who@example.org"))


@pytest.mark.parametrize(
    ("retry", "more"),
    [
        (["rejected"], ["p1"]),
        (["rejected:5.1.*"], ["p1"]),
        (["rejected:5.7.*"], []),
        (["deferred", "failed"], []),  # they are sent to in any case
    ],
)
def test_those_refused_for_good_are_tried_again_where_they_are_asked_for_by_code(
    of_each: Campaign, selected: Select, retry: list[str], more: list[str]
) -> None:
    _, names = selected(of_each, retry=retry)
    assert names == sorted([*more, "p2", "p4", "p5"])


def test_those_in_doubt_are_sent_to_by_a_persons_word_alone(
    of_each: Campaign, selected: Select
) -> None:
    found, names = selected(of_each, resend_in_doubt=True)
    assert names == ["p2", "p3", "p4", "p5"]
    assert Status.IN_DOUBT not in found.counts.totals


def test_whoever_a_limit_leaves_over_keeps_the_status_they_had(
    of_each: Campaign, selected: Select, ledger: Record
) -> None:
    _, names = selected(of_each, retry=["rejected"], resend_in_doubt=True, limit=1)
    assert names == ["p1"]
    assert entry(ledger, "p3@example.org").status is Status.IN_DOUBT


def test_nobody_who_has_the_mail_is_ever_meant(of_each: Campaign, selected: Select) -> None:
    found, names = selected(of_each, only=("p0@example.org",), resend_in_doubt=True)
    assert names == []
    assert (found.counts.totals, found.sendable) == ({Status.ACCEPTED: 1}, 0)
