"""`sendbatch init`: writes a campaign that runs at once, and what has it sent where nobody types."""

from __future__ import annotations

from pathlib import Path

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.errors import one_line, shell_line, shown

CI = ("github", "gitlab", "systemd")  # the keys of pipelines.KINDS; who asks for help does not wait for them


@click.argument(
    "folder",
    metavar="[DIR]",
    type=opt.PATH,
    default=Path(),
    help="Where to; with --ci also the campaign file that is there.",
)
@click.option("--markdown", is_flag=True, help="The letter in Markdown, in the layout that is built in.")
@click.option(
    "--ci", metavar="|".join(CI), help="Also, or for a campaign that is there, what sends it by itself."
)
def init(folder: Path, markdown: bool, ci: str | None) -> None:
    """Write a campaign, its CSV, templates and profiles that run at once."""
    from sendbatch import api

    advice: tuple[str, ...] = ()
    if ci is None:
        written = api.init(folder, markdown=markdown)
        command = shell_line("sendbatch", "run", str(folder / "campaign.yaml"))
    else:
        given.one_of(ci, CI, "--ci")
        begun = api.init_ci(folder, ci, markdown=markdown)
        written, advice = begun.written, begun.advice
        command = shell_line("sendbatch", "check", str(begun.campaign))
    for path in written:
        click.echo(f"wrote {one_line(shown(path))}", err=True)
    click.echo(f"now:  {command}", err=True)
    if advice:
        click.echo("then:", err=True)
    for line in advice:
        click.echo(f"  {line}", err=True)
