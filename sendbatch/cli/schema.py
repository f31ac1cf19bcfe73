"""`sendbatch schema`: the JSON Schema that an editor completes from."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def schema(
    profiles: Annotated[
        bool, typer.Option("--profiles", help="Of profiles.yaml, not of the campaign file.")
    ] = False,
) -> None:
    """Print the JSON Schema of the campaign file."""
    from sendbatch import api

    typer.echo(json.dumps(api.schema(profiles=profiles), indent=2))
