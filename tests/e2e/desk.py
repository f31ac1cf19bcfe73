"""A person's desk: a folder, the installed command, and what the report and the mails say."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections import Counter
from collections.abc import Iterable
from email.message import EmailMessage
from pathlib import Path

from tests.e2e.postfix import PostfixServer
from tests.kit.command import Desk

COMMAND = Path(sys.executable).parent / "sendbatch"

ReportRow = Counter[tuple[str, str]]  # (address, Message-ID), and how often


class Installed(Desk):
    """A desk with the installed command; home, state and configuration are of its own, and nothing else is
    in the environment."""

    def __init__(self, folder: Path, home: Path, server: PostfixServer | None = None) -> None:
        environ = {
            "PATH": f"{COMMAND.parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "LANG": "C.UTF-8",
            "TMPDIR": str(home),
        }
        if server is not None:
            environ |= {
                "SSL_CERT_FILE": str(server.ca_file),
                "SMTP_USERNAME": server.user,
                "SMTP_PASSWORD": server.password,
            }
        super().__init__(folder, environ)

    def command(self, *arguments: object) -> list[str]:
        return [str(COMMAND), *map(str, arguments)]


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


def said_accepted(rows: Iterable[dict[str, str]]) -> ReportRow:
    """Who the report says has which message."""
    return Counter((row["email"], row["message_id"]) for row in rows if row["status"] == "accepted")


def lying_there(messages: Iterable[EmailMessage]) -> ReportRow:
    """Whom the messages in a mailbox are for, and which each is."""
    return Counter((address_of(message), message["Message-ID"].strip()) for message in messages)


def address_of(message: EmailMessage) -> str:
    """The one address in To, its domain as a person writes it."""
    (to,) = message["To"].addresses
    local, _, domain = to.addr_spec.rpartition("@")
    return f"{local}@{domain.encode('ascii').decode('idna') if domain.isascii() else domain}"
