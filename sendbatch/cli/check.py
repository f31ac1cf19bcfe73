"""`sendbatch check`: reads everything, renders every recipient, sends nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendbatch.cli import options as opt
from sendbatch.cli.masking import for_log
from sendbatch.errors import SendbatchError, as_json, inert, printable, shown
from sendbatch.findings import Finding
from sendbatch.values import Status
from sendbatch.words import count

if TYPE_CHECKING:
    from sendbatch.cli.terminal import Terminal
    from sendbatch.planning.options import Options
    from sendbatch.rendering.workers import Workers
    from sendbatch.session.overview import Seen


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Campaign files.")],
    form: Annotated[
        str, typer.Option("--format", metavar="text|json|github", help="How it is told.")
    ] = "text",
    run: opt.Run = None,
    set_: opt.Set = None,
    smtp: opt.Smtp = None,
    expect: opt.Expect = None,
    tolerate: opt.Tolerate = None,
    strict: opt.Strict = False,
    record: opt.Record = None,
    moved_from: opt.MovedFrom = None,
    quiet: opt.Quiet = False,
    no_progress: opt.NoProgress = False,
) -> None:
    """Read everything, build every recipient's message, send nothing.

    Needs no password. Exits 1 with bad rows, 2 with faults, 4 when `expect` refuses.
    """
    from sendbatch.cli.terminal import Terminal
    from sendbatch.planning.options import Options
    from sendbatch.rendering.workers import Workers

    opt.one_of(form, ("text", "json", "github"), "--format")
    terminal = Terminal(quiet=quiet, progress=not no_progress and form == "text")
    options = Options(strict=strict, moved_from=moved_from)
    worst, results = 0, []
    with Workers() as workers:  # loads while the first campaign is read
        for file in files:
            seen: Seen | None = None
            findings: tuple[Finding, ...] = ()
            try:
                seen = _look(
                    file, terminal, workers, options, record, run, set_, smtp, expect, tolerate
                )
            except SendbatchError as error:
                code, findings = error.exit_code, error.findings
            else:
                code = seen.exit_code
                findings = seen.findings
            worst = max(worst, code)
            if form == "json":
                results.append(_as_json(file, code, findings, seen))
            else:
                _print(file, form, findings, seen, terminal)
    if form == "json":
        print(as_json(results, indent=2))  # noqa: T201 - the result of this verb
    raise typer.Exit(worst)


def _look(
    file: Path,
    terminal: Terminal,
    workers: Workers,
    options: Options,
    record: Path | None,
    run: str | None,
    set_: list[str] | None,
    smtp: str | None,
    expect: str | None,
    tolerate: str | None,
) -> Seen:
    from sendbatch import api
    from sendbatch.cli.terminal import stoppable
    from sendbatch.runtime.stop import Stop

    campaign = opt.load(file, run=run, set_=set_, smtp=smtp, expect=expect, tolerate=tolerate)
    stop = Stop()
    with stoppable(stop, terminal):
        return api.check(
            campaign,
            options=options,
            record=record,
            observer=terminal,
            stop=stop,
            workers=workers,
        )


def _print(
    file: Path, form: str, findings: tuple[Finding, ...], seen: Seen | None, terminal: Terminal
) -> None:
    if form == "github":
        for finding in findings:
            print(for_log(_annotation(finding)))  # noqa: T201 - the result of this verb
        return
    if seen is None:
        for finding in findings:
            terminal.complain(str(finding))
    else:
        terminal.planned(seen)
        if terminal.is_quiet and seen.exit_code:
            terminal.complain(faulty(file, seen))


def faulty(file: Path, seen: Seen) -> str:
    """Why a plan is not well, in a line or two."""
    invalid = seen.totals.get(Status.INVALID, 0)
    unbuildable = seen.rehearsal.failed if seen.rehearsal is not None else 0
    parts = [
        *([f"{count(invalid, 'row')} invalid"] if invalid else []),
        *([f"{count(unbuildable, 'message')} that cannot be built"] if unbuildable else []),
    ]
    return f"{shown(file)}: {', '.join(parts)}; without --quiet they are named"


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


def _as_json(
    file: Path, code: int, findings: tuple[Finding, ...], seen: Seen | None
) -> dict[str, object]:
    return {
        "file": str(file),
        "exit_code": code,
        "totals": dict(seen.totals) if seen is not None else None,
        "sendable": seen.sendable if seen is not None else None,
        "faults": [
            {
                "rule": finding.rule,
                "severity": finding.severity,
                "message": for_log(finding.message),
                "hint": for_log(finding.hint) if finding.hint is not None else None,
                "file": finding.place.file if finding.place else None,
                "line": finding.place.line if finding.place else None,
                "column": finding.place.column if finding.place else None,
            }
            for finding in findings
        ],
    }
