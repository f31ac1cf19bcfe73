"""A peer: Jinja2, EmailMessage and smtplib, one connection a thread.

threads_loop.py FOLDER PORT CONNECTIONS prints messages a second, start-up not counted.
"""

from __future__ import annotations

import csv
import smtplib
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from letters import letters


def send(folder: Path, port: int, people: Sequence[Mapping[str, str]]) -> int:
    with smtplib.SMTP("127.0.0.1", port) as server:
        for message in letters(folder, people):
            server.send_message(message)
    return len(people)


def main(folder: Path, port: int, connections: int) -> None:
    began = time.perf_counter()
    with (folder / "people.csv").open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    with ThreadPoolExecutor(connections) as pool:
        parts = [people[number::connections] for number in range(connections)]
        sent = sum(pool.map(lambda part: send(folder, port, part), parts))
    print(sent / (time.perf_counter() - began))


main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
