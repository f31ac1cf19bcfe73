"""A person's desk: a folder, the installed command, and what the report and the mails say."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from tests.e2e.postfix import PostfixServer

COMMAND = Path(sys.executable).parent / "sendbatch"

Told = Counter[tuple[str, str]]  # (address, Message-ID), and how often


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    out: str
    err: str

    def ended(self, code: int) -> Ran:
        """Itself; raises AssertionError with what was said where it ended otherwise."""
        assert self.code == code, f"exit {self.code}, not {code}\n{self.out}{self.err}"
        assert "Traceback" not in self.err
        return self


class Desk:
    """`folder` is where commands are typed; home, state and configuration are of its own."""

    def __init__(self, folder: Path, home: Path, server: PostfixServer | None = None) -> None:
        self.folder = folder
        self.environ = {
            "PATH": f"{COMMAND.parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "LANG": "C.UTF-8",
            "TMPDIR": str(home),
        }
        if server is not None:
            self.environ |= {
                "SSL_CERT_FILE": str(server.ca_file),
                "SMTP_USERNAME": server.user,
                "SMTP_PASSWORD": server.password,
            }

    def type(self, *words: str) -> Ran:
        """`sendbatch WORDS`, with no terminal and nothing on standard input."""
        done = subprocess.run(
            [str(COMMAND), *words],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def change(self, name: str, old: str, new: str) -> None:
        """Replaces the one `old` in a file of the folder."""
        path = self.folder / name
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new), "utf-8")


def profile_of(server: PostfixServer, name: str = "postfix") -> str:
    """A profiles.yaml with one way to the server."""
    return f"""\
profiles:
  {name}:
    host: {server.host}
    port: {server.port}
    security: starttls
    username: ${{SMTP_USERNAME}}
    password: ${{SMTP_PASSWORD}}
"""


def report_in(record: Path) -> list[dict[str, str]]:
    """The rows of a record's report.csv."""
    return list(csv.DictReader(io.StringIO((record / "report.csv").read_text("utf-8-sig"))))


def statuses(rows: Iterable[dict[str, str]]) -> Counter[str]:
    return Counter(row["status"] for row in rows)


def said_accepted(rows: Iterable[dict[str, str]]) -> Told:
    """Who the report says has which message."""
    return Counter((row["email"], row["message_id"]) for row in rows if row["status"] == "accepted")


def lying_there(messages: Iterable[EmailMessage]) -> Told:
    """Whom the messages in a mailbox are for, and which each is."""
    return Counter((address_of(message), message["Message-ID"].strip()) for message in messages)


def address_of(message: EmailMessage) -> str:
    """The one address in To, its domain as a person writes it."""
    (to,) = message["To"].addresses
    local, _, domain = to.addr_spec.rpartition("@")
    return f"{local}@{domain.encode('ascii').decode('idna') if domain.isascii() else domain}"
