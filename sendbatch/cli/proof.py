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
                campaign, to=to, count=count, recipient=recipient, options=chosen, **around
            )
    for one in proofs:
        terminal.say(_said(one))
    if outbox := api.outbox(campaign, proofs=True, record=record):
        terminal.say(f"the sandbox keeps them in {shown(outbox)} and delivers none")
    return 0 if all(p.outcome.status is Status.ACCEPTED for p in proofs) else 1


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
