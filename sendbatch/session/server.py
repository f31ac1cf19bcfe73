"""The way to a campaign's server: a profile's, or the sandbox, which listens for as long as it is used."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sendbatch.campaign.model import Profile
from sendbatch.campaign.secrets import Commands, Credentials, read_credentials
from sendbatch.errors import LedgerError, shown
from sendbatch.runtime.files import own_folder
from sendbatch.session.job import Job
from sendbatch.smtp.server import Server, server_of

OUTBOX = "outbox"  # in the record's folder
PAGE = "outbox.html"  # beside it: what it held when somebody looked
PROOFS = "proofs"  # in the outbox: they look like what is sent, and are none of it


class Way(NamedTuple):
    """A server, and what reads the login for it where one connects."""

    server: Server
    read_credentials: Callable[[Commands], Credentials | None]


@contextlib.contextmanager
def way_to_server(job: Job, *, proofs: bool = False) -> Iterator[Way]:
    """The way to the campaign's server; the embedded one listens for as long as the block lasts, and
    its login is known to this block alone. It keeps `proofs` apart from what is sent."""
    profile, environ = job.profile, job.edge.environ
    if profile.name != "sandbox":
        yield Way(
            server_of(profile),
            lambda commands: read_credentials(profile, environ, commands=commands),
        )
        return
    job.record.make()
    with contextlib.suppress(OSError):  # the page says itself when it was made
        (job.record.path / PAGE).unlink()
    with _sandbox(job.record.path / OUTBOX, profile, proofs=proofs) as way:
        yield way


@contextlib.contextmanager
def _sandbox(outbox: Path, profile: Profile, *, proofs: bool) -> Iterator[Way]:
    from sendbatch.sandbox import Sandbox  # no other profile needs a server of ours

    sandbox = Sandbox(outbox / PROOFS if proofs else outbox)
    try:
        if proofs:
            own_folder(outbox)
        sandbox.start()
    except OSError as error:
        where = shown(sandbox.folder)
        raise LedgerError(f"{where}: no mail can be kept here: {error.strerror}") from None
    try:
        listening = replace(profile, host=sandbox.host, port=sandbox.port)
        yield Way(server_of(listening), lambda commands: sandbox.login)
    finally:
        sandbox.stop()


def outbox_of(record: Path, profile: Profile, *, proofs: bool = False) -> Path | None:
    """Where the sandbox kept the mails of this record, or its `proofs`, if it kept any."""
    folder = record / OUTBOX / PROOFS if proofs else record / OUTBOX
    return folder if profile.name == "sandbox" and folder.is_dir() else None
