"""Asking the process that holds a record on this machine to end: by a file beside its lock, that it reads.

What stands in it is the number of the holder that is meant, which its label has: so it is for that run alone,
and nobody else's process is ever touched.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from sendbatch.errors import LedgerError, one_line, shown
from sendbatch.ledger.sqlite.access import denied
from sendbatch.ledger.sqlite.lock import holder_of, is_held
from sendbatch.runtime.files import replacing
from sendbatch.runtime.stop import Stop

FILE = "stop"
EVERY = 0.5  # seconds between two looks
MOST_BYTES = 1024  # that are read of it
LONGEST = 200  # characters of who asks


def ask_to_stop(folder: Path, by: str) -> str | None:
    """Ask who holds the record in `folder` to end; returns its number, None where nobody does. Raises
    LedgerError where the folder cannot be written, or the holder does not say its number."""
    number = holder_of(folder)
    if number is None and is_held(folder):
        raise LedgerError(
            f"{shown(folder)}: a process holds this record, and cannot be asked to end from here",
            hint="end it where it runs, by Ctrl-C or SIGTERM",
        )
    if number is None:
        return None
    try:
        with replacing(folder / FILE, durable=False) as file:
            file.write(f"{number}\n{one_line(by, LONGEST)}\n".encode("utf-8", "replace"))
    except OSError as error:
        raise denied(folder, folder / FILE, error) from None
    return number


@contextlib.contextmanager
def heeding(folder: Path, number: str, stop: Stop) -> Iterator[None]:
    """While the holder of this `number` works in the block, `stop` is asked once somebody asks it to end."""
    file, over = folder / FILE, threading.Event()

    def look() -> None:
        while not over.wait(EVERY):
            if (by := _asked(file, number)) is not None:
                stop.soon(f"sendbatch stop, {by}")
                return

    watching = threading.Thread(target=look, name="asked to stop", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()
        with contextlib.suppress(OSError):
            file.unlink()


def _asked(file: Path, number: str) -> str | None:
    """Who asks the holder of this number to end; None where nobody does."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            said = opened.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
    meant, _, by = said.partition("\n")
    return one_line(by.strip(), LONGEST) if meant == number else None
