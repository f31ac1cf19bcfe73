"""`sendbatch report`: the record again, for people, spreadsheets and programs."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.errors import SendbatchError, one_line
from sendbatch.reports.formats import FORMATS

HISTORY = ("text", "json", "markdown")  # what the editions side by side are told as


@opt.campaign_file
@click.option("--format", "form", metavar="|".join(FORMATS), default="text", help="How it is told.")
@click.option("--with-columns", is_flag=True, help="A CSV has the recipients' own columns, too.")
@click.option("--excel", is_flag=True, help="A CSV that Excel opens as UTF-8.")
@click.option("--history", is_flag=True, help="All editions of the campaign, each with its figures.")
@opt.run
@opt.set_
@opt.smtp
@opt.tolerate
@opt.record
def report(
    file: Path,
    *,
    form: str,
    with_columns: bool,
    excel: bool,
    history: bool,
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
    _hold_to_table(form, with_columns=with_columns, excel=excel, history=history)
    campaign = given.load(file, run=run, set_=set_, smtp=smtp, tolerate=tolerate)
    if history:
        text = io.StringIO()
        api.history(campaign, record=record).write(form, text)
        shown = text.getvalue() if form == "json" else for_log(text.getvalue())
        click.echo(fitted(shown, sys.stdout) if form == "text" else shown, nl=False, color=True)
        return 0
    told = api.report(campaign, record=record)
    if not FORMATS[form].is_for_people:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        code = told.write(form, sys.stdout, with_columns=with_columns, excel=excel)
        if with_columns and (said := _renamed(told.columns)):
            click.echo(said, err=True)
        return code
    text = io.StringIO()
    code = told.write(form, text)
    shown = for_log(text.getvalue())
    if FORMATS[form].is_wrapped:
        click.echo(fitted(shown, sys.stdout), nl=False, color=True)
    else:
        click.echo(shown, nl=False)
    return code


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
