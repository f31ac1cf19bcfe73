"""What everybody's message holds, pictures and attachments as they are encoded: whoever asks a worker has it,
so it does not come back with each message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

_LEAST = 2_000  # bytes of a part that is worth looking for
_BEGINNING = 100  # bytes of a part that are looked for first: all of them would take as long as moving it

# A message's bytes, or pieces of them: the number of a part where it stands.
Cut: TypeAlias = "bytes | list[bytes | int]"


class SharedParts:
    """Of one content, in an order that both ends agree on."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self._parts = [part for part in parts if len(part) >= _LEAST]

    def out_of(self, data: bytes) -> Cut:
        """A message without those that it has."""
        if not self._parts:
            return data
        pieces: list[bytes | int] = []
        at = 0
        for number, part in enumerate(self._parts):
            found = data.find(part[:_BEGINNING], at)
            if found >= 0 and data.startswith(part, found):
                pieces += (data[at:found], number)
                at = found + len(part)
        return [*pieces, data[at:]]

    def into(self, cut: Cut) -> bytes:
        """The message."""
        if isinstance(cut, bytes):
            return cut
        return b"".join([self._parts[one] if isinstance(one, int) else one for one in cut])
