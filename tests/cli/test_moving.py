"""`sendbatch record export|import`: a record moves, and there are never two of it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from sendbatch import api
from sendbatch.errors import LedgerError, SendbatchError
from sendbatch.ledger.portable import PLAN_ROW, digest_of
from sendbatch.ledger.sqlite.arriving import SqliteTarget
from sendbatch.ledger.sqlite.record import Ledger, read_ledger
from tests.kit.command import Desk
from tests.kit.mailhost import MailHost

EXPORT = ("record", "export", "spring.yaml", "away")
IMPORT = ("record", "import", "spring.yaml", "away")


@pytest.fixture
def half_sent(desk: Desk, mailhost: MailHost) -> Desk:
    """One of three has the mail, one was refused, one is pending."""
    mailhost.answers["bjork@example.org"] = "550 5.1.1 no such user"
    mailhost.take_over(desk)
    desk.run("run", "spring.yaml", "--yes", "--limit", "2")
    return desk


def test_a_record_goes_on_where_it_went_and_what_is_left_refuses(half_sent: Desk, mailhost: MailHost) -> None:
    half_sent.run(*EXPORT).ended(0)
    for verb in (("run", "--yes"), ("status",), ("report",), ("plan",), ("resolve", "x", "--as", "accepted")):
        refused = half_sent.run(verb[0], "spring.yaml", *verb[1:]).ended(4)
        assert "this record has moved to" in refused.err
        assert f"--record {half_sent.folder / 'away'}" in refused.err

    told = half_sent.rows("--record", "away")
    half_sent.run("run", "spring.yaml", "--yes", "--record", "away").ended(1)

    assert [row["status"] for row in told.values()] == ["accepted", "rejected", "pending"]
    assert mailhost.receivers == ["ada@example.com", "carl@example.net"]


def test_everything_goes_along(half_sent: Desk) -> None:
    half_sent.run("forget", "bjork@example.org", "--yes").ended(0)
    half_sent.change("people.csv", "carl@example.net,,", "carl@example.org,,")
    half_sent.run("run", "spring.yaml", "--yes", "--limit", "1")
    before = digest(half_sent.record("spring"))
    message_id = half_sent.rows()["ada@example.com"]["message_id"]

    half_sent.run(*EXPORT).ended(0)

    assert digest(half_sent.folder / "away/spring") == before
    assert half_sent.rows("--record", "away")["ada@example.com"]["message_id"] == message_id


def digest(folder: Path) -> str:
    with read_ledger(folder, moved=True) as ledger:
        return digest_of(ledger)


def test_it_comes_back_and_an_older_lock_is_no_doubt(half_sent: Desk, mailhost: MailHost) -> None:
    half_sent.run(*EXPORT).ended(0)
    half_sent.run("run", "spring.yaml", "--yes", "--record", "away", "--retry", "rejected")
    half_sent.run(*IMPORT).ended(0)
    assert "has moved to" in half_sent.run("status", "spring.yaml", "--record", "away").ended(4).err
    half_sent.run("run", "spring.yaml", "--yes").ended(1)
    assert mailhost.receivers == ["ada@example.com", "carl@example.net"]


def test_the_same_command_again_says_the_same(half_sent: Desk) -> None:
    half_sent.run(*EXPORT).ended(0)
    assert "has moved: " in half_sent.run(*EXPORT).ended(0).err
    assert "has moved to" in half_sent.run("record", "export", "spring.yaml", "third").ended(4).err


def test_an_existing_record_is_not_written_over(half_sent: Desk) -> None:
    half_sent.run("run", "spring.yaml", "--yes", "--record", "away", "--limit", "1")
    before = digest(half_sent.folder / "away/spring")
    assert "there is a record of this campaign already" in half_sent.run(*EXPORT).ended(4).err
    assert digest(half_sent.folder / "away/spring") == before
    assert can_begin(half_sent)


def test_a_target_that_has_lost_its_record_is_refused(half_sent: Desk) -> None:
    half_sent.write("away/spring/report.csv", "key,status\n")
    half_sent.write("away/spring/lock", "")
    half_sent.run(*EXPORT).ended(2)
    half_sent.run("run", "spring.yaml", "--yes").ended(1)


def test_there_must_be_a_record_and_another_place(desk: Desk) -> None:
    assert "there is no record here" in desk.run(*EXPORT).ended(2).err
    assert not (desk.folder / "away").exists()
    desk.run("run", "spring.yaml").ended(0)
    assert "name another place" in desk.run("record", "export", "spring.yaml", "reports").ended(2).err
    desk.run("record", "export", "spring.yaml").ended(2)


def test_while_a_run_has_it_it_stays(desk: Desk, mailhost: MailHost) -> None:
    mailhost.hold_after = 1
    mailhost.take_over(desk)
    process = desk.start("run", "spring.yaml", "--yes")
    try:
        mailhost.until_holding()
        desk.run(*EXPORT).ended(5)
    finally:
        mailhost.go.set()
        process.communicate()
    assert len(mailhost.receivers) == 3
    desk.run(*EXPORT).ended(0)


@pytest.mark.thorough
def test_who_was_on_the_way_when_a_run_was_killed_is_in_doubt_there(desk: Desk, mailhost: MailHost) -> None:
    mailhost.hold_after = 1
    mailhost.take_over(desk)
    process = desk.start("run", "spring.yaml", "--yes")
    mailhost.until_holding()
    process.kill()
    process.communicate()

    desk.run(*EXPORT).ended(0)

    assert "in_doubt" in desk.statuses("--record", "away").values()
    assert (desk.folder / "away/spring/ledger.sqlite").exists()


# -- a crash at each step ---------------------------------------------------------------------

Step = tuple[type, str, int]
STEPS: list[tuple[Step, bool]] = [
    ((SqliteTarget, "claim", 1), False),
    ((Ledger, "mark", 1), False),
    ((SqliteTarget, "fill", 3), False),
    ((SqliteTarget, "open", 1), True),
    ((SqliteTarget, "open", 1), False),
    ((Ledger, "mark", 2), False),
]
SELDOM: list[tuple[Step, bool]] = [
    ((SqliteTarget, "claim", 1), True),
    ((Ledger, "mark", 1), True),
    *(((SqliteTarget, "fill", number), is_before) for number in (1, 5, 7) for is_before in (True, False)),
    ((SqliteTarget, "written", 1), True),
    ((SqliteTarget, "written", 1), False),
    ((Ledger, "mark", 2), True),
]


@pytest.mark.parametrize(
    ("step", "is_before"),
    [*STEPS, *(pytest.param(*one, marks=pytest.mark.thorough) for one in SELDOM)],
    ids=lambda one: f"{one[1]}{one[2]}" if isinstance(one, tuple) else ("before" if one else "after"),
)
def test_killed_at_any_step_one_record_at_most_is_sent_from_and_the_same_command_ends_it(
    half_sent: Desk, mailhost: MailHost, step: Step, is_before: bool
) -> None:
    whole = digest(half_sent.record("spring"))
    killed_at(step, is_before=is_before)

    if (step[1], is_before) != ("claim", True):  # nothing was begun
        assert not (can_begin(half_sent) and can_begin(half_sent, "--record", "away"))
    half_sent.run(*EXPORT).ended(0)

    assert digest(half_sent.folder / "away/spring") == whole
    half_sent.run("run", "spring.yaml", "--yes").ended(4)
    half_sent.run("run", "spring.yaml", "--yes", "--record", "away").ended(1)
    assert mailhost.receivers == ["ada@example.com", "carl@example.net"]
    assert sorted(path.name for path in half_sent.folder.rglob("*.arriving*")) == []


def can_begin(desk: Desk, *more: str) -> bool:
    """Whether a run would plan, and ask."""
    return "nobody is here to ask" in desk.run("run", "spring.yaml", *more).err


def killed_at(step: Step, *, is_before: bool, place: str = "away", comes: bool = False) -> None:
    """Move the record in a process that dies at this step."""
    child = os.fork()
    if not child:
        try:
            dying(*step, is_before=is_before)
            api.move_record("spring.yaml", place, comes=comes)
        finally:
            os._exit(1)  # it should have been dead by now
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def dying(of: type, name: str, number: int, *, is_before: bool) -> None:
    whole: Callable[..., Any] = getattr(of, name)
    calls = iter(range(1, 100))

    def step(*arguments: Any) -> Any:
        is_it = next(calls) == number
        if is_it and is_before:
            os._exit(9)
        made = whole(*arguments)
        if is_it and name == "written":
            made.__enter__()
        if is_it:
            os._exit(9)
        return made

    setattr(of, name, step)


def test_what_raises_before_it_arrived_leaves_the_source_as_it_was(
    half_sent: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: SqliteTarget, *_: object) -> None:
        raise LedgerError("the disk says no")

    monkeypatch.setattr(SqliteTarget, "open", broken)
    assert "the disk says no" in half_sent.run(*EXPORT).ended(2).err
    assert can_begin(half_sent)
    assert list(half_sent.folder.rglob("*.arriving*")) == []


def test_what_is_read_back_otherwise_does_not_open(half_sent: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = SqliteTarget.written

    @contextmanager
    def changed(self: SqliteTarget) -> Iterator[Any]:
        self._made.execute("UPDATE delivery SET status = 'deferred'")
        with whole(self) as written:
            yield written

    monkeypatch.setattr(SqliteTarget, "written", changed)
    said = half_sent.run(*EXPORT).ended(2).err
    assert "is not the one that was read; it did not move" in said
    assert can_begin(half_sent)


def test_a_move_that_did_not_arrive_is_taken_back_and_one_that_did_is_not(half_sent: Desk) -> None:
    killed_at((SqliteTarget, "open", 1), is_before=True)
    assert not can_begin(half_sent)
    assert "it is not taken back" not in half_sent.run(*EXPORT, "--cancel").ended(0).err
    assert can_begin(half_sent)
    half_sent.run(*EXPORT, "--cancel").ended(4)

    killed_at((SqliteTarget, "open", 1), is_before=False)
    assert "it is not taken back" in half_sent.run(*EXPORT, "--cancel").ended(4).err
    half_sent.run(*EXPORT).ended(0)


@pytest.mark.thorough
def test_a_claim_that_was_left_is_taken_back_too(half_sent: Desk) -> None:
    killed_at((SqliteTarget, "claim", 1), is_before=False)
    assert "taken back" in half_sent.run(*EXPORT, "--cancel").ended(0).err
    assert list(half_sent.folder.rglob("*.arriving*")) == []
    assert can_begin(half_sent)


def test_another_target_is_refused_while_a_move_is_under_way(half_sent: Desk) -> None:
    killed_at((SqliteTarget, "open", 1), is_before=True)
    said = half_sent.run("record", "export", "spring.yaml", "third").ended(4).err
    assert "is on its way to" in said
    assert "the same sendbatch record command again ends that" in said


def test_what_stands_in_the_mark_is_data(half_sent: Desk) -> None:
    half_sent.run(*EXPORT).ended(0)
    for wrong in ("{", '{"to": "\x1b[2J"}', "[]"):
        with closing(sqlite3.connect(half_sent.record("spring") / "ledger.sqlite")) as db, db:
            db.execute("UPDATE meta SET value = ? WHERE key = 'move'", (wrong,))
        assert "\x1b" not in half_sent.run("status", "spring.yaml").ended(4).err


def test_a_digest_tells_a_change_of_one_cell(half_sent: Desk) -> None:
    before = digest(half_sent.record("spring"))
    with closing(sqlite3.connect(half_sent.record("spring") / "ledger.sqlite")) as db, db:
        db.execute("UPDATE plan_row SET vars = replace(vars, 'Ada', 'Ade')")
    assert digest(half_sent.record("spring")) != before
    with read_ledger(half_sent.record("spring")) as ledger:
        assert len(list(ledger.rows(PLAN_ROW))) == 3


def test_python_moves_it_too_and_trace_tells_of_both(half_sent: Desk) -> None:
    moved = api.move_record("spring.yaml", "away")
    assert moved.to.endswith("away/spring")
    told = half_sent.run("trace", "ada@example.com").ended(0).out
    assert "this record moved to" in told
    with pytest.raises(SendbatchError):
        api.move_record("spring.yaml", "third")


def test_what_another_record_has_left_is_not_overwritten(half_sent: Desk, mailhost: MailHost) -> None:
    half_sent.run(*EXPORT).ended(0)
    other = half_sent.folder / "other"
    half_sent.run("run", "spring.yaml", "--yes", "--record", other, "--only", "carl@example.net")

    told = half_sent.run("record", "import", "spring.yaml", other).ended(4).err

    assert "another record of this campaign was there" in " ".join(told.split())
    half_sent.run(*IMPORT).ended(0)
    half_sent.run("run", "spring.yaml", "--yes", "--only", "ada@example.com")
    assert mailhost.receivers == ["ada@example.com", "carl@example.net"]


def test_an_empty_place_is_none(half_sent: Desk) -> None:
    told = half_sent.run("record", "export", "spring.yaml", "").ended(2).err
    assert "is empty; nothing was done" in told
    half_sent.run("status", "spring.yaml", "--record", "").ended(2)
    half_sent.run("status", "spring.yaml").ended(3)


def test_a_claim_of_who_was_ended_before_the_source_was_marked_is_taken_back(half_sent: Desk) -> None:
    killed_at((SqliteTarget, "claim", 1), is_before=False)
    assert "taken back" in half_sent.run(*EXPORT, "--cancel").ended(0).err
    half_sent.run(*EXPORT, "--cancel").ended(4)
