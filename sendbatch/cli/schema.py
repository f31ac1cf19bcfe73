"""`sendbatch schema`: the JSON Schema that an editor completes from, beside the file that names it; and
that of the log for programs."""

from __future__ import annotations

import click

from sendbatch.cli import log
from sendbatch.errors import SendbatchError


@click.option("--profiles", is_flag=True, help="Of profiles.yaml, not of the campaign file.")
@click.option("--log", "of_log", is_flag=True, help="Of each line of --log-format json.")
def schema(*, profiles: bool, of_log: bool) -> None:
    """Print the JSON Schema of the campaign file."""
    if profiles and of_log:
        raise SendbatchError("--profiles and --log are two schemas: name one")
    if of_log:
        click.echo(log.SCHEMA.read_text("utf-8"), nl=False)
        return
    from sendbatch import api
    from sendbatch.campaign.editors import written_out

    click.echo(written_out(api.schema(profiles=profiles)), nl=False)
