"""`sendbatch resolve`: settles recipients in doubt, or held back by 5xx, by hand; the record says so."""

from __future__ import annotations

from typing import Annotated

import typer

from sendbatch.cli import options as opt
from sendbatch.words import count


def resolve(
    file: opt.CampaignFile,
    keys: Annotated[list[str], typer.Argument(metavar="KEY…", help="Keys or addresses.")],
    as_: Annotated[
        str, typer.Option("--as", metavar="accepted|pending|rejected", help="What became of them.")
    ],
    run: opt.Run = None,
    set_: opt.Set = None,
    smtp: opt.Smtp = None,
    record: opt.Record = None,
) -> None:
    """Settle recipients in doubt, or deferred by a 5xx, by hand.

    Accepted: they have it. Pending: the next run sends to them (again). Rejected: they are left alone.
    """
    from sendbatch import api
    from sendbatch.values import Status
    to = Status(opt.one_of(as_, ("accepted", "pending", "rejected"), "--as"))
    campaign = opt.load(file, run=run, set_=set_, smtp=smtp)
    api.resolve(campaign, keys, to, record=record)
    typer.echo(f"{count(len(keys), 'recipient')} settled as {to}", err=True)
