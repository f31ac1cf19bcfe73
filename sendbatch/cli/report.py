"""`sendbatch report`: the record again, for people, spreadsheets and programs."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.errors import SendbatchError
from sendbatch.reports.formats import FORMATS

if TYPE_CHECKING:
    from sendbatch.session.reporting import RecordReport

HISTORY = ("text", "json", "markdown")  # what the editions side by side are told as


@opt.campaign_file
@click.option("--format", "form", metavar="|".join(FORMATS), default="text", help="How it is told.")
@click.option("--history", is_flag=True, help="All editions of the campaign, each with its figures.")
@click.option(
    "--encrypted", is_flag=True, help="Encrypt it with SENDBATCH_REPORT_KEY, for age to decrypt."
)
@opt.run
@opt.set_
@opt.smtp
@opt.tolerate
@opt.record
def report(
    file: Path,
    *,
    form: str,
    history: bool,
    encrypted: bool,
    run: str | None,
    set_: tuple[str, ...],
    smtp: str | None,
    tolerate: str | None,
    record: Path | None,
) -> int:
    """Write the record to standard output; exits as `run` would."""
    from sendbatch import api
    from sendbatch.cli.masking import for_log
    from sendbatch.cli.wrapping import fitted

    forms = HISTORY if history else tuple(FORMATS)
    given.one_of(form, forms, "--format" if not history else "--history: --format")
    campaign = given.load(file, run=run, set_=set_, smtp=smtp, tolerate=tolerate)
    if encrypted:
        if history:
            raise SendbatchError("--history names nobody", hint="take --encrypted away")
        return _encrypted(api.report(campaign, record=record), form)
    if history:
        text = io.StringIO()
        api.history(campaign, record=record).write(form, text)
        shown = text.getvalue() if form == "json" else for_log(text.getvalue())
        click.echo(fitted(shown, sys.stdout) if form == "text" else shown, nl=False, color=True)
        return 0
    told = api.report(campaign, record=record)
    if not FORMATS[form].is_for_people:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        return told.write(form, sys.stdout)
    text = io.StringIO()
    code = told.write(form, text)
    shown = for_log(text.getvalue())
    if FORMATS[form].is_wrapped:
        click.echo(fitted(shown, sys.stdout), nl=False, color=True)
    else:
        click.echo(shown, nl=False)
    return code


def _encrypted(told: RecordReport, form: str) -> int:
    from sendbatch.reports.encryption import needed_encryption

    encryption = needed_encryption(os.environ)
    if sys.stdout.isatty():
        raise SendbatchError("what is encrypted is not for a terminal", hint="put > report.age behind it")
    text = io.StringIO(newline="")
    code = told.write(form, text)
    sys.stdout.flush()
    sys.stdout.buffer.write(encryption.of(text.getvalue().encode()))
    return code
