"""How figures are told: medians with their spread, a table in the terminal, one claim a line."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Series:
    """What was measured of one thing, once a run."""

    name: str
    unit: str
    values: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> str:
        return f"{figure(min(self.values))}–{figure(max(self.values))}"

    def __str__(self) -> str:
        return f"{figure(self.median)} {self.unit} ({self.spread})"


@dataclass(frozen=True, slots=True)
class Claim:
    """One row of the table of claims: what, what is asked at least (or at most), what was measured.

    `met` is None where it could not be measured; `measured` then says why. Some have an aim beyond
    what is asked; `reached` says whether it was.
    """

    what: str
    asked: str
    measured: str
    met: bool | None
    aim: str = ""
    reached: bool = False

    @property
    def verdict(self) -> str:
        if self.met and self.aim:
            return "yes, and the aim" if self.reached else "yes, not the aim"
        return {True: "yes", False: "no", None: "left out"}[self.met]


@dataclass(frozen=True, slots=True)
class Result:
    """What one script found. `left_out` names peers that are missing, each with the reason."""

    title: str
    rows: Sequence[tuple[str, ...]]
    claims: Sequence[Claim]
    left_out: Sequence[str] = ()
    bars: Sequence[tuple[str, str, float]] = ()  # for the picture: who, a remark, messages a second
    versions: Sequence[str] = ()

    def show(self) -> None:
        print(f"\n{self.title}\n\n{table(self.rows)}")
        for line in self.left_out:
            print(f"left out: {line}")
        print()
        for claim in self.claims:
            asked = f"{claim.asked}, aim {claim.aim}" if claim.aim else claim.asked
            print(f"{claim.what}: asked {asked}; measured {claim.measured}: {claim.verdict}")
        sys.stdout.flush()


def figure(value: float) -> str:
    """A number with three digits that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def times(count: int) -> str:
    """How often something was run, in words."""
    return f"{count} run" if count == 1 else f"{count} runs"


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Columns aligned, the first row as the head."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
    return "  ".join([row[0].ljust(widths[0]), *rest])


def markdown(rows: Sequence[tuple[str, ...]]) -> str:
    head, *body = rows
    lines = [head, ("---", *["---:"] * (len(head) - 1)), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def arguments(doc: str | None, people: int) -> argparse.Namespace:
    """--people and --runs, the same for every script."""
    return options(doc, people).parse_args()


def options(doc: str | None, people: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--people", type=_positive, default=people, metavar="N")
    parser.add_argument("--runs", type=_positive, default=3, metavar="N")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number from 1 on")
    return int(text)


def told(done: int, runs: int, what: str) -> None:
    """A sign of life on standard error."""
    print(f"  run {done + 1} of {runs}: {what}", file=sys.stderr, flush=True)
