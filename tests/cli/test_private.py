"""What a call leaves on the disk and on loopback is for its user alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.command import Desk
from tests.kit.mailhost import MailHost

FIRST = [
    ("proof", "spring.yaml", "--to", "me@example.com"),
    ("run", "spring.yaml"),
    ("run", "spring.yaml", "--dry-run"),
]


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder.parent)): stat.S_IMODE(path.stat().st_mode)
        for path in (folder, *folder.rglob("*"))
    }


@pytest.mark.parametrize("words", FIRST, ids=lambda words: " ".join(words[::2]))
@pytest.mark.usefixtures("open_umask")
def test_whatever_verb_comes_first_the_reports_are_private_and_not_for_version_control(
    desk: Desk, words: tuple[str, ...]
) -> None:
    assert desk.run(*words).code == 0
    reports = desk.folder / "reports"
    assert (reports / ".gitignore").read_text() == "*\n"
    wide = {name: oct(mode) for name, mode in modes(reports).items() if mode & 0o077}
    assert wide == {}


@pytest.mark.usefixtures("open_umask")
def test_what_accounts_have_used_is_private_too(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    state = modes(Path(desk.environ["XDG_STATE_HOME"]) / "sendbatch")
    assert "sendbatch/alive" in state
    assert {name: oct(mode) for name, mode in state.items() if mode & 0o077} == {}


@pytest.mark.usefixtures("open_umask")
def test_the_folder_of_a_record_that_others_could_enter_is_closed_to_them(desk: Desk) -> None:
    (desk.folder / "reports" / "spring.sandbox" / "outbox").mkdir(parents=True)
    assert desk.run("proof", "spring.yaml", "--to", "me@example.com").code == 0
    assert stat.S_IMODE(desk.record().stat().st_mode) == 0o750
