"""now.json: what a run tells of itself while it sends, and what others make of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from sendbatch.runtime.observer import Limit, Observer, Wait
from sendbatch.session.now import FILE, MOMENT, Now, now_in, telling
from sendbatch.values import Status
from tests.kit.clock import START, FakeClock

SLOWER = Limit(4.0, "the server asked to slow down", START + 60)
PAUSE = Wait("the pace", "the pace of the account", START + 30)


class Heard(Observer):
    def __init__(self) -> None:
        self.told: list[object] = []

    def moved(self, was: Status, now: Status) -> None:
        self.told.append((was, now))

    def limited(self, limit: Limit) -> None:
        self.told.append(limit)

    def waiting(self, wait: Wait) -> None:
        self.told.append(wait)


def test_what_changes_is_gathered_and_written_and_gone_at_the_end(tmp_path: Path) -> None:
    heard = Heard()

    async def run(observer: Observer) -> list[Now | None]:
        found = [now_in(tmp_path)]
        observer.sending(7)
        found.append(now_in(tmp_path))
        observer.limited(SLOWER)
        observer.waiting(PAUSE)
        observer.connected(2, 4)
        found.append(now_in(tmp_path))
        await asyncio.sleep(MOMENT * 1.2)
        found.append(now_in(tmp_path))
        return found

    with telling(heard, tmp_path, FakeClock(START)) as observer:
        before, begun, gathered, written = asyncio.run(run(observer))

    assert before is None
    assert begun == gathered == Now(START, 7)
    assert written == Now(START, 7, SLOWER, PAUSE, (2, 4))
    assert heard.told == [SLOWER, PAUSE]
    assert list(tmp_path.iterdir()) == []


def test_what_another_has_left_is_removed_before_anything_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps({"since": 1, "total": 1, "limit": None, "wait": None}))

    with telling(Observer(), tmp_path, FakeClock(START)):
        assert not (tmp_path / FILE).exists()


def test_of_each_message_the_other_observer_hears_without_a_call_between(tmp_path: Path) -> None:
    heard = Heard()
    with telling(heard, tmp_path, FakeClock(START)) as observer:
        assert observer.moved == heard.moved


def test_a_folder_that_cannot_be_written_ends_no_run(tmp_path: Path) -> None:
    with telling(Observer(), tmp_path / "gone", FakeClock(START)) as observer:
        observer.sending(3)


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    with telling(Observer(), tmp_path, FakeClock(START)) as observer:
        observer.sending(3)
        assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_wait_holds_until_its_time() -> None:
    now = Now(START, 7, SLOWER, PAUSE, (2, 4))
    assert now.at(START + 29) == now
    assert now.at(START + 30).wait is None
    assert Now(START, 7, wait=Wait("x", "messages", None)).at(START).wait is None


def test_a_limit_that_is_long_passed_is_told_no_more_but_one_that_was_declared_is() -> None:
    now = Now(START, 7, SLOWER)
    assert now.at_rate(5.9) == now
    assert now.at_rate(6.1).limit is None
    declared = Now(START, 7, Limit(4.0))
    assert declared.at_rate(100.0) == declared


@pytest.mark.parametrize(
    "stands",
    [
        "", "{", "[]", "null", "7", "[" * 5000, '{"since": 1}', '{"since": true, "total": 1}',
        '{"since": 1, "total": -1, "limit": null, "wait": null, "connections": null}',
        '{"since": 1, "total": 1, "limit": null, "wait": null, "connections": [1]}',
        '{"since": 1, "total": 1, "limit": {}, "wait": null, "connections": null}',
        '{"since": 1e400, "total": 1, "limit": null, "wait": null, "connections": null}',
    ],
)  # fmt: skip
def test_what_else_stands_there_is_nothing(tmp_path: Path, stands: str) -> None:
    (tmp_path / FILE).write_text(stands)
    assert now_in(tmp_path) is None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    told = {"since": 1, "total": 1, "limit": None, "wait": None, "connections": None}
    (tmp_path / FILE).write_text(json.dumps(told))
    assert now_in(tmp_path) == Now(1, 1)
    (tmp_path / FILE).rename(tmp_path / "other")
    (tmp_path / FILE).symlink_to(tmp_path / "other")
    assert now_in(tmp_path) is None


def test_words_of_it_cannot_drive_a_terminal(tmp_path: Path) -> None:
    wait = {"whom": "a\x1b[2J", "why": "b\n" * 900, "until": 1}
    told = {"since": 1, "total": 1, "limit": None, "wait": wait, "connections": None}
    (tmp_path / FILE).write_text(json.dumps(told))
    found = now_in(tmp_path)
    assert found is not None
    assert found.wait is not None
    assert found.wait.whom == "a�[2J"
    assert found.wait.why.isprintable()
    assert len(found.wait.why) <= 301
