"""What a path and the values of its expressions make of a name, and what a name may have been made of."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from sendbatch.campaign.model import PathTemplate


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def filled(path: PathTemplate, values: Mapping[str, str]) -> str:
    """A path below its folder, by the values of its expressions."""
    return "".join(
        values[piece] if number % 2 else piece for number, piece in enumerate(nfc_pieces(path))
    )


def nfc_pieces(path: PathTemplate) -> tuple[str, ...]:
    return tuple(piece if number % 2 else nfc(piece) for number, piece in enumerate(path.pieces))


def values_in(pieces: Sequence[str], name: str) -> Iterator[dict[str, str]]:
    """What the expressions may have been for a name to come of them, each a part without a slash."""
    literal, *rest = pieces
    if not name.startswith(literal):
        return
    name = name[len(literal) :]
    if not rest:
        if not name:
            yield {}
        return
    expression, *after = rest
    for end in range(1, len(name) + 1):
        value = name[:end]
        if value.endswith("/"):
            return
        if end < len(name) and not name.startswith(after[0], end):
            continue
        for values in values_in(after, name[end:]):
            if values.get(expression, value) == value:
                yield {**values, expression: value}
