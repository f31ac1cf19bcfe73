"""A record that gets out of hand while its run is alive: whoever sends next, nobody is mailed twice."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.command import Desk, Ended, ended
from tests.kit.folders import replaced_by_a_copy
from tests.kit.mailhost import MailHost

pytestmark = pytest.mark.thorough

PEOPLE = 40
SENT = 10  # have their mail when the record gets out of hand


def without_its_lock(folder: Path) -> None:
    (folder / "lock").unlink()


def without_its_lock_and_label(folder: Path) -> None:
    (folder / "lock").unlink()
    (folder / "lock.json").unlink()


@contextmanager
def under_way(desk: Desk, mailhost: MailHost, connections: int) -> Iterator[subprocess.Popen[str]]:
    """A run that has sent to ten, with a message on each connection that waits for its answer."""
    mailhost.take_over(desk)
    profiles = mailhost.profiles.replace("connections: 1", f"connections: {connections}")
    desk.write("profiles.yaml", profiles)
    desk.people(PEOPLE)
    mailhost.hold_after = SENT
    process = desk.start("run", "spring.yaml", "--yes", "--no-progress")
    try:
        mailhost.until_holding(connections)
        mailhost.hold_after = None
        yield process
    finally:
        process.kill()
        process.communicate()


def another_run(desk: Desk) -> Ended:
    """By somebody who does not see the first one on the account, and so does not wait for a share."""
    state = str(desk.folder / "another-state")
    return ended(desk.start("run", "spring.yaml", "--yes", "--no-progress", XDG_STATE_HOME=state))


def answered(process: subprocess.Popen[str], mailhost: MailHost) -> Ended:
    mailhost.go.set()
    return ended(process)


@pytest.mark.parametrize(
    ("happens", "connections"),
    [
        (without_its_lock, 1),
        (without_its_lock, 4),
        (without_its_lock_and_label, 4),
        (replaced_by_a_copy, 4),
    ],
)
def test_a_run_whose_record_another_run_took_over_stops_and_nobody_is_mailed_twice(
    desk: Desk, mailhost: MailHost, happens: Callable[[Path], None], connections: int
) -> None:
    with under_way(desk, mailhost, connections) as first:
        happens(desk.record("spring"))
        second = another_run(desk)
        mailed_before = len(mailhost.receivers)
        said = answered(first, mailhost)

    assert second.code == 1, second.said  # those on their way are in doubt
    assert said.code == 3, said.said
    assert "the run has stopped" in said.err or "this one has stopped" in said.err
    twice = {who: n for who, n in Counter(mailhost.receivers).items() if n > 1}
    assert not twice
    assert len(mailhost.receivers) == PEOPLE
    assert len(mailhost.receivers) - mailed_before <= connections
    assert list(desk.statuses().values()).count("in_doubt") == connections


def test_the_report_of_a_run_that_lost_its_record_is_not_written_over_the_other_ones(
    desk: Desk, mailhost: MailHost
) -> None:
    with under_way(desk, mailhost, 1) as first:
        replaced_by_a_copy(desk.record("spring"))
        another_run(desk)
        report = (desk.record("spring") / "report.csv").read_bytes()
        answered(first, mailhost)

    assert (desk.record("spring") / "report.csv").read_bytes() == report
    assert not (desk.record("elsewhere") / "report.csv").exists()


@pytest.mark.parametrize("connections", [1, 4])
def test_a_run_whose_folder_is_moved_stops_and_the_moved_record_knows_who_has_the_mail(
    desk: Desk, mailhost: MailHost, connections: int
) -> None:
    with under_way(desk, mailhost, connections) as first:
        desk.record("spring").rename(desk.record("elsewhere"))
        said = answered(first, mailhost)

    assert said.code == 3, said.said
    assert "was moved, deleted or replaced" in said.err
    assert not desk.record("spring").exists()
    assert len(mailhost.receivers) == SENT + connections

    desk.record("elsewhere").rename(desk.record("spring"))
    accepted = {key for key, status in desk.statuses().items() if status == "accepted"}
    assert accepted == set(mailhost.receivers)
    again = another_run(desk)
    assert again.code == 0, again.said
    assert sorted(mailhost.receivers) == sorted(desk.statuses())


def test_a_run_whose_folder_is_deleted_stops_at_once(desk: Desk, mailhost: MailHost) -> None:
    with under_way(desk, mailhost, 1) as first:
        shutil.rmtree(desk.record("spring"))
        said = answered(first, mailhost)

    assert said.code == 3, said.said
    assert f"without it the {SENT + 1} that were sent to would be mailed again" in said.err
    assert len(mailhost.receivers) == SENT + 1


def test_looking_on_from_another_shell_does_not_end_a_run(desk: Desk, mailhost: MailHost) -> None:
    with under_way(desk, mailhost, 1) as first:
        for verb in ("status", "report", "plan", "check"):
            desk.call(verb, "spring.yaml")
        said = answered(first, mailhost)

    assert said.code == 0, said.said
    assert len(mailhost.receivers) == len(set(mailhost.receivers)) == PEOPLE
