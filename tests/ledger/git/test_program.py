"""What git says, as it may be shown."""

from __future__ import annotations

import pytest

from sendbatch.ledger.git.program import Done


@pytest.mark.parametrize(
    ("err", "said"),
    [
        (
            "fatal: unable to access 'http://h.example:2933/r.git?private_token=ghs_SECRET/': refused",
            "unable to access 'http://h.example:2933/r.git?…': refused",
        ),
        ("fatal: https://user:ghs_SECRET@h.example/r.git", "https://h.example/r.git"),
        ("https://h.example/r.git#ghs_SECRET is none", "https://h.example/r.git?… is none"),
        ("Authorization: Basic Z2hzX1NFQ1JFVA==", "Authorization: …"),
    ],
)
def test_no_token_of_an_address_is_shown(err: str, said: str) -> None:
    assert Done(128, b"", err).said == said
