"""A record in hand, and every way in which it can get out of hand while a run is alive."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from sendbatch.errors import LockedError, RecordLost, RecordStopped
from sendbatch.ledger.facts import Intent, Settled
from sendbatch.ledger.sqlite.holding import is_newer, noted_in
from sendbatch.ledger.sqlite.lock import HOLDER, LOCK, hold, is_held
from sendbatch.ledger.sqlite.record import (
    FILE,
    Ledger,
    has_ledger,
    open_ledger,
    open_scratch,
    read_ledger,
)
from sendbatch.ledger.sqlite.sql import transaction
from sendbatch.values import Status
from tests.kit.folders import replaced_by_a_copy
from tests.kit.people import OUTCOMES, entry, person, plan, stage, statuses
from tests.kit.selecting import sending

ROOT = Path(__file__).parents[2]
ANN, BOB = person(2, "ann"), person(3, "bob")


class InHand:
    """A record of two people that a run holds; one of them has been sent the message."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()
        folder.mkdir(exist_ok=True)
        held = self._stack.enter_context(hold(folder, since="10:00", holder="me@here"))
        self.number = held.number
        self.ledger: Ledger = self._stack.enter_context(open_ledger(folder, held))
        if not statuses(self.ledger):
            plan(self.ledger, ANN, BOB)
            self.intend("ann")

    def intend(self, key: str) -> None:
        sending(self.ledger).apply([Intent(entry(self.ledger, key).id, "digest", 1.0, 1.0)])

    def answer(self, key: str) -> None:
        id_ = entry(self.ledger, key).id
        sending(self.ledger).apply([Settled(id_, OUTCOMES[Status.ACCEPTED], None, 2.0)])

    def answer_after_the_loss(self, key: str) -> None:
        with pytest.raises(RecordLost):
            self.answer(key)

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def first(tmp_path: Path) -> Iterator[InHand]:
    run = InHand(tmp_path / "record")
    yield run
    run.close()


