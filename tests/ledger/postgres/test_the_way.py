"""TLS to the database, and what libpq is told beside the address: what does not pass is not waited for, and
what is said leads on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from sendbatch.errors import LedgerError
from sendbatch.ledger.postgres.address import address_of
from sendbatch.ledger.postgres.connecting import connect
from sendbatch.ledger.postgres.doors import has_record
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.postgres.way import of_the_way
from tests.kit.postgres import Database, Postgres, give
from tests.kit.tools import find_or_skip


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`server` is of another name and signed by itself; the key of `client` takes a passphrase."""
    folder, openssl = tmp_path_factory.mktemp("tls"), find_or_skip("openssl", "certificates are made with it")
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-days", "2"]
    for name, key in (("server", ["-nodes"]), ("client", ["-passout", "pass:Geheim"])):
        words = [*made, *key, "-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", "/CN=db.example.com"]
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
    for file in folder.glob("*.key"):
        file.chmod(0o600)
    return folder


@pytest.fixture
def secured(postgres: Postgres, certificates: Path) -> Iterator[Postgres]:
    for name in ("server.crt", "server.key"):
        copy = postgres.data / name
        copy.write_bytes((certificates / name).read_bytes())
        copy.chmod(0o600)
        give(copy)
    postgres.set("ssl", "on")
    with closing(psycopg.connect(postgres.url(), sslmode="disable")):
        yield postgres
    postgres.set("ssl", None)


def refusal(url: str) -> LedgerError:
    """Not RecordStopped, after which a run is started again."""
    with pytest.raises(LedgerError) as refused:
        has_record(Place(lambda: address_of(url), "shop", "news", "", "", 5.0))
    return refused.value


def test_what_tls_refuses_is_not_waited_for_and_the_words_say_what_to_look_at(
    secured: Postgres, database: Database, certificates: Path
) -> None:
    there = certificates / "server.crt"
    for parameters, said in (
        (f"sslmode=verify-full&sslrootcert={there}", "does not match host name"),
        (f"sslmode=verify-full&sslrootcert={certificates / 'client.crt'}", "certificate verify failed"),
        (f"sslmode=verify-full&sslrootcert={certificates / 'none'}", "root certificate file"),
    ):
        found = refusal(f"{database.url}?{parameters}")
        assert said in str(found)
        assert "sslrootcert=" in (found.hint or "")
    found = refusal(f"{database.url}?sslmode=disable&channel_binding=require")
    assert "channel_binding=" in (found.hint or "")
    for more in ("sslmode=require", f"sslmode=verify-ca&sslrootcert={there}", "channel_binding=require"):
        with closing(connect(address_of(f"{database.url}?{more}"))) as connection:
            assert connection.pgconn.ssl_in_use


def test_a_key_with_a_passphrase_is_not_asked_for_at_the_terminal(
    secured: Postgres, database: Database, certificates: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = f"{database.url}?sslmode=require&sslcert={certificates}/client.crt&sslkey={certificates}/client.key"
    found = refusal(url)
    assert "sslpassword=" in (found.hint or "")
    wrong = refusal(f"{url}&sslpassword=Falsch")
    assert "Falsch" not in f"{wrong}{wrong.hint}"
    assert "phrase" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ("service=nowhere", "PGSERVICEFILE"),
        ("sslmode=nonsense", "LIBPQ-PARAMKEYWORDS"),
        ("sslmod=require", "LIBPQ-PARAMKEYWORDS"),
    ],
)
def test_what_libpq_cannot_read_is_not_waited_for(more: str, hint: str) -> None:
    assert hint in (refusal(f"postgresql://127.0.0.1/db?{more}").hint or "")


@pytest.mark.parametrize(
    "said",
    [
        "SSL SYSCALL error: EOF detected",
        "SSL error: unexpected eof while reading",
        "server closed the connection unexpectedly",
        "connection failed: a: certificate verify failed\nconnection to b failed: Connection refused",
    ],
)
def test_what_may_pass_is_waited_for(said: str) -> None:
    assert of_the_way(psycopg.OperationalError(said)) is None
