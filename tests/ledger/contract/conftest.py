"""Every store, one after the other: what a test here says must hold for each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from sendbatch.ledger.sqlite import attempts
from sendbatch.ledger.sqlite.record import open_ledger
from sendbatch.ledger.store import Record
from tests.kit.memory.record import MemoryRecord
from tests.ledger.conftest import quick_folder


@contextlib.contextmanager
def sqlite_record() -> Iterator[Record]:
    with quick_folder() as folder, open_ledger(folder) as record:
        yield record


@contextlib.contextmanager
def memory_record() -> Iterator[Record]:
    yield MemoryRecord()


@contextlib.contextmanager
def in_bulk_at_once() -> Iterator[None]:
    """What a store does in bulk it does as soon as there is anything to do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "ENOUGH", 1)
        yield


STORES = {"sqlite": sqlite_record, "memory": memory_record}


@pytest.fixture(params=STORES)
def ledger(request: pytest.FixtureRequest) -> Iterator[Record]:
    """An empty record of each store, in this hand."""
    with STORES[request.param]() as record:
        yield record
