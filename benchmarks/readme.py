"""Writes benchmarks/README.md: the machine, the date, what is claimed and what was measured."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Result, markdown
from benchmarks.picture import FILE

HEAD = """\
# Benchmarks

What this project claims about speed and memory, measured. `make bench` runs all of it and writes this
file anew; one at a time: `python -m benchmarks.throughput --people 2000 --runs 1`. No test asserts a
time: a slow machine is no fault of the code.
"""

SETTING = """\
## The setting

Personalised HTML of about 2.3 KB with a loop and branches, text of 1 KB, ten connections, a sink on
loopback (Postfix's `smtp-sink` where it is installed). Every address is validated and every outcome is
durable, on the disk of the checkout. A rate is that of the whole `sendbatch run` command, start-up and
planning included; that of the loops and of nodemailer begins after their imports. Runs alternate
between sendbatch and its peers; figures are medians, with the least and the greatest beside them.
Slower peers send fewer messages: rates are compared, not totals. Ratios are taken within a run.
"""


def machine() -> list[tuple[str, str]]:
    """What the figures depend on, as it is now."""
    return [
        ("date", time.strftime("%Y-%m-%d", time.gmtime())),
        ("cores", str(_cores())),
        ("CPU", _cpu()),
        ("memory", _memory()),
        ("system", _system()),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("SQLite", sqlite3.sqlite_version),
        ("load before (1, 5, 15 min)", _load()),
    ]


def text(
    machine: Sequence[tuple[str, str]],
    results: Sequence[Result],
    failed: Sequence[str],
    *,
    small: bool,
    has_picture: bool,
) -> str:
    claims = [("what", "asked at least", "aim", "measured", "met")]
    claims += [(c.what, c.asked, c.aim, c.measured, c.verdict) for r in results for c in r.claims]
    versions = next((", ".join(r.versions) for r in results if r.versions), "")
    facts = [*machine, ("peers", versions)] if versions else machine
    parts = [HEAD]
    if small:
        parts.append("**These are figures of small runs (`--people`): a trial, and no result.**\n")
    if has_picture:
        parts.append(f"![Messages a second, sendbatch and other senders]({FILE})\n")
    parts.append(_table(claims))
    if failed:
        parts.append("Could not be measured:\n\n" + "".join(f"- {line}\n" for line in failed))
    parts.append("## The machine\n\n" + _table([("", ""), *[(k, v) for k, v in facts if v]]))
    parts.append(SETTING)
    parts += [_section(result) for result in results]
    return "\n".join(parts)


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    """A table of words: everything to the left."""
    return markdown(rows).replace("---:", "---") + "\n"


def _section(result: Result) -> str:
    title, _, setting = result.title.partition(": ")
    left_out = "".join(f"\nLeft out: {line}.\n" for line in result.left_out)
    return f"## {title}\n\n{setting}.\n\n{markdown(result.rows)}\n{left_out}"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _load() -> str:
    """How busy the machine was with other work."""
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())


def _memory() -> str:
    try:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return ""
    return f"{size / 1e9:.0f} GB"


def _system() -> str:
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        name = platform.system()
    return f"{name}, kernel {platform.release()}"
