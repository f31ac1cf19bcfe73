"""`sendbatch resolve`: settles recipients in doubt, or held back by 5xx, by hand; the record says so."""

from __future__ import annotations

from pathlib import Path

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.words import count


@opt.named_campaign_file
@click.argument(
    "keys",
    metavar="KEY…",
    nargs=-1,
    required=True,
    shell_complete=opt.known("unsettled"),
    help="Keys or addresses.",
)
@click.option(
    "--as",
    "as_",
    metavar="accepted|pending|rejected",
    required=True,
    help="What became of them.",
)
@opt.run
@opt.set_
@opt.smtp
@opt.record
def resolve(
    file: Path,
    keys: tuple[str, ...],
    *,
    as_: str,
    run: str | None,
    set_: tuple[str, ...],
    smtp: str | None,
    record: Path | str | None,
) -> None:
    """Settle recipients in doubt, or deferred by a 5xx, by hand.

    Accepted: they have it. Pending: the next run sends to them (again). Rejected: they are left alone.
    """
    from sendbatch import api
    from sendbatch.values import Status

    to = Status(given.one_of(as_, ("accepted", "pending", "rejected"), "--as"))
    campaign = given.load(file, run=run, set_=set_, smtp=smtp)
    api.resolve(campaign, keys, to, record=record)
    click.echo(f"{count(len(keys), 'recipient')} settled as {to}", err=True)
