"""`sendbatch forget`: blanks one person in all records, and says where else they are named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import options as opt
from sendbatch.errors import GuardError, one_line, shown
from sendbatch.words import count

if TYPE_CHECKING:
    from sendbatch.session.forgetting import Forgotten, Looked, ToForget

MOST = 20  # files of a kind that are named one by one


@click.argument("email", metavar="EMAIL", help="An address, or the key of a campaign.")
@click.argument(
    "folder",
    metavar="[DIR]",
    type=opt.PATH,
    required=False,
    help="Where to look, with all below it; this repository where it is left out.",
)
@click.option("--yes", "-y", is_flag=True, help="Blank them without asking.")
@opt.record
@opt.show_addresses
def forget(email: str, folder: Path | None, *, yes: bool, record: Path | str | None) -> int:
    """Blank one person in all records, so that no later run mails them.

    Shows what is to be blanked and where, and asks. A hash of their key stays.
    """
    from sendbatch import api
    from sendbatch.cli.terminal import person_is_there

    if not yes and not person_is_there():
        raise GuardError(
            "nobody is here to ask whether this person is to be forgotten",
            hint="sendbatch trace EMAIL shows what is known of them; then add --yes",
        )

    def asked(what: ToForget) -> bool:
        _say(_shown(what))
        return yes or _agreed()

    done = api.forget(email, folder, ask=asked, record=record)
    _say(_told(done))
    return done.exit_code


def _shown(what: ToForget) -> Iterator[str]:
    yield f"{one_line(what.typed, 320)} is to be forgotten:"
    yield _looked(what.looked)
    for record in what.records:
        told = record.stories
        yield f"  {one_line(record.spot.title)}: {_of_stories(len(told.stories), len(told.events))}"
        yield from _files(record.files, "removed, for they name them")
    if what.others:
        yield "  these files name them too, and stay as they are:"
        yield from _files(what.others, "")
    yield from _unread([(one.what, one.why) for one in what.unread])
    yield "what became of their mail stays, under a hash of their key: no later run mails them"


def _looked(looked: Looked) -> str:
    return f"  looked in {count(looked.records, 'record')}: {', '.join(map(one_line, looked.places))}"


def _of_stories(rows: int, events: int) -> str:
    if not rows and not events:
        return "what is left in the file of them is overwritten"
    parts = [count(rows, "row")] if rows else []
    parts += [count(events, "event")] if events else []
    return f"{' and '.join(parts)} blanked"


def _files(files: Iterable[Path], why: str) -> Iterator[str]:
    names = [one_line(shown(path)) for path in files]
    yield from (f"    {name}{': ' if why else ''}{why}" for name in names[:MOST])
    if len(names) > MOST:
        yield f"    and {count(len(names) - MOST, 'more file')}"


def _told(done: Forgotten) -> Iterator[str]:
    whom = one_line(done.typed, 320)
    if not done.blanked and not done.removed:
        yield f"{whom}: no record{' that could be read' if done.unread else ''} knows them"
        yield _looked(done.looked)
    for title, blanked in done.blanked:
        parts = [count(blanked.rows, "row")] if blanked.rows else []
        parts += [count(blanked.texts, "text")] if blanked.texts else []
        yield f"{one_line(title)}: {' and '.join(parts) or 'nothing more'} blanked"
    if done.removed:
        yield f"{count(len(done.removed), 'file')} removed"
    if done.written:
        yield f"made anew: {', '.join(one_line(shown(path)) for path in done.written)}"
    if done.remain:
        yield "still named, or perhaps, and for you to look at:"
        yield from (f"  {one_line(what)}: {why}" for what, why in done.remain[:MOST])
        if len(done.remain) > MOST:
            yield f"  and {len(done.remain) - MOST:,} more"
    yield from _unread([(one.what, one.why) for one in done.unread])
    if done.blanked:
        yield "git keeps what was committed, and backups keep what they have: neither was looked at"


def _unread(left: list[tuple[str, str]]) -> Iterator[str]:
    if left:
        yield "could not be read or changed, so that they may be named there:"
        yield from (f"  {one_line(what)}: {why}" for what, why in left)


def _agreed() -> bool:
    from sendbatch.cli.signals import asked, interruptible

    with interruptible():
        answer = asked("Forget this person? [y/N] ")
    return answer.strip().lower() in ("y", "yes")


def _say(lines: Iterable[str]) -> None:
    import sys

    from sendbatch.cli.wrapping import fitted
    from sendbatch.errors import inert
    from sendbatch.runtime.masking import for_log

    click.echo(fitted(inert(for_log("\n".join(lines))), sys.stderr), err=True)
