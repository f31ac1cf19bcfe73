"""`sendbatch probe`: connects, secures, logs in, says what the server offers; sends nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import options as opt
from sendbatch.errors import inert, printable

if TYPE_CHECKING:
    from sendbatch.smtp.probe import Step

NAMES = {
    "dns": "host name",
    "connect": "connection",
    "tls": "encryption",
    "greeting": "greeting",
    "ehlo": "offers",
    "auth": "login",
    "dkim": "signing",
    "sender": "sender",
    "notify": "webhook",
}


@click.argument(
    "profile",
    metavar="PROFILE",
    shell_complete=opt.known("profiles"),
    help="A profile of profiles.yaml.",
)
@click.option(
    "--folder",
    metavar="DIR",
    type=opt.PATH,
    default=Path(),
    help="Where profiles.yaml is looked for.",
)
@click.option(
    "--notify",
    metavar="FILE",
    type=opt.PATH,
    help="Post a test to the webhooks of this campaign and of the profile.",
)
@click.option(
    "--sender",
    metavar="FILE",
    type=opt.PATH,
    help="Ask the DNS for SPF, DKIM and DMARC of who sends this campaign.",
)
def probe(profile: str, *, folder: Path, notify: Path | None, sender: Path | None) -> int:
    """Connect, secure, log in, and say what the server offers, and whether the keys that sign are published.
    Mails nobody."""
    from sendbatch import api
    from sendbatch.cli.signals import stoppable
    from sendbatch.cli.terminal import Terminal
    from sendbatch.runtime.stop import Stop

    stop = Stop()
    with stoppable(stop, Terminal()):
        went_well = api.probe(
            profile,
            folder=folder.resolve(),
            notify=notify,
            sender=sender,
            told=_tell,
            stop=stop,
        )
    return 0 if went_well else 2


def _tell(step: Step) -> None:
    mark = "ok  " if step.ok else "FAIL"
    lines = printable(step.text).splitlines() or [""]
    click.echo(inert(f"{mark} {NAMES.get(step.name, step.name):<11} {lines[0]}"))
    for line in lines[1:]:
        click.echo(inert(f"{'':<16} {line}"))
    if step.hint:
        click.echo(inert(f"{'':<16} → {printable(step.hint)}"))
