"""A spot of a file that is read: where it is, what is said about it, and what is wrong there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sendbatch.campaign.document.nodes import Data, Document, Trail, label
from sendbatch.campaign.written.parsing import Wrong
from sendbatch.errors import Place, within
from sendbatch.findings import Finding, Rule

if TYPE_CHECKING:
    from sendbatch.campaign.table import Keys

T = TypeVar("T")


@dataclass(frozen=True)
class Reading:
    """A file that is read: its keys, the folder that its paths are relative to, what is wrong so far, and the
    files that it names to be read too. Where `lists_needed` is not so, none of recipients has to be there."""

    document: Document
    keys: type[Keys[Any]]
    folder: Path
    findings: list[Finding] = field(default_factory=list)
    sources: list[Path] = field(default_factory=list)
    lists_needed: bool = True

    @property
    def spot(self) -> Spot:
        """Its top level."""
        return Spot(self, ())


@dataclass(frozen=True, slots=True)
class Spot:
    """`trail` are the keys and indexes that lead there."""

    reading: Reading
    trail: Trail

    def at(self, *parts: str | int) -> Spot:
        """A spot below."""
        return Spot(self.reading, (*self.trail, *parts))

    def has(self, key: str) -> bool:
        """Whether the key stands here, be its value usable or not."""
        return (*self.trail, key) in self.reading.document.values

    @property
    def label(self) -> str:
        return label(self.trail)

    @property
    def place(self) -> Place:
        """Of the value."""
        return self.reading.document.at(self.trail)

    @property
    def key_place(self) -> Place:
        return self.reading.document.at_key(self.trail)

    @property
    def data(self) -> Data:
        data: Data = self.reading.document.data
        for part in self.trail:
            if isinstance(data, dict):
                data = data.get(str(part))
            elif isinstance(data, list) and isinstance(part, int):
                data = data[part]
        return data

    def find(
        self,
        rule: Rule,
        message: str,
        hint: str | None = None,
        *,
        place: Place | None = None,
        key: bool = False,
    ) -> None:
        """Add what is wrong, in words that name the spot: at its value, at its `key`, or at another place."""
        at = place or (self.key_place if key else self.place)
        self.reading.findings.append(rule.finding(message, at, hint))

    def blame(
        self, rule: Rule, message: str, hint: str | None = None, *, key: bool = False
    ) -> None:
        """Add what is wrong with what stands here."""
        self.find(rule, f"{self.label}: {message}", hint, key=key)

    def attempt(
        self, read: Callable[[], T], rule: Rule = Rule.WRONG_VALUE, *, key: bool = False
    ) -> T | None:
        """What `read` gives; None, with what it complained of as a fault, where it does not."""
        try:
            return read()
        except Wrong as wrong:
            text = self.data
            place = self.key_place if key else self.place
            place = within(place, text if isinstance(text, str) else "", wrong.offset)
            self.find(rule, f"{self.label}: {wrong}", wrong.hint, place=place)
            return None
