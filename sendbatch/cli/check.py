"""`sendbatch check`: reads everything, renders every recipient, sends nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.cli.masking import for_log
from sendbatch.errors import SendbatchError, as_json, inert, printable, shown
from sendbatch.findings import Finding, Groups
from sendbatch.values import Status
from sendbatch.words import count, rows

if TYPE_CHECKING:
    from sendbatch.campaign.model import Campaign
    from sendbatch.cli.calling import Calling
    from sendbatch.cli.terminal import Terminal
    from sendbatch.planning.options import Options
    from sendbatch.session.overview import Overview

MOST_ROWS = 20  # that are named where it is to be quiet

@opt.campaign_files
@click.option(
    "--format", "form", metavar="text|json|github", default="text", help="How it is told."
)
@opt.run
@opt.set_
@opt.smtp
@opt.expect
@opt.tolerate
@opt.strict
@opt.record
@opt.moved_from
@opt.quiet
@opt.no_progress
def check(
    files: tuple[Path, ...],
    *,
    form: str,
    run: str | None,
    set_: tuple[str, ...],
    smtp: str | None,
    expect: str | None,
    tolerate: str | None,
    strict: bool,
    record: Path | str | None,
    moved_from: str | None,
    quiet: bool,
    no_progress: bool,
) -> int:
    """Read everything, build every recipient's message, send nothing.

    Needs no password. Exits 1 with bad rows, 2 with faults, 4 when `expect` refuses.
    """
    from sendbatch.rendering.workers import Workers

    checks = []
    with Workers() as workers:  # first of all: it has as much to load as there is to load below
        from sendbatch.cli.calling import Calling
        from sendbatch.cli.terminal import Terminal
        from sendbatch.planning.options import Options

        given.one_of(form, ("text", "json", "github"), "--format")
        terminal = Terminal(quiet=quiet, progress=not no_progress and form == "text")
        options = Options(strict=strict, moved_from=moved_from)
        load = partial(given.load, run=run, set_=set_, smtp=smtp, expect=expect, tolerate=tolerate)
        calling = Calling(terminal, workers, record)
        for file in files:
            done = _check(file, load, options, calling)
            checks.append(done)
            if form == "github":
                _annotate(done)
            elif form == "text":
                _show(done, terminal)
    if form == "json":
        print(as_json([_as_json(done) for done in checks], indent=2))  # noqa: T201 - the result of this verb
    return max(done.code for done in checks)


class Checked(NamedTuple):
    """What became of one file; `overview` is None where it could not be looked at."""

    file: Path
    code: int
    findings: tuple[Finding, ...]
    overview: Overview | None = None


def _check(
    file: Path, load: Callable[[Path], Campaign], options: Options, calling: Calling
) -> Checked:
    from sendbatch import api

    try:
        campaign = load(file)
        with calling.under_way() as around:
            found = api.check(campaign, options=options, **around)
    except SendbatchError as error:
        return Checked(file, error.exit_code, error.findings)
    return Checked(file, found.exit_code, tuple(found.findings), found)


def _show(done: Checked, terminal: Terminal) -> None:
    if done.overview is None:
        for finding in done.findings:
            terminal.complain(str(finding))
        return
    terminal.planned(done.overview)
    if terminal.is_quiet and done.code:
        terminal.complain(faulty(done.file, done.overview))


def faulty(file: Path, found: Overview) -> str:
    """Why a plan is not well: how many rows, and by what is wrong the first of them."""
    invalid = found.totals.get(Status.INVALID, 0)
    rehearsal = found.rehearsal
    unbuildable = rehearsal.failed if rehearsal is not None else 0
    bad = [
        *([f"{count(invalid, 'row')} invalid"] if invalid else []),
        *([f"{count(unbuildable, 'message')} that cannot be built"] if unbuildable else []),
    ]
    lines = [f"{shown(file)}: {', '.join(bad)}"]
    if rehearsal is not None:
        named = (("invalid", rehearsal.invalid), ("failed", rehearsal.failures))
        lines += [f"  {what}: {_first_rows(groups)}" for what, groups in named if groups.number]
    return "\n".join(lines)


def _first_rows(groups: Groups) -> str:
    found = sorted({row for group in groups for row, _ in group.rows})
    return rows(found[:MOST_ROWS], groups.number)


def _annotate(done: Checked) -> None:
    for finding in done.findings:
        print(for_log(_annotation(finding)))  # noqa: T201 - the result of this verb


def _annotation(finding: Finding) -> str:
    """A workflow command, escaped as GitHub's documentation of them says."""
    place = finding.place
    where = [
        f"{name}={_escaped(str(value), ',:')}"
        for name, value in (
            ("file", place.file if place else None),
            ("line", place.line if place else None),
            ("col", place.column if place else None),
            ("title", finding.rule),
        )
        if value is not None
    ]
    text = finding.message if finding.hint is None else f"{finding.message} ({finding.hint})"
    return "::" + inert(f"{finding.severity} {','.join(where)}::{_escaped(text)}")


def _escaped(text: str, also: str = "") -> str:
    text = printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    for mark in also:
        text = text.replace(mark, f"%{ord(mark):02X}")
    return text


def _as_json(done: Checked) -> dict[str, object]:
    found = done.overview
    return {
        "file": str(done.file),
        "exit_code": done.code,
        "totals": dict(found.totals) if found is not None else None,
        "sendable": found.sendable if found is not None else None,
        "versions": _versions(found) if found is not None else None,
        "by_fallback": _by_fallback(found) if found is not None else None,
        "faults": [_finding_as_json(finding) for finding in done.findings],
    }


def _versions(found: Overview) -> dict[str, dict[str, int]]:
    """How many get which, by the key that tells them apart."""
    return {
        axis.what: {one.name: one.number for one in axis.shares} for axis in found.versions
    }


def _by_fallback(found: Overview) -> list[dict[str, object]]:
    """The commonest values that lead to no file, so that the fallback's are taken."""
    return [
        {"asked": dict(zip(axis.asked.expressions, map(for_log, values), strict=True)), "rows": number}
        for axis in found.versions
        if axis.asked is not None
        for values, number in axis.asked.values
    ]


def _finding_as_json(finding: Finding) -> dict[str, object]:
    place = finding.place
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": for_log(finding.message),
        "hint": for_log(finding.hint) if finding.hint is not None else None,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }
