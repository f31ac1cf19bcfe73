"""`sendbatch check`: reads everything, renders every recipient, sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import github, given
from sendbatch.cli import options as opt
from sendbatch.cli.checked import Checked, checked
from sendbatch.errors import SendbatchError, shown
from sendbatch.findings import Groups, failing
from sendbatch.values import Status
from sendbatch.words import count, rows

if TYPE_CHECKING:
    from sendbatch.campaign.model import Campaign
    from sendbatch.cli.calling import Calling
    from sendbatch.cli.terminal import Terminal
    from sendbatch.planning.options import Options
    from sendbatch.session.overview import Overview

MOST_ROWS = 20  # that are named where it is to be quiet
FORMS = ("text", "json", "github", "sarif", "markdown", "junit")
SEVERITIES = ("error", "warning")  # that a check may fail on


@opt.campaign_files
@click.option(
    "--format",
    "form",
    metavar="text|json|github|sarif|markdown|junit",
    default="text",
    help="How it is told.",
)
@click.option(
    "--online", is_flag=True, help="Ask the DNS for SPF, DKIM and DMARC of who sends."
)
@click.option(
    "--fail-on",
    metavar="error|warning",
    default="error",
    help="warning: each warning is an error, exit 2.",
)
@click.option("--list-rules", is_flag=True, is_eager=True, help="What may be found, and why.")
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
@opt.log_format
@opt.show_addresses
def check(
    files: tuple[Path, ...],
    *,
    form: str,
    online: bool,
    fail_on: str,
    list_rules: bool,
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
    if list_rules:
        _list_rules(form)
        return 0
    from sendbatch.rendering.workers import Workers

    checks = []
    with Workers() as workers:  # first of all: it has as much to load as there is to load below
        from sendbatch.cli.calling import Calling
        from sendbatch.cli.terminal import Terminal
        from sendbatch.planning.options import Options

        given.one_of(form, FORMS, "--format")
        given.one_of(fail_on, SEVERITIES, "--fail-on")
        terminal = Terminal(quiet=quiet, progress=not no_progress and form == "text")
        options = Options(strict=strict, moved_from=moved_from)
        load = partial(given.load, run=run, set_=set_, smtp=smtp, expect=expect, tolerate=tolerate)
        calling = Calling(terminal, workers, record)
        for file in files:
            done = _check(file, load, options, calling, fail_on, online=online)
            checks.append(done)
            if form == "text":
                _show(done, terminal)
    _print(checks, form)
    _leave(checks, terminal)
    return max(done.code for done in checks)


def _list_rules(form: str) -> None:
    from sendbatch.cli import rules

    given.one_of(form, rules.FORMS, "--list-rules --format")
    click.echo(rules.listed(form))


def _check(
    file: Path,
    load: Callable[[Path], Campaign],
    options: Options,
    calling: Calling,
    fail_on: str,
    *,
    online: bool,
) -> Checked:
    from sendbatch import api

    try:
        campaign = load(file)
        with calling.under_way() as around:
            found = api.check(
                campaign, fail_on=fail_on, online=online, options=options, **around
            )
    except SendbatchError as error:
        findings = error.findings if fail_on == "error" else map(failing, error.findings)
        return checked(file, error.exit_code, findings)
    return checked(file, found.exit_code, found.findings, found)


def _show(done: Checked, terminal: Terminal) -> None:
    if done.overview is None:
        for finding in done.findings:
            terminal.warn(finding)
        return
    terminal.planned(done.overview)
    if terminal.is_quiet and done.code:
        terminal.complain(faulty(done.file, done.overview))


def _print(checks: Sequence[Checked], form: str) -> None:
    """The result of this verb, but for the one that people are told while it goes on."""
    if form == "github":
        from sendbatch.cli.checked.annotations import annotated

        for line in annotated(checks):
            click.echo(line)
    elif form == "json":
        from sendbatch.cli.checked.document import document

        click.echo(document(checks))
    elif form == "sarif":
        from sendbatch.cli.checked.sarif import sarif

        click.echo(sarif(checks))
    elif form == "markdown":
        from sendbatch.cli.checked.markdown import markdown

        click.echo(markdown(checks), nl=False)
    elif form == "junit":
        from sendbatch.cli.checked.junit import junit

        click.echo(junit(checks), nl=False)


def _leave(checks: Sequence[Checked], terminal: Terminal) -> None:
    """What a job on GitHub shows of it. Later steps go by a plan: a check may not have asked the record who
    has the mail."""
    if github.wants_summary():
        from sendbatch.cli.checked.markdown import markdown

        github.summarise(markdown(checks), terminal.complain)


def faulty(file: Path, found: Overview) -> str:
    """Why a plan is not well: how many rows, and by what is wrong the first of them."""
    invalid = found.totals.get(Status.INVALID, 0)
    rehearsal = found.rehearsal
    unbuildable = rehearsal.failed if rehearsal is not None else 0
    doubtful = "what is doubtful counts as wrong here (--fail-on warning)"
    bad = [
        *([doubtful] if found.fails_on_warnings and found.exit_code == 2 else []),
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
