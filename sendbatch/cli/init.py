"""`sendbatch init`: writes a campaign that runs at once."""

from __future__ import annotations

from pathlib import Path

import click

from sendbatch.cli import options as opt
from sendbatch.errors import one_line, shell_line


@click.argument("folder", metavar="[DIR]", type=opt.PATH, default=Path(), help="Where to.")
@click.option("--markdown", is_flag=True, help="The letter in Markdown, in the layout that is built in.")
def init(folder: Path, markdown: bool) -> None:
    """Write a campaign, its CSV, templates and profiles that run at once."""
    from sendbatch import api

    for path in api.init(folder, markdown=markdown):
        click.echo(f"wrote {one_line(str(path))}", err=True)
    command = shell_line("sendbatch", "run", str(folder / "campaign.yaml"))
    click.echo(f"now:  {command}", err=True)
