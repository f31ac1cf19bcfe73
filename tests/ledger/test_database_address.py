"""The address of a record's database: what is read of it, and that a password is never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.errors import CampaignError
from sendbatch.ledger.postgres.address import address_of, hold_folder, is_address

READ = (
    ("postgresql://h/db", "h/db", "postgresql://h/db"),
    ("postgres://u@h:5432/db", "h/db", "postgres://u@h:5432/db"),
    ("postgresql://u:secret@h:6000/db", "h:6000/db", "postgresql://u@h:6000/db"),
    ("POSTGRESQL://u:secret@h/db", "h/db", "postgresql://u@h/db"),
    ("postgresql:///db", "the local server/db", "postgresql:///db"),
    ("postgresql:///?service=news", "the service news", "postgresql:///?service=news"),
    ("postgresql://h?host=i&port=6000&dbname=db", "i:6000/db", "postgresql://h?host=i&port=6000&dbname=db"),
    ("postgresql://h:6000/db?host=i", "i:6000/db", "postgresql://h:6000/db?host=i"),
    ("postgresql://h/db?hostaddr=::1", "h (::1)/db", "postgresql://h/db?hostaddr=::1"),
    ("postgresql://news@h", "h/news", "postgresql://news@h"),
    ("postgresql://%2Fvar%2Frun/db", "/var/run/db", "postgresql://%2Fvar%2Frun/db"),
    ("postgresql://u:secret@[::1]:6000/db", "[::1]:6000/db", "postgresql://u@[::1]:6000/db"),
    ("postgresql://a:5432,b:5433/db", "a,b:5433/db", "postgresql://a:5432,b:5433/db"),
    (
        "postgresql://h/db?sslmode=require&password=secret",
        "h/db",
        "postgresql://h/db?sslmode=require",
    ),
    ("postgresql://h/db?sslpassword=secret", "h/db", "postgresql://h/db"),
    ("postgresql://u:p%40ss%2Fsecret@h/db", "h/db", "postgresql://u@h/db"),
)


@pytest.mark.parametrize(("url", "shown", "typed"), READ)
def test_server_and_database_are_shown_and_what_is_typed_has_no_password(
    url: str, shown: str, typed: str
) -> None:
    address = address_of(url)
    assert (address.shown, address.typed) == (shown, typed)
    assert address.has_password == ("secret" in url)
    assert "secret" not in f"{address}{address!r}"
    assert address_of(address.typed).typed == typed


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:secret@h/db",
        "postgresql:/u:secret@h/db",
        "postgresql:u:secret@h/db",
        "postgresql://u:p@secret@h/db",
        "postgresql://u:12?secret@h/db",
        "postgresql://u:12?secret=x@h/db",
        "postgresql://u:12/secret@h",
        "postgresql://u:12/secret@h/db",
        "postgresql://u:se/secret@h/db",
        "postgresql://u:12#secret@h/db",
        "postgresql://u:secret%zz@h/db",
        "postgresql://u:secret@h:99999/db",
        "postgresql://u:secret@[h/db",
        "postgresql://u:secret@h/db?secret",
        "postgresql://u:sec ret@h/db",
        "postgresql://u:secret@h/db\nx",
        "postgresql://u:secret@h/a/b",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(CampaignError) as refused:
        address_of(url)
    assert "secret" not in str(refused.value)
    assert "%40" in str(refused.value)


def test_where_the_environment_says_which_database_it_is_that_is_shown() -> None:
    said = {"PGHOST": "h", "PGPORT": "6000", "PGDATABASE": "db"}
    assert address_of("postgresql://", said).shown == "h:6000/db"
    assert address_of("postgresql://", {"PGSERVICE": "news"}).shown == "the service news"
    assert address_of("postgresql://i/mail", said).shown == "i/mail"


@given(st.text("abc@:/?#%&=.[]é 1", min_size=3, max_size=12))
def test_whatever_a_password_holds_it_is_never_shown(password: str) -> None:
    secret = f"Geheim{password}Geheim"
    said, typed = "", "postgresql://u@h/db"
    try:
        address = address_of(f"postgresql://u:{secret}@h/db")
        said, typed = f"{address}{address.shown}{address.typed}", address.typed
    except CampaignError as refused:
        said = str(refused)
    assert "Geheim" not in said
    assert typed == "postgresql://u@h/db"


def test_a_folder_is_no_address() -> None:
    assert not any(map(is_address, ("reports", "/srv/postgresql", "git", "", "postgresql")))


@pytest.mark.parametrize(
    "text",
    [
        "'postgresql://u:geheim@h/db'",
        '"postgresql://u:geheim@h/db"',
        "DATABASE_URL=postgresql://u:geheim@h/db",
        "postgresql+psycopg://u:geheim@h/db",
        "jdbc:postgresql://h/db?password=geheim",
        "mysql://u:geheim@h/db",
        "host=h password=geheim",
        "dbname=geheim",
        "service = geheim",
        "$DATABASE_geheim",
        "${DATABASE_geheim",
        "mysql:/u:geheim@h/db",
        "/srv/host=h password=geheim",
        " postgresql+psycopg://u:geheim@h/db",
    ],
)
def test_what_is_meant_as_an_address_is_never_taken_for_a_folder(text: str) -> None:
    assert not is_address(text)
    with pytest.raises(CampaignError) as refused:
        hold_folder(text)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["reports", "/srv/mail", "./a=b", "~/mail", "C", "../x", "kept 2026", "/srv/a:b", "a-b.c"]
)
def test_a_folder_is_one(text: str) -> None:
    hold_folder(text)
