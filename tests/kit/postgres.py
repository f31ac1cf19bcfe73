"""A PostgreSQL of our own: Debian's programs, on loopback, with no rights, in a folder that is removed after.

One serves all tests of a process, and each test has a database of its own in it (`database`). A test may
kill it, stop it, make it read-only or full: it is well again for the next.
"""

from __future__ import annotations

import contextlib
import glob
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from tests.kit.loopback import HOST, closed_port
from tests.kit.tools import find_or_skip, skip_or_fail
from tests.kit.waiting import is_gone, until

REASON = "records of several machines are kept in it"
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
# fsync and full_page_writes are on, as they are by themselves; what is set here is about size and speed.
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "16MB",
    "max_wal_size": "256MB",
    "dynamic_shared_memory_type": "mmap",
    "log_min_messages": "warning",
    "log_statement": "none",
    "autovacuum_naptime": "10s",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "hot_standby": "on",
}
MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # bytes, for those of all processes
SUPERUSER, OWNER, STRANGER = "postgres", "owner", "stranger"


def programs() -> Path:
    """The folder of the newest PostgreSQL's programs; skips, or fails in CI, where there is none."""
    found = [Path(one) for place in PLACES for one in glob.glob(place) if Path(one, "initdb").exists()]
    if found:
        return max(found, key=lambda folder: [int(n) for n in folder.parts[-2].split(".") if n.isdigit()])
    return Path(find_or_skip("initdb", REASON)).resolve().parent


def unprivileged() -> list[str]:
    """The words before a program that will not be root's; none where the tests themselves are not root's."""
    if os.getuid() != 0:
        return []
    who = _user()
    words = [find_or_skip("setpriv", "PostgreSQL does not run as root"), f"--reuid={who.pw_uid}"]
    return [*words, f"--regid={who.pw_gid}", "--clear-groups", "--pdeathsig=KILL"]


@contextlib.contextmanager
def its_folder(place: Path | None = None) -> Iterator[Path]:
    """An empty one that belongs to who runs the programs, with nothing closed above it."""
    folder = Path(tempfile.mkdtemp(prefix="sendbatch-postgres-", dir=place))
    try:
        give(folder)
        yield folder
    finally:
        shutil.rmtree(folder)


def give(path: Path) -> None:
    """It belongs to who runs the programs."""
    if os.getuid() == 0:
        os.chown(path, _user().pw_uid, _user().pw_gid)


def _user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


