"""All records of one campaign side by side: each edition, each server that keeps mail, with its figures.

Nobody is read one by one: a record of a million is told by a few sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from sendbatch.errors import as_json, inert, one_line
from sendbatch.ledger.ending import Ended
from sendbatch.reports.rows import timestamp
from sendbatch.reports.spans import code, table
from sendbatch.reports.tally import counted
from sendbatch.values import Status
from sendbatch.words import clock_time, exact_duration, padded, rate, width, word

FORMAT = 1  # of the document; raised when a reader of the last one would go wrong
MOST_NAME = 60  # columns
MOST_SERVER = 200
TOLD = (
    Status.ACCEPTED,
    Status.PENDING,
    Status.SENDING,
    Status.DEFERRED,
    Status.REJECTED,
    Status.FAILED,
    Status.IN_DOUBT,
    Status.INVALID,
)


@dataclass(frozen=True, slots=True)
class Edition:
    """One record. `folder` is its name beside the others, `run` the edition, "" for the one without a name.
    Times are seconds since the epoch; `contents` are short digests of what went out."""

    folder: str
    run: str
    server: str
    under_way: bool
    totals: Mapping[Status, int]
    first_attempt_at: float | None
    finished_at: float | None
    contents: tuple[str, ...]
    ended: Ended | None

    @property
    def counted(self) -> int:
        return counted(self.totals)

    @property
    def seconds(self) -> float | None:
        """From the first attempt to the last outcome, pauses between runs included."""
        if self.first_attempt_at is None or self.finished_at is None:
            return None
        return max(0.0, self.finished_at - self.first_attempt_at)


@dataclass(frozen=True, slots=True)
class Unread:
    """A record that cannot be read, or is none of this campaign."""

    folder: str
    why: str


@dataclass(frozen=True, slots=True)
class History:
    """Of the campaign of this name, the oldest edition first; those never sent to are at the end."""

    name: str
    editions: tuple[Edition, ...]
    unread: tuple[Unread, ...]

    def write(self, form: str, out: TextIO) -> None:
        """As "text", "json" or "markdown"."""
        out.write(FORMS[form](self))


def _text(history: History) -> str:
    if not history.editions and not history.unread:
        return f"{history.name}: nothing was sent yet\n"
    rows = [_row(one) for one in history.editions]
    lines = [
        f"{history.name}: {len(history.editions):,} record{'s' if len(history.editions) != 1 else ''}",
        "",
        *_aligned([HEADS, *rows] if rows else []),
        *(f"  {one_line(one.folder, MOST_NAME)}: {one_line(one.why, 500)}" for one in history.unread),
    ]
    return inert("\n".join(lines) + "\n")


HEADS = ("record", "began", "took", "accepted", "others", "content", "server")


def _row(one: Edition) -> tuple[str, ...]:
    return (
        one_line(one.folder, MOST_NAME),
        clock_time(one.first_attempt_at) if one.first_attempt_at is not None else "not sent yet",
        _took(one),
        f"{one.totals.get(Status.ACCEPTED, 0):,} of {one.counted:,}",
        _others(one),
        ", ".join(one.contents),
        one_line(one.server, MOST_NAME),
    )


def _took(one: Edition) -> str:
    if one.under_way:
        return "being sent"
    if not one.seconds:
        return "" if one.first_attempt_at is None else "0 s"
    accepted = one.totals.get(Status.ACCEPTED, 0)
    return exact_duration(one.seconds) + (f", {rate(accepted / one.seconds)}" if accepted else "")


def _others(one: Edition) -> str:
    said = [f"{one.totals[status]:,} {word(status)}" for status in TOLD[1:] if one.totals.get(status)]
    if one.ended is not None and one.ended.early:
        said.append("stopped early")
    return ", ".join(said)


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(padded(cell, size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _markdown(history: History) -> str:
    blocks = [f"# {code(history.name)}: {len(history.editions):,} records"]
    if history.editions:
        rows = [
            (
                code(one.folder, MOST_NAME),
                timestamp(one.first_attempt_at) or "",
                _took(one),
                f"{one.totals.get(Status.ACCEPTED, 0):,}",
                f"{one.counted:,}",
                _others(one),
                ", ".join(one.contents),
                code(one.server, MOST_NAME),
            )
            for one in history.editions
        ]
        heads = ("record", "began", "took", "accepted", "of", "others", "content", "server")
        blocks.append(table(heads, rows, numbers=(3, 4)))
    blocks += [f"- {code(one.folder, MOST_NAME)}: {code(one.why, 500)}" for one in history.unread]
    return inert("\n\n".join(blocks) + "\n")


def _json(history: History) -> str:
    document = {
        "format": FORMAT,
        "campaign": history.name,
        "records": [
            {
                "folder": one.folder,
                "run": one.run or None,
                "server": one_line(one.server, MOST_SERVER),
                "under_way": one.under_way,
                "totals": {str(status): one.totals.get(status, 0) for status in Status},
                "recipients": one.counted,
                "first_attempt_at": timestamp(one.first_attempt_at),
                "finished_at": timestamp(one.finished_at),
                "seconds": None if one.seconds is None else round(one.seconds, 3),
                "contents": list(one.contents),
                "stopped_early": one.ended.why if one.ended is not None and one.ended.early else None,
            }
            for one in history.editions
        ],
        "unread": [{"folder": one.folder, "why": one.why} for one in history.unread],
    }
    return as_json(document, indent=2) + "\n"


FORMS: Mapping[str, Callable[[History], str]] = {"text": _text, "json": _json, "markdown": _markdown}
