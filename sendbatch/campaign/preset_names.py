"""How presets are called, for editors: the usual ones are offered, and every spelling that is read passes."""

from __future__ import annotations

import re

from sendbatch.campaign.kinds import Plain
from sendbatch.campaign.providers import names, presets, regional
from sendbatch.campaign.table import Schema
from sendbatch.campaign.written import schemas, values

_REGION = r"[ ._-]([A-Za-z]{2}([ ._-][A-Za-z]+)+[ ._-][0-9])"


class PresetName(Plain[str]):
    """The name of a provider. What it stands for is looked up by whoever merges the profile."""

    def __init__(self) -> None:
        super().__init__(values.line, schemas.LINE)

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        titles = {name: preset.title for name, preset in presets().items()}
        others = [name for name in names() if name not in titles]
        regions = "|".join(map(_any_spelling, regional()))
        return {
            "anyOf": [
                {"enum": list(titles), "enumDescriptions": list(titles.values())},
                {
                    "type": "string",
                    "pattern": rf"^\s*({'|'.join(map(_any_spelling, [*titles, *others]))})\s*$",
                },
                {"type": "string", "pattern": rf"^\s*({regions}){_REGION}\s*$"},
                {"enum": [int(name) for name in names() if name.isdecimal()]},
            ]
        }


def _any_spelling(name: str) -> str:
    """Without regard to case, blanks, dots, hyphens and underscores."""
    return "[ ._-]*".join(schemas.any_case([letter]) for letter in re.sub("[ ._-]", "", name))
