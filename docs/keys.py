"""Writes the tables of keys in docs/reference.md from sendbatch/campaign/keys/.  python docs/keys.py

A table stands behind a comment that names its class: <!-- RecipientsKeys -->
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sendbatch.campaign.keys import campaign, profiles, sections
from sendbatch.campaign.schema import absent
from sendbatch.campaign.table import Key, Keys, table_of

TABLES = vars(sections) | vars(profiles) | vars(campaign)
PAGE = Path(__file__).with_name("reference.md")
TABLE = re.compile(r"<!-- (?P<name>\w+Keys) -->\n(?:\|.*\n)*")


def page(text: str) -> str:
    """The page with its tables as they are to be."""
    return TABLE.sub(lambda found: f"<!-- {found['name']} -->\n{_table(found['name'])}", text)


def _table(name: str) -> str:
    section: type[Keys[Any]] = TABLES[name]
    rows = [
        (f"`{key.name}`", _meaning(key), absent(section, key))
        for key in table_of(section).values()
    ]
    columns = 3 if any(default for *_, default in rows) else 2
    head = ("key", "meaning", "default")
    lines = [
        _line(head[:columns]),
        "|---" * columns + "|\n",
        *(_line(row[:columns]) for row in rows),
    ]
    return "".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|\n"


def _meaning(key: Key[Any]) -> str:
    return f"{key.means}. **Required**" if key.required else key.means


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
