"""The log for programs (`--log-format json`): one object a line on standard error, each of a kind
(`event`) that log.schema.json describes, which lies beside this module (`sendbatch schema --log`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from sendbatch.errors import Finding, as_json
from sendbatch.runtime.masking import finding_for_log, for_log

Level: TypeAlias = Literal["info", "warning", "error"]
SCHEMA = Path(__file__).with_name("log.schema.json")

_is_json: ContextVar[bool] = ContextVar("the log is JSON", default=False)
_COMMAND = r" +(sendbatch [a-z][a-z-]* .*)"


def choose(*, json: bool) -> None:
    """What the log of this process is from now on."""
    _is_json.set(json)


def is_json() -> bool:
    """Whether the log is for programs."""
    return _is_json.get()


def entry(event: str, message: str, level: Level, fields: Mapping[str, object]) -> str:
    """One line, without its end. Addresses in it are masked as in all that is said."""
    head = {"time": moment(), "level": level, "event": event, "message": message.strip("\n")}
    return as_json(masked({**head, **fields}))


def notice(text: str, level: Level) -> str:
    """What is said to people. The lines in it that are to be typed stand by themselves."""
    lines = text.strip("\n").split("\n")
    typed = [found for line in lines if (found := re.fullmatch(_COMMAND, line))]
    message = "\n".join(line for line in lines if re.fullmatch(_COMMAND, line) is None)
    return entry("notice", message, level, {"commands": [found[1] for found in typed]})


def finding(found: Finding) -> str:
    """What is wrong or doubtful, in fields."""
    found = finding_for_log(found)
    place = found.place
    fields = {
        "rule": found.rule,
        "hint": found.hint,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }
    level: Level = "info" if found.severity == "hint" else found.severity
    return entry("finding", found.message, level, fields)


def error(message: str, exit_code: int) -> str:
    """Why a call ended; what was found stands before it."""
    return entry("error", message, "error", {"exit_code": exit_code})


def moment(at: float | None = None) -> str:
    """Seconds since the epoch, or now, as RFC 3339 has it: "2026-11-24T17:55:00.123Z"."""
    when = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_or_none(at: float | None) -> str | None:
    return None if at is None else moment(at)


def masked(value: object) -> object:
    """A value of JSON with all texts in it as they may stand in a log of this machine."""
    if isinstance(value, str):
        return for_log(value)
    if isinstance(value, Mapping):
        return {str(key): masked(each) for key, each in value.items()}
    return [masked(each) for each in value] if isinstance(value, list | tuple) else value


