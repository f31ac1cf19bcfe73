"""A real record on a real disk, and one that Hypothesis can throw away a hundred times."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from sendbatch.ledger.sqlite import Ledger, open_ledger, open_scratch

Fresh = Callable[[], AbstractContextManager[Ledger]]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as ledger:
        yield ledger


@pytest.fixture(scope="session")
def fresh() -> Fresh:
    """`with fresh() as ledger:` an empty record that is gone afterwards, not synchronised."""

    @contextlib.contextmanager
    def make() -> Iterator[Ledger]:
        with tempfile.TemporaryDirectory() as nowhere, open_scratch(Path(nowhere)) as ledger:
            yield ledger

    return make
