"""A record that this user may not write or read: whose it is is said, and no other one is advised."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Needs
from tests.kit.command import PEOPLE, Desk, Ended, ended
from tests.kit.mailhost import MailHost

pytestmark = pytest.mark.thorough

STRANGER = 65534
VERBS = [
    ("run", "spring.yaml", "--yes"),
    ("run", "spring.yaml", "--dry-run"),
    ("plan", "spring.yaml"),
    ("check", "spring.yaml"),
    ("proof", "spring.yaml", "--to", "eve@example.com"),
    ("status", "spring.yaml"),
    ("report", "spring.yaml"),
    ("resolve", "spring.yaml", "ada@example.com", "--as", "pending"),
]
FEW = [verb for verb in VERBS if verb[0] in ("plan", "status") or "--yes" in verb]
RUN, RESOLVE = VERBS[0], VERBS[-1]
AsUser = Callable[..., Ended]


@pytest.fixture
def as_user(desk: Desk, needs: Needs) -> AsUser:
    """The command as one for whom rights hold: root's are taken from a root who runs these tests."""
    prefix: list[str] = []
    if os.geteuid() == 0:
        setpriv = needs("setpriv", "rights are tried as a user for whom they hold")
        prefix = [setpriv, "--bounding-set=-dac_override,-dac_read_search"]

    def call(*words: object) -> Ended:
        process = subprocess.Popen(
            [*prefix, *desk.command(*words)],
            cwd=desk.folder,
            env=desk.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return ended(process)

    return call


@pytest.fixture
def sent(desk: Desk, mailhost: MailHost) -> Path:
    """The folder of a record of three, one of them accepted."""
    mailhost.take_over(desk)
    assert desk.run("run", "spring.yaml", "--yes", "--limit", "1").code == 0
    return desk.record("spring")


def refused(told: Ended) -> str:
    assert told.code == 2
    assert told.out == ""
    assert "the record cannot be used" in told.err
    assert "--record" not in told.err
    return told.err


@pytest.mark.parametrize(
    ("barred", "verb"),
    [("reports/spring/ledger.sqlite", verb) for verb in VERBS]
    + [(folder, verb) for folder in ("reports", "reports/spring") for verb in FEW],
)
def test_a_record_without_rights_ends_every_verb_with_what_to_do(
    desk: Desk, mailhost: MailHost, sent: Path, as_user: AsUser, barred: str, verb: tuple[str, ...]
) -> None:
    place = desk.folder / barred
    before = place.stat().st_mode
    place.chmod(0)
    said = refused(as_user(*verb))
    place.chmod(before)
    assert f"{barred}: its rights (0000)" in said
    what = "the record is here" if place.is_file() else "whether a record is in it cannot be seen"
    assert what in said
    assert len(mailhost.receivers) == 1


def test_what_is_said_to_do_helps(
    desk: Desk, mailhost: MailHost, sent: Path, as_user: AsUser
) -> None:
    for path in (sent / "ledger.sqlite", sent):
        path.chmod(0)
    said = refused(as_user("run", "spring.yaml", "--yes"))
    todo = said.partition("give yourself the rights: ")[2].splitlines()[0]
    subprocess.run(todo, shell=True, cwd=desk.folder, check=True)
    assert as_user("run", "spring.yaml", "--yes").code == 0
    assert sorted(mailhost.receivers) == sorted(row.partition(",")[0] for row in PEOPLE.split()[1:])


@pytest.mark.parametrize(
    ("name", "verb"),
    [
        ("ledger.sqlite", RUN),
        ("lock", RUN),
        ("lock", RESOLVE),
        ("ledger.sqlite", RESOLVE),
        (".", RUN),
    ],
)
def test_one_that_can_only_be_read_is_not_written(
    mailhost: MailHost, sent: Path, as_user: AsUser, name: str, verb: tuple[str, ...]
) -> None:
    (sent / name).chmod(0o500 if name == "." else 0o400)
    assert "the record is here" in refused(as_user(*verb))
    assert as_user("status", "spring.yaml").code == 3
    assert as_user("plan", "spring.yaml").code == 0
    rehearsed = as_user("run", "spring.yaml", "--dry-run")
    assert rehearsed.code == 0
    assert "the gallery is not written: reports/spring: " in rehearsed.err
    sent.chmod(0o700)
    assert len(mailhost.receivers) == 1


@pytest.mark.parametrize("verb", FEW)
def test_anothers_folder_is_said_to_be_theirs(
    desk: Desk, mailhost: MailHost, as_user: AsUser, verb: tuple[str, ...]
) -> None:
    mailhost.take_over(desk)
    place = Path("/root/reports")  # root's alone on every system
    if os.geteuid() == 0:
        place = desk.folder / "theirs"
        place.mkdir(mode=0o700)
        os.chown(place, STRANGER, STRANGER)
    said = refused(as_user(*verb, f"--record={place}"))
    assert "belongs to " in said
    assert "(uid " in said
    assert "whether a record is in it cannot be seen" in said
    assert mailhost.receivers == []


def test_where_there_certainly_is_none_another_folder_may_be_taken(
    desk: Desk, mailhost: MailHost, as_user: AsUser
) -> None:
    mailhost.take_over(desk)
    desk.folder.chmod(0o500)
    told = as_user("run", "spring.yaml", "--yes")
    desk.folder.chmod(0o700)
    assert told.code == 2
    assert "choose another folder: --record DIR or SENDBATCH_RECORD=DIR " in told.err
    assert "(there is no record here)" in told.err
    assert "chmod" in told.err
    assert mailhost.receivers == []


def test_editions_that_cannot_be_listed_are_not_taken_for_none(
    desk: Desk, mailhost: MailHost, as_user: AsUser
) -> None:
    mailhost.take_over(desk)
    assert desk.run("run", "spring.yaml", "--yes", "--run", "1").code == 0
    desk.record("spring@1").chmod(0)
    told = as_user("run", "spring.yaml", "--yes")
    desk.record("spring@1").chmod(0o700)
    assert told.code == 4
    assert "--run 1" in told.err
    assert len(mailhost.receivers) == 3
