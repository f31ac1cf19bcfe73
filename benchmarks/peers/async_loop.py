"""A peer: a loop of Jinja2, EmailMessage and aiosmtplib, with so many connections.

async_loop.py FOLDER PORT CONNECTIONS prints messages a second, start-up not counted.
"""

from __future__ import annotations

import asyncio
import csv
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
from letters import letters


async def send(port: int, waiting: Iterator[EmailMessage]) -> int:
    sent = 0
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as server:
        for message in waiting:
            await server.send_message(message)
            sent += 1
    return sent


async def main(folder: Path, port: int, connections: int) -> None:
    began = time.perf_counter()
    with (folder / "people.csv").open(encoding="utf-8", newline="") as file:
        waiting = letters(folder, csv.DictReader(file))
        sent = sum(await asyncio.gather(*(send(port, waiting) for _ in range(connections))))
    print(sent / (time.perf_counter() - began))


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
