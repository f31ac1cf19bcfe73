"""`sendbatch report`: the record again, for people, spreadsheets and programs."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import github, given
from sendbatch.cli import options as opt
from sendbatch.cli.wrapping import fitted
from sendbatch.errors import inert
from sendbatch.reports.formats import FORMATS
from sendbatch.runtime import masking
from sendbatch.runtime.masking import for_log
from sendbatch.values import Status

if TYPE_CHECKING:
    from sendbatch.session.reporting import RecordReport

HISTORY = ("text", "json", "markdown")  # what the editions side by side are told as


@opt.campaign_file
@click.option("--format", "form", metavar="|".join(FORMATS), default="text", help="How it is told.")
@click.option("--history", is_flag=True, help="All editions of the campaign, each with its figures.")
@opt.run
@opt.set_
@opt.smtp
@opt.tolerate
@opt.record
@opt.show_addresses
def report(
    file: Path,
    *,
    form: str,
    history: bool,
    run: str | None,
    set_: tuple[str, ...],
    smtp: str | None,
    tolerate: str | None,
    record: Path | None,
) -> int:
    """Write the record to standard output; exits as `run` would."""
    from sendbatch import api

    forms = HISTORY if history else tuple(FORMATS)
    given.one_of(form, forms, "--format" if not history else "--history: --format")
    campaign = given.load(file, run=run, set_=set_, smtp=smtp, tolerate=tolerate)
    if history:
        text = io.StringIO()
        api.history(campaign, record=record).write(form, text)
        shown = text.getvalue() if form == "json" else for_log(text.getvalue())
        click.echo(fitted(shown, sys.stdout) if form == "text" else shown, nl=False, color=True)
        return 0
    told = api.report(campaign, record=record)
    code = _write(told, form)
    _leave(told)
    return code


def _write(told: RecordReport, form: str) -> int:
    if not FORMATS[form].is_for_people:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        return told.write(form, sys.stdout)
    text = io.StringIO()
    code = told.write(form, text, masked=masking.masks(os.environ))
    if FORMATS[form].is_wrapped:
        click.echo(fitted(text.getvalue(), sys.stdout), nl=False, color=True)
    else:
        click.echo(text.getvalue(), nl=False)
    return code


def _leave(told: RecordReport) -> None:
    """What a job on GitHub shows of it, and what its later steps go by."""
    if not github.is_here():
        return
    from sendbatch.ledger.states import sendable

    sent, remaining = told.totals.get(Status.ACCEPTED, 0), sendable(told.totals)
    values = {"sent": sent, "remaining": remaining, "report": told.folder.absolute()}
    github.output(values, _complain)
    if github.wants_summary():
        text = io.StringIO()
        told.write("markdown", text, masked=masking.masks(os.environ))
        github.summarise(text.getvalue(), _complain)


def _complain(text: str) -> None:
    click.echo(fitted(inert(for_log(text)), sys.stderr), err=True)
