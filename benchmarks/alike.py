"""Whether all senders send the same letter: the first of the people get one of each, and it is read again.

The words of both parts have to be the same, whoever rendered and encoded them; headers are each sender's
own. `--people` says how many get one.
"""

from __future__ import annotations

import email.policy
import html
import re
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from benchmarks import senders
from benchmarks.figures import Claim, Result, arguments
from benchmarks.installing import LeftOut
from benchmarks.letter import UNPLANNED
from benchmarks.senders import Place
from benchmarks.setting import desk
from benchmarks.sink import free_port

PEOPLE = 20
RENDERING = ("sendbatch", "unplanned", "go", "nodemailer", "aiosmtplib", "smtplib", "mailmerge")
ESCAPE = re.compile("%[0-9A-Fa-f]{2}")


class Inbox:
    """Keeps the bytes of every message; aiosmtpd calls it."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.kept.append(envelope.original_content)
        return "250 Ok"


def measure(people: int = PEOPLE, runs: int = 3) -> Result:
    """Everything is sent once, whatever `runs` is."""
    found: dict[str, list[bytes]] = {}
    left_out = []
    with desk(people) as main, desk(people, UNPLANNED) as unplanned, inbox() as (port, taken):
        place = Place(main, unplanned, port, people)
        for key in RENDERING:
            sender = senders.ALL[key]
            taken.kept.clear()
            try:
                sender.make(place)()
            except LeftOut as reason:
                left_out.append(f"{sender.name}: {reason}")
                continue
            found[sender.name] = list(taken.kept)
    letters = {name: _letters(messages) for name, messages in found.items()}
    ours = letters[senders.ALL[senders.OURS].name]
    rows = [("sender", "messages", "bytes each", "without headers", "same words")]
    for name, messages in found.items():
        whole = statistics.mean(map(len, messages))
        body = statistics.mean(len(message.partition(b"\r\n\r\n")[2]) for message in messages)
        same = "yes" if letters[name] == ours else "no"
        rows.append((name, str(len(messages)), f"{whole:,.0f}", f"{body:,.0f}", same))
    others = [name for name in letters if letters[name] != ours]
    measured = f"other words: {', '.join(others)}" if others else f"the same from {len(letters)}"
    claim = Claim("all senders send the same letter", "the same words", measured, not others)
    return Result(f"The same letter: {people:,} of each sender", rows, [claim], left_out)


@contextmanager
def inbox() -> Iterator[tuple[int, Inbox]]:
    """A server that keeps what it is sent: its port, and what it kept."""
    taken = Inbox()
    controller = Controller(taken, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    try:
        yield controller.port, taken
    finally:
        controller.stop()


def _letters(messages: list[bytes]) -> dict[str, list[list[str]]]:
    """For each recipient, the words of the subject, of the text and of the HTML."""
    letters = {}
    for raw in messages:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        words = [str(message["subject"]).split()]
        for kind in ("plain", "html"):
            part = message.get_body((kind,))
            shown = "" if part is None else html.unescape(part.get_content())
            # RFC 3986 §2.1: %c3 and %C3 are the same.
            words.append(ESCAPE.sub(lambda escape: escape[0].upper(), shown).split())
        letters[message["to"].addresses[0].addr_spec] = words
    return letters


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
