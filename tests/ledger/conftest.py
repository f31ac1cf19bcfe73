"""A real record on a real disk, and one that Hypothesis can throw away a hundred times."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sendbatch.ledger.sqlite import Ledger, open_ledger, open_scratch


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as ledger:
        yield ledger


@contextlib.contextmanager
def empty_record() -> Iterator[Ledger]:
    """A record that is gone afterwards, made by the same statements and not synchronised."""
    with tempfile.TemporaryDirectory() as nowhere, open_scratch(Path(nowhere)) as ledger:
        yield ledger
