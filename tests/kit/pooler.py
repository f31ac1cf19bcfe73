"""PgBouncer, Debian's, before a PostgreSQL of our own: each transaction may come to another session of it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.kit.loopback import HOST, closed_port
from tests.kit.postgres import Postgres, give, its_folder, unprivileged
from tests.kit.tools import find_or_skip
from tests.kit.waiting import until

SETTINGS = """\
[databases]
* = host={host} port={server}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = {mode}
default_pool_size = {sessions}
server_login_retry = 0.1
"""


@dataclass
class Pooler:
    port: int
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)


@contextlib.contextmanager
def pooled(
    server: Postgres, *, sessions: int = 4, mode: str = "transaction"
) -> Iterator[Pooler]:
    """One in this mode with so many sessions for all who come. Its settings are its own beside that:
    who says anything when it connects but its name and its database is refused."""
    program = find_or_skip("pgbouncer", "records are kept through it")
    with its_folder() as folder:
        port = closed_port()
        users = "".join(f'"{role}" "{word}"\n' for role, word in server.passwords.items())
        settings = SETTINGS.format(
            host=HOST, server=server.port, port=port, folder=folder, sessions=sessions, mode=mode
        )
        for name, text in (("users", users), ("pgbouncer.ini", settings)):
            (folder / name).write_text(text)
            give(folder / name)
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*unprivileged(), program, str(folder / "pgbouncer.ini")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
            )  # fmt: skip
        pooler = Pooler(port, process)
        try:
            until(lambda: _answers(server, pooler, folder / "log"), "PgBouncer to answer")
            yield pooler
        finally:
            pooler.kill()


def _answers(server: Postgres, pooler: Pooler, log: Path) -> bool:
    assert pooler.process.poll() is None, log.read_text()
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(server.url(port=pooler.port), prepare_threshold=None).close()
        return True
    return False
