"""JSON Schema of the files, made from their tables: the keys, their short forms, what is required."""

from __future__ import annotations

import re
from typing import Any

from sendbatch.campaign.table import Keys, Schema, required_in, table_of

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def schema_of(keys: type[Keys[Any]], title: str) -> dict[str, object]:
    """Of a whole file."""
    definitions: dict[str, Schema] = {}
    made = _mapping(keys, definitions)
    return {"$schema": DRAFT, "title": title, **made, "$defs": dict(sorted(definitions.items()))}


def reference(keys: type[Keys[Any]], definitions: dict[str, Schema]) -> Schema:
    """To a mapping of its own, which is put into the definitions."""
    name = keys.__name__.removesuffix("Keys")
    if name not in definitions:
        definitions[name] = {}  # so that one which holds itself ends
        definitions[name] = _mapping(keys, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _mapping(keys: type[Keys[Any]], definitions: dict[str, Schema]) -> Schema:
    properties = {
        key.name: {"description": as_text(key.means), **key.kind.schema(definitions)}
        for key in table_of(keys).values()
    }
    required = required_in(keys)
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **({"required": required} if required else {}),
    }


def as_text(markdown: str) -> str:
    """Without its marks: an editor shows them as they are."""
    return _LINK.sub(r"\1", markdown).replace("`", "").replace("\\|", "|")