class Postgres:
    """An instance in `folder`. It listens on 127.0.0.1, always on the same port; who comes says a password,
    which stands in `passwords` by role: one that may do all, the owner of databases, one without rights."""

    def __init__(self, folder: Path, passwords: dict[str, str]) -> None:
        self.folder, self.passwords = folder, passwords
        self.port = closed_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0

    @classmethod
    @contextlib.contextmanager
    def made(cls, place: Path | None = None, **settings: str) -> Iterator[Self]:
        """A new one, running, in a folder that is removed after, below `place` if that is given."""
        passwords = {role: secrets.token_hex(12) for role in (SUPERUSER, OWNER, STRANGER)}
        with its_folder(place) as folder:
            made = cls(folder, passwords)
            (folder / "password").write_text(passwords[SUPERUSER])
            give(folder / "password")
            made.program(
                *("initdb", "-D", "{data}", "-U", SUPERUSER, "--auth=scram-sha-256", "--no-sync"),
                *(f"--pwfile={folder}/password", "--locale=C", "--encoding=UTF8", "--wal-segsize=4"),
            )
            made.configure(**{**SETTINGS, **settings})
            with made.running():
                made.say(*(_role(name, passwords[name]) for name in (OWNER, STRANGER)))
                yield made

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        self.start()
        try:
            yield
        finally:
            self.kill()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def program(self, name: str, *words: str, environ: Mapping[str, str] | None = None) -> str:
        """What one of its programs says. Raises AssertionError where it fails."""
        words = tuple(word.format(data=self.data) for word in words)
        ended = subprocess.run(
            [*unprivileged(), str(programs() / name), *words],
            capture_output=True, text=True, check=False, cwd="/", env=dict(os.environ) | dict(environ or {}),
        )  # fmt: skip
        assert ended.returncode == 0, f"{name}: {ended.stderr}"
        return ended.stdout

    def configure(self, **settings: str) -> None:
        """What it says from its next start on."""
        lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines([*lines, f"port = {self.port}\n"])

    # its life

    def start(self, environ: Mapping[str, str] | None = None) -> None:
        """It answers, when this returns; what a kill left is recovered."""
        assert not self.is_running
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*unprivileged(), str(programs() / "postgres"), "-D", str(self.data)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                env=dict(os.environ) | dict(environ or {}),
            )  # fmt: skip
        until(self._answers, "PostgreSQL to answer")

    def kill(self) -> None:
        """All its processes at once, as if the machine died."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGSTOP)  # so that it starts no more
        backends = self.backends()
        for one in (self._process.pid, *backends):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self._process.wait(60)
        until(lambda: all(is_gone(one) for one in backends), "its processes to end")
        self._process = None

    def stop(self) -> None:
        """As an administrator stops it: every connection is ended with a word."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """At once, and each connection is told; a start recovers what is needed."""
        self._end(signal.SIGQUIT)

    def restart(self) -> None:
        self.stop()
        self.start()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """None of its processes does a thing; connections stay open."""
        assert self._process is not None
        everyone = [self._process.pid, *self.backends()]
        for one in everyone:
            os.kill(one, signal.SIGSTOP)
        try:
            yield
        finally:
            for one in everyone:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGCONT)

    def backends(self) -> list[int]:
        assert self._process is not None
        with contextlib.suppress(OSError):
            pid = self._process.pid
            return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return []

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(60)
        self._process = None

    def _answers(self) -> bool:
        assert self.is_running, self.log[-2000:]
        with contextlib.suppress(psycopg.OperationalError), self.session():
            return True
        return False

    # what it is asked and told

    def url(self, database: str = "postgres", role: str = OWNER, *, port: int | None = None) -> str:
        password = quote(self.passwords[role])
        return f"postgresql://{role}:{password}@{HOST}:{port or self.port}/{database}"

    @contextlib.contextmanager
    def session(self, database: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
        """A session of who may do all; each statement is a transaction."""
        url = self.url(database, SUPERUSER)
        with psycopg.connect(url, autocommit=True, connect_timeout=60) as connection:
            yield connection

    def say(self, *statements: str | sql.Composed, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Rows that came of the last."""
        with self.session(database) as session:
            rows: list[tuple[Any, ...]] = []
            for statement in statements:
                cursor = session.execute(statement.encode() if isinstance(statement, str) else statement)
                rows = cursor.fetchall() if cursor.description else []
            return rows

    def set(self, name: str, value: str | None) -> None:
        """One of its settings, for all sessions from now on, also those there are; None: as it was made."""
        word = sql.Identifier(name)
        if value is None:
            change = sql.SQL("ALTER SYSTEM RESET {}").format(word)
        else:
            change = sql.SQL("ALTER SYSTEM SET {} = {}").format(word, sql.Literal(value))
        self.say(change, "SELECT pg_reload_conf()")

    def new_database(self, *, tablespace: str | None = None, template: str = "template0") -> Database:
        self._databases += 1
        name = f"record_{self._databases}"
        made = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)
        )
        if tablespace is not None:
            made += sql.SQL(" TABLESPACE {}").format(sql.Identifier(tablespace))
        self.say(made)
        return Database(self, name)

    # others

    @contextlib.contextmanager
    def replica(self, *, synchronous: bool = False) -> Iterator[Postgres]:
        """A hot standby that streams from this one, running. `synchronous`: a commit waits for it, as long
        as it is there."""
        with its_folder() as folder:
            other = Postgres(folder, self.passwords)
            self.program(
                *("pg_basebackup", "-D", str(other.data), "-R", "-X", "stream", "-c", "fast"),
                *("--no-sync", "-h", HOST, "-p", str(self.port), "-U", SUPERUSER),
                environ={"PGPASSWORD": self.passwords[SUPERUSER]},
            )
            other.configure(**SETTINGS)
            with other.running(), self._followed(synchronous):
                yield other

    @contextlib.contextmanager
    def _followed(self, synchronous: bool) -> Iterator[None]:
        until(lambda: self.say("SELECT 1 FROM pg_stat_replication"), "the replica to stream")
        if synchronous:
            self.set("synchronous_standby_names", "*")
        try:
            yield
        finally:
            if self.is_running:
                self.set("synchronous_standby_names", None)
            else:  # its next start waits for no replica
                (self.data / "postgresql.auto.conf").write_text("")

    def promote(self) -> None:
        """A standby becomes a primary of its own; the one it streamed from is not asked."""
        self.say("SELECT pg_promote()")
        until(lambda: not self.say("SELECT pg_is_in_recovery()")[0][0], "the promotion")


