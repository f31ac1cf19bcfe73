"""Addresses as they stand in a log that many can read: `j…e@example.com`. The row says who it is.

Masking comes before cutting: of an address that was cut off in its middle nobody can tell that it is one.
So a word that was cut, and ends with "…", goes as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import replace

from sendbatch.errors import Finding
from sendbatch.runtime.ci import in_ci

_shows: ContextVar[bool] = ContextVar("shows addresses", default=False)


def show(shows: bool) -> None:
    """Whether this process shows addresses in CI too (`--show-addresses`)."""
    _shows.set(shows)


def masks(environ: Mapping[str, str]) -> bool:
    """Whether addresses are masked in what is said here."""
    return in_ci(environ) and not _shows.get()


def for_log(text: str) -> str:
    """`text` as it may stand in a log of this machine."""
    return masked(text) if masks(os.environ) else text


def finding_for_log(finding: Finding) -> Finding:
    """As `for_log`. Its parts are masked before they are put together: the line of a file is cut there."""
    return masked_finding(finding) if masks(os.environ) else finding


def masked_finding(finding: Finding) -> Finding:
    """A finding without addresses, its caret where it was."""
    place = finding.place
    if place is not None:
        text, column = place.text, place.column
        if text is not None and column is not None:
            column = len(masked(text[: column - 1])) + 1
        place = replace(place, file=masked(place.file), column=column, text=text and masked(text))
        if place.text == text and finding.place is not None:
            place = replace(place, column=finding.place.column)
    hint = finding.hint and masked(finding.hint)
    return replace(finding, place=place, message=masked(finding.message), hint=hint)


def masked(text: str, *whose: str) -> str:
    """`text` with the local parts of addresses masked, and without the beginnings of words that were cut off.

    A server may call a mailbox by its local part alone. So behind the code of a reply that is masked too, of
    every address in the text and of `whose` mailboxes it is about. Masked once more, a text stays as it is.
    """
    from sendbatch.runtime.addresses import without_addresses

    return without_addresses(text, whose)
