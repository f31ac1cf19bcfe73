"""How long until what is saved is shown: from the close of a template to its new rendering in a page.

    python -m benchmarks.live --rows 1000

A page is a client here that does what live.js does: it hears the event, and fetches the message.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import quote

from sendbatch.campaign.starter import write_starter

SAVES = 20


def measured(folder: Path, rows: int) -> None:
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
            _measure(folder, found[0], rows)
        finally:
            served.terminate()


def _measure(folder: Path, address: str, rows: int) -> None:
    events = urllib.request.urlopen(f"{address}events")
    began = time.monotonic()
    standing = _next(events)
    while not standing["done"]:
        standing = _next(events)
    print(f"{rows:,} rows read in {time.monotonic() - began:.2f} s")
    for text in ("nobody at all", "Name7", f"p{rows - 1}@"):
        began = time.monotonic()
        said = _ask(address, f"rows?q={quote(text)}")["said"]
        print(f"search {text!r}: {(time.monotonic() - began) * 1000:.0f} ms, {said}")
    template = folder / "newsletter.html"
    letter = template.read_text()
    heard, shown = [], []
    for number in range(SAVES):
        time.sleep(0.3)
        template.write_text(f"{letter}<p>save {number}</p>")
        began, version = time.monotonic(), standing["version"]
        while standing["version"] == version:
            standing = _next(events)
        heard.append(time.monotonic() - began)
        entry = _ask(address, f"entry?key={quote('p0@example.org')}")["entry"]
        shown.append(time.monotonic() - began)
        assert f"save {number}" in entry["html"]
    for what, times in (("event", heard), ("message", shown)):
        middle, most = statistics.median(times) * 1000, max(times) * 1000
        print(f"saved -> {what}: median {middle:.0f} ms, at most {most:.0f} ms of {SAVES}")


def _next(events: HTTPResponse) -> dict:
    while not (line := events.readline()).startswith(b"data:"):
        assert line, "the preview has ended"
    return json.loads(line[5:])


def _ask(address: str, what: str) -> dict:
    with urllib.request.urlopen(f"{address}{what}") as answer:
        return json.loads(answer.read())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1000)
    with tempfile.TemporaryDirectory() as made:
        measured(Path(made), parser.parse_args().rows)
