"""The account's name as people see it."""

from __future__ import annotations

import pytest

from sendbatch.limits.account import Allowance
from sendbatch.limits.usage import Account


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
    assert Allowance(Account("smtp.example.com", ""), None, username, ()).shown_name == shown
