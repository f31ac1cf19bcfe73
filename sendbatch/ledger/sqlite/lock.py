"""One sender at a time: a lock of the operating system, which dies with its holder.

The lock is a file of its own: closing any descriptor of the record's would drop SQLite's locks on it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sendbatch.errors import LockedError, one_line
from sendbatch.ledger.facts import Work, in_hand_of
from sendbatch.ledger.sqlite.access import LOCK as LOCK
from sendbatch.ledger.sqlite.access import denied
from sendbatch.ledger.sqlite.holding import Hold, identity, noted_in
from sendbatch.runtime.files import refuse_link, replacing
from sendbatch.words import clock_time

HOLDER = "lock.json"
MOMENT = 0.2  # seconds; `is_held` has the lock for an instant, and that is no other sender
BETWEEN_TRIES = 0.01  # seconds between two tries
MOST_LABEL = 4096  # bytes that are read of what a holder says of itself


@contextlib.contextmanager
def hold(
    folder: Path, *, since: str, holder: str, work: Work | None = None
) -> Iterator[Hold]:
    """Hold the record in `folder`, to send or for this `work`, or raise LockedError saying who does and since
    when."""
    path = folder / LOCK
    try:
        descriptor = _acquired(path)
    except BlockingIOError:
        raise _locked(folder, work) from None
    except OSError as error:
        raise denied(folder, folder / LOCK, error, "cannot be locked") from None
    try:
        held = Hold(path, descriptor, secrets.token_hex(16))
        _introduce(folder, since, holder, held.number, work)
        yield held
    finally:
        with contextlib.suppress(OSError):
            if identity(path) == identity(descriptor):  # else it is another's label by now
                (folder / HOLDER).unlink()
        os.close(descriptor)


def last_noted(folder: Path) -> bytes:
    """What the holder of the record in `folder`, or the last one, has put into its lock."""
    return noted_in(folder / LOCK)


def is_held(folder: Path) -> bool:
    """Whether some process holds the record in `folder` now. Changes nothing."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False  # never locked, or cannot be looked at from here: nobody can be told of
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _acquired(path: Path) -> int:
    """A descriptor that has the lock. Raises BlockingIOError where another has it, OSError."""
    refuse_link(path)
    give_up = time.monotonic() + MOMENT
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if identity(path) == identity(descriptor):  # and was not removed meanwhile
                return descriptor
        except (BlockingIOError, FileNotFoundError):
            if time.monotonic() > give_up:
                os.close(descriptor)
                raise
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        time.sleep(BETWEEN_TRIES)


def _introduce(folder: Path, since: str, holder: str, number: str, work: Work | None) -> None:
    label = {"pid": os.getpid(), "holder": holder, "since": since, "number": number, "work": work or ""}
    told = json.dumps(label)
    # The lock holds without its label, and dies with the process.
    with contextlib.suppress(OSError), replacing(folder / HOLDER, durable=False) as file:
        file.write(told.encode())


def holder_of(folder: Path) -> str | None:
    """The number of the process that holds the record in `folder` now; None where none does, or where it
    cannot be known."""
    if not is_held(folder):
        return None
    try:
        number = _label(folder)["number"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return number if isinstance(number, str) else None


def _label(folder: Path) -> Any:
    """What the holder says of itself. Raises OSError, ValueError, RecursionError."""
    descriptor = os.open(folder / HOLDER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        return json.loads(file.read(MOST_LABEL))


def _locked(folder: Path, asks: Work | None) -> LockedError:
    by = None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        by = in_hand_of(str(_label(folder)["work"]))
    if by is not None:
        return LockedError(
            f"sendbatch {by.verb} is at work on this campaign's record{_who(folder)}; nothing was "
            f"{'sent' if asks is None else 'done'}",
            hint="say it again once that has ended",
        )
    return LockedError(
        f"this campaign is being sent by another process{_who(folder)}",
        hint="sendbatch status shows how far it is",
    )


def _who(folder: Path) -> str:
    try:
        told = _label(folder)
        since = _local(str(told["since"]))
        return one_line(f" (process {told['pid']}, {told['holder']}, since {since})", 200)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def _local(since: str) -> str:
    """The label has UTC, as each file; the person who reads it here is told the time of this place."""
    try:
        at = datetime.strptime(since, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
        return clock_time(at.timestamp())
    except (ValueError, OverflowError, OSError):
        return since
