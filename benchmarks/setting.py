"""The setting that all benchmarks share: the recipients, the letter, the campaign, the command.

The letter itself stands in letter.py.
"""

from __future__ import annotations

import compileall
import contextlib
import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.letter import LETTER, SENDER, SUBJECT, Letter
from benchmarks.signing import make_key
from sendbatch.runtime.ci import SIGNS_OF_CI

ROOT = Path(__file__).resolve().parent.parent
# On the checkout's disk: /tmp may be memory, where a synchronised write costs nothing.
WORK = ROOT / "benchmarks" / ".work"
CONNECTIONS = 10

COLUMNS = ("email", "first_name", "last_name", "city", "plan", "points", "items")
FIRST = ("Jane", "Amélie", "Jürgen", "Olu", "Mika", "Sofía", "Tom", "Ngozi", "Łukasz", "Priya")
LAST = ("Doe", "Dupont", "Müller", "Adeyemi", "Virtanen", "García", "Smith", "Kowalski", "Rao")
CITIES = ("Lyon", "Köln", "Lagos", "Helsinki", "Sevilla", "Leeds", "Gdańsk", "Pune")
PLANS = ("free", "basic", "business")
ITEMS = ("Walnut desk", "Brass lamp", "Wool rug", "Oak shelf", "Café chair", "Curtain", "Mirror")

CAMPAIGN = f"""\
name: bench
from: {SENDER}
subject: "{SUBJECT}"
recipients:
  file: people.csv
  name: "{{{{ first_name }}}} {{{{ last_name }}}}"
smtp: sink
"""

PROFILES = """\
profiles:
  sink:
    {{host: 127.0.0.1, port: {port}, security: {security}, connections: {connections},
      usage: used.sqlite{more}}}
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder with everything a campaign needs. `record` is where the next run keeps its record;
    `python` is the interpreter that runs the command."""

    folder: Path
    python: str = sys.executable
    signed: str = ""  # the kind of key that signs what is sent

    @property
    def campaign(self) -> Path:
        return self.folder / "bench.yaml"

    @property
    def people(self) -> Path:
        return self.folder / "people.csv"

    @property
    def record(self) -> Path:
        return self.folder / "record"

    def through(self, port: int, connections: int = CONNECTIONS, ca: Path | None = None) -> None:
        """Have the campaign sent through the server that listens on this port of loopback, over TLS where it
        has a certificate."""
        security = f"tls, ca: {ca}" if ca else "none"
        more = f", dkim: {make_key(self.signed, self.folder)}" if self.signed else ""
        text = PROFILES.format(port=port, connections=connections, security=security, more=more)
        (self.folder / "profiles.yaml").write_text(text, encoding="utf-8")

    def write_people(self, count: int) -> None:
        """`count` recipients, all valid, no two alike."""
        with self.people.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(person(number) for number in range(count))

    def forget(self) -> None:
        """The next run is the first."""
        shutil.rmtree(self.record, ignore_errors=True)
        for file in self.folder.glob("used.sqlite*"):
            file.unlink()

    def command(self, verb: str, *words: str) -> list[str]:
        """`sendbatch VERB` for this campaign; a run goes without questions."""
        asked = ("--yes",) if verb == "run" else ()
        own = (str(self.campaign), "--record", str(self.record), "--no-progress")
        return [self.python, "-m", "sendbatch", verb, *own, *asked, *words]

    def call(self, verb: str, *words: str) -> str:
        """Run it to its end; returns standard output. Raises SystemExit where it fails."""
        return called(self.command(verb, *words), cwd=self.folder)


def person(number: int) -> tuple[str, ...]:
    first, last = FIRST[number % len(FIRST)], LAST[number % len(LAST)]
    chosen = "|".join(ITEMS[(number + i) % len(ITEMS)] for i in range(2 + number % 4))
    return (
        f"person.{number}@post{number % 97}.example.org",
        first,
        last,
        CITIES[number % len(CITIES)],
        PLANS[number % len(PLANS)],
        str(number * 7 % 1000),
        chosen,
    )


@contextlib.contextmanager
def desk(people: int, letter: Letter = LETTER) -> Iterator[Desk]:
    """A desk with so many recipients in a folder of its own, gone afterwards."""
    # What is installed is compiled; else the first command, or each, would take 0.2 s for it.
    compileall.compile_dir(ROOT / "sendbatch", quiet=1)
    WORK.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=WORK))
    try:
        made = Desk(folder, signed=letter.signed)
        made.campaign.write_text(f"{CAMPAIGN}{letter.keys}", encoding="utf-8")
        letter.write(folder)
        made.write_people(people)
        made.through(9)  # nobody listens there: planning connects to nothing
        yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def called(command: list[str], *, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command to its end; returns its standard output. Raises SystemExit where it fails."""
    done = subprocess.run(
        command, cwd=cwd, env=environment(env), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise SystemExit(f"{' '.join(command)}\nexit {done.returncode}:\n{said}")
    return done.stdout


def environment(more: dict[str, str] | None = None) -> dict[str, str]:
    """This process's own, with the checkout importable from any folder; in CI, records are begun too."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    off = dict.fromkeys((*SIGNS_OF_CI, "PYTHONDONTWRITEBYTECODE"), "")
    return {**os.environ, **off, "PYTHONPATH": path, **(more or {})}
