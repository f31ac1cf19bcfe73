"""The setting that all benchmarks share: the recipients, the letter, the campaign, the command.

The letter is personalised HTML of about 2.3 KB with a loop and branches, and text of about 1 KB. The
templates are written in what Jinja2 and nunjucks have in common, so that every peer renders the
very same files.
"""

from __future__ import annotations

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

from sendbatch.runtime.ci import SIGNS_OF_CI

ROOT = Path(__file__).resolve().parent.parent
# On the checkout's disk: /tmp may be memory, where a synchronised write costs nothing.
WORK = ROOT / "benchmarks" / ".work"
CONNECTIONS = 10
SENDBATCH = (sys.executable, "-m", "sendbatch")

COLUMNS = ("email", "first_name", "last_name", "city", "plan", "points", "items")
FIRST = ("Jane", "Amélie", "Jürgen", "Olu", "Mika", "Sofía", "Tom", "Ngozi", "Łukasz", "Priya")
LAST = ("Doe", "Dupont", "Müller", "Adeyemi", "Virtanen", "García", "Smith", "Kowalski", "Rao")
CITIES = ("Lyon", "Köln", "Lagos", "Helsinki", "Sevilla", "Leeds", "Gdańsk", "Pune")
PLANS = ("free", "basic", "business")
ITEMS = ("Walnut desk", "Brass lamp", "Wool rug", "Oak shelf", "Café chair", "Curtain", "Mirror")

HTML = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>News for {{ first_name }}</title></head>
<body style="margin:0;padding:0;background:#f4f4f2;font-family:Georgia,serif;color:#222">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table role="presentation" width="600" cellpadding="24" cellspacing="0" style="background:#fff">
<tr><td>
<h1 style="font-size:24px">Dear {{ first_name }} {{ last_name }},</h1>
<p>spring has come to {{ city }}, and the workshop has been busy all winter. Here is what we
made, what we learned on the way, and what we have put aside for you until the end of the month.</p>
{% if plan == "business" %}
<p>As a <strong>business</strong> customer you have free delivery and an account manager of your own;
just reply to this mail and it reaches a person within the hour.</p>
{% elif plan == "basic" %}
<p>Your <strong>basic</strong> plan has free delivery on orders above 50 EUR, this month above 30.</p>
{% else %}
<p>Your plan is free, and stays so. <a href="https://shop.example/plans">See the other plans</a>.</p>
{% endif %}
<h2 style="font-size:18px">On your list</h2>
<ul style="line-height:1.6">
{% for item in items.split("|") %}
<li><a href="https://shop.example/search?q={{ item|urlencode }}" style="color:#205072">{{ item }}</a></li>
{% endfor %}
</ul>
{% if points|int >= 500 %}
<p>You have <strong>{{ points }} points</strong>, which is enough for a voucher of 25 EUR.
<a href="https://shop.example/voucher?for={{ email|urlencode }}">Take it now</a>, it is yours.</p>
{% else %}
<p>You have {{ points }} points; from 500 on there is a voucher of 25 EUR waiting for you.</p>
{% endif %}
<p>The workshop is open from Tuesday to Saturday, ten to six, and there is always coffee. Bring the
measures of your room, and we draw the piece while you wait.</p>
<h2 style="font-size:18px">From the workshop</h2>
<p>All our oak now comes from two forests within forty kilometres, felled in winter and dried for
three years. It costs us more and you the same. In the small film on our
<a href="https://shop.example/journal/oak">journal</a> you see how a board becomes a table: nine pairs
of hands, six days, not one screw. Whoever would like to see it with their own eyes is welcome on the
first Saturday of the month; <a href="https://shop.example/visit">put your name down</a>.</p>
<p>With kind regards from all of us,<br>Hanna and the people of the workshop</p>
<hr style="border:0;border-top:1px solid #ddd">
<p style="font-size:12px;color:#777">You get this mail at {{ email }} because you asked for it.
<a href="https://shop.example/leave?who={{ email|urlencode }}">Leave the list</a>.</p>
</td></tr></table></td></tr></table>
</body>
</html>
"""

TEXT = """\
Dear {{ first_name }} {{ last_name }},

spring has come to {{ city }}, and the workshop has been busy all winter. Here is what we
made, what we learned on the way, and what we have put aside for you until the end of
the month.

{% if plan == "business" %}As a business customer you have free delivery and an account manager.
{% else %}Delivery is free on orders above 50 EUR.
{% endif %}
On your list:
{% for item in items.split("|") %}  * {{ item }}
{% endfor %}
{% if points|int >= 500 %}You have {{ points }} points, enough for a voucher of 25 EUR:
https://shop.example/voucher?for={{ email|urlencode }}
{% else %}You have {{ points }} points; from 500 on there is a voucher of 25 EUR.
{% endif %}
The workshop is open from Tuesday to Saturday, ten to six, and there is always coffee.
Bring the measures of your room, and we draw the piece while you wait.

All our oak now comes from two forests within forty kilometres, felled in winter and
dried for three years. Whoever would like to see how a board becomes a table is welcome
on the first Saturday of the month: https://shop.example/visit

With kind regards from all of us,
Hanna and the people of the workshop

--
You get this mail at {{ email }} because you asked for it.
Leave the list: https://shop.example/leave?who={{ email|urlencode }}
"""

SENDER = "The Workshop <news@workshop.example>"
SUBJECT = "{{ first_name }}, spring is here"

CAMPAIGN = f"""\
name: bench
from: {SENDER}
subject: "{SUBJECT}"
recipients:
  file: people.csv
  name: "{{{{ first_name }}}} {{{{ last_name }}}}"
templates: {{html: letter.html, text: letter.txt}}
smtp: sink
"""

PROFILES = """\
profiles:
  sink:
    host: 127.0.0.1
    port: {port}
    security: none
    connections: {connections}
    usage: usage.sqlite
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder with everything a campaign needs. `record` is where the next run keeps its record."""

    folder: Path

    @property
    def campaign(self) -> Path:
        return self.folder / "bench.yaml"

    @property
    def people(self) -> Path:
        return self.folder / "people.csv"

    @property
    def record(self) -> Path:
        return self.folder / "record"

    def through(self, port: int, connections: int = CONNECTIONS) -> None:
        """Have the campaign sent through the server that listens on this port of loopback."""
        text = PROFILES.format(port=port, connections=connections)
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
        for file in self.folder.glob("usage.sqlite*"):
            file.unlink()

    def command(self, verb: str, *words: str) -> list[str]:
        """`sendbatch VERB` for this campaign; a run goes without questions."""
        asked = ("--yes",) if verb == "run" else ()
        own = (str(self.campaign), "--record", str(self.record), "--no-progress")
        return [*SENDBATCH, verb, *own, *asked, *words]

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
def desk(people: int) -> Iterator[Desk]:
    """A desk with so many recipients in a folder of its own, gone afterwards."""
    WORK.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=WORK))
    try:
        made = Desk(folder)
        made.campaign.write_text(CAMPAIGN, encoding="utf-8")
        (folder / "letter.html").write_text(HTML, encoding="utf-8")
        (folder / "letter.txt").write_text(TEXT, encoding="utf-8")
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
    return {**os.environ, **dict.fromkeys(SIGNS_OF_CI, ""), "PYTHONPATH": path, **(more or {})}
