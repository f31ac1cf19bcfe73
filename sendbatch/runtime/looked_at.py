"""Which files a call opens or looks for: what is to be watched is known without a second list of it.

The interpreter tells its audit hooks of every file that is opened and every folder that is listed (PEP 578),
before it does it: so one that is not there is told of, too. A hook stays for as long as the process.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

LOOKED_FOR = "sendbatch.looked_for"  # an event of our own, of a path that nothing was opened at
MOST = 20_000  # paths

_thread = threading.local()
_lock = threading.Lock()
_hears: list[bool] = []


@dataclass(slots=True)
class LookedAt:
    """Paths as they were given: `files` were opened or looked for, `folders` listed."""

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)


@contextlib.contextmanager
def looked_at() -> Iterator[LookedAt]:
    """Gathers what this thread looks at within the block, but for what belongs to Python and the system."""
    with _lock:
        if not _hears:
            sys.addaudithook(_hear)
            _hears.append(True)
    found, before = LookedAt(), getattr(_thread, "found", None)
    _thread.found = found
    try:
        yield found
    finally:
        _thread.found = before
        found.files = {path for path in found.files if not _is_ours(path)}
        found.folders = {path for path in found.folders if not _is_ours(path)}


def _hear(event: str, given: tuple[Any, ...]) -> None:
    if event not in ("open", LOOKED_FOR, "os.scandir", "os.listdir"):
        return
    found: LookedAt | None = getattr(_thread, "found", None)
    if found is None or not given or not isinstance(given[0], (str, bytes)):
        return
    kind = found.folders if event.startswith("os.") else found.files
    if len(kind) < MOST:
        kind.add(os.path.abspath(os.fsdecode(given[0])))


_OURS = tuple(
    f"{os.path.realpath(folder)}{os.sep}"
    for folder in (sys.prefix, sys.base_prefix, os.path.dirname(os.path.dirname(__file__)), "/dev", "/proc")
    if os.path.realpath(folder) != os.sep
)


def _is_ours(path: str) -> bool:
    """Part of Python, of this package, or of the system."""
    return f"{path}{os.sep}".startswith(_OURS)
