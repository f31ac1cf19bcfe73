"""Whom a call is about: --only, --limit, --retry, --in-doubt resend, by the record as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.campaign.model import Campaign
from sendbatch.errors import CampaignError
from sendbatch.ledger.sqlite import Ledger
from sendbatch.values import Status
from tests.kit.campaigns import campaign
from tests.kit.desks import Prepare
from tests.kit.people import bring, entry

SIX = "email,name\n" + "".join(f"p{n}@example.org,P{n}\n" for n in range(6))
NOW = 1_790_000_000.0


@pytest.fixture
def six(tmp_path: Path) -> Campaign:
    return campaign(tmp_path, people=SIX)


@pytest.fixture
def of_each(six: Campaign, prepared: Prepare, ledger: Ledger) -> Campaign:
    """p0 has the mail, p1 was refused for good, p2 for now, p3 is in doubt, p4 was not built, p5 waits."""
    prepared(six, now=NOW)
    for number, status in enumerate(
        (Status.ACCEPTED, Status.REJECTED, Status.DEFERRED, Status.IN_DOUBT, Status.FAILED)
    ):
        bring(ledger, f"p{number}@example.org", status, at=NOW)
    return six


def sendable(ledger: Ledger) -> list[str]:
    """The names of those whom a run would send to now, in its order."""
    return [one.email.partition("@")[0] for one in ledger.sending.samples(10)]


def test_without_a_word_those_who_may_still_get_it_are_sent_to(
    of_each: Campaign, prepared: Prepare, ledger: Ledger
) -> None:
    found = prepared(of_each, now=NOW)
    assert sendable(ledger) == ["p2", "p4", "p5"]
    assert (found.sendable, found.left_over, found.in_doubt) == (3, 0, 1)
    assert sum(found.totals.values()) == 6


def test_a_limit_takes_the_first_that_can_be_sent_to_and_leaves_the_others_over(
    of_each: Campaign, prepared: Prepare, ledger: Ledger
) -> None:
    found = prepared(of_each, limit=2, now=NOW)
    assert sendable(ledger) == ["p2", "p4"]
    assert (found.sendable, found.left_over, found.holders) == (2, 1, 6)


def test_only_those_named_by_key_or_address_are_meant(
    six: Campaign, prepared: Prepare, ledger: Ledger
) -> None:
    found = prepared(six, only=("p4@example.org", "P1@EXAMPLE.org"))
    assert sendable(ledger) == ["p1", "p4"]
    assert found.totals == {Status.PENDING: 2}
    assert found.holders == 6, "the guards are over everybody"


def test_a_name_that_nobody_bears_refuses(six: Campaign, prepared: Prepare) -> None:
    with pytest.raises(CampaignError, match=r"names nobody in the plan: who@example\.org"):
        prepared(six, only=("p1@example.org", "who@example.org"))


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
    of_each: Campaign, prepared: Prepare, ledger: Ledger, retry: list[str], more: list[str]
) -> None:
    prepared(of_each, retry=retry, now=NOW)
    assert sendable(ledger) == sorted([*more, "p2", "p4", "p5"])


def test_those_in_doubt_are_sent_to_by_a_persons_word_alone(
    of_each: Campaign, prepared: Prepare, ledger: Ledger
) -> None:
    found = prepared(of_each, resend_in_doubt=True, now=NOW)
    assert sendable(ledger) == ["p2", "p3", "p4", "p5"]
    assert found.in_doubt == 0


def test_whoever_a_limit_leaves_over_keeps_the_status_they_had(
    of_each: Campaign, prepared: Prepare, ledger: Ledger
) -> None:
    prepared(of_each, retry=["rejected"], resend_in_doubt=True, limit=1, now=NOW)
    assert sendable(ledger) == ["p1"]
    assert entry(ledger, "p3@example.org").status is Status.IN_DOUBT


def test_nobody_who_has_the_mail_is_ever_meant(
    of_each: Campaign, prepared: Prepare, ledger: Ledger
) -> None:
    found = prepared(of_each, only=("p0@example.org",), resend_in_doubt=True, now=NOW)
    assert sendable(ledger) == []
    assert (found.totals, found.sendable) == ({Status.ACCEPTED: 1}, 0)
