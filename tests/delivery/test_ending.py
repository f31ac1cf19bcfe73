"""A run remembers why it ended, and until when: whoever asks later is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.ledger.ending import ENDED, STOPPED, Ended, ended_of
from sendbatch.ledger.facts import Remembered
from tests.kit.clock import START
from tests.kit.desk import address, usage_in
from tests.kit.desks import MakeDesk


def test_a_run_that_came_to_its_end_says_when(desk: MakeDesk) -> None:
    run = desk(3)
    run.send()
    ended = ended_of(run.ledger.reading)
    assert ended is not None
    assert (ended.early, ended.why, ended.until) == (False, "", None)
    assert run.events(STOPPED) == []


def test_one_that_was_stopped_says_why_once(desk: MakeDesk) -> None:
    run = desk(50, on_dot=lambda visit: run.stop.soon("Ctrl-C"))
    run.send()
    ended = ended_of(run.ledger.reading)
    assert ended is not None
    assert (ended.early, ended.why) == (True, "Ctrl-C")
    assert run.events(STOPPED) == ["Ctrl-C"]


def test_one_that_ended_since_the_limit_was_used_up_says_until_when(
    desk: MakeDesk, tmp_path: Path
) -> None:
    run = desk(5, rates=(Rate(2, 86400),), usage=usage_in(tmp_path), no_wait=True)
    ending = run.send()
    ended = ended_of(run.ledger.reading)
    assert ended is not None
    assert ended.early
    assert "used up" in ended.why
    assert ended.until == ending.until
    assert ended.until is not None
    assert ended.until > run.clock.wall()


def test_one_that_the_server_refused_for_good_says_no_time(desk: MakeDesk) -> None:
    run = desk(40, rcpt=lambda visit: "550 no")
    run.send()
    ended = ended_of(run.ledger.reading)
    assert ended is not None
    assert ended.early
    assert ended.until is None
    assert run.events(STOPPED) == [ended.why]


def test_where_only_later_ones_are_left_it_is_until_the_next_is_due(desk: MakeDesk) -> None:
    run = desk(
        3,
        rcpt=lambda visit: "451 later" if visit.recipient == address(1) else None,
        no_wait=True,
    )
    ending = run.send()
    ended = ended_of(run.ledger.reading)
    assert ended is not None
    assert (ended.early, ended.until) == (False, ending.not_due)
    assert ended.until is not None


@pytest.mark.parametrize(
    "stands",
    [
        None, "", "{", "[]", "7", '{"at": 1}', '{"at": "x", "early": 1, "why": "", "until": null}',
        "[" * 9000,
        '{"at": 1e999, "early": true, "why": "", "until": []}',
    ],
)  # fmt: skip
def test_what_else_stands_there_is_no_ending(desk: MakeDesk, stands: str | None) -> None:
    run = desk(1)
    run.ledger.backlog(run.clock.wall).apply([Remembered(ENDED, stands)])
    assert ended_of(run.ledger.reading) is None


def test_the_reason_is_shown_on_one_line_whatever_stands_there(desk: MakeDesk) -> None:
    run = desk(1)
    said = json.dumps({"at": START, "early": True, "why": "a\x1b[31m\nb", "until": None})
    run.ledger.backlog(run.clock.wall).apply([Remembered(ENDED, said)])
    assert ended_of(run.ledger.reading) == Ended(START, True, "a�[31m b", None)
