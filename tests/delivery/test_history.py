"""What earlier runs met on the same way out, read from the record's meta and written to it."""

from __future__ import annotations

import json

import pytest

from sendbatch.delivery.history import MOST, History, history_of, way_out
from sendbatch.ledger.store import Record
from tests.kit.selecting import sending

SALT = b"salt" * 8
WAY = way_out(SALT, "mx.example.com", "ada", "news@example.com")


def test_a_record_that_knows_nothing_says_nothing(ledger: Record) -> None:
    assert history_of(ledger.reading, WAY) == History(WAY)


def test_what_was_written_is_read_again(ledger: Record) -> None:
    now = History(WAY)
    sending(ledger).apply([now.accepting(1.5), now.braking(60.0), now.refusing({7: 2.5})])
    assert history_of(ledger.reading, WAY) == History(WAY, 1.5, 60.0, {7: 2.5})
    sending(ledger).apply([now.braking(None)])
    assert history_of(ledger.reading, WAY).braked is None


@pytest.mark.parametrize(
    "other",
    [
        ("mx.example.org", "ada", "news@example.com"),
        ("mx.example.com", "bob", "news@example.com"),
        ("mx.example.com", "ada", "other@example.com"),
    ],
)
def test_another_server_account_or_sender_is_another_way(
    ledger: Record, other: tuple[str, str, str]
) -> None:
    sending(ledger).apply([History(WAY).accepting(1.5), History(WAY).braking(60.0)])
    found = history_of(ledger.reading, way_out(SALT, *other))
    assert (found.accepted_at, found.braked) == (None, None)


def test_a_way_tells_nothing_of_the_user_name(ledger: Record) -> None:
    assert "ada" not in WAY
    assert way_out(b"other" * 6, "mx.example.com", "ada", "news@example.com") != WAY


@pytest.mark.parametrize("garbage", ["", "x", "nan", "inf", "-1", "1e999", "[]", "{", '{"a": 1}'])
def test_what_cannot_be_read_counts_as_not_known(ledger: Record, garbage: str) -> None:
    with ledger.draft() as draft:
        draft.remember(f"accepted by {WAY}", garbage)
        draft.remember("braked", f"{WAY} {garbage}")
        draft.remember("mailbox refused since", garbage)
        draft.merge()
    assert history_of(ledger.reading, WAY) == History(WAY)


def test_no_more_are_remembered_than_fit_on_a_page(ledger: Record) -> None:
    before = History(WAY, since={number: float(number) for number in range(MOST)})
    kept = json.loads(before.refusing({-1: 1e9}).value or "")
    assert len(kept) == MOST
    assert "-1" in kept
    assert "0" not in kept
