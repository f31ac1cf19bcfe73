"""Names that people give and mistype: a column's, as templates use it, and the known one that was meant."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePath

# What no expression takes for a name: a column called so is `_none`, as one that begins with a digit is
# `_2nd`.
OWN_WORDS = frozenset({"false", "none", "not", "self", "true"})
_NAMING = frozenset({"Ll", "Lu", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"})
_NO_NAME = re.compile("[^a-z0-9]+")
_UNDERSCORES = re.compile("__+")
# Endings of files that one may be taken for another by.
_OF_ONE_KIND = [
    frozenset(kind.split())
    for kind in (
        ".html .htm .xhtml",
        ".md .markdown",
        ".txt .text",
        ".csv .tsv .gz",
        ".jpg .jpeg",
        ".yaml .yml",
    )
]
_NUMBER = re.compile("[0-9]+")
_WIDE = re.compile("[\u3000\ufe50-\ufe6b\uff01-\uffef]+")


def guess(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, if one is near enough."""
    lowered = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    # Two letters changed places: of a short word that leaves little.
    near = near or [
        name for name in lowered if len(name) < 5 and sorted(name) == sorted(word.lower())
    ]
    return lowered[near[0]] if near else None


def guess_file(wanted: str, known: Iterable[str]) -> str | None:
    """As `guess`, of files: who looks for a template never means the campaign file that is called so too, nor
    another one of a series, as the file of another customer."""
    ending, series = PurePath(wanted).suffix.lower(), _NUMBER.sub("1", wanted)
    likely = [name for name in known if _is_of_its_kind(ending, PurePath(name).suffix.lower())]
    return guess(wanted, [name for name in likely if _NUMBER.sub("1", name) != series])


def _is_of_its_kind(wanted: str, found: str) -> bool:
    """By the endings; one that is mistyped may be any but a campaign file's."""
    if wanted == found:
        return True
    kinds = [kind for kind in _OF_ONE_KIND if wanted in kind or found in kind]
    if any(wanted in kind for kind in kinds):
        return any(wanted in kind and found in kind for kind in kinds)
    return found not in _OF_ONE_KIND[-1]


def usable(name: str) -> str:
    """A column's name as templates use it: "First Name" is `first_name`, "Beitrag (€)" `beitrag`. Letters
    keep their marks, as Thai and Hindi need them; "" where it has neither letter nor digit."""
    name = unicodedata.normalize("NFC", name).lower()
    if name.isascii():
        name = _NO_NAME.sub("_", name)
    else:
        name = "".join(c if unicodedata.category(c) in _NAMING else "_" for c in narrowed(name))
    name = _UNDERSCORES.sub("_", name).strip("_")
    is_usable = not name or (name.isidentifier() and name not in OWN_WORDS)
    return name if is_usable else f"_{name}"


def narrowed(text: str) -> str:
    """Full-width and half-width characters as the ordinary ones that they stand for (RFC 8265 §3.1)."""
    return _WIDE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
