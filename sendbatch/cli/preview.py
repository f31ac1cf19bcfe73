"""`sendbatch preview`: the gallery of the messages that a campaign will send."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt
from sendbatch.errors import SendbatchError, shown

if TYPE_CHECKING:
    from sendbatch.cli.terminal import Terminal


@opt.campaign_file
@click.option(
    "--recipient",
    metavar="KEY",
    multiple=True,
    shell_complete=opt.known("keys"),
    help="Show also this key or address; @FILE has one a line.",
)
@click.option(
    "--count", metavar="N", type=click.IntRange(1, 200), default=30, help="At most so many others."
)
@click.option("--masked", is_flag=True, help="Make up cells, for where strangers can look.")
@click.option("--out", metavar="FILE", type=opt.PATH, help="Write the page there, by itself.")
@click.option("--open", "open_", is_flag=True, help="Open the page in the browser.")
@click.option("--serve", is_flag=True, help="Serve the page, and show what is saved at once.")
@click.option(
    "--port", metavar="N", type=click.IntRange(0, 65535), help="With --serve: on this port."
)
@opt.limit
@opt.only
@opt.except_
@opt.smtp
@opt.set_
@opt.expect
@opt.tolerate
@opt.strict
@opt.run
@opt.record
@opt.moved_from
@opt.quiet
@opt.no_progress
@opt.log_format
@opt.show_addresses
def preview(
    file: Path,
    *,
    recipient: tuple[str, ...],
    count: int,
    masked: bool,
    out: Path | None,
    open_: bool,
    serve: bool,
    port: int | None,
    limit: int | None,
    only: tuple[str, ...],
    except_: tuple[Path, ...],
    smtp: str | None,
    set_: tuple[str, ...],
    expect: str | None,
    tolerate: str | None,
    strict: bool,
    run: str | None,
    record: Path | str | None,
    moved_from: str | None,
    quiet: bool,
    no_progress: bool,
) -> int:
    """Show every kind of message that would be sent, on one page. Sends nothing.

    Needs no password. Exits 1 with bad rows, 2 with faults, 4 when `expect` refuses.
    """
    from sendbatch.rendering.workers import Workers

    with Workers() as workers:  # first of all: it has as much to load as there is to load below
        from sendbatch import api
        from sendbatch.cli.calling import Calling
        from sendbatch.cli.check import faulty
        from sendbatch.cli.terminal import Terminal
        from sendbatch.planning.options import Options

        terminal = Terminal(quiet=quiet, progress=not no_progress)
        options = Options(
            only=given.only(only),
            only_as_typed=only,
            excepted=except_,
            limit=limit,
            strict=strict,
            moved_from=moved_from,
        )
        loaded = partial(
            given.load, file, run=run, set_=set_, smtp=smtp, expect=expect, tolerate=tolerate
        )
        recipients = given.keys(recipient, "--recipient")
        if serve and (masked or out is not None):
            raise SendbatchError(
                "--masked and --out are for a page that is handed on, and --serve hands on none",
                hint="take --serve away",
            )
        if serve:
            from sendbatch.cli.serving import serve as serve_page

            calling = Calling(terminal, workers, record)
            return serve_page(
                loaded, options, recipients, count, port=port or 0, open_=open_, calling=calling
            )
        if port is not None:
            raise SendbatchError("--port is for --serve", hint="write --serve too")
        campaign = loaded()
        with Calling(terminal, workers, record).under_way() as around:
            found = api.gallery(
                campaign,
                recipients=recipients,
                most=count,
                masked=masked,
                out=out,
                options=options,
                **around,
            )
        terminal.planned(found.plan)
        if terminal.is_quiet and found.exit_code:
            terminal.complain(faulty(campaign.file, found.plan))
        _tell(terminal, found.page, open_=open_)
        return found.exit_code


def _tell(terminal: Terminal, page: Path, *, open_: bool) -> None:
    from sendbatch.cli.browser import opened

    terminal.say(f"nothing was sent; the messages are shown in {shown(page)}")
    if open_ and not opened(page.absolute().as_uri()):
        terminal.complain("no browser can be opened here: open that file yourself")
