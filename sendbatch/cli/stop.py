"""`sendbatch stop`: ends the run of a campaign from another terminal, or from another machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.cli.wrapping import fitted
from sendbatch.words import count


@opt.campaign_file
@click.option("--no-wait", is_flag=True, help="Ask them, and do not wait until they have ended.")
@opt.run
@opt.set_
@opt.smtp
@opt.record
def stop(
    file: Path,
    *,
    no_wait: bool,
    run: str | None,
    set_: tuple[str, ...],
    smtp: str | None,
    record: Path | str | None,
) -> None:
    """End the run of this campaign, as Ctrl-C would.

    Where the record is in a database all its runners end, wherever they are; else the one on this machine.
    What is on the way is completed, and a later run goes on from there.
    """
    from sendbatch import api
    from sendbatch.cli.signals import ending
    from sendbatch.runtime.stop import Stop

    campaign = given.load(file, run=run, set_=set_, smtp=smtp, join=True)
    leave = Stop()
    with ending(leave):
        found = api.stop(campaign, wait=not no_wait, record=record, told=_tell, leave=leave)
    if found.left and not no_wait:
        _say(f"no longer waited for: {count(found.left, 'runner')} will end all the same")
    elif found.asked and not no_wait:
        _say("it has ended" if found.asked == 1 else f"all {found.asked:,} have ended")


def _tell(asked: int) -> None:
    if not asked:
        _say("no run of this campaign is under way: there is nothing to stop")
        return
    them = "one runner is" if asked == 1 else f"{asked:,} runners are"
    _say(f"{them} asked to end, and will as soon as what is on the way is answered")


def _say(text: str) -> None:
    click.echo(fitted(text, sys.stderr), err=True)
