"""The formats that a record is told in. A new one is a module of its name in this room, and an entry here.

The module has a function `write(report, out)`, which writes all of it to a text file that is open. It is
loaded when it is first asked for: whoever asks for help, or for another format, does not wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TextIO, cast

if TYPE_CHECKING:
    from sendbatch.reports.report import Report


class _Module(Protocol):
    def write(self, report: Report, out: TextIO) -> None: ...


@dataclass(frozen=True, slots=True)
class Format:
    """`file` is its name in the record's folder, where every run writes it; None: written when asked for.
    `is_for_people`: addresses in it are masked in a log; `is_wrapped`: and it is for a terminal, to which
    its lines are fitted."""

    name: str
    file: str | None = None
    is_for_people: bool = False
    is_wrapped: bool = False

    def write(self, report: Report, out: TextIO) -> None:
        """Lines end as `out`, open with `newline=""`, is given them."""
        module = cast(_Module, import_module(f"sendbatch.reports.{self.name}"))
        module.write(report, out)


SEALED = ".age"  # behind the name of a file that is encrypted
TABLE = "report.csv"  # what people are pointed to
PAGE = "report.html"

FORMATS = {
    one.name: one
    for one in (
        Format("text", is_for_people=True, is_wrapped=True),
        Format("csv", file=TABLE),
        Format("json", file="report.json"),
        Format("html", file=PAGE),
        Format("markdown", is_for_people=True),
        Format("junit", is_for_people=True),
    )
}
