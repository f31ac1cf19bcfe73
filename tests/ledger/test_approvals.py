"""What a record remembers of approvals is read back, whatever stands there."""

from __future__ import annotations

import json
from typing import cast

import pytest

from sendbatch.ledger.approvals import (
    APPROVALS,
    LAST_HELD_TO,
    MOST,
    NO_APPROVALS,
    Approved,
    approvals_of,
    remember,
)
from sendbatch.ledger.store import Draft, Reading

ANN = Approved("Ann", "2026-11-27T13:50:00Z", "SSH key SHA256:abc", "ab" * 32)
BOB = ANN._replace(by="Bob", digest="cd" * 32)


class Kept:
    """As much of a record and a draft as this is about: what is remembered stands there at once."""

    def __init__(self, **meta: str) -> None:
        self.kept, self.notes = dict(meta), list[tuple[str, str]]()
        self.reading = self

    def meta(self, key: str) -> str | None:
        return self.kept.get(key)

    def remember(self, key: str, value: str) -> None:
        self.kept[key] = value

    def note(self, kind: str, detail: str, at: float) -> None:
        self.notes.append((kind, detail))


def known(kept: Kept) -> tuple[Approved, ...]:
    return approvals_of(cast(Reading, kept)).known


def begin(kept: Kept, *approved: Approved) -> None:
    remember(cast(Draft, kept), approved, 0.0)


def test_a_record_without_approvals_stays_without() -> None:
    kept = Kept()
    begin(kept)
    assert kept.kept == {}
    assert approvals_of(cast(Reading, kept)) == NO_APPROVALS
    assert NO_APPROVALS.lapsed is None


def test_each_run_adds_who_approved_what_it_is_held_to_and_the_same_once() -> None:
    kept = Kept()
    for approved in (ANN, ANN, BOB):
        begin(kept, approved)
    assert known(kept) == (ANN, BOB)
    assert kept.notes == [("approved", str(one)) for one in (ANN, ANN, BOB)]
    assert approvals_of(cast(Reading, kept)).lapsed is None


def test_a_run_that_is_held_to_nothing_lapses_them() -> None:
    kept = Kept()
    begin(kept, ANN)
    begin(kept)
    assert known(kept) == (ANN,)
    assert approvals_of(cast(Reading, kept)).lapsed == "the last run was held to no approved plan"


def test_no_more_than_the_newest_are_kept() -> None:
    kept = Kept()
    for n in range(MOST + 5):
        begin(kept, ANN._replace(by=f"A{n}"))
    assert [one.by for one in known(kept)] == [f"A{n}" for n in range(5, MOST + 5)]


@pytest.mark.parametrize(
    "text", ["", "{", "{}", "1", "null", "[1]", '[{"by": "Ann"}]', "[" * 60_000, '"abc"']
)
def test_what_none_of_ours_wrote_is_no_approval(text: str) -> None:
    kept = Kept(**{APPROVALS: text, LAST_HELD_TO: "x"})
    assert known(kept) == ()


def test_what_somebody_else_wrote_drives_no_terminal() -> None:
    kept = Kept(**{APPROVALS: json.dumps([ANN._replace(by="\x1b[2J\nAnn" + "x" * 999)._asdict()])})
    (one,) = known(kept)
    assert one.by.isprintable()
    assert len(one.by) == 200
