"""Writes benchmarks/README.md: the machine, the date, what is claimed and what was measured."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Result, markdown
from benchmarks.picture import FILE

HEAD = """\
# Benchmarks

What this project claims about speed and memory, measured. `make bench` runs all of it and writes this
file anew. One at a time: `python -m benchmarks.throughput --people 2000 --runs 1 --only sendbatch,go`.
Where the time goes: `python -m benchmarks.profile --functions 40`. What a change costs:
`python -m benchmarks.against CHECKOUT`. No test asserts a time: a slow machine is no fault of the code.
"""

SETTING = """\
## The setting

Personalised HTML of about 2.3 KB with a loop and branches, text of 1 KB, ten connections, a sink on
loopback (Postfix's `smtp-sink` where it is installed). Every address is validated and every outcome is
durable, on the disk of the checkout; the program is compiled to bytecode, as an installed one is. A rate
is that of the whole `sendbatch run` command, start-up and planning included; that of the loops, of
nodemailer and of Go begins after their start. Runs alternate between sendbatch and its peers; figures are
medians, with the least and the greatest beside them. Slower peers send fewer messages: rates are
compared, not totals. Ratios are taken within a run. Processor time is the least of all runs.

The yardstick is smtp-source of Postfix, in C, with one fixed message as long as ours: it renders nothing
and records nothing. The Go program is written for this comparison, with Go's own libraries and no record.
The letter that cannot be planned says the same by macros and a namespace, and is built by the workers.
The other letters say the same too: one in Markdown, in the default layout, with pictures of 20 and 60 KB;
one with classes and 8 KB of CSS, inlined.
The system's Python runs the same command with the same locked requirements; Debian's is built with PGO
and LTO, though its configuration does not say so.
"""


# What hashing, TLS and the searching of text are quick by.
ABILITIES = ("aes", "vaes", "sha_ni", "avx", "avx2", "avx512f", "avx512_vnni", "bmi2", "hypervisor")


def machine() -> list[tuple[str, str]]:
    """What the figures depend on, as it is now."""
    return [
        ("date", time.strftime("%Y-%m-%d", time.gmtime())),
        ("cores", str(_cores())),
        ("CPU", _cpu()),
        ("what the CPU can do", _abilities()),
        ("memory", _memory()),
        ("system", _system()),
        (
            "Python",
            f"{platform.python_implementation()} {platform.python_version()}, {built_how()}",
        ),
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


def built_how() -> str:
    """How this interpreter was compiled; with profile-guided optimisation it is up to a fifth faster."""
    asked = sysconfig.get_config_var("CONFIG_ARGS") or ""
    ways = [
        f"{'with' if option in asked else 'without'} {name}"
        for name, option in (("PGO", "--enable-optimizations"), ("LTO", "--with-lto"))
    ]
    level = re.findall(r"-O\w+", sysconfig.get_config_var("PY_CFLAGS") or "")[-1:]
    return f"configured {' and '.join(ways)}{''.join(f', {flag}' for flag in level)}"


def _cpu() -> str:
    """What the kernel says of the first processor: hosts often name the family alone."""
    told = _processor()
    name = told.get("model name") or platform.processor() or platform.machine()
    more = [
        f"{field} {told[field]}" for field in ("cpu family", "model", "stepping") if field in told
    ]
    more += [f"cache {told['cache size']}"] if "cache size" in told else []
    more += [f"{float(told['cpu MHz']) / 1000:.1f} GHz"] if "cpu MHz" in told else []
    return f"{name} ({', '.join(more)})" if more else name


def _abilities() -> str:
    """Of the processor's instructions, those that tell its age."""
    flags = _processor().get("flags", "").split()
    return ", ".join(flag for flag in ABILITIES if flag in flags)


def _processor() -> dict[str, str]:
    """The fields of /proc/cpuinfo for the first; none where there is no such file."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    lines = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {field.strip(): value.strip() for field, _, value in lines}


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
