"""What an account may send at once, and its name as people see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.campaign.model import Profile, Rate
from sendbatch.errors import LedgerError
from sendbatch.limits.account import Allowance, allowance_of
from sendbatch.limits.usage import Account
from sendbatch.runtime.edge import Edge
from tests.kit.desk import usage_in
from tests.kit.limits import campaign_through


@pytest.mark.parametrize(
    ("username", "shown"),
    [
        ("news@example.com", "news@example.com"),
        ("tok-SECRET-9999", "tok…"),  # with some providers the user name is a token
        ("", ""),
        (None, None),
    ],
)
def test_a_user_name_that_may_be_a_token_is_cut_short(
    username: str | None, shown: str | None
) -> None:
    assert Allowance(Account("smtp.example.com", ""), None, username, ()).display_name == shown


def test_messages_that_go_at_once_use_up_the_quota_all_or_none(tmp_path: Path) -> None:
    usage, account, now = usage_in(tmp_path), Account("smtp.example.com", "me"), 1_800_000_000.0
    allowance = Allowance(account, usage, "me", (Rate(3, 3600), Rate(50, 86400), Rate(1, 1)))
    assert allowance.take(2, now) is None
    free_at = allowance.take(2, now + 1)
    assert free_at == now + 1  # one has room, and two have not
    assert usage.used(account, 3600, now + 1) == 2
    assert allowance.take(1, now + 1) is None
    assert allowance.take(1, now + 2) == pytest.approx(now + 3600, abs=1)


def test_of_a_file_that_cannot_be_read_no_quota_is_known() -> None:
    rates, account = (Rate(3, 3600), Rate(1, 1)), Account("smtp.example.com", "me")
    assert Allowance(account, None, "me", rates).quotas(0.0) == ((Rate(3, 3600), 0),)
    unread = Allowance(account, None, "me", rates, unread=LedgerError("no rights"))
    assert unread.quotas(0.0) == ()


def test_where_no_use_is_kept_any_number_has_room() -> None:
    assert Allowance(Account("127.0.0.1", ""), None, None, (Rate(1, 3600),)).take(99, 0.0) is None


def test_where_use_cannot_be_kept_a_run_is_refused_and_a_look_says_so(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    edge = Edge(state=tmp_path / "state", environ={})
    campaign = campaign_through(Profile("office", "127.0.0.1", 25, "none", rates=(Rate(3, 3600),)))
    with pytest.raises(LedgerError, match="cannot be kept"):
        allowance_of(campaign, edge)
    looked = allowance_of(campaign, edge, looking=True)
    assert (looked.usage, looked.unread, looked.rates) == (None, None, (Rate(3, 3600),))


def test_a_look_makes_no_file_and_a_run_does(tmp_path: Path) -> None:
    edge = Edge(state=tmp_path / "state", environ={})
    campaign = campaign_through(Profile("office", "127.0.0.1", 25, "none"))
    assert allowance_of(campaign, edge, looking=True).usage is None
    assert not (tmp_path / "state").exists()
    assert allowance_of(campaign, edge).usage is not None
    assert (tmp_path / "state" / "usage.sqlite").exists()
    assert allowance_of(campaign, edge, looking=True).usage is not None


def test_without_a_home_a_run_is_told_what_to_name() -> None:
    campaign = campaign_through(Profile("office", "127.0.0.1", 25, "none"))
    with pytest.raises(LedgerError, match="HOME is not set"):
        allowance_of(campaign, Edge(state=None, environ={}))
