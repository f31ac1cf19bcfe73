"""JSON Schema of the two files, for editors: the keys, their short forms, what is required."""

from __future__ import annotations

from typing import Any

from sendbatch.campaign.declared import (
    Declared,
    DeclaredAttachment,
    DeclaredCampaign,
    DeclaredProfiles,
    DeclaredRecipients,
    DeclaredSuppression,
)

DRAFT = "https://json-schema.org/draft/2020-12/schema"
TEXT = {"type": "string"}
LISTED = ("rate", "reply_to", "required")
ENTRIES = ("suppress", "attachments")
INNER = (DeclaredRecipients, DeclaredSuppression, DeclaredAttachment)  # those with keys that must be there
WRAPPED = ("recipients", "templates", "unsubscribe")


def campaign_schema() -> dict[str, object]:
    """Of the campaign file."""
    return _schema(DeclaredCampaign, "A sendbatch campaign")


def profiles_schema() -> dict[str, object]:
    """Of profiles.yaml."""
    return _schema(DeclaredProfiles, "The SMTP profiles of sendbatch")


def _schema(model: type[Declared], title: str) -> dict[str, object]:
    made = model.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = made.pop("$defs", {})
    for section in (made, *definitions.values()):
        section.pop("title", None)
        section.pop("description", None)
        section["properties"] = {
            key: _key(key, value) for key, value in section["properties"].items()
        }
    for declared, section in (
        (model, made),
        *((inner, definitions.get(inner.__name__, {})) for inner in INNER),
    ):
        if section and declared.REQUIRED:
            section["required"] = list(declared.REQUIRED)
    return {"$schema": DRAFT, "title": title, **made, "$defs": definitions}


def _key(key: str, made: dict[str, Any]) -> dict[str, Any]:
    """A key's schema: without the null that pydantic sees in it, with its short form."""
    kinds: list[dict[str, Any]] = [
        kind for kind in made.get("anyOf", [made]) if kind.get("type") != "null"
    ]
    schema: dict[str, Any] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if key in ENTRIES:  # each entry may be a path alone, and one may stand without the list
        one = [TEXT, schema["items"]]
        schema = {"anyOf": [*one, {**schema, "items": {"anyOf": one}}]}
    elif key in LISTED:
        schema = {"anyOf": [schema["items"], schema]}
    elif key in WRAPPED and "properties" not in schema:
        schema = {"anyOf": [TEXT, schema]}
    elif key == "domains":
        rates = schema["additionalProperties"]
        schema = {**schema, "additionalProperties": {"anyOf": [rates["items"], rates]}}
    elif "patternProperties" in schema:
        schema = {**schema, "additionalProperties": False}
    description = {"description": made["description"]} if "description" in made else {}
    unneeded = ("title", "default", "description")
    return {**description, **{k: v for k, v in schema.items() if k not in unneeded}}