@dataclass(frozen=True)
class Database:
    """One in an instance. `url` is its owner's."""

    server: Postgres
    name: str

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    @property
    def strangers_url(self) -> str:
        """Of one who may connect, and make nothing."""
        return self.server.url(self.name, STRANGER)

    def through(self, port: int) -> str:
        """The owner's, by a relay or a pooler that listens on this port."""
        return self.server.url(self.name, port=port)

    def copied(self) -> Database:
        """Another one, as this one is now: a backup, put back."""
        return self.server.new_database(template=self.name)

    def say(self, *statements: str) -> list[tuple[Any, ...]]:
        """By who may do all; rows that came of the last."""
        return self.server.say(*statements, database=self.name)

    def end_sessions(self) -> None:
        """As an administrator does, or a failover."""
        self.server.say(
            sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(
                sql.Literal(self.name)
            )
        )

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """Sessions from now on may not write, and those that there were are ended."""
        with self._altered("SET default_transaction_read_only = on", "RESET default_transaction_read_only"):
            yield

    @contextlib.contextmanager
    def crowded(self) -> Iterator[None]:
        """No session more: too many connections. Those that there were are ended."""
        with self._altered("CONNECTION LIMIT 0", "CONNECTION LIMIT -1"):
            yield

    @contextlib.contextmanager
    def _altered(self, change: str, back: str) -> Iterator[None]:
        self.server.say(self._alter(change))
        self.end_sessions()
        try:
            yield
        finally:
            self.server.say(self._alter(back))  # whoever has come back by now stays

    def _alter(self, change: str) -> sql.Composed:
        return sql.SQL("ALTER DATABASE {} " + change).format(sql.Identifier(self.name))

    def drop(self) -> None:
        self.server.say(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.name)))


@contextlib.contextmanager
def cramped(server: Postgres, megabytes: int = 24) -> Iterator[tuple[Database, Path]]:
    """A database on a disk of this size, and the path of a file on it: whoever writes there fills the disk
    (`fill`). Only root may make such a disk."""
    with its_folder() as folder, _small_disk(folder, megabytes):
        (folder / "space").mkdir()
        give(folder / "space")
        name, owner = sql.Identifier(folder.name), sql.Identifier(OWNER)
        made = sql.SQL("CREATE TABLESPACE {} OWNER {} LOCATION {}")
        server.say(made.format(name, owner, sql.Literal(str(folder / "space"))))
        database = server.new_database(tablespace=folder.name)
        yield database, folder / "ballast"
        (folder / "ballast").unlink(missing_ok=True)
        database.drop()
        server.say(sql.SQL("DROP TABLESPACE {}").format(name))


@contextlib.contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    if os.getuid() != 0:
        skip_or_fail("only root can make a disk that is full")
    size = f"size={megabytes}m,mode=755"
    mount = [find_or_skip("mount", "a small disk is made with it"), "-t", "tmpfs", "-o", size]
    told = subprocess.run([*mount, "tmpfs", folder], capture_output=True, text=True, check=False)
    if told.returncode:
        skip_or_fail(f"no disk that is full: {told.stderr.strip()}")
    try:
        give(folder)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(ballast: Path) -> None:
    """Until nothing more goes onto its disk; to unlink the file makes room."""
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def _role(name: str, password: str) -> sql.Composed:
    made = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
    return made.format(sql.Identifier(name), sql.Literal(password))


@pytest.fixture(scope="session")
def running_postgres() -> Iterator[Postgres]:
    """The one instance of this process. It synchronises what it writes, as it must: where there is room, in
    memory, for no test here cuts the machine's power."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    with Postgres.made(MEMORY if has_room else None) as server:
        yield server


@pytest.fixture
def postgres(running_postgres: Postgres) -> Iterator[Postgres]:
    """It, running and as it was made, whatever the test before has done to it."""
    if not running_postgres.is_running:
        running_postgres.start()
    yield running_postgres
    if not running_postgres.is_running:
        running_postgres.start()
    running_postgres.say("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    """An empty one, the owner's."""
    made = postgres.new_database()
    yield made
    if not postgres.is_running:
        postgres.start()
    made.drop()
