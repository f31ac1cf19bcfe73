"""A command as a user with no rights and no home: as in a container, a unit of systemd, a job of a CI."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

UID = 65534  # nobody
ROOT = Path(__file__).parents[2]
BARE = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "LANG": "C.UTF-8"}
# What is needed of a folder that others may not enter (/root, mostly) is put into an empty one, which this
# process alone sees.
COVER = """
saved=$(mktemp -d)
{save}
mount -t tmpfs -o mode=755 tmpfs {closed}
{restore}
rmdir "$saved"
"""


@cache
def can_become_nobody() -> bool:
    """Whether this machine lets the tests be another user: where they are run by root, with util-linux."""
    if os.getuid() != 0 or not (shutil.which("setpriv") and shutil.which("unshare")):
        return False
    return subprocess.run([*_words(), "true"], check=False, capture_output=True).returncode == 0


@cache
def as_nobody() -> list[str]:
    """The words before a command that make it nobody's; none where the tests themselves have no rights: it is
    theirs then."""
    if os.getuid() == 0 and not can_become_nobody():
        pytest.skip("the tests are root's, and cannot become nobody (setpriv, unshare, mount)")
    return _words() if os.getuid() == 0 else []


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """An empty folder that is nobody's, with nothing closed above it; the tests' own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="sendbatch-nobody-"))
    try:
        give(folder)
        yield folder
    finally:
        shutil.rmtree(folder)


def give(folder: Path) -> None:
    """All of it becomes nobody's."""
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, UID, UID, follow_symlinks=False)


def _words() -> list[str]:
    script = "".join(_covered(closed, inside) for closed, inside in _closed().items())
    become = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--no-new-privs"]
    script = f'set -e\n{script}exec {shlex.join(become)} "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]


def _closed() -> dict[Path, list[Path]]:
    """The topmost folders that others may not enter, and what is needed of each."""
    found: dict[Path, list[Path]] = {}
    for needed in {Path(path).resolve() for path in (sys.base_prefix, sys.prefix, ROOT)}:
        above = [folder for folder in reversed(needed.parents) if not folder.stat().st_mode & 0o001]
        if above:
            found.setdefault(above[0], []).append(needed)
    return found


def _covered(closed: Path, inside: list[Path]) -> str:
    places = [(shlex.quote(str(path)), f'"$saved/{n}"') for n, path in enumerate(inside)]
    save = [f"mkdir {there}; mount --bind {here} {there}" for here, there in places]
    restore = [
        f"mkdir -p {here}; mount --bind {there} {here}; umount {there}; rmdir {there}"
        for here, there in places
    ]
    return COVER.format(
        closed=shlex.quote(str(closed)), save="\n".join(save), restore="\n".join(restore)
    )
