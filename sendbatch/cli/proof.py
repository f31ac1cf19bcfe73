"""`sendbatch proof`: mails a few recipients' messages to reviewers; nothing counts as delivered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.errors import one_line, shown
from sendbatch.reasons import reason_of
from sendbatch.values import Status
from sendbatch.words import word

if TYPE_CHECKING:
    from sendbatch.cli.terminal import Terminal
    from sendbatch.session.proof import Proofed


@opt.campaign_file
@click.option("--to", metavar="EMAIL", multiple=True, required=True, help="A reviewer; repeatable.")
@click.option(
    "--count",
    metavar="N",
    type=click.IntRange(1, 100),
    default=3,
    help="How many recipients' messages.",
)
@click.option(
    "--recipient",
    metavar="KEY",
    shell_complete=opt.known("keys"),
    help="This recipient's message only.",
)
@click.option(
    "--inspect",
    metavar="IMAP",
    help="imaps://USER@HOST/FOLDER: wait there for the first, and say how it arrived; its password is in "
    "IMAP_PASSWORD.",
)
@opt.smtp
@opt.set_
@opt.run
@opt.record
@opt.moved_from
@opt.log_format
@opt.show_addresses
def proof(
    file: Path,
    *,
    to: tuple[str, ...],
    count: int,
    recipient: str | None,
    inspect: str | None,
    smtp: str | None,
    set_: tuple[str, ...],
    run: str | None,
    record: Path | str | None,
    moved_from: str | None,
) -> int:
    """Mail the first recipients' messages to reviewers. Nothing counts as delivered."""
    from sendbatch.rendering.workers import Workers

    with Workers() as workers:  # first of all: it has as much to load as there is to load below
        from sendbatch import api
        from sendbatch.cli.calling import Calling
        from sendbatch.cli.terminal import Terminal
        from sendbatch.planning.options import Options

        terminal = Terminal()
        campaign = given.load(file, run=run, set_=set_, smtp=smtp)
        chosen = Options(moved_from=moved_from)
        with Calling(terminal, workers, record).under_way() as around:
            proofs = api.proof(
                campaign,
                to=to,
                count=count,
                recipient=recipient,
                inspect=inspect,
                options=chosen,
                **around,
            )
    for one in proofs:
        terminal.say(_said(one))
    if outbox := api.outbox(campaign, proofs=True, record=record):
        terminal.say(f"the sandbox keeps them in {shown(outbox)} and delivers none")
    are_taken = all(p.outcome.status is Status.ACCEPTED for p in proofs)
    has_arrived = inspect is None or _tell_of_arrival(proofs, terminal)
    return 0 if are_taken and has_arrived else 1


def _tell_of_arrival(proofs: list[Proofed], terminal: Terminal) -> bool:
    """How the first arrived; returns whether it did, and well."""
    from sendbatch.cli.inspect import as_text

    found = next((one.inspected for one in proofs if one.inspected is not None), None)
    if found is None:
        if any(one.outcome.status is Status.ACCEPTED for one in proofs):
            terminal.complain(
                "the proof did not arrive in time: is it in another folder? Save it, and have it read by "
                "sendbatch inspect"
            )
        return False
    click.echo(as_text(found))
    return found.exit_code == 0


def _said(one: Proofed) -> str:
    outcome = one.outcome
    whose, reviewer = one_line(one.recipient.key, 320), one_line(one.reviewer, 320)
    if outcome.status is Status.ACCEPTED:
        return f"the message of {whose} went to {reviewer}"
    why = (
        f"{outcome.reply.code} {outcome.reply.text}"
        if outcome.reply
        else reason_of(outcome, one.recipient.row)
    )
    return f"the message of {whose} to {reviewer}: {word(outcome.status)}: {one_line(why, 500)}"
