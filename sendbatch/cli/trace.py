"""`sendbatch trace`: what all records tell of one person."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sendbatch.cli import given, log
from sendbatch.cli import options as opt
from sendbatch.errors import as_json, inert


@click.argument("email", metavar="EMAIL", help="An address, or the key of a campaign.")
@click.argument(
    "folder",
    metavar="[DIR]",
    type=opt.PATH,
    required=False,
    help="Where to look, with all below it; this repository where it is left out.",
)
@click.option("--format", "form", metavar="text|json", default="text", help="How it is told.")
@opt.record
@opt.show_addresses
def trace(email: str, folder: Path | None, *, form: str, record: Path | str | None) -> int:
    """Show who was mailed what: one person, in all records.

    Exits with 0 where something was found, 1 where nothing was, 2 where something could not be read.
    """
    from sendbatch import api
    from sendbatch.cli.wrapping import fitted
    from sendbatch.runtime.masking import for_log

    given.one_of(form, ("text", "json"), "--format")
    traced = api.trace(email, folder, record=record)
    if form == "json":
        click.echo(as_json(log.masked(traced.document()), indent=2))
    else:
        click.echo(fitted(inert(for_log(traced.text())), sys.stdout), nl=False)
    return traced.exit_code
