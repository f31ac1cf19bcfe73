"""The schemas of both files, for editors: what they complete from, explain, and mark as wrong."""

from __future__ import annotations

import json

from sendbatch.campaign.keys.campaign import CampaignKeys
from sendbatch.campaign.keys.profiles import ProfilesKeys
from sendbatch.campaign.schema import schema_of
from sendbatch.campaign.table import Schema

CAMPAIGN_SCHEMA = "campaign.schema.json"  # as `init` names them, beside the files
PROFILES_SCHEMA = "profiles.schema.json"


def campaign_schema() -> Schema:
    return schema_of(CampaignKeys, "A sendbatch campaign")


def profiles_schema() -> Schema:
    return schema_of(ProfilesKeys, "The SMTP profiles of sendbatch")


def written_out(schema: Schema) -> str:
    """A schema as a file has it."""
    return json.dumps(schema, indent=2) + "\n"


def names_schema(name: str) -> str:
    """The line by which an editor finds the schema of that name, beside the file that begins with it."""
    return f"# yaml-language-server: $schema=./{name}\n"