def moved(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def deleted(folder: Path) -> None:
    shutil.rmtree(folder)


def begun_anew(folder: Path) -> None:
    moved(folder)
    with closing_run(folder):
        pass


def without_its_lock(folder: Path) -> None:
    (folder / LOCK).unlink()


def with_another_lock(folder: Path) -> None:
    (folder / LOCK).unlink()
    (folder / LOCK).touch()


def without_its_ledger(folder: Path) -> None:
    (folder / FILE).unlink()


def with_another_ledger(folder: Path) -> None:
    shutil.copy(folder / FILE, folder / "copy")
    (folder / "copy").rename(folder / FILE)


def without_its_log(folder: Path) -> None:
    (folder / f"{FILE}-wal").unlink()


def closing_run(folder: Path) -> closing[InHand]:
    return closing(InHand(folder))


AWAY = [
    moved,
    deleted,
    replaced_by_a_copy,
    begun_anew,
    without_its_ledger,
    with_another_ledger,
]
BESIDE = [without_its_lock, with_another_lock, without_its_log]


@pytest.mark.parametrize("happens", AWAY + BESIDE)
def test_no_intent_is_made_where_the_path_no_longer_leads_to_what_is_open(
    first: InHand, happens: Callable[[Path], None]
) -> None:
    happens(first.folder)

    with pytest.raises(RecordLost, match="the run has stopped") as caught:
        first.intend("bob")

    assert caught.value.exit_code == 3
    assert dict(statuses(first.ledger)) == {"ann": Status.SENDING, "bob": Status.PENDING}


@pytest.mark.parametrize("happens", AWAY)
def test_who_lost_the_record_is_told_to_put_it_back_and_how_many_it_had_sent_to(
    first: InHand, happens: Callable[[Path], None]
) -> None:
    happens(first.folder)

    with pytest.raises(RecordLost) as caught:
        first.intend("bob")

    assert "was moved, deleted or replaced" in str(caught.value)
    assert "put it back" in str(caught.value)
    assert "without it the 1 that were sent to would be mailed again" in str(caught.value)


@pytest.mark.parametrize("happens", BESIDE)
def test_where_the_record_itself_is_in_its_place_another_run_goes_on_with_it(
    first: InHand, happens: Callable[[Path], None]
) -> None:
    happens(first.folder)
    with pytest.raises(RecordLost, match="another run goes on from there"):
        first.intend("bob")
    first.answer_after_the_loss("ann")
    first.close()

    with closing_run(first.folder) as second:
        assert dict(statuses(second.ledger)) == {"ann": Status.ACCEPTED, "bob": Status.PENDING}


def test_what_had_left_is_settled_in_the_record_that_was_moved(first: InHand) -> None:
    moved(first.folder)
    with pytest.raises(RecordLost):
        first.intend("bob")

    first.answer_after_the_loss("ann")

    with read_ledger(first.folder.with_name("elsewhere")) as ledger:
        assert dict(statuses(ledger)) == {"ann": Status.ACCEPTED, "bob": Status.PENDING}


def test_whoever_takes_a_record_over_ends_the_run_that_had_it(first: InHand) -> None:
    without_its_lock(first.folder)
    with closing_run(first.folder) as second:
        assert second.number != first.number
        second.ledger.recover(3.0)

        with pytest.raises(RecordLost, match="another run has taken this record over"):
            first.intend("bob")
        with pytest.raises(RecordLost, match="another run has taken this record over"):
            first.ledger.recover(4.0)
        second.intend("bob")

        assert dict(statuses(second.ledger)) == {"ann": Status.IN_DOUBT, "bob": Status.SENDING}


ANOTHER = """
import sys
from pathlib import Path
from tests.ledger.test_holding import InHand
run = InHand(Path(sys.argv[1]))
run.ledger.recover(3.0)
run.intend("bob")
run.answer("bob")
run.close()
"""


LOOK = """
import sys
from pathlib import Path
from tests.ledger.test_holding import read_ledger, statuses
from tests.kit.selecting import sending
with read_ledger(Path(sys.argv[1])) as ledger:
    print(", ".join(f"{key} {status}" for key, status in statuses(ledger)))
"""


def in_another_process(program: str, folder: Path) -> str:
    command = [sys.executable, "-c", program, str(folder)]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()


def test_who_took_over_a_record_without_its_log_keeps_what_it_wrote_when_the_first_one_ends(
    first: InHand,
) -> None:
    first.ledger._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    first.answer("ann")
    for name in (LOCK, f"{FILE}-wal", f"{FILE}-shm"):
        (first.folder / name).unlink()
    in_another_process(ANOTHER, first.folder)

    with pytest.raises(RecordLost):
        first.intend("bob")
    first.close()

    assert in_another_process(LOOK, first.folder) == "ann in_doubt, bob accepted"


def test_a_log_that_was_removed_is_merged_where_nobody_else_has_begun(first: InHand) -> None:
    first.ledger._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    first.answer("ann")
    for name in (LOCK, f"{FILE}-wal", f"{FILE}-shm"):
        (first.folder / name).unlink()
    with pytest.raises(RecordLost):
        first.intend("bob")
    first.close()

    with read_ledger(first.folder) as ledger:
        assert dict(statuses(ledger)) == {"ann": Status.ACCEPTED, "bob": Status.PENDING}


def test_a_run_is_told_that_it_was_taken_over_while_the_other_one_plans(
    first: InHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    first.ledger._connection.execute("PRAGMA busy_timeout=10")
    without_its_lock(first.folder)
    with (
        closing_run(first.folder) as second,
        transaction(second.ledger._connection),
        pytest.raises(RecordLost, match="another run has taken this record over"),
    ):
        first.intend("bob")


def test_an_answer_that_comes_after_the_record_was_taken_over_changes_nothing(
    first: InHand,
) -> None:
    without_its_lock(first.folder)
    with closing_run(first.folder) as second:
        second.ledger.recover(3.0)
        first.answer_after_the_loss("ann")

        assert dict(statuses(second.ledger)) == {"ann": Status.IN_DOUBT, "bob": Status.PENDING}


def test_the_one_that_lost_a_record_takes_nothing_of_the_other_ones_files_along(
    first: InHand,
) -> None:
    begun_anew(first.folder)
    second = InHand(first.folder)
    second.intend("bob")

    first.close()

    assert (first.folder / HOLDER).exists()
    assert is_held(first.folder)
    second.answer("bob")
    second.close()
    with read_ledger(first.folder) as ledger:
        assert dict(statuses(ledger))["bob"] is Status.ACCEPTED


@pytest.mark.parametrize("look", [has_ledger, is_held])
def test_looking_at_a_record_in_hand_disturbs_nobody(
    first: InHand, look: Callable[[Path], bool]
) -> None:
    assert look(first.folder)
    for opening in (read_ledger, open_scratch):
        with opening(first.folder) as ledger:
            statuses(ledger)

    first.intend("bob")

    assert (first.folder / LOCK).read_text().split()[0] == first.number


def test_a_folder_that_is_reached_by_another_name_is_still_the_same(
    first: InHand, tmp_path: Path
) -> None:
    moved(first.folder)
    first.folder.symlink_to(tmp_path / "elsewhere")

    first.intend("bob")


def test_a_record_that_something_else_is_writing_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    InHand(tmp_path).close()
    monkeypatch.setattr("sendbatch.ledger.sqlite.schema.PATIENCE", 0.01)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(LockedError, match="another process is writing to this record"):
            InHand(tmp_path)


def test_a_lock_tells_of_a_record_that_is_older_but_not_of_one_taken_a_moment_before() -> None:
    assert not is_newer(b"", "a 3", None)
    assert not is_newer(b"a 3\n", "a 3", "")
    assert not is_newer(b"a 2\n", "a 3", "")
    assert is_newer(b"a 4\n", "a 3", "")
    assert is_newer(b"b 0\n", "a 3", "")
    assert is_newer(b"b 0\n", None, None)
    assert not is_newer(b"a 3\n", "b 0", "a")  # cut off before its own number was in the lock


def test_the_lock_tells_of_nothing_that_a_power_cut_could_undo(tmp_path: Path) -> None:
    """A plan is staged without synchronising: were it counted, the lock would be ahead of the record."""
    with (
        hold(tmp_path, since="now", holder="we") as held,
        open_ledger(tmp_path, held) as ledger,
    ):
        before = noted_in(tmp_path / LOCK)
        with ledger.draft() as draft:
            stage(draft, [person(2, "ann")])
            assert noted_in(tmp_path / LOCK) == before
            draft.merge()
        assert noted_in(tmp_path / LOCK) != before


def test_another_program_that_keeps_the_file_is_no_want_of_room(first: InHand) -> None:
    first.ledger._connection.execute("PRAGMA busy_timeout=10")
    with closing(sqlite3.connect(first.folder / "ledger.sqlite")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RecordStopped) as stopped:
            first.intend("bob")
    assert "close what else has it open" in str(stopped.value.findings[0].hint)
