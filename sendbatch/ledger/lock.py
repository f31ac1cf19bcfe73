"""One sender at a time: a lock of the operating system, which dies with its holder."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from sendbatch.errors import LockedError, one_line
from sendbatch.ledger.access import LOCK as LOCK
from sendbatch.ledger.access import denied

HOLDER = "lock.json"
MOMENT = 0.2  # seconds; `is_held` has the lock for an instant, and that is no other sender


@contextlib.contextmanager
def hold(folder: Path, *, since: str, holder: str) -> Iterator[None]:
    """Hold the record in `folder`, or raise LockedError saying who does and since when."""
    lock = FileLock(folder / LOCK, mode=0o600)
    try:
        lock.acquire(timeout=MOMENT)
    except Timeout:
        raise LockedError(
            f"this campaign is being sent by another process{_who(folder)}",
            hint="sendbatch status shows how far it is",
        ) from None
    except OSError as error:
        raise denied(folder, folder / LOCK, error, "cannot be locked") from None
    try:
        _introduce(folder, since, holder)
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / HOLDER).unlink()
        lock.release()


def is_held(folder: Path) -> bool:
    """Whether some process holds the record in `folder` now."""
    if not os.path.exists(folder / LOCK):
        return False
    lock = FileLock(folder / LOCK, mode=0o600)
    try:
        lock.acquire(timeout=MOMENT)
    except Timeout:
        return True
    except OSError:
        return False  # cannot be locked from here; nobody can be told of
    lock.release()
    return False


def _introduce(folder: Path, since: str, holder: str) -> None:
    told = json.dumps({"pid": os.getpid(), "holder": holder, "since": since})
    with contextlib.suppress(OSError):  # the lock holds without its label
        descriptor = os.open(folder / HOLDER, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(told)


def _who(folder: Path) -> str:
    try:
        told = json.loads((folder / HOLDER).read_text(encoding="utf-8"))
        return one_line(f" (process {told['pid']}, {told['holder']}, since {told['since']})", 200)
    except (OSError, ValueError, KeyError, TypeError):
        return ""
