"""What an account may send at once, and its name as people see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.errors import LedgerError
from sendbatch.limits.account import Allowance
from sendbatch.limits.usage import Account
from tests.kit.desk import usage_in


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
