"""`sendbatch schema`: the JSON Schema that an editor completes from, beside the file that names it; and
those of what programs read: the log, and what `check` found."""

from __future__ import annotations

import click

from sendbatch.cli import log
from sendbatch.errors import SendbatchError


@click.option("--profiles", is_flag=True, help="Of profiles.yaml, not of the campaign file.")
@click.option("--log", "of_log", is_flag=True, help="Of each line of --log-format json.")
@click.option("--check", "of_check", is_flag=True, help="Of check --format json.")
def schema(*, profiles: bool, of_log: bool, of_check: bool) -> None:
    """Print the JSON Schema of the campaign file."""
    named = {"--profiles": profiles, "--log": of_log, "--check": of_check}
    if len(asked := [option for option, is_asked in named.items() if is_asked]) > 1:
        raise SendbatchError(f"{' and '.join(asked)} are {len(asked)} schemas: name one")
    if of_log or of_check:
        from sendbatch.cli.checked import document

        path = log.SCHEMA if of_log else document.SCHEMA
        click.echo(path.read_text("utf-8"), nl=False)
        return
    from sendbatch import api
    from sendbatch.campaign.editors import written_out

    click.echo(written_out(api.schema(profiles=profiles)), nl=False)
