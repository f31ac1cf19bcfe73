"""`sendbatch approve`: signs a plan that was looked at, for `run --plan --approved`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import options as opt
from sendbatch.errors import GuardError, one_line, shell_line, shown
from sendbatch.words import count

if TYPE_CHECKING:
    from sendbatch.session.approving import ApprovedPlan

MOST_SUBJECTS = 10
EACH_ROWS = "each row's own"
MOST_EARLIER = 10


@click.argument("plan", metavar="plan.json", type=opt.PATH, help="What `plan --out` wrote.")
@click.option("--by", metavar="NAME", required=True, help="Who approves it.")
@click.option(
    "--ssh-key",
    metavar="FILE",
    type=opt.PATH,
    help="Sign by this SSH key, or by the agent's for its .pub.",
)
@click.option("--yes", "-y", is_flag=True, help="Approve without asking.")
def approve(plan: Path, *, by: str, ssh_key: Path | None, yes: bool) -> None:
    """Show what a plan is of, ask, and sign it.

    By the key in SENDBATCH_APPROVAL_KEY, or by an SSH key. `run --plan plan.json --approved` holds to it.
    """
    from sendbatch import api
    from sendbatch.cli.terminal import person_is_there

    if not yes and not person_is_there():
        raise GuardError(
            "nobody is here to ask whether this plan is approved",
            hint="look at it first; then add --yes",
        )

    def asked(what: ApprovedPlan) -> bool:
        _say(_shown(what))
        return yes or _agreed(what)

    made = api.approve(plan, by=by, ssh_key=ssh_key, ask=asked)
    line = f"{shell_line('--plan', shown(plan))} --approved"
    _say([
        f"approved by {made.by} on {made.at} ({made.key}); written into {shown(plan)}",
        f"  to send it: sendbatch run FILE {line}"
        + (" --allowed-signers FILE" if ssh_key is not None else ""),
    ])


def _shown(plan: ApprovedPlan) -> Iterator[str]:
    """What is approved. The rows of people are not in the file: their number is."""
    from sendbatch.ledger.reach import said_of

    said = plan.said
    edition = f", edition {one_line(said.run, 120)}" if said.run else ""
    yield f"{shown(plan.path)}: {one_line(said.campaign, 120)}{edition}"
    signed = f", signed by {one_line(said.signed_by, 200)}" if said.signed_by else ""
    yield f"  {count(plan.recipients, 'recipient')} through {one_line(said.server, 200)}{signed}"
    if said.reach:
        yield f"  the mail {said_of(said.reach, is_now=True)}"
    yield f"  from {_or_rows_own(said.sender)}, bounces to {_or_rows_own(said.bounces_to)}"
    yield from _several("subject", said.subjects, "other subjects")
    own = "files of single recipients (what is in them is no part of the plan)"
    yield from _several(own, said.own_files, "other such files")
    yield f"  content  {one_line(said.content[:16], 16)}"
    yield f"  digest   {plan.digest}"
    if said.made_at:
        yield f"  made on  {one_line(said.made_at, 30)}"
    for one in plan.earlier[:MOST_EARLIER]:
        yield f"  approved already, as it says: {one}"


def _or_rows_own(address: str) -> str:
    return one_line(address, 320) or EACH_ROWS


def _several(what: str, texts: tuple[str, ...], others: str) -> Iterator[str]:
    for text in texts[:MOST_SUBJECTS]:
        yield f"  {what}: {one_line(text, 200)}"
    if (left := len(texts) - MOST_SUBJECTS) > 0:
        yield f"  and {left:,} {others}"


def _agreed(plan: ApprovedPlan) -> bool:
    from sendbatch.cli.signals import asked, interruptible

    with interruptible():
        answer = asked(f"Approve this plan as {plan.by}? [y/N] ")
    return answer.strip().lower() in ("y", "yes")


def _say(lines: Iterator[str] | list[str]) -> None:
    import sys

    from sendbatch.cli.wrapping import fitted
    from sendbatch.errors import inert
    from sendbatch.runtime.masking import for_log

    text = "\n".join(lines)
    click.echo(fitted(inert(for_log(text)), sys.stderr), err=True)
