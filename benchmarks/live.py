"""Milliseconds until what is saved is shown: from the close of a template to its new rendering in a page.

A page is a client here that does what live.js does: it hears the event, and fetches the message. Beside that,
how long a search over all rows takes. Needs the extra `preview`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.figures import Claim, Result, Series, arguments, figure, told
from sendbatch.campaign.starter import write_starter

PEOPLE = 1_000_000
FEW = 1000
SAVES = 20
MOST = 300  # milliseconds
PAUSE = 0.3  # seconds between two saves


def measure(people: int = PEOPLE, runs: int = 3) -> Result:
    """The median of 20 saves for a short list and a long one, whatever `runs` is."""
    if find_spec("uvicorn") is None:
        why = "the extra `preview` is not installed"
        claim = Claim("a saved template is shown in the open page", f"within {MOST} ms", why, None)
        return Result("Live preview", [("until it is shown, after", "ms", "spread")], [claim])
    rows: list[tuple[str, ...]] = [("until it is shown, after", "ms", "spread")]
    claims = []
    sizes = sorted({min(FEW, people), people})
    for number, size in enumerate(sizes):
        told(number, len(sizes), f"{size:,} rows")
        heard, shown, searched = _measured(size)
        rows += [(one.name, figure(one.median), one.spread) for one in (heard, shown, searched)]
        within = shown.median <= MOST
        what = f"a saved template is shown in the open page, {size:,} rows"
        claims.append(Claim(what, f"within {MOST} ms", str(shown), within))
    return Result(f"Live preview: {people:,} rows, {SAVES} saves", rows, claims)


def _measured(rows: int) -> tuple[Series, Series, Series]:
    heard = Series(f"a save, {rows:,} rows: the page hears of it", "ms")
    shown = Series(f"a save, {rows:,} rows: the page has the message", "ms")
    searched = Series(f"a search over {rows:,} rows: its answer", "ms")
    with (
        tempfile.TemporaryDirectory() as name,
        _served(Path(name), rows) as address,
        urllib.request.urlopen(f"{address}events") as events,
    ):
        standing = _next(events)
        while not standing["done"]:
            standing = _next(events)
        for text in ("nobody at all", "Name7", f"p{rows - 1}@"):
            began = time.monotonic()
            _ask(address, f"rows?q={quote(text)}")
            searched.values.append((time.monotonic() - began) * 1000)
        template = Path(name) / "newsletter.html"
        letter = template.read_text()
        for number in range(SAVES):
            time.sleep(PAUSE)
            template.write_text(f"{letter}<p>save {number}</p>")
            began, version = time.monotonic(), standing["version"]
            while standing["version"] == version:
                standing = _next(events)
            heard.values.append((time.monotonic() - began) * 1000)
            entry = _ask(address, f"entry?key={quote('p0@example.org')}")["entry"]
            shown.values.append((time.monotonic() - began) * 1000)
            assert f"save {number}" in entry["html"]
    return heard, shown, searched


@contextmanager
def _served(folder: Path, rows: int) -> Iterator[str]:
    """The starter's letter to so many people; its address."""
    write_starter(folder)
    header = (folder / "people.csv").read_text().partition("\n")[0]
    more = "," * (header.count(",") - 1)
    people = "".join(f"p{n}@example.org,Name{n}{more}\n" for n in range(rows))
    (folder / "people.csv").write_text(f"{header}\n{people}")
    command = [sys.executable, "-m", "sendbatch", "preview", "campaign.yaml", "--serve"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as served:
        assert served.stderr is not None
        try:
            found = re.search(r"http://\S+/", served.stderr.readline())
            assert found is not None
            yield found[0]
        finally:
            served.terminate()


def _next(events: HTTPResponse) -> dict[str, Any]:
    while not (line := events.readline()).startswith(b"data:"):
        assert line, "the preview has ended"
    found: dict[str, Any] = json.loads(line[5:])
    return found


def _ask(address: str, what: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{address}{what}") as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
