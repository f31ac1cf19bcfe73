"""Every store, one after the other: what a test here says must hold for each."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from itertools import count
from pathlib import Path

import pytest

from sendbatch.ledger.git.book import Book
from sendbatch.ledger.git.finding import Found
from sendbatch.ledger.git.place import KEY, Patience, Place
from sendbatch.ledger.git.program import Git
from sendbatch.ledger.git.record import GitRecord
from sendbatch.ledger.git.remote import Remote
from sendbatch.ledger.postgres.address import address_of
from sendbatch.ledger.postgres.doors import open_postgres_record
from sendbatch.ledger.postgres.place import Place as PostgresPlace
from sendbatch.ledger.sqlite import attempts
from sendbatch.ledger.sqlite.record import open_ledger
from sendbatch.ledger.store import Record
from tests.kit.memory.record import MemoryRecord
from tests.kit.postgres import Database
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


class Unheard(GitRecord):
    """Nobody else is told: what every store must do is the same wherever its record is."""

    def hold_announced(self, ids: Collection[int]) -> None:
        """Everybody may be sent to."""

    def _write(self, *told: object, **how: object) -> None:
        """Nothing is pushed."""


@contextlib.contextmanager
def git_record() -> Iterator[Record]:
    place = Place("shop", "news", Path(), {KEY: "k" * 16}, Patience())
    with quick_folder() as folder, open_ledger(folder) as ledger:
        ledger.seed(place.secret(), (), {}, (), 0.0)
        book = Book(Remote(Git(Path(), {}), 0.0), place, Found())
        yield Unheard(ledger, book, place, set(), lambda: 0.0)


@contextlib.contextmanager
def postgres_record() -> Iterator[Record]:
    """All of a process in one database: each is of a project of its own."""
    address = address_of(DATABASE[0].url)
    place = PostgresPlace(lambda: address, f"shop {next(NUMBER)}", "news", "", "", 5.0)
    with open_postgres_record(place, since="", holder="here", now=lambda: 0.0, join=False) as record:
        yield record


STORES = {
    "sqlite": sqlite_record,
    "memory": memory_record,
    "git": git_record,
    "postgres": postgres_record,
}
DATABASE: list[Database] = []
NUMBER = count()


@pytest.fixture(autouse=True)
def _database(request: pytest.FixtureRequest) -> None:
    """Where it is needed, and there is none yet. What compares all stores does without a missing one."""
    callspec = getattr(request.node, "callspec", None)
    if DATABASE or (callspec is not None and "postgres" not in callspec.params.values()):
        return
    try:
        DATABASE.append(request.getfixturevalue("running_postgres").new_database())
    except pytest.skip.Exception:
        if callspec is not None:
            raise


@pytest.fixture(
    params=[
        "sqlite",
        "memory",
        pytest.param("git", marks=pytest.mark.thorough),
        pytest.param("postgres", marks=pytest.mark.thorough),
    ]
)
def ledger(request: pytest.FixtureRequest) -> Iterator[Record]:
    """An empty record of each store, in this hand."""
    with STORES[request.param]() as record:
        yield record
