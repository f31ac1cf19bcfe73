"""Runners that must not join: theirs is another text, another server or another version of sendbatch.

They have no list, so they never begin a run of their own. Each has to end with 4 and to send nothing, unless
it found no run, or no database.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.chaos.common import Common, write_campaign
from tests.chaos.runners import RECORD, RUN, environ_of
from tests.kit.machines import Machine
from tests.kit.relay import Relay

REFUSED = 4
NO_RUN = "there is no run under way"
# before anything has read it
OTHER_VERSION = """\
import sendbatch
sendbatch.__version__ = "99.0"
from sendbatch.__main__ import main
main()
"""


@dataclass(eq=False)
class Caller:
    """One that was started. `had_to_wait` for the database, perhaps."""

    kind: str
    process: subprocess.Popen[bytes]
    log: Path
    had_to_wait: bool

    def has_to_wait(self) -> None:
        self.had_to_wait = True

    @property
    def is_through(self) -> bool:
        return self.process.poll() is not None

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")[-1500:]

    def wrong(self) -> str | None:
        """What is wrong with how it ended."""
        code = self.process.wait(60)
        if code == REFUSED and "cannot be joined from here" in self.said:
            return None
        if NO_RUN in self.said or (self.had_to_wait and code in (2, 3)):
            return None
        return f"a runner with {self.kind} ended with {code}; its log: {self.said}"


@dataclass(frozen=True)
class Strangers:
    """From one more machine. `there` is where the campaign's mail server is, `elsewhere` another."""

    machine: Machine
    folder: Path
    database: Relay
    common: Common
    there: tuple[str, int]
    elsewhere: tuple[str, int]

    def call(self, url: str, random: Random, *, had_to_wait: bool) -> Caller:
        kind = random.choice(("another text", "another server", "another version"))
        folder = Path(tempfile.mkdtemp(prefix="stranger-", dir=self.folder))
        (folder / "home").mkdir()
        text = "Goodbye" if kind == "another text" else "Hello"
        host, port = self.elsewhere if kind == "another server" else self.there
        write_campaign(folder, self.common, host, port, text=text)
        program = ["-c", OTHER_VERSION] if kind == "another version" else ["-m", "sendbatch"]
        environ = environ_of(self.machine, folder) | {RECORD: url}
        log = folder / "log.txt"
        with log.open("ab") as file:
            process = subprocess.Popen(
                [*self.machine.words, sys.executable, *program, *RUN],
                cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            )  # fmt: skip
        return Caller(kind, process, log, had_to_wait)
