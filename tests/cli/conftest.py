"""The command line's tests work in a folder of their own, and never in the user's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.command import HTML, PEOPLE, TEXT, Desk
from tests.kit.mailhost import MailHost


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment in which state, configuration and home are in tmp_path."""
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(("SENDBATCH", "SMTP_")) or name in ("FORCE_COLOR", "NO_COLOR"):
            monkeypatch.delenv(name)
    for name, folder in (
        ("HOME", home),
        ("XDG_STATE_HOME", home / "state"),
        ("XDG_CONFIG_HOME", home / "config"),
    ):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return dict(os.environ)


@pytest.fixture
def desk(
    tmp_path: Path,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    """A small campaign of three recipients through the sandbox."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    desk = Desk(folder, environ, capsys)
    desk.campaign()
    desk.write("people.csv", PEOPLE)
    desk.write("spring.html", HTML)
    desk.write("spring.txt", TEXT)
    return desk


@pytest.fixture
def mailhost() -> Iterator[MailHost]:
    """A server on loopback that stands for one that delivers."""
    with MailHost() as host:
        yield host
