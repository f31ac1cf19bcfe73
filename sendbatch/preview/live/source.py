"""What the server asks of whoever knows the campaign: the document, a message, rows, word of changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the preview stands. `version` grows with each change that may show in a message, `documents` with
    each new list of recipients. `files` are those that were saved last, by their names; `faults` are all that
    is wrong, in the document's shape of findings, none where all is well. `rows` of the CSV were read so far,
    all of them once `done`."""

    version: int = 0
    documents: int = 0
    files: tuple[str, ...] = ()
    faults: tuple[Mapping[str, Any], ...] = ()
    rows: int = 0
    done: bool = False

    def as_json(self) -> dict[str, object]:
        """As the page gets it."""
        return {
            "version": self.version,
            "documents": self.documents,
            "files": list(self.files),
            "faults": [dict(fault) for fault in self.faults],
            "read": self.rows,
            "done": self.done,
        }


class Source(Protocol):
    """All of it may be called from any thread; what may take a while says so."""

    def standing(self) -> Standing: ...

    def listen(self, heard: Callable[[], None]) -> Callable[[], None]:
        """`heard` is called after each change of the standing, by any thread; returns what ends that."""
        ...

    def page(self) -> str:
        """The page, with the document there is."""
        ...

    def document(self) -> str:
        """The document, as JSON; so all below."""
        ...

    def entry(self, key: str, row: int | None) -> str:
        """The message to whoever has the key, else to the row; rendered anew, which takes a moment."""
        ...

    def rows(self, text: str) -> str:
        """The rows that a text is found in; a tenth of a second for a million."""
        ...

    def failed(self, error: Exception) -> None:
        """A fault of ours in one of the above: all ends."""
        ...
