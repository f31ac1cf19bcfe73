"""Whoever sends the letter: sendbatch in several ways, and its peers. Each is made once and sends often.

The rate of sendbatch is that of the whole command: start-up, planning, a durable record, the report.
That of smtp-source and mailmerge is of the whole command too; the other peers tell their own rate,
with neither start-up nor imports in it. Slower peers send fewer messages: rates are compared.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from benchmarks import installing
from benchmarks.letter import FOR_GO, HTML, LETTER, SENDER, SUBJECT, TEXT, Letter
from benchmarks.setting import CONNECTIONS, Desk, called

OURS = "sendbatch"
SHARES = {"nodemailer": 5, "aiosmtplib": 20, "smtplib": 20}  # a peer sends a 5th, a 20th of it
MAILMERGE = 500  # it opens a connection for each message
MANY = 30  # connections
LENGTH = 3_950  # bytes of our message without its headers, as the sink gets it
PEERS = Path(__file__).parent / "peers"


class Sent(NamedTuple):
    """What one run was: messages a second, and microseconds of the processor a message, all processes."""

    rate: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where all send: a desk with the letter, one with that which cannot be planned, the server's port."""

    main: Desk
    unplanned: Desk
    port: int
    people: int

    def share(self, name: str) -> int:
        """How many of the people a slow peer sends to; never so few that its rate means nothing."""
        return min(self.people, max(self.people // SHARES[name], 1000))


Runner = Callable[[], Sent]


def sendbatch(place: Place) -> Runner:
    return lambda: run(place.main, place.port, place.people)


def unplanned(place: Place) -> Runner:
    return lambda: run(place.unplanned, place.port, place.people)


def many_connections(place: Place) -> Runner:
    return lambda: run(place.main, place.port, place.people, MANY)


def system_python(place: Place) -> Runner:
    desk = replace(place.main, python=str(installing.system_python()))
    return lambda: run(desk, place.port, place.people)


def run(
    desk: Desk, port: int, people: int, connections: int = CONNECTIONS, ca: Path | None = None
) -> Sent:
    """A whole `sendbatch run`, the first of this record; over TLS where the server has a certificate."""
    desk.forget()
    desk.through(port, connections, ca)
    return _timed(people, lambda: desk.call("run"))


def smtp_source(place: Place) -> Runner:
    return constant(place.port, place.people)


def smtp_source_as_long(place: Place) -> Runner:
    return constant(place.port, place.people, LENGTH)


def constant(port: int, people: int, length: int | None = None) -> Runner:
    """One fixed message, of so many bytes without its headers, or of its own few lines. Raises LeftOut."""
    program = installing.smtp_source()
    long = ("-l", str(length)) if length is not None else ()
    to = ("-f", "news@workshop.example", "-t", "person@post.example.org", f"127.0.0.1:{port}")
    command = [program, "-d", "-s", "8", "-m", str(people), *long, *to]
    return lambda: _timed(people, lambda: called(command, cwd=PEERS))


def go(place: Place) -> Runner:
    program = installing.go(PEERS / "net_smtp.go")
    folder = part(place.main, place.people, FOR_GO)
    return _peer([str(program)], folder, place, place.people)


def nodemailer(place: Place) -> Runner:
    node, env = installing.node()
    share = place.share("nodemailer")
    folder = part(place.main, share)
    return _peer([node, str(PEERS / "nodemailer_pool.js")], folder, place, share, env)


def aiosmtplib(place: Place) -> Runner:
    return _python_peer(place, "aiosmtplib", "async_loop.py")


def smtplib(place: Place) -> Runner:
    return _python_peer(place, "smtplib", "threads_loop.py")


def _python_peer(place: Place, name: str, script: str) -> Runner:
    python = installing.python()
    share = place.share(name)
    return _peer([str(python), str(PEERS / script)], part(place.main, share), place, share)


def _peer(
    program: list[str], folder: Path, place: Place, people: int, env: dict[str, str] | None = None
) -> Runner:
    """A program of ours around a peer's library: it is told where and how, and prints its rate."""
    command = [*program, str(folder), str(place.port), str(CONNECTIONS)]

    def send() -> Sent:
        told: list[str] = []
        sent = _timed(people, lambda: told.append(called(command, cwd=folder, env=env)))
        return sent._replace(rate=float(told[0]))

    return send


def mailmerge(place: Place) -> Runner:
    python = installing.python()
    people = min(place.people, MAILMERGE)
    folder = part(place.main, people)
    (folder / "template.txt").write_text(_mailmerge_template(), encoding="utf-8")
    (folder / "server.conf").write_text(
        f"[smtp_server]\nhost = 127.0.0.1\nport = {place.port}\n", encoding="utf-8"
    )
    files = ("--template", "template.txt", "--database", "people.csv", "--config", "server.conf")
    command = [str(python.parent / "mailmerge"), *files, "--no-dry-run", "--no-limit"]
    return lambda: _timed(people, lambda: called(command, cwd=folder))


def _mailmerge_template() -> str:
    return (
        f"TO: {{{{ email }}}}\nFROM: {SENDER}\nSUBJECT: {SUBJECT}\nMIME-Version: 1.0\n"
        'Content-Type: multipart/alternative; boundary="parts"\n\n'
        f"--parts\nContent-Type: text/plain; charset=utf-8\n\n{TEXT}\n"
        f"--parts\nContent-Type: text/html; charset=utf-8\n\n{HTML}\n--parts--\n"
    )


def part(main: Desk, people: int, letter: Letter = LETTER) -> Path:
    """A folder with the letter, in these words, and only the first of the people."""
    folder = main.folder / f"first-{people}{'-go' if letter is FOR_GO else ''}"
    folder.mkdir(exist_ok=True)
    letter.write(folder)
    Desk(folder).write_people(people)
    return folder


def _timed(count: int, send: Callable[[], object]) -> Sent:
    before, began = cpu_of_children(), time.perf_counter()
    send()
    taken = time.perf_counter() - began
    return Sent(count / taken, (cpu_of_children() - before) / count * 1e6)


def cpu_of_children() -> float:
    """CPU seconds of all processes that were waited for, and of those that they waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Sender(NamedTuple):
    """A sender as it is shown; one with a remark stands in the picture."""

    name: str
    make: Callable[[Place], Runner]
    remark: str = ""


# By what --only calls them.
ALL = {
    OURS: Sender("sendbatch", sendbatch, "recorded on the disk"),
    "connections": Sender(f"sendbatch, {MANY} connections", many_connections),
    "system-python": Sender("sendbatch, the system's Python", system_python),
    "unplanned": Sender("sendbatch, letter not planned", unplanned, "macros"),
    "smtp-source": Sender("smtp-source, as long", smtp_source_as_long, "one fixed message"),
    "smtp-source-short": Sender("smtp-source, its shortest", smtp_source),
    "go": Sender("Go’s net/smtp", go, "html/template"),
    "nodemailer": Sender("nodemailer", nodemailer, "pooled, nunjucks"),
    "aiosmtplib": Sender("aiosmtplib", aiosmtplib, "Jinja2"),
    "smtplib": Sender("smtplib", smtplib, "Jinja2, threads"),
    "mailmerge": Sender("mailmerge", mailmerge, "a connection a message"),
}
