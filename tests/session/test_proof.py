"""A proof goes to reviewers: it uses the account's quota, and counts as nothing else."""

from __future__ import annotations

import pytest

from tests.kit.command import Desk
from tests.kit.mailhost import MailHost


@pytest.fixture
def three_a_day(desk: Desk, mailhost: MailHost) -> Desk:
    """The campaign goes through an account with a quota of three messages a day."""
    mailhost.take_over(desk)
    desk.write("profiles.yaml", f"{mailhost.profiles}    rate: 3/day\n")
    return desk


def proof(desk: Desk, *reviewers: str, count: int) -> int:
    """The exit code of a proof of so many messages to each of these."""
    to = [word for one in reviewers for word in ("--to", f"{one}@example.com")]
    return desk.run("proof", "spring.yaml", *to, "--count", count).code


def test_proofs_that_the_quota_has_no_room_for_are_refused_and_use_none_of_it(
    three_a_day: Desk, mailhost: MailHost
) -> None:
    assert proof(three_a_day, "rita", "sam", count=2) == 2
    assert mailhost.receivers == []
    assert proof(three_a_day, "rita", count=3) == 0
    assert mailhost.receivers == ["rita@example.com"] * 3


def test_proofs_use_the_quota_that_a_run_has(three_a_day: Desk, mailhost: MailHost) -> None:
    assert proof(three_a_day, "rita", "sam", count=1) == 0
    assert three_a_day.run("run", "spring.yaml", "--yes", "--no-wait").code == 3
    assert len(mailhost.receivers) == 3
