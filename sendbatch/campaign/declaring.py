"""From a document to what it declares: pydantic's complaints become faults with their places.

What is wrong is taken out and the rest is read again, so that one fault hides no other: files are
still looked for where a key is misspelt three lines above.
"""

from __future__ import annotations

import typing
from collections.abc import Collection, Iterator
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sendbatch.campaign.declared import Declared
from sendbatch.campaign.document import syntax
from sendbatch.campaign.document.nodes import Data, Document, Trail
from sendbatch.campaign.names import guess
from sendbatch.campaign.written.parsing import Wrong
from sendbatch.errors import Fault

D = TypeVar("D", bound=Declared)
SAID = {
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "dict_type": "must be a mapping of keys to values",
    "list_type": "must be a list",
}
ALSO_CALLED = {
    "sender": "from",
    "body": "templates",
    "template": "templates",
    "csv": "recipients",
    "profile": "smtp",
    "user": "username",
    "login": "username",
    "tls": "security",
    "ssl": "security",
    "server": "host",
    "filter": "where",
    "unique": "key",
}
MAPPING_WANTED = frozenset({"model_type", "model_attributes_type", "dict_type"})
FREE = frozenset({"variables"})  # mappings in which null is a value
MARKS = ("<name>", "<profile>", "[key]")  # in pydantic's paths: union members, and keys
ROUNDS = 20


def declare(model: type[D], document: Document, faults: list[Fault]) -> D:
    """What the document declares, as far as it can be read; what cannot is added to `faults`."""
    data = _without_nulls(document.data, (), document, faults)
    assert isinstance(data, dict)
    for _ in range(ROUNDS):
        try:
            declared = model.model_validate(data)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                trail = _trail(detail)
                faults.append(_fault(model, detail, trail, document))
                _prune(data, trail)
        else:
            return declared
    return model()


def missing(
    model: type[Declared], document: Document, faults: list[Fault], *, but: Collection[str] = ()
) -> None:
    """Add a fault for every required key, but for some, that is not in the document at all.

    A key that was only misspelt has its fault already, with the guess.
    """
    for trail, inner in _sections(model, document.data, ()):
        section = _at(document.data, trail)
        if not isinstance(section, dict):
            continue
        misspelt = {_meant(model, (*trail, key)) for key in section if key not in _keys(inner)}
        for key in inner.REQUIRED:
            if key not in section and key not in but and _did_you_mean(key) not in misspelt:
                faults.append(Fault(f"{label((*trail, key))} is missing", document.at(trail)))


def label(trail: Trail) -> str:
    """A trail as a person writes it: the line and column tell which one of a list it is."""
    return ".".join(part for part in trail if isinstance(part, str))


def _fault(model: type[Declared], detail: ErrorDetails, trail: Trail, document: Document) -> Fault:
    if detail["type"] == "extra_forbidden":
        hint = syntax.strange_blank(str(trail[-1])) or _meant(model, trail)
        return Fault(f"unknown key: {label(trail)}", document.at_key(trail), hint)
    cause = detail.get("ctx", {}).get("error")
    said = str(cause) if cause else SAID.get(detail["type"], detail["msg"])
    hint = cause.hint if isinstance(cause, Wrong) else None
    if detail["type"] in MAPPING_WANTED:
        hint = _instead_of_a_mapping(_at(document.data, trail))
    place = document.at_key(trail) if "[key]" in detail["loc"] else document.at(trail)
    return Fault(f"{label(trail)}: {said}", place, hint)


def _instead_of_a_mapping(there: Data) -> str | None:
    if isinstance(there, list):
        return "take the dash away: keys need none, only the items of a list"
    if isinstance(there, str) and syntax.lacks_blank(there):
        return syntax.BLANK
    return None


def _meant(model: type[Declared], trail: Trail) -> str | None:
    """A guess at the key that was meant, or the section that the key belongs to."""
    key = str(trail[-1])
    known = _keys(_model_at(model, trail[:-1]))
    near = guess(key, known) or (ALSO_CALLED.get(key) if ALSO_CALLED.get(key) in known else None)
    for section, inner in _inner_models(model):
        if key in _keys(inner):
            return f"{key} belongs under {section}"
    if len(trail) > 1 and key in _keys(model):
        return f"{key} belongs at the top level, without indentation"
    return _did_you_mean(near) if near else None


def _did_you_mean(key: str) -> str:
    return f"did you mean {key}?"


def _keys(model: type[Declared]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def _inner_models(model: type[Declared]) -> Iterator[tuple[str, type[Declared]]]:
    for name, field in model.model_fields.items():
        inner = _declared_in(field.annotation)
        if inner is not None and name not in ("smtp", "profiles"):
            yield name, inner


def _model_at(model: type[Declared], trail: Trail) -> type[Declared]:
    for part in trail:
        for name, field in model.model_fields.items():
            if part == (field.alias or name):
                model = _declared_in(field.annotation) or model
                break
    return model


def _declared_in(annotation: object) -> type[Declared] | None:
    if isinstance(annotation, type) and issubclass(annotation, Declared):
        return annotation
    found = (_declared_in(part) for part in typing.get_args(annotation))
    return next((inner for inner in found if inner is not None), None)


def _sections(
    model: type[Declared], data: Data, trail: Trail
) -> Iterator[tuple[Trail, type[Declared]]]:
    yield trail, model
    for name, inner in _inner_models(model):
        if isinstance(data, dict) and isinstance(data.get(name), dict):
            yield (*trail, name), inner


def _at(data: Data, trail: Trail) -> Data:
    for part in trail:
        data = data[part] if isinstance(data, dict) else None  # type: ignore[index]
    return data


def _trail(detail: ErrorDetails) -> Trail:
    """pydantic's path without its marks for keys and for members of a union."""
    return tuple(part for part in detail["loc"] if part not in MARKS)


def _without_nulls(data: Data, trail: Trail, document: Document, faults: list[Fault]) -> Data:
    if isinstance(data, list):
        items = ((n, item) for n, item in enumerate(data))
        return [
            _without_nulls(item, (*trail, n), document, faults)
            for n, item in items
            if _says_something(item, (*trail, n), document, faults)
        ]
    if isinstance(data, dict) and not (trail and trail[0] in FREE):
        return {
            key: _without_nulls(item, (*trail, key), document, faults)
            for key, item in data.items()
            if _says_something(item, (*trail, key), document, faults)
        }
    return data


def _says_something(item: Data, trail: Trail, document: Document, faults: list[Fault]) -> bool:
    if item is not None or (trail[0] in FREE and len(trail) > 1):
        return True
    hint = 'write "" for empty text' if "defaults" in trail else "write one, or leave the key out"
    place = document.at_key(trail)
    if syntax.is_all_comment(place.text or "", (place.column or 1) - 1):
        hint = syntax.COMMENT
    faults.append(Fault(f"{label(trail)} has no value", place, hint))
    return False


def _prune(data: Data, trail: Trail) -> None:
    """Take out what stands at the trail: of a list the whole, for its indexes name places."""
    assert isinstance(data, dict)
    for part in trail[:-1]:
        inner = data.get(part) if isinstance(part, str) else None
        if not isinstance(inner, dict):
            data.pop(str(part), None)
            return
        data = inner
    data.pop(str(trail[-1]), None)
