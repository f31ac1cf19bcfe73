"""`sendbatch report`: the record again, for people, spreadsheets and programs."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from sendbatch.cli import github, given
from sendbatch.cli import options as opt
from sendbatch.cli.wrapping import fitted
from sendbatch.errors import SendbatchError, inert, one_line
from sendbatch.reports.formats import FORMATS
from sendbatch.runtime import masking
from sendbatch.runtime.masking import for_log
from sendbatch.values import Status

if TYPE_CHECKING:
    from sendbatch.session.reporting import RecordReport

HISTORY = ("text", "json", "markdown")  # what the editions side by side are told as


@opt.campaign_file
@click.option("--format", "form", metavar="|".join(FORMATS), default="text", help="How it is told.")
@click.option("--with-columns", is_flag=True, help="A CSV has the recipients' own columns, too.")
@click.option("--excel", is_flag=True, help="A CSV that Excel opens as UTF-8.")
@click.option("--history", is_flag=True, help="All editions of the campaign, each with its figures.")
@click.option(
    "--encrypted", is_flag=True, help="Encrypt it with SENDBATCH_REPORT_KEY, for age to decrypt."
)
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
    with_columns: bool,
    excel: bool,
    history: bool,
    encrypted: bool,
    run: str | None,
    set_: tuple[str, ...],
    smtp: str | None,
    tolerate: str | None,
    record: Path | str | None,
) -> int:
    """Write the record to standard output; exits as `run` would."""
    from sendbatch import api

    forms = HISTORY if history else tuple(FORMATS)
    given.one_of(form, forms, "--format" if not history else "--history: --format")
    _hold_to_table(form, with_columns=with_columns, excel=excel, history=history)
    campaign = given.load(file, run=run, set_=set_, smtp=smtp, tolerate=tolerate)
    if encrypted and history:
        raise SendbatchError("--history names nobody", hint="take --encrypted away")
    if history:
        text = io.StringIO()
        api.history(campaign, record=record).write(form, text)
        shown = text.getvalue() if form == "json" else for_log(text.getvalue())
        click.echo(fitted(shown, sys.stdout) if form == "text" else shown, nl=False, color=True)
        return 0
    told = api.report(campaign, record=record)
    if encrypted:
        code = _encrypted(lambda out: told.write(form, out, with_columns=with_columns, excel=excel))
    else:
        code = _write(told, form, with_columns=with_columns, excel=excel)
    _leave(told)
    return code


def _write(told: RecordReport, form: str, *, with_columns: bool, excel: bool) -> int:
    if not FORMATS[form].is_for_people:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        code = told.write(form, sys.stdout, with_columns=with_columns, excel=excel)
        if with_columns and (said := _renamed(told.columns)):
            _complain(said)
        return code
    text = io.StringIO()
    code = told.write(form, text, masked=masking.masks(os.environ))
    if FORMATS[form].is_wrapped:
        click.echo(fitted(text.getvalue(), sys.stdout), nl=False, color=True)
    else:
        click.echo(text.getvalue(), nl=False)
    return code


def _encrypted(write: Callable[[TextIO], int]) -> int:
    from sendbatch.reports.encryption import needed_encryption

    encryption = needed_encryption(os.environ)
    if sys.stdout.isatty():
        raise SendbatchError("what is encrypted is not for a terminal", hint="put > report.age behind it")
    text = io.StringIO(newline="")
    code = write(text)
    sys.stdout.flush()
    sys.stdout.buffer.write(encryption.of(text.getvalue().encode()))
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


def _hold_to_table(form: str, *, with_columns: bool, excel: bool, history: bool) -> None:
    """Raises SendbatchError where something of a table of recipients is wanted of what is none."""
    asked = [name for name, wanted in (("--with-columns", with_columns), ("--excel", excel)) if wanted]
    if asked and (history or form != "csv"):
        now = "--history" if history else f"the format {form}"
        raise SendbatchError(
            f"{' and '.join(asked)} can only be had with --format csv, and this is {now}",
            hint="take --history away" if history else "write --format csv",
        )


def _renamed(columns: Mapping[str, str]) -> str:
    """What a person should know of the names of the list's own columns."""
    others = [f"{one_line(name, 80)} is {one_line(now, 80)}" for name, now in columns.items() if now != name]
    if not others:
        return ""
    return f"columns of the list that have the name of one of the report's: {', '.join(others)}"
