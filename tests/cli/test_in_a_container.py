"""Users without a home or a name, disks that are read-only, no folder for temporary files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sendbatch.runtime.paths import config_folder, state_folder
from tests.kit.command import Desk, Ended, ended
from tests.kit.loopback import closed_port
from tests.kit.mailhost import MailHost
from tests.kit.thoroughness import thoroughly

NAMELESS = ("--user", "--map-user=12345", "--map-group=12345")
MOUNTING = ("--user", "--map-root-user", "--mount")
BARE = {"PATH": "/usr/bin:/bin"}
# What only looks, and needs no folder for anything.
LOOKING = (
    ("check", "spring.yaml"),
    ("plan", "spring.yaml"),
    ("run", "spring.yaml", "--dry-run"),
    ("schema",),
    ("--help",),
)


def can_unshare(*words: str) -> bool:
    tool = shutil.which("unshare")
    return tool is not None and subprocess.run([tool, *words, "true"], check=False).returncode == 0


namespaces = pytest.mark.skipif(
    not can_unshare(*NAMELESS), reason="the system lets nobody make a user namespace"
)
read_only = pytest.mark.skipif(
    not can_unshare(*MOUNTING),
    reason="the system lets nobody mount in a namespace of their own",
)


def called(desk: Desk, words: tuple[str, ...], around: list[str], environ: dict[str, str]) -> Ended:
    """The command in a process of its own, in this environment and no other, behind the words `around`."""
    process = subprocess.Popen(
        [*around, *desk.command(*words)],
        cwd=desk.folder,
        env=BARE | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return ended(process)


def nameless(desk: Desk, *words: str, **environ: str) -> Ended:
    """As a user that /etc/passwd does not know, without HOME."""
    return called(desk, words, ["unshare", *NAMELESS], environ)


# All that is mounted becomes read-only, but for one folder.
READ_ONLY = """
[ -z "$1" ] || mount --bind "$1" "$1"
while read -r _ point _; do
  case $point in "$1"|/proc*|/sys*) ;; *) mount -o remount,bind,ro "$point" 2>/dev/null ;; esac
