"""What a unit of systemd says, as systemd reads it: keys, and the words of a command."""

from __future__ import annotations

import shlex
from collections import defaultdict


def settings_in(unit: str) -> dict[str, list[str]]:
    """The values of each key, in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in unit.splitlines():
        if line and line[0] not in "#;[":
            key, _, value = line.partition("=")
            found[key].append(value)
    return dict(found)


def words_in(command: str) -> list[str]:
    """The words of ExecStart= or Environment=, their specifiers filled in: only %% is one here."""
    assert "%" not in command.replace("%%", "")
    assert "$" not in command
    return [word.replace("%%", "%") for word in shlex.split(command)]
