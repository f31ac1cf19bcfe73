"""`sendbatch schema`: the JSON Schema that an editor completes from."""

from __future__ import annotations

import json

import click


@click.option("--profiles", is_flag=True, help="Of profiles.yaml, not of the campaign file.")
def schema(*, profiles: bool) -> None:
    """Print the JSON Schema of the campaign file."""
    from sendbatch import api

    click.echo(json.dumps(api.schema(profiles=profiles), indent=2))
