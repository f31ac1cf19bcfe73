"""Waiting for what happens outside of a test's own process or thread: by looking, never for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

LONGEST = 120.0  # seconds that anything may take before a test gives up on it
PAUSE = 0.005  # seconds between two looks


def until(happened: Callable[[], object], what: str) -> None:
    """Until it is so; fails the test where it never is, and says what it waited for."""
    give_up = time.monotonic() + LONGEST
    while not happened():
        assert time.monotonic() < give_up, f"waited in vain for {what}"
        time.sleep(PAUSE)


def is_gone(process: int) -> bool:
    """Whether the process of that number has ended, also where nobody has asked yet how."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"
