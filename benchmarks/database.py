"""A PostgreSQL as Debian's package has it, on a disk: /var/tmp, for /tmp may be memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.installing import LeftOut

if TYPE_CHECKING:
    from tests.kit.postgres import Database, Postgres

DISK = Path("/var/tmp")
USUAL = {"shared_buffers": "128MB", "max_wal_size": "1GB", "autovacuum_naptime": "1min"}


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """One of our own, with its usual settings. Raises LeftOut where there is none."""
    try:
        import pytest

        from tests.kit.postgres import Postgres, programs
    except ImportError as missing:
        raise LeftOut(f"{missing.name} is not installed: make bench installs it") from None
    try:
        programs()
    except pytest.skip.Exception as why:
        raise LeftOut(str(why)) from None
    with Postgres.made(DISK, **USUAL) as server:
        yield server


@contextlib.contextmanager
def empty(server: Postgres) -> Iterator[Database]:
    """A database with nothing in it, gone afterwards."""
    database = server.new_database()
    yield database
    database.drop()


def told(database: Database, question: str) -> tuple[Any, ...]:
    """The one row that comes of it."""
    (row,) = database.say(question)
    return row
