"""What a template of a notification may say: its names, what they may be, and what is made of them.

A template is tried when a campaign is read, with values that hold all that breaks JSON: what would fail at
the end of a run, in the middle of the night, is found by `check`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType

from sendbatch.campaign.editions import rendered
from sendbatch.campaign.language.checks import check_template
from sendbatch.campaign.language.environment import names_needed
from sendbatch.campaign.model import Json
from sendbatch.campaign.names import guess
from sendbatch.campaign.written.parsing import Wrong

_AWKWARD = 'a "quote", a \\ and\na line'
# As News.document() of the room `notify` has it, with all there can be, and with as little.
FULL: Mapping[str, Json] = MappingProxyType(
    {
        "kind": "stop",
        "title": _AWKWARD,
        "text": _AWKWARD,
        "campaign": "spring-launch",
        "run": "2026-12",
        "profile": "production",
        "counts": {"accepted": 4990, "rejected": 10},
        "exit_code": 3,
        "why": _AWKWARD,
        "until": "2026-12-01T08:00:00Z",
        "left": 10,
        "command": _AWKWARD,
        "job": "https://ci.example.com/jobs/1",
    }
)
_NOTHING: Mapping[str, Json] = {"counts": {}, "exit_code": None, "until": None, "left": 0}
BARE: Mapping[str, Json] = MappingProxyType(
    {name: _NOTHING.get(name, "") for name in FULL} | {"kind": "wait"}
)


def check_told(text: str, media_type: str) -> None:
    """Raises Wrong where the template cannot be rendered, whatever happened to a run."""
    check_template(text)
    for use in names_needed(text):
        if use.name not in FULL:
            near = guess(use.name, FULL)
            known = f"there are {', '.join(FULL)}"
            raise Wrong(
                f"{use.name} is none of the names that it is given",
                f"did you mean {near}? {known}" if near else known,
            )
    for values in (FULL, BARE):
        filled(text, media_type, values)


def filled(text: str, media_type: str, values: Mapping[str, Json]) -> str:
    """What the template says of these. Raises Wrong."""
    said = rendered(text, values)
    if is_json(media_type):
        try:
            json.loads(said)
        except (ValueError, RecursionError):
            raise Wrong(
                "what it gives is not always JSON",
                "write {{ title|tojson }}, without quotes around it, for each value",
            ) from None
    return said


def is_json(media_type: str) -> bool:
    return re.fullmatch(r"application/(.+\+)?json", media_type.lower()) is not None
