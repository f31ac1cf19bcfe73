"""From a document to what it says, by its table of keys; what is wrong becomes findings with their places.

What cannot be read is left out and the rest is read, so that one fault hides no other: files are still
looked for where a key is misspelt three lines above.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from yaml.nodes import MappingNode, Node, ScalarNode

from sendbatch.campaign.document import syntax
from sendbatch.campaign.document.composing import read_source
from sendbatch.campaign.document.nodes import Data, Document, document
from sendbatch.campaign.names import guess
from sendbatch.campaign.spots import Reading, Spot
from sendbatch.campaign.table import Key, Keys, shape_of, table_of
from sendbatch.campaign.written.headers import INSTEAD
from sendbatch.findings import Rule
from sendbatch.runtime.paths import absolute

K = TypeVar("K", bound=Keys[Any])

EMPTY_TEXT = frozenset({"defaults"})  # below these, text that is empty may be meant


def read_file(
    keys: type[K],
    file: Path,
    shown: str,
    *,
    unneeded: Collection[str] = (),
    given: Mapping[str, dict[str, Data]] = MappingProxyType({}),
    lists_needed: bool = True,
) -> tuple[K | None, Reading]:
    """What a file says, as far as it can be read; None where it cannot be composed. It is called `shown` in
    faults. What is `unneeded` need not be there; what is `given` for its mappings stands in place of the
    file's own. No list of recipients has to be there unless `lists_needed`."""
    source = read_source(file, shown, shape_of(keys))
    folder = absolute(file).parent
    if source.root is None:
        return None, Reading(Document(shown, {}, {}, {}), keys, folder, source.findings)
    widen(source.root, keys)
    reading = Reading(
        document(source), keys, folder, source.findings, lists_needed=lists_needed
    )
    for name, inner in given.items():
        _give(reading.document.data, name, inner)
    for spot in _without_value(reading.document.data, reading.spot, reading):
        _blame_emptiness(spot)
    return read_keys(keys, reading.document.data, reading.spot, unneeded=unneeded), reading


def _give(data: Data, name: str, given: dict[str, Data]) -> None:
    if isinstance(data, dict) and isinstance(own := data.get(name) or {}, dict):
        data[name] = own | given


def widen(node: Node, keys: type[Keys[Any]]) -> Node:
    """A mapping with every short form in it written out."""
    table = table_of(keys)
    if isinstance(node, MappingNode):
        node.value = [
            (name, table[name.value].kind.widened(value))
            if isinstance(name, ScalarNode) and name.value in table
            else (name, value)
            for name, value in node.value
        ]
    return node


def read_keys(
    keys: type[K], value: Data, spot: Spot, *, unneeded: Collection[str] = ()
) -> K | None:
    """What a mapping says; None where there is none."""
    if not isinstance(value, dict):
        want_mapping(value, spot)
        return None
    values: dict[str, Any] = {}
    for name, inner in value.items():
        key = table_of(keys).get(name)
        if inner is None:
            continue
        if key is None:
            there = spot.at(name)
            hint = syntax.strange_blank(name) or _meant(keys, name, spot)
            there.find(Rule.UNKNOWN_KEY, f"unknown key: {there.label}", hint, key=True)
        elif (found := key.kind.read(inner, spot.at(name))) is not None:
            values[name] = found
    _blame_missing(keys, value, spot, unneeded)
    return keys(values)


def _blame_missing(
    keys: type[Keys[Any]], value: dict[str, Data], spot: Spot, unneeded: Collection[str]
) -> None:
    """A key that was only misspelt has its fault already, with the guess."""
    misspelt = {_meant(keys, name, spot) for name in value if name not in table_of(keys)}
    for key in table_of(keys).values():
        if not key.required or key.name in value or key.name in unneeded:
            continue
        if _did_you_mean(key.name) in misspelt:
            continue
        if key.example:
            spot.blame(Rule.MISSING_KEY, f"{key.name} is missing", f"write {key.example}")
        else:
            spot.find(Rule.MISSING_KEY, f"{spot.at(key.name).label} is missing")


def _meant(keys: type[Keys[Any]], name: str, spot: Spot) -> str | None:
    """A guess at the key that was meant, or the mapping that the key belongs to."""
    if not spot.trail and name.lower() in INSTEAD:
        return INSTEAD[name.lower()]
    if (called := _called(keys, name)) is not None:
        return _did_you_mean(called)
    near = guess(name, table_of(keys))
    for key in table_of(spot.reading.keys).values():
        if key.kind.section is not None and name in table_of(key.kind.section):
            return f"{name} belongs under {key.name}"
    if spot.trail and name in table_of(spot.reading.keys):
        return f"{name} belongs at the top level, without indentation"
    return _did_you_mean(near) if near else None


def _called(keys: type[Keys[Any]], name: str) -> str | None:
    return next((key.name for key in table_of(keys).values() if name in key.also), None)


def _did_you_mean(name: str) -> str:
    return f"did you mean {name}?"


def want_mapping(value: Data, spot: Spot) -> None:
    """Say that something else than a mapping stands where one belongs."""
    hint = None
    is_item = any(isinstance(part, int) for part in spot.trail)
    if isinstance(value, list) and not is_item:
        hint = _hint_of_list(value, spot)
    elif isinstance(value, str) and syntax.lacks_blank(value):
        hint = syntax.BLANK
    spot.blame(Rule.WRONG_VALUE, "must be a mapping of keys to values", hint)


def _hint_of_list(value: list[Data], spot: Spot) -> str:
    if not any(isinstance(item, dict) for item in value):
        return "write a key before each value, as in key: value"
    place = spot.place
    signs = "brackets" if (place.text or "")[(place.column or 1) - 1 :].startswith("[") else "dash"
    need = "none" if signs == "dash" else "no [ ]"
    return f"take the {signs} away: keys need {need}, only the items of a list"


def _without_value(data: Data, spot: Spot, reading: Reading) -> Iterator[Spot]:
    """Every spot below where nothing stands, but where that is a value too."""
    items: Iterator[tuple[str | int, Data]] = iter(())
    if isinstance(data, dict):
        items = iter(data.items())
    elif isinstance(data, list):
        items = iter(enumerate(data))
    for part, inner in items:
        if inner is None:
            yield spot.at(part)
        elif spot.trail or not _takes_null(table_of(reading.keys).get(str(part))):
            yield from _without_value(inner, spot.at(part), reading)


def _takes_null(key: Key[Any] | None) -> bool:
    return key is not None and key.kind.takes_null


def _blame_emptiness(spot: Spot) -> None:
    empty_text = EMPTY_TEXT.intersection(map(str, spot.trail))
    hint = 'write "" for empty text' if empty_text else "write one, or leave the key out"
    place = spot.key_place
    if syntax.is_all_comment(place.text or "", (place.column or 1) - 1):
        hint = syntax.COMMENT
    spot.find(Rule.NO_VALUE, f"{spot.label} has no value", hint, key=True)
