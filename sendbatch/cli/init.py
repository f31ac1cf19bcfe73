"""`sendbatch init`: writes a campaign that runs at once."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from sendbatch.errors import one_line


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to.")] = Path(),
) -> None:
    """Write a campaign, its CSV, templates and profiles that run at once."""
    from sendbatch import api

    for path in api.init(folder):
        typer.echo(f"wrote {one_line(str(path))}", err=True)
    command = shlex.join(["sendbatch", "run", str(folder / "campaign.yaml")])
    typer.echo(f"now:  {command}", err=True)
