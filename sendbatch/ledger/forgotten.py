"""Who was forgotten in a record: known by the hash of their key, and by nothing else.

The hash is an HMAC under a random secret of the record. Who has the record can try guesses by it, and cannot
read it back. Rows of a later plan are blanked before they are written: their bytes never reach the store.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sendbatch.values import Status, Why

SECRET = "forgetting"  # noqa: S105 - the name of its line in meta; hexadecimal


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Those of one record: `names` is what stands in place of their key, by the mark that is its hash."""

    secret: bytes = field(repr=False)
    names: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.names)

    def mark_of(self, key: str) -> str:
        told = b"sendbatch forgotten\0" + key.encode(errors="surrogatepass")
        return hmac.digest(self.secret, told, "sha256").hex()[:32]

    def name_of(self, key: str) -> str | None:
        """The key that they have since; None for all others."""
        return self.names.get(self.mark_of(key))

    def blanked(self, rows: Iterable[tuple[object, ...]], columns: int) -> Iterator[tuple[object, ...]]:
        """Rows as `Staging.add` takes them, with nothing of whoever is forgotten."""
        for row in rows:
            name = self.name_of(str(row[1]))
            yield row if name is None else (row[0], name, "", *blank(columns))


def blank(columns: int) -> tuple[str, str, str, None]:
    """Cells, status, why and detail of who was forgotten."""
    return json.dumps([""] * columns), Status.SUPPRESSED.value, Why.FORGOTTEN.value, None
