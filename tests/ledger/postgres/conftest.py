from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import psycopg
import pytest

from tests.kit.postgres import Database


@pytest.fixture
def tables(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with our tables, and one record in them, of id 1."""
    with psycopg.connect(database.url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("CREATE SCHEMA sendbatch")
        connection.execute((files("sendbatch.ledger.postgres") / "schema.sql").read_text().encode())
        connection.execute(
            "INSERT INTO sendbatch.record (project, name, edition, profile, made_at) VALUES ('shop', "
            "'news', '', '', 0)"
        )
        yield connection
