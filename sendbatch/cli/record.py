"""`sendbatch record`: moves a record to another place, from which it goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.cli.listing import InOrder

place = click.argument(
    "place", metavar="DIR|URL", type=opt.ELSEWHERE, help="The other place; as --record names it."
)
cancel = click.option(
    "--cancel", is_flag=True, help="Take back a move that was begun and did not arrive."
)


@click.group(cls=InOrder, no_args_is_help=True)
def record() -> None:
    """Move a record to another folder, or into a database: it goes on from there."""


def _options(verb: Callable[..., Any]) -> Callable[..., Any]:
    for one in reversed(
        (opt.named_campaign_file, place, cancel, opt.run, opt.set_, opt.smtp, opt.record)
    ):
        verb = one(verb)
    return verb


@record.command("export")
@_options
def export(file: Path, place: Path | str, **said: Any) -> None:
    """Move the record of FILE to another place.

    The record that is left says where it went, and refuses.
    """
    _move(file, place, comes=False, **said)


@record.command("import")
@_options
def import_(file: Path, place: Path | str, **said: Any) -> None:
    """Move the record of FILE here from another place.

    It goes to where FILE has its record; what is left says where it went, and refuses.
    """
    _move(file, place, comes=True, **said)


def _move(
    file: Path,
    place: Path | str,
    *,
    comes: bool,
    cancel: bool,
    run: str | None,
    set_: tuple[str, ...],
    smtp: str | None,
    record: Path | str | None,
) -> None:
    from sendbatch import api
    from sendbatch.cli.signals import stoppable
    from sendbatch.cli.terminal import Terminal
    from sendbatch.runtime.stop import Stop

    campaign = given.load(file, run=run, set_=set_, smtp=smtp)
    stop = Stop()
    with stoppable(stop, Terminal(quiet=True, progress=False)):
        moved = api.move_record(
            campaign, place, comes=comes, takes_back=cancel, record=record, stop=stop
        )
    if cancel:
        click.echo(f"taken back: the record is where it was, {moved.to}", err=True)
    else:
        click.echo(f"the record of {campaign.name} has moved: {moved.source} → {moved.to}", err=True)
    click.echo(f"  to go on from there:  {moved.goes_on}", err=True)
