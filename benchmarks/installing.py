"""The peers, installed from the package registries into a folder that git ignores.

A peer that cannot be installed raises LeftOut with the reason; the others are measured all the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.setting import ROOT

PEERS = ROOT / "benchmarks" / ".peers"
PYTHON_PACKAGES = ("jinja2", "aiosmtplib", "mailmerge")
NODE_PACKAGES = ("nodemailer", "nunjucks")
SYSTEM = "/usr/bin"
PATIENCE = 300.0  # seconds for one installation


class LeftOut(Exception):
    """This peer cannot be measured here; the text says why."""


def python() -> Path:
    """The interpreter of a venv that has the peers written in Python. Raises LeftOut."""
    home = PEERS / "python"
    bin_ = home / "bin"
    if not _is_newer(home / "complete", Path(__file__)):
        shutil.rmtree(home, ignore_errors=True)
        PEERS.mkdir(exist_ok=True)
        _install([sys.executable, "-m", "venv", str(home)])
        _install([str(bin_ / "python"), "-m", "pip", "install", "--quiet", *PYTHON_PACKAGES])
        (home / "complete").touch()
    return bin_ / "python"


def node() -> tuple[str, dict[str, str]]:
    """Node.js, and the environment in which it finds the peers' packages. Raises LeftOut."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise LeftOut("Node.js with npm is not installed")
    home = PEERS / "node"
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        quiet = ("--no-audit", "--no-fund", "--loglevel=error")
        _install([npm, "install", "--prefix", str(home), *quiet, *NODE_PACKAGES])
        (home / "complete").touch()
    return node, {"NODE_PATH": str(home / "node_modules")}


def system_python() -> Path:
    """The interpreter of a venv of the system's own Python, with the locked requirements. Raises LeftOut."""
    system = shutil.which("python3", path=SYSTEM)
    if system is None:
        raise LeftOut(f"there is no python3 in {SYSTEM}")
    if os.path.realpath(system) == os.path.realpath(sys.executable):
        raise LeftOut(f"it is {system} that runs the benchmarks")
    if _said([system, "-c", "import sys; print(sys.version_info >= (3, 11))"]).strip() != "True":
        raise LeftOut(f"{system} is older than 3.11")
    home = PEERS / "system-python"
    bin_ = home / "bin"
    lock = ROOT / "requirements.txt"
    if not _is_newer(home / "complete", lock):
        shutil.rmtree(home, ignore_errors=True)
        PEERS.mkdir(exist_ok=True)
        _install([system, "-m", "venv", str(home)])
        _install([str(bin_ / "pip"), "install", "--quiet", "--require-hashes", "-r", str(lock)])
        (home / "complete").touch()
    return bin_ / "python"


def go(source: Path) -> Path:
    """A program in Go, compiled. Raises LeftOut."""
    compiler = shutil.which("go")
    if compiler is None:
        raise LeftOut("Go is not installed")
    program = PEERS / source.stem
    if not _is_newer(program, source):
        PEERS.mkdir(exist_ok=True)
        _install([compiler, "build", "-o", str(program), str(source)])
    return program


def smtp_source() -> str:
    """Postfix's generator of one fixed message. Raises LeftOut."""
    path = shutil.which(
        "smtp-source", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    )
    if path is None:
        raise LeftOut("smtp-source (of Postfix) is not installed")
    return path


def versions() -> list[str]:
    """Name and version of each peer that is installed."""
    found = []
    if (home := PEERS / "python" / "complete").exists():
        pip = [str(home.parent / "bin" / "python"), "-m", "pip", "list", "--format=json"]
        there = {p["name"].lower(): p["version"] for p in json.loads(_said(pip))}
        found += [f"{name} {there[name]}" for name in PYTHON_PACKAGES if name in there]
    for name in NODE_PACKAGES:
        file = PEERS / "node" / "node_modules" / name / "package.json"
        if file.exists():
            found.append(f"{name} {json.loads(file.read_text(encoding='utf-8'))['version']}")
    if (python := PEERS / "system-python" / "bin" / "python").exists():
        found.append(f"the system's {_said([str(python), '--version']).strip()}")
    if compiler := shutil.which("go"):
        found.append(f"Go {_said([compiler, 'env', 'GOVERSION']).strip().removeprefix('go')}")
    if node := shutil.which("node"):
        found.append(f"Node.js {_said([node, '--version']).strip().removeprefix('v')}")
    if postconf := shutil.which("postconf", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        found.append(f"Postfix {_said([postconf, '-d', '-h', 'mail_version']).strip()}")
    return found


def _is_newer(made: Path, source: Path) -> bool:
    return made.exists() and made.stat().st_mtime > source.stat().st_mtime


def _install(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LeftOut(f"cannot be installed: {error}") from None
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise LeftOut(f"cannot be installed: {''.join(last)}")


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout
