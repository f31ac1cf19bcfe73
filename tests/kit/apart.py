"""A machine to be thrown away: this one's files, whose changes nobody else sees, processes of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.kit.nobody import ROOT

BASE = Path(sys.base_prefix).resolve()
PATH = {"PATH": f"{BASE}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
APART = (
    *("unshare", "--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc", "--cgroup"),
    *("--propagation", "private"),
)
# What others may not enter (/root, mostly) is open here, so that its Python can be run by all.
BEGIN = """
set -eu
mount -t tmpfs -o mode=755 tmpfs {folder}
mkdir {folder}/changes {folder}/work {folder}/root
mount -t overlay overlay -o lowerdir=/,upperdir={folder}/changes,workdir={folder}/work {folder}/root
cd {folder}/root
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p out old
chmod a+x {above}
mount --rbind {base} .{base}
mount --bind {out} out
pivot_root . old
"""
END = "umount -l /old\nmount --make-rshared /\n"


@cache
def why_not() -> str:
    """Why this machine lets the tests make none, "" where it does."""
    if shutil.which("unshare") is None:
        return "unshare is not installed"
    words = [*APART, "sh", "-euc", "mount -t tmpfs tmpfs /mnt; mkdir /mnt/u /mnt/w /mnt/r; "]
    words[-1] += "mount -t overlay o -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r"
    tried = subprocess.run(words, capture_output=True, text=True, check=False)
    return tried.stderr.strip() if tried.returncode else ""


def started(folder: Path, out: Path, script: str) -> subprocess.Popen[str]:
    """The machine runs this script, as root, with this checkout at $SOURCE and the folder `out` at /out; it
    calls `leave` where it needs that no more. `folder` is an empty one, to put the machine's files under."""
    if why := why_not():
        pytest.skip(f"no machine of their own for the tests: {why}")
    above = " ".join(f".{one}" for one in (*BASE.parents[:-1], BASE))
    begin = BEGIN.format(folder=folder, base=BASE, above=above, out=out)
    whole = f"{begin}\nSOURCE=/old{ROOT}\nleave() {{ {END} }}\n{script}"
    return subprocess.Popen(
        [*APART, "bash", "-c", whole],
        env=PATH | {name: value for name, value in os.environ.items() if name.startswith("PIP_")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
