"""What every format is made from: a record, what it amounts to, and where there is more to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sendbatch.ledger.ending import ENDED
from sendbatch.ledger.store import Reading
from sendbatch.reports.tally import NEEDS_ATTENTION, Tally
from sendbatch.runtime.masking import masked
from sendbatch.values import Status

HANDED_OVER_NOW = "being handed over at this moment"
HANDED_OVER_ELSEWHERE = "being handed over by another runner"


@dataclass(frozen=True, slots=True)
class ThisRun:
    """The run that has just ended, of the several that a record may hold: when it began to send (seconds
    since the epoch), and how many messages the server accepted in it."""

    began_at: float
    accepted: int


@dataclass(frozen=True, slots=True)
class Report:
    """`title` is the campaign's name with its edition. `places` are where to read on, by what is found there
    ("report", "mails"), spelled as they should be shown; `commands` the lines for a shell that lead on
    ("run", "retry", "check", "settle", "resend"; "report" and "resolve" are the beginning of one). `run` is
    there where this is told at the end of one; `live` says that one is under way, and `made_at` (seconds
    since the epoch) when it was asked. Where both are so, others go on with it. `is_masked`: what is told to
    people has no addresses."""

    reading: Reading
    tally: Tally
    title: str
    places: Mapping[str, str] = field(default_factory=dict)
    run: ThisRun | None = None
    commands: Mapping[str, str] = field(default_factory=dict)
    live: bool = False
    made_at: float | None = None
    is_masked: bool = False

    def shown(self, text: str, *whose: str) -> str:
        """What a format for people is to say, as it may be said; before it is cut. It is about the mail of
        these addresses."""
        return masked(text, *whose) if self.is_masked else text

    @property
    def goes_on_elsewhere(self) -> bool:
        """Whether this is told by a runner that leaves, and others go on with the run."""
        return self.live and self.run is not None

    @property
    def handing(self) -> str:
        """What is said of those *sending*; "" where nobody is, and they are in doubt."""
        if self.goes_on_elsewhere:
            return HANDED_OVER_ELSEWHERE
        return HANDED_OVER_NOW if self.live else ""

    @property
    def broke_off(self) -> bool:
        """Whether the last run did not come to its end: none goes on, and it never said how it ended."""
        begun = self.tally.first_attempt_at is not None
        return begun and not self.live and self.reading.meta(ENDED) == ""


def statuses_of(report: Report) -> tuple[Status, ...]:
    """Of those who need attention; nobody is sending but in a run that is under way."""
    return NEEDS_ATTENTION if report.live else (*NEEDS_ATTENTION, Status.SENDING)
