"""What is told of a run: how many have the mail, why it stopped or waits, until when, and how it goes on.

No address is in it, whatever a reply, a name or a finding holds: readers of a chat are others than those who
have the list. A key says who somebody is, too, and is never part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sendbatch.campaign.model import Json
from sendbatch.errors import one_line
from sendbatch.runtime.masking import masked
from sendbatch.values import Status
from sendbatch.words import clock_time, count, word

MASK = "…"
LONGEST = 600  # characters of each thing that others may have written
LONGEST_TITLE = 280
# What may be left of a local part: two letters of it, or all where it is none as standards have it.
_LETTERS = re.compile(r"\w?…\w?")
_LOCAL = re.compile(r"""[^\s<>()\[\],;:"'…]+(?=@|＠|﹫|%40)""", re.IGNORECASE)
_IN_A_RETURN_PATH = re.compile(r"""[^\s<>()\[\],;:"'…=]+(?==[\w-]+(?:\.[\w-]+)*\.[^\W\d]{2})""")

TEST = "test"  # kind of what no run tells


@dataclass(frozen=True, slots=True)
class News:
    """`kind` is end, wait, stop or test; `what` is said behind the campaign's title; `counts` are those of
    the call by status. `why` it stopped, or what it waits for; `until` in seconds since the epoch. So many
    are `left` for a later run. `command` goes on `where` its record is; `job` is the page of the CI's job."""

    kind: str
    campaign: str
    run: str
    profile: str
    what: str = ""
    counts: Mapping[Status, int] = field(default_factory=dict)
    exit_code: int | None = None
    why: str = ""
    until: float | None = None
    left: int = 0
    command: str = ""
    where: str = ""
    job: str = ""
    reach: str = ""  # whom the profile's mail goes to, where that is not the whole list

    @property
    def title(self) -> str:
        edition = f" ({self.run})" if self.run else ""
        return harmless(f"{self.campaign}{edition}{self.what}", LONGEST_TITLE)

    @property
    def lines(self) -> tuple[str, ...]:
        """What is to be said below the title, each on a line; never nothing."""
        return tuple(self._lines())

    def _lines(self) -> Iterator[str]:
        if self.reach:
            yield harmless(self.reach, LONGEST)
        if self.why:
            yield f"{'waits for' if self.kind == 'wait' else 'why'}: {self._why}"
        if self.until is not None:
            yield f"until: {clock_time(self.until)}"
        totals = [f"{number:,} {word(status)}" for status, number in self.counts.items() if number]
        if totals:
            yield f"recipients: {', '.join(totals)}"
        if self.left:
            yield f"left for a later run: {count(self.left, 'recipient')}"
        code = "" if self.exit_code is None else f", exit code {self.exit_code}"
        yield f"sent through: {harmless(self.profile, 100)}{code}"
        if self.command and not self.job:
            yield f"to go on, {harmless(self.where, 100)} where its record is: {self.command}"

    @property
    def _why(self) -> str:
        return harmless(self.why, LONGEST)

    def document(self) -> dict[str, Json]:
        """The same as data: what a template is given, and what is posted as plain JSON."""
        until = None if self.until is None else datetime.fromtimestamp(int(self.until), UTC)
        return {
            "kind": self.kind,
            "title": self.title,
            "text": "\n".join(self.lines),
            "campaign": self.campaign,
            "run": harmless(self.run, 100),
            "profile": harmless(self.profile, 100),
            "counts": {str(status): number for status, number in self.counts.items() if number},
            "exit_code": self.exit_code,
            "why": self._why,
            "until": None if until is None else until.isoformat().replace("+00:00", "Z"),
            "left": self.left,
            "command": self.command,
            "job": self.job,
        }


def harmless(text: str, most: int) -> str:
    """One line of at most so many characters, with nobody's address in it: what is cut is cut afterwards."""
    return one_line(_IN_A_RETURN_PATH.sub(MASK, without_addresses(one_line(text, 20_000))), most)


def without_addresses(text: str) -> str:
    """`text` with all of their local parts left out: a log shows two letters, and a chat none."""
    return _LOCAL.sub(MASK, _LETTERS.sub(MASK, masked(text)))


def names_somebody(text: str) -> bool:
    """Whether an address is in it."""
    return without_addresses(text) != text
