"""What a step of a job on GitHub leaves behind: Markdown in the job's summary, and outputs for later steps.

Both are files that the runner names (`GITHUB_STEP_SUMMARY`, `GITHUB_OUTPUT`) and reads when the step is
over. A file that cannot be written is said, and changes nothing else. What is written is added to what
stands there, and is taken back where it was written in part only: GitHub refuses a file that it cannot
read, with all that it holds.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

from sendbatch.errors import one_line
from sendbatch.values import Status

if TYPE_CHECKING:
    from sendbatch.session.overview import Overview

SUMMARY, OUTPUT = "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"
MOST = 1024 * 1024  # bytes of a step's summary; a longer one is refused as a whole

# A link is not followed, and a pipe that nobody reads is not waited for.
_ADDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def is_here() -> bool:
    """Whether there is a runner that reads either."""
    return bool(os.environ.get(SUMMARY) or os.environ.get(OUTPUT))


def wants_summary() -> bool:
    return bool(os.environ.get(SUMMARY))


def leave(plan: Overview, complain: Callable[[str], None]) -> None:
    """What is known of a plan."""
    if not is_here():
        return
    from sendbatch.cli.plan_markdown import markdown

    output(figures(plan), complain)
    if wants_summary():
        summarise(markdown(plan), complain)


def warn(text: str) -> None:
    """Beside the job, in the page of its run. GitHub reads it from either stream."""
    if os.environ.get("GITHUB_ACTIONS", "").lower() == "true":
        click.echo(f"::warning title=sendbatch::{one_line(text)}", err=True)


def figures(plan: Overview) -> dict[str, object]:
    """Who has the mail by now, and how many could be sent to, where the record was asked; the digest of a
    plan that was written."""
    digest: dict[str, object] = {} if plan.digest is None else {"plan-digest": plan.digest}
    if not plan.is_read:
        return digest
    remaining = plan.sendable + plan.left_over
    return {"sent": plan.totals.get(Status.ACCEPTED, 0), "remaining": remaining, **digest}


def summarise(markdown: str, complain: Callable[[str], None]) -> None:
    """Add this to the summary of the step, cut where there is no more room: other commands of the step
    may have written theirs before."""
    if not (path := os.environ.get(SUMMARY)):
        return

    def fitting(size: int) -> bytes:
        from sendbatch.reports.spans import within

        between = "\n" if size else ""
        room = MOST - size - 1
        text = within(markdown, max(room, 0))
        if not text:
            raise OSError(f"the summary of this step is full: {size:,} bytes stand in it")
        return f"{between}{text}".encode(errors="replace")

    _add(SUMMARY, path, fitting, complain)


def output(values: Mapping[str, object], complain: Callable[[str], None]) -> None:
    """Set outputs of the step. No value can pass for another output, whatever is in it."""
    if not (path := os.environ.get(OUTPUT)):
        return
    lines = "".join(f"{_line(name, str(value))}\n" for name, value in values.items())
    _add(OUTPUT, path, lambda size: lines.encode(errors="surrogateescape"), complain)


def _line(name: str, value: str) -> str:
    if value.isascii() and value.isprintable():
        return f"{name}={value}"
    import secrets

    end = f"sendbatch_{secrets.token_hex(16)}"  # nobody can know it, and write it into a value
    return f"{name}<<{end}\n{value}\n{end}"


def _add(
    name: str, path: str, data: Callable[[int], bytes], complain: Callable[[str], None]
) -> None:
    """Behind what stands in the file, all or nothing; `data` is told how much that is."""
    try:
        descriptor = os.open(path, _ADDING, 0o600)
        try:
            _add_to(descriptor, data)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:  # a name with a NUL in it is no OSError
        why = getattr(error, "strerror", None) or str(error)
        where = f"{name} ({one_line(path, 200)})"
        complain(f"{where} cannot be written: {one_line(why, 200)}; all else is as it was")


def _add_to(descriptor: int, data: Callable[[int], bytes]) -> None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise OSError("it is no file")
    left = memoryview(data(found.st_size))
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        os.ftruncate(descriptor, found.st_size)
        raise