done < /proc/self/mounts
shift; exec "$@"
"""


def on_a_read_only_disk(desk: Desk, *words: str, writable: object = "", **environ: str) -> Ended:
    """Where nothing can be written, but for one folder; nor is there a home."""
    around = ["unshare", *MOUNTING, "sh", "-c", READ_ONLY, "sh", str(writable)]
    return called(desk, words, around, environ)


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """This process has this HOME, or none and a uid without an entry."""

    def with_home(home: str | None) -> None:
        for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name, raising=False)
        if home is None:
            monkeypatch.delenv("HOME", raising=False)
        else:
            monkeypatch.setenv("HOME", home)

    return with_home


@pytest.mark.thorough
@namespaces
@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_what_only_looks_needs_neither_a_home_nor_a_name(
    desk: Desk, mailhost: MailHost, words: tuple[str, ...]
) -> None:
    mailhost.take_over(desk, more="rate: 300/day\n")
    told = nameless(desk, *words)
    assert told.code == 0, told.said
    assert "~" not in os.listdir(desk.folder)


@namespaces
def test_without_a_home_there_is_no_keyring_and_that_is_said(
    desk: Desk, mailhost: MailHost
) -> None:
    pytest.importorskip("keyring")
    mailhost.take_over(desk)
    login = "    username: ada\n    keyring: smtp\n"
    desk.write("profiles.yaml", mailhost.profiles + login)
    told = nameless(desk, "run", "spring.yaml", "--yes", XDG_STATE_HOME=str(desk.folder / "state"))
    assert told.code == 2
    assert "a user without a home has no keyring" in told.err


@namespaces
@pytest.mark.thorough
def test_a_run_without_a_home_says_which_variable_names_a_folder_and_that_one_is_used(
    desk: Desk, mailhost: MailHost, tmp_path: Path
) -> None:
    mailhost.take_over(desk)
    told = nameless(desk, "run", "spring.yaml", "--yes")
    assert told.code == 2
    assert "HOME is not set, and uid 12345 has no home of its own" in told.err
    assert "XDG_STATE_HOME=DIR in the environment, or usage: FILE in the profile" in told.err
    assert not (desk.folder / "reports").exists()

    told = nameless(desk, "run", "spring.yaml", "--yes", XDG_STATE_HOME=str(tmp_path / "volume"))
    assert told.code == 0, told.said
    assert (tmp_path / "volume/sendbatch/usage.sqlite").exists()
    assert len(mailhost.receivers) == 3
    for words in (("status", "spring.yaml"), ("report", "spring.yaml")):
        assert nameless(desk, *words).code == 0


@pytest.mark.parametrize("home", ["/nonexistent", *thoroughly("/", "/proc", "~", "")])
def test_a_home_that_is_none_is_no_reason_to_refuse_a_look(
    desk: Desk, mailhost: MailHost, homeless: Callable[[str | None], None], home: str
) -> None:
    mailhost.take_over(desk, more="rate: 300/day\n")
    homeless(home)
    for words in (("check", "spring.yaml"), ("plan", "spring.yaml")):
        assert desk.run(*words).code == 0
    assert "~" not in os.listdir(desk.folder)


def test_a_look_makes_no_file_for_what_accounts_use(
    desk: Desk, mailhost: MailHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    mailhost.take_over(desk, more="rate: 300/day\n")
    told = desk.run("plan", "spring.yaml")
    assert "0 of 300 a day used" in told.said
    assert not (tmp_path / "state").exists()


def test_a_use_that_cannot_be_read_is_said_to_be_unknown(
    desk: Desk, mailhost: MailHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    desk.write(str(tmp_path / "state/sendbatch/usage.sqlite"), "no database")
    mailhost.take_over(desk, more="rate: 300/day\n")
    told = desk.run("plan", "spring.yaml")
    assert told.code == 0
    assert "how much of the quota is used is not known" in told.said
    assert "of 300" not in told.said
    assert desk.run("run", "spring.yaml", "--yes").code == 2


def test_a_folder_of_the_user_is_absolute_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    monkeypatch.setenv("XDG_CONFIG_HOME", "config")
    monkeypatch.setenv("HOME", "home")
    for folder in (state_folder(), config_folder()):
        assert folder is None or folder.is_absolute()


@pytest.mark.thorough
@read_only
@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_what_only_looks_needs_no_disk(
    desk: Desk, mailhost: MailHost, words: tuple[str, ...]
) -> None:
    mailhost.take_over(desk, more="rate: 300/day\n")
    told = on_a_read_only_disk(desk, *words)
    assert told.code == 0, told.said
    if "--dry-run" in words:
        assert "the gallery is not written" in told.err
        assert "mounted read-only" in told.err


@pytest.mark.thorough
@read_only
def test_a_run_on_a_read_only_disk_names_what_to_set_until_it_sends(
    desk: Desk, mailhost: MailHost, tmp_path: Path
) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    mailhost.take_over(desk)
    words = ("run", "spring.yaml", "--yes")
    told = on_a_read_only_disk(desk, *words, writable=volume)
    assert told.code == 2
    assert "XDG_STATE_HOME=DIR" in told.err
    kept = {"XDG_STATE_HOME": str(volume)}
    told = on_a_read_only_disk(desk, *words, writable=volume, **kept)
    assert told.code == 2
    assert "mounted read-only" in told.err
    assert "--record DIR or SENDBATCH_RECORD=DIR   (there is no record here)" in told.err
    assert mailhost.receivers == []
    kept["SENDBATCH_RECORD"] = str(volume)
    told = on_a_read_only_disk(desk, *words, writable=volume, **kept)
    assert told.code == 0, told.said
    assert len(mailhost.receivers) == 3
    for verb in ("status", "report", "plan", "check"):
        assert on_a_read_only_disk(desk, verb, "spring.yaml", **kept).code == 0


@pytest.mark.thorough
@read_only
def test_a_long_list_needs_no_folder_for_temporary_files(
    desk: Desk, mailhost: MailHost, tmp_path: Path
) -> None:
    """SQLite would want one: for what it sorts, and for what it may have to undo."""
    (volume := tmp_path / "volume").mkdir()
    mailhost.take_over(desk)
    desk.write("profiles.yaml", mailhost.profiles.replace(str(mailhost.port), str(closed_port())))
    desk.people(12_000)
    kept = {"SENDBATCH_RECORD": str(volume), "XDG_STATE_HOME": str(volume)}
    told = on_a_read_only_disk(desk, "run", "spring.yaml", "--yes", writable=volume, **kept)
    assert "nobody listens" in told.err  # it was planned


@pytest.mark.thorough
@read_only
def test_where_a_record_lies_on_the_read_only_disk_no_other_is_advised(
    desk: Desk, mailhost: MailHost, tmp_path: Path
) -> None:
    mailhost.take_over(desk)
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    desk.people(5)
    state = tmp_path / "state"
    state.mkdir()
    told = on_a_read_only_disk(
        desk, "run", "spring.yaml", "--yes", writable=state, XDG_STATE_HOME=str(state)
    )
    assert told.code == 2
    assert "--record" not in told.err
    assert "mail them again" in told.err
    told = on_a_read_only_disk(desk, "plan", "spring.yaml")
    assert told.code == 0, told.said
    assert "5 to send" in told.said


@pytest.mark.own_workers
def test_a_python_that_cannot_be_started_again_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(desk.folder / "python"))
    told = desk.run("check", "spring.yaml")
    assert told.code == 2
    assert f"{desk.folder}/python: the Python that sendbatch runs on cannot be started" in told.err
