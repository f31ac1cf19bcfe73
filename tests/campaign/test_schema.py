"""The schema names what the files may say, and says it in valid JSON Schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from sendbatch import api
from sendbatch.campaign.keys.campaign import CampaignKeys
from sendbatch.campaign.keys.profiles import ProfilesKeys
from sendbatch.campaign.table import table_of

WORDS = {
    "$schema", "$ref", "title", "description", "type", "properties", "required", "items",
    "additionalProperties", "propertyNames", "anyOf", "oneOf", "not", "enum", "pattern", "minimum",
    "maximum", "patternProperties", "minItems", "maxItems", "uniqueItems", "maxLength", "examples",
    "enumDescriptions", "patternErrorMessage", "allOf", "if", "then", "const", "dependencies", "definitions",
}  # fmt: skip


def sections(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every schema in the schema."""
    yield schema
    for key in ("properties", "patternProperties", "definitions"):
        for inner in schema.get(key, {}).values():
            if isinstance(inner, dict):
                yield from sections(inner)
    for key in ("anyOf", "oneOf", "allOf"):
        for inner in schema.get(key, []):
            yield from sections(inner)
    for key in ("items", "additionalProperties", "propertyNames", "not", "if", "then"):
        if isinstance(schema.get(key), dict):
            yield from sections(schema[key])


@pytest.mark.parametrize("schema", [api.schema(), api.schema(profiles=True)])
def test_it_is_json_with_known_words_and_references_that_lead_somewhere(
    schema: dict[str, Any],
) -> None:
    assert json.loads(json.dumps(schema)) == schema
    for section in sections(schema):
        assert set(section) <= WORDS
        if "$ref" in section:
            assert section["$ref"].removeprefix("#/definitions/") in schema["definitions"]
        if "pattern" in section:
            re.compile(section["pattern"])
        if "required" in section and "additionalProperties" in section:
            assert set(section["required"]) <= set(section["properties"])


# Those that files of users have: they may become more, never fewer.
KNOWN = (
    "name run from bounces_to reply_to subject recipients templates smtp rate headers attachments unsubscribe"
    " suppress variables expect tolerate retry"
)


def test_all_keys_of_the_campaign_file_are_there() -> None:
    properties: Any = api.schema()["properties"]
    assert set(KNOWN.split()) <= set(properties)
    assert list(properties) == list(table_of(CampaignKeys))


def test_all_keys_of_profiles_are_there() -> None:
    properties: Any = api.schema(profiles=True)["properties"]
    assert {"suppress", "project", "profiles"} <= set(properties)
    assert list(properties) == list(table_of(ProfilesKeys))


def test_short_forms_are_offered() -> None:
    properties: Any = api.schema()["properties"]
    for key in ("recipients", "unsubscribe", "rate", "attachments", "reply_to", "suppress"):
        assert "string" in properties[key]["anyOf"][0]["type"]


def test_a_suppression_list_is_a_path_or_a_mapping_or_several() -> None:
    for schema in (api.schema(), api.schema(profiles=True)):
        properties: Any = schema["properties"]
        text, mapping, several = properties["suppress"]["anyOf"]
        assert several["items"] == {"anyOf": [text, mapping]}
        assert "string" in text["type"]
        inner: Any = schema["definitions"]["Suppression"]  # type: ignore[index]
        assert inner["required"] == ["file"]
        unreadable = inner["properties"]["unreadable"]
        assert unreadable["description"] == (
            "warn: entries that cannot be read pass, with a warning that counts and names them."
            " Left out: refuse."
        )
        assert unreadable["anyOf"][0] == {"enum": ["refuse", "warn"]}


def test_an_attachment_is_a_path_or_a_mapping_or_several() -> None:
    schema: Any = api.schema()
    text, mapping, several = schema["properties"]["attachments"]["anyOf"]
    assert several["items"] == {"anyOf": [text, mapping]}
    assert "string" in text["type"]
    inner: Any = schema["definitions"]["Attachment"]
    assert inner["required"] == ["file"]
    assert inner["properties"]["missing"]["anyOf"][0]["enum"] == ["refuse", "fail", "send_without"]


def test_unknown_keys_are_refused_everywhere() -> None:
    schema: Any = api.schema(profiles=True)
    assert schema["additionalProperties"] is False
    assert schema["definitions"]["Profile"]["additionalProperties"] is False
