"""JSON Schema of the files, made from their tables: the keys, their short forms, what is required, what goes
together. Draft 7 is what editors read."""

from __future__ import annotations

import re
from typing import Any

from sendbatch.campaign.table import (
    Key,
    Keys,
    Schema,
    default_of,
    required_in,
    table_of,
    together_in,
)

DRAFT = "http://json-schema.org/draft-07/schema#"
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_POINTER = re.compile(r"[,;] (?:see \[[^\]]*\]|\[see [^\]]*\])\([^)]*\)|[,;] see below")


def schema_of(keys: type[Keys[Any]], title: str) -> Schema:
    """Of a whole file."""
    definitions: dict[str, Schema] = {}
    made = _mapping(keys, definitions)
    return {"$schema": DRAFT, "title": title, **made, "definitions": dict(sorted(definitions.items()))}


def reference(keys: type[Keys[Any]], definitions: dict[str, Schema]) -> Schema:
    """To a mapping of its own, which is put into the definitions."""
    name = keys.__name__.removesuffix("Keys")
    if name not in definitions:
        definitions[name] = {}  # so that one which holds itself ends
        definitions[name] = _mapping(keys, definitions)
    return {"$ref": f"#/definitions/{name}"}


def _mapping(keys: type[Keys[Any]], definitions: dict[str, Schema]) -> Schema:
    properties = {
        key.name: _described(_description(keys, key), key.kind.schema(definitions))
        for key in table_of(keys).values()
    }
    required = required_in(keys)
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **({"required": required} if required else {}),
        **together_in(keys),
    }


def _described(description: str, schema: Schema) -> Schema:
    """In this draft nothing counts that stands beside a reference."""
    inner = {"allOf": [schema]} if "$ref" in schema else schema
    return {"description": description, **inner}


def _description(keys: type[Keys[Any]], key: Key[Any]) -> str:
    """What it is for, as a sentence, and what holds where it is left out."""
    said = as_text(key.means)
    if not key.means.startswith("`"):  # a word of the file is written as the file has it
        said = said[:1].upper() + said[1:]
    left_out = as_text(absent(keys, key))
    return f"{said}. Left out: {left_out}." if left_out not in ("", "none") else f"{said}."


def absent(keys: type[Keys[Any]], key: Key[Any]) -> str:
    """What holds where a key is left out, in Markdown; "" where there is nothing to say of it."""
    if key.absent is not None or key.required:
        return key.absent or ""
    return written(default_of(keys, key))


def written(value: object) -> str:
    """A default as the file would say it."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value / 60:g}m`" if value >= 120 and value % 60 == 0 else f"`{value:g}s`"
    if isinstance(value, str) and value:
        return f"`{value}`"
    return str(value) if isinstance(value, int) else "none"


def as_text(markdown: str) -> str:
    """Without its marks, which an editor shows as they are, and without what is to be seen elsewhere."""
    plain = _LINK.sub(r"\1", _POINTER.sub("", markdown))
    return plain.replace("`", "").replace("\\|", "|")
