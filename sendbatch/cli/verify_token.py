"""`sendbatch verify-token`: whose link to unsubscribe it is, and whether it is one of ours."""

from __future__ import annotations

from pathlib import Path

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.errors import SendbatchError, one_line

LONGEST_KEY = 1000  # characters that are shown
_BEGINNINGS = ("https:/", "http:/")  # of links that were taken for the path of a file, which has no //


@click.argument("url", metavar="URL", help="The link, as it stands in the mail.")
@click.argument(
    "file",
    metavar="[FILE]",
    type=opt.PATH,
    required=False,
    shell_complete=opt.known("campaigns"),
    help="The campaign file that names the secrets.",
)
@opt.set_
def verify_token(url: str, *, file: Path | None, set_: tuple[str, ...]) -> int:
    """Say whose link to unsubscribe it is; exits with 1 where no secret of ours signed it.

    Without a campaign file the secret is in UNSUBSCRIBE_SECRET.
    """
    from sendbatch import api

    if file is not None and str(file).startswith(_BEGINNINGS):
        raise SendbatchError("the link comes first, then the campaign file: sendbatch verify-token URL FILE")
    campaign = given.load(file, set_=set_) if file is not None else None
    verified = api.verify_token(url, campaign)
    if verified.key is None:
        click.echo(f"not one of ours: {one_line(verified.reason, 500)}", err=True)
    else:
        click.echo(f"campaign  {verified.campaign}")
        click.echo(f"key       {one_line(verified.key, LONGEST_KEY)}")
    return verified.exit_code
