"""A desk to work at: a folder with a small campaign, and the command as a person runs it."""

from __future__ import annotations

import csv
import io
import os
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from sendbatch.cli.main import main
from tests.kit.waiting import LONGEST

CAMPAIGN = """\
name: spring
from: Example News <news@example.com>
subject: "{{ first_name }}, spring is here"
recipients:
  file: people.csv
  defaults: {first_name: friend}
templates:
  html: spring.html
  text: spring.txt
smtp: sandbox
variables: {product: Widget}
"""

PEOPLE = """\
email,first_name,plan
ada@example.com,Ada,paid
bjork@example.org,Björk,free
carl@example.net,,paid
"""

HTML = "<p>Hello {{ first_name }}, the {{ product }} blooms.</p>\n"
TEXT = "Hello {{ first_name }}, the {{ product }} blooms.\n"


@dataclass(frozen=True)
class Ended:
    """How one call ended, and what it said where."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err

    def ended(self, code: int) -> Ended:
        """Itself; raises AssertionError with what was said where it ended otherwise."""
        assert self.code == code, f"exit {self.code}, not {code}\n{self.said}"
        return self


class Desk:
    """`run("run", "spring.yaml")` calls the command in this process, where there is a `capture`; `start`
    and `call` in one of its own."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        capture: pytest.CaptureFixture[str] | None = None,
    ) -> None:
        self.folder = folder
        self.environ = dict(environ)
        self._capture = capture

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def campaign(
        self, *changes: tuple[str, str], more: str = "", name: str = "spring.yaml"
    ) -> Path:
        """The campaign file, with (old, new) replaced and `more` keys at its end."""
        text = CAMPAIGN
        for old, new in changes:
            assert old in text, f"{old!r} is not in the campaign"
            text = text.replace(old, new)
        return self.write(name, text + more)

    def change(self, name: str, old: str, new: str) -> None:
        """Replace the one `old` in a file of the folder."""
        path = self.folder / name
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new), "utf-8")

    def people(self, number: int) -> Path:
        rows = "".join(f"p{n}@example.com,P{n},paid\n" for n in range(1, number + 1))
        return self.write("people.csv", "email,first_name,plan\n" + rows)

    def run(self, *arguments: object) -> Ended:
        """Call the command in this process."""
        assert self._capture is not None
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = self._capture.readouterr()
        assert isinstance(ended.value.code, int)
        assert "Traceback" not in said.err
        assert "should not have happened" not in said.err, said.err
        return Ended(ended.value.code, said.out, said.err)

    def start(self, *arguments: object, **environ: str) -> subprocess.Popen[str]:
        """Start the command in a process of its own, with these variables beside its environment."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def call(self, *arguments: object) -> Ended:
        """Run the command in a process of its own, to its end."""
        return ended(self.start(*arguments))

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "sendbatch", *(str(argument) for argument in arguments)]

    def record(self, name: str = "spring.sandbox") -> Path:
        return self.folder / "reports" / name

    def kept(self, name: str = "spring.sandbox") -> list[EmailMessage]:
        """The messages in a sandbox's outbox, in the order they came."""
        return read_mails(self.record(name) / "outbox")

    def proofs(self, name: str = "spring.sandbox") -> list[EmailMessage]:
        """The proofs that a sandbox kept, in the order they came."""
        return read_mails(self.record(name) / "outbox/proofs")

    def receivers(self, name: str = "spring.sandbox") -> list[str]:
        """Everyone who got mail, as often as they did; connections race, so in no order of theirs."""
        return sorted(address_of(mail) for mail in self.kept(name))

    def rows(self, *arguments: object) -> dict[str, dict[str, str]]:
        """The record by key, as `sendbatch report --format csv` tells it."""
        told = self.run("report", "spring.yaml", "--format", "csv", *arguments)
        return {row["key"]: row for row in csv.DictReader(io.StringIO(told.out))}

    def statuses(self, *arguments: object) -> dict[str, str]:
        return {key: row["status"] for key, row in self.rows(*arguments).items()}

    def nothing_was_sent(self) -> bool:
        """No mail was kept, and no record knows anybody."""
        mails = [*self.folder.rglob("outbox/*.eml"), *self.folder.rglob("outbox/proofs/*.eml")]
        return not mails and not any(known_to(file) for file in self.folder.rglob("ledger.sqlite"))


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment in which state, configuration and home are in tmp_path."""
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(("SENDBATCH", "SMTP_")) or name in (
            "FORCE_COLOR", "NO_COLOR", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY",
        ):  # fmt: skip
            monkeypatch.delenv(name)
    for name, folder in (
        ("HOME", home),
        ("XDG_STATE_HOME", home / "state"),
        ("XDG_CONFIG_HOME", home / "config"),
    ):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return dict(os.environ)


@pytest.fixture
def desk(
    tmp_path: Path,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    """A small campaign of three recipients through the sandbox."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    desk = Desk(folder, environ, capsys)
    desk.campaign()
    desk.write("people.csv", PEOPLE)
    desk.write("spring.html", HTML)
    desk.write("spring.txt", TEXT)
    return desk


def known_to(ledger: Path) -> list[tuple[str, str]]:
    """(key, status) of everybody in a record."""
    with closing(sqlite3.connect(ledger)) as store:
        rows = store.execute("select key, status from plan_row order by id").fetchall()
        return rows + store.execute("select key, status from delivery order by id").fetchall()


def dumped(ledger: Path) -> list[str]:
    """All that a record holds, to be compared with what it holds later."""
    with closing(sqlite3.connect(ledger)) as store:
        return list(store.iterdump())


def ended(process: subprocess.Popen[str]) -> Ended:
    try:
        out, err = process.communicate(timeout=LONGEST)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert "Traceback" not in err, err
    return Ended(process.returncode, out, err)


def read_mails(folder: Path) -> list[EmailMessage]:
    found = (
        message_from_bytes(p.read_bytes(), policy=policy.default)
        for p in sorted(folder.glob("*.eml"))
    )
    return [mail for mail in found if isinstance(mail, EmailMessage)]


def address_of(mail: EmailMessage) -> str:
    return str(mail["To"].addresses[0].addr_spec)


def line_that_goes_on(said: str, after: str = "go on with:") -> Sequence[str]:
    """The arguments of the command that a run ended with telling."""
    lines = said[said.index(after) :].splitlines()
    line = next(line for line in lines if "sendbatch " in line)  # mostly on a line of its own
    return shlex.split(line.split("sendbatch ", 1)[1])
