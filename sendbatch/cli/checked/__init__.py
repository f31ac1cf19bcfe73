"""What the verb check found, in each format that it is asked for: a format is a module with one function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sendbatch.runtime.masking import finding_for_log
from sendbatch.words import count

if TYPE_CHECKING:
    from sendbatch.errors import Finding
    from sendbatch.session.overview import Overview

SEVERITIES = ("error", "warning", "hint")  # the worst first


class Checked(NamedTuple):
    """What became of one file; `overview` is None where it could not be looked at. No finding has an address
    in it that may not be shown here."""

    file: Path
    code: int
    findings: tuple[Finding, ...]
    overview: Overview | None = None


def checked(
    file: Path, code: int, findings: Iterable[Finding], overview: Overview | None = None
) -> Checked:
    return Checked(file, code, tuple(map(finding_for_log, findings)), overview)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Those of one severity stay in the order in which they were found."""
    return sorted(findings, key=lambda found: SEVERITIES.index(found.severity))


def counted(findings: Sequence[Finding]) -> str:
    """ "2 errors, 1 warning"; "" where there is none."""
    numbers = [(one, sum(found.severity == one for found in findings)) for one in SEVERITIES]
    return ", ".join(count(number, one) for one, number in numbers if number)
