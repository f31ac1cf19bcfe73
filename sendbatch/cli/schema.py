"""`sendbatch schema`: the JSON Schema that an editor completes from, beside the file that names it."""

from __future__ import annotations

import click


@click.option("--profiles", is_flag=True, help="Of profiles.yaml, not of the campaign file.")
def schema(*, profiles: bool) -> None:
    """Print the JSON Schema of the campaign file."""
    from sendbatch import api
    from sendbatch.campaign.editors import written_out

    click.echo(written_out(api.schema(profiles=profiles)), nl=False)
