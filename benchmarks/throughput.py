"""Messages a second of a whole `sendbatch run`, against other senders in the same minutes.

The rate of sendbatch is that of the whole command: start-up, planning, a durable record, the report.
That of smtp-source and mailmerge is of the whole command too; the other peers tell their own rate,
with neither start-up nor imports in it. Slower peers send fewer messages: rates are compared.
smtp-source sends its own few lines, and once more a message as long as ours: the sink takes time for
each byte.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import installing
from benchmarks.figures import Claim, Result, Series, arguments, figure, times, told
from benchmarks.installing import LeftOut
from benchmarks.setting import CONNECTIONS, HTML, SENDER, SUBJECT, TEXT, Desk, called, desk
from benchmarks.sink import sink

PEOPLE = 50_000
OURS = "sendbatch"
SHARES = {"nodemailer": 5, "aiosmtplib": 20, "smtplib": 20}  # a peer sends a 5th, a 20th of it
MAILMERGE = 500  # it opens a connection for each message
LONG = "smtp-source, as long"
LETTER = 3_950  # bytes of our message without its headers, as the sink gets it
PEERS = Path(__file__).parent / "peers"

Runner = Callable[[], float]  # sends once; returns messages a second


def measure(people: int = PEOPLE, runs: int = 3) -> Result:
    """Alternating runs of sendbatch and every peer that can be had."""
    with desk(people) as main, sink() as server:
        main.through(server.port)
        runners, left_out = _runners(main, server.port, people)
        series = {name: Series(name, "messages/s") for name in runners}
        for number in range(runs):
            for name in list(series):
                told(number, runs, name)
                try:
                    series[name].values.append(runners[name]())
                except SystemExit as why:
                    if name == OURS:
                        raise
                    del series[name]
                    left_out.append(f"{name}: {str(why.code).splitlines()[-1]}")
    return _result(series, left_out, f"{people:,} recipients to {server.name}, {times(runs)}")


def _runners(main: Desk, port: int, people: int) -> tuple[dict[str, Runner], list[str]]:
    runners: dict[str, Runner] = {OURS: lambda: _sendbatch(main, people)}
    left_out = []
    makers: dict[str, Callable[[], Runner]] = {
        "smtp-source": lambda: _smtp_source(main, port, people),
        LONG: lambda: _smtp_source(main, port, people, "-l", str(LETTER)),
        "nodemailer": lambda: _nodemailer(main, port, people),
        "aiosmtplib": lambda: _python_peer(main, port, people, "aiosmtplib", "async_loop.py"),
        "smtplib": lambda: _python_peer(main, port, people, "smtplib", "threads_loop.py"),
        "mailmerge": lambda: _mailmerge(main, port, min(people, MAILMERGE)),
    }
    for name, make in makers.items():
        try:
            runners[name] = make()
        except LeftOut as reason:
            left_out.append(f"{name}: {reason}")
    return runners, left_out


def _sendbatch(main: Desk, people: int) -> float:
    main.forget()
    return _rate(people, lambda: main.call("run"))


def _smtp_source(main: Desk, port: int, people: int, *words: str) -> Runner:
    program = installing.smtp_source()
    to = ("-f", "news@workshop.example", "-t", "person@post.example.org", f"127.0.0.1:{port}")
    command = [program, "-d", "-s", "8", "-m", str(people), *words, *to]
    return lambda: _rate(people, lambda: called(command, cwd=main.folder))


def _nodemailer(main: Desk, port: int, people: int) -> Runner:
    node, env = installing.node()
    folder = part(main, _share(people, "nodemailer"))
    command = [node, str(PEERS / "nodemailer_pool.js"), str(folder), str(port), str(CONNECTIONS)]
    return lambda: float(called(command, cwd=folder, env=env))


def _python_peer(main: Desk, port: int, people: int, name: str, script: str) -> Runner:
    python = installing.python()
    folder = part(main, _share(people, name))
    command = [str(python), str(PEERS / script), str(folder), str(port), str(CONNECTIONS)]
    return lambda: float(called(command, cwd=folder))


def _mailmerge(main: Desk, port: int, people: int) -> Runner:
    python = installing.python()
    folder = part(main, people)
    (folder / "template.txt").write_text(_mailmerge_template(), encoding="utf-8")
    (folder / "server.conf").write_text(
        f"[smtp_server]\nhost = 127.0.0.1\nport = {port}\n", encoding="utf-8"
    )
    files = ("--template", "template.txt", "--database", "people.csv", "--config", "server.conf")
    command = [str(python.parent / "mailmerge"), *files, "--no-dry-run", "--no-limit"]
    return lambda: _rate(people, lambda: called(command, cwd=folder))


def _mailmerge_template() -> str:
    return (
        f"TO: {{{{ email }}}}\nFROM: {SENDER}\nSUBJECT: {SUBJECT}\nMIME-Version: 1.0\n"
        'Content-Type: multipart/alternative; boundary="parts"\n\n'
        f"--parts\nContent-Type: text/plain; charset=utf-8\n\n{TEXT}\n"
        f"--parts\nContent-Type: text/html; charset=utf-8\n\n{HTML}\n--parts--\n"
    )


def _share(people: int, name: str) -> int:
    """How many of the people a slow peer sends to; never so few that its rate means nothing."""
    return min(people, max(people // SHARES[name], 1000))


def part(main: Desk, people: int) -> Path:
    """A folder with the same letter and only the first of the people."""
    folder = main.folder / f"first-{people}"
    folder.mkdir(exist_ok=True)
    for name in ("letter.html", "letter.txt"):
        (folder / name).write_bytes((main.folder / name).read_bytes())
    Desk(folder).write_people(people)
    return folder


def _rate(count: int, send: Callable[[], object]) -> float:
    began = time.perf_counter()
    send()
    return count / (time.perf_counter() - began)


def _result(series: dict[str, Series], left_out: list[str], setting: str) -> Result:
    ours = series[OURS]
    rows = [("sender", "messages/s", "spread", "sendbatch is")]
    rows += [
        (s.name, figure(s.median), s.spread, f"{ratio(ours, s):.2f} ×") for s in series.values()
    ]
    claims = [
        _claim(series, ("smtp-source",), 0.4, "one fixed message, no rendering, no record"),
        _claim(series, ("nodemailer",), 6.0, "pooled, with nunjucks, ten connections"),
        _claim(series, ("aiosmtplib", "smtplib"), 16.0, "a loop of Jinja2 and EmailMessage"),
    ]
    bars = [(s.name, s.median) for s in series.values()]
    return Result(f"Throughput: {setting}", rows, claims, left_out, bars, installing.versions())


def ratio(ours: Series, peer: Series) -> float:
    """How many times the peer's rate ours is: the median over runs, each with its own neighbour."""
    pairs = zip(ours.values, peer.values, strict=True)
    return Series("", "", [mine / other for mine, other in pairs]).median


def _claim(series: dict[str, Series], peers: tuple[str, ...], least: float, what: str) -> Claim:
    name = f"messages/s against {' or '.join(peers)} ({what})"
    found = {peer: ratio(series[OURS], series[peer]) for peer in peers if peer in series}
    if not found:
        return Claim(name, f"{least:g} ×", "not measured", None)
    measured = ", ".join(
        f"{factor:.2f} ×" if len(peers) == 1 else f"{peer} {factor:.1f} ×"
        for peer, factor in found.items()
    )
    return Claim(name, f"{least:g} ×", measured, min(found.values()) >= least)


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
