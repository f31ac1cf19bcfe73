from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from sendbatch.ledger.postgres.address import address_of
from sendbatch.ledger.postgres.connecting import opened
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.postgres.schema import ensure
from tests.kit.postgres import Database


def place_of(database: Database, url: str = "", name: str = "news") -> Place:
    """That of the record of this name in a database."""
    address = address_of(url or database.url)
    return Place(lambda: address, "shop", name, "", "", 5.0)


@pytest.fixture
def tables(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with our tables, and one record in them, of id 1: that of `place_of`."""
    address = address_of(database.url)
    with contextlib.closing(opened(address)) as connection:
        ensure(connection, address)
        new_record(connection, "news")
        yield connection


def new_record(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute(
        "INSERT INTO sendbatch.record (project, name, edition, profile, made_at) "
        "VALUES ('shop', %s, '', '', 0)",
        (name,),
    )
