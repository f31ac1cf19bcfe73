from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from sendbatch.ledger.postgres.address import address_of
from sendbatch.ledger.postgres.brief import Brief
from sendbatch.ledger.postgres.connecting import opened
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.postgres.schema import ensure
from tests.kit.postgres import Database, Postgres


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


@pytest.fixture(scope="session")
def lasting(running_postgres: Postgres) -> Database:
    """A database with our tables for all tests of a process that share no account."""
    if not running_postgres.is_running:
        running_postgres.start()
    made = running_postgres.new_database()
    address = address_of(made.url)
    with contextlib.closing(opened(address)) as connection:
        ensure(connection, address)
    return made


@pytest.fixture
def briefs(lasting: Database) -> Iterator[list[Brief]]:
    """Four runners' connections to it."""
    made = [Brief(address_of(lasting.url)) for _ in range(4)]
    yield made
    for one in made:
        one.close()


@pytest.fixture
def account() -> str:
    """One of this test alone."""
    return secrets.token_hex(8)


def new_record(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute(
        "INSERT INTO sendbatch.record (project, name, edition, profile, made_at) "
        "VALUES ('shop', %s, '', '', 0)",
        (name,),
    )
