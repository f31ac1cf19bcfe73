"""A real record, in memory where the machine has a disk there: hundreds are synchronised here."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sendbatch.ledger.sqlite.record import Ledger, open_ledger, open_scratch

MEMORY = Path("/dev/shm")


@contextlib.contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder that is gone afterwards, on a disk where synchronising costs nothing."""
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="sendbatch-test-", dir=where) as folder:
        yield Path(folder)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In this room in memory; otherwise pytest's own."""
    with quick_folder() as folder:
        yield folder


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as ledger:
        yield ledger


@contextlib.contextmanager
def empty_record() -> Iterator[Ledger]:
    """A record that is gone afterwards, made by the same statements and not synchronised."""
    with quick_folder() as nowhere, open_scratch(nowhere) as ledger:
        yield ledger
