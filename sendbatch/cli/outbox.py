"""`sendbatch outbox`: what the sandbox kept, on one page."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.errors import SendbatchError, inert, one_line, shown

if TYPE_CHECKING:
    from sendbatch.campaign.model import Campaign

SANDBOX = "sandbox"


@opt.campaign_file
@click.option("--open", "open_", is_flag=True, help="Open the page in the browser.")
@click.option("--out", metavar="FILE", type=opt.PATH, help="Write the page there.")
@opt.run
@opt.set_
@opt.record
def outbox(
    file: Path,
    *,
    open_: bool,
    out: Path | None,
    run: str | None,
    set_: tuple[str, ...],
    record: Path | str | None,
) -> None:
    """Show what the built-in sandbox kept, on one page: the mails and, apart from them, the proofs."""
    from sendbatch import api
    from sendbatch.cli.browser import opened
    from sendbatch.cli.wrapping import fitted

    page = api.outbox_page(_through_sandbox(file, run, set_), out=out, record=record)
    said = f"what the sandbox kept is shown in {one_line(shown(page))}"
    if open_ and not opened(page.absolute().as_uri()):
        said += "\nno browser can be opened here: open that file yourself"
    click.echo(fitted(inert(said), sys.stderr), err=True)


def _through_sandbox(file: Path, run: str | None, set_: tuple[str, ...]) -> Campaign:
    """The campaign as it is when the sandbox keeps its mail, whatever it is sent through by now."""
    with contextlib.suppress(SendbatchError):  # what is wrong without its profile is said below
        campaign = given.load(file, run=run, set_=set_)
        if campaign.profile.name == SANDBOX:
            return campaign
    return given.load(file, run=run, set_=set_, smtp=SANDBOX)
