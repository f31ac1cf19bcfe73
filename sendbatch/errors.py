"""The error family: what went wrong, where, and what to do about it.

Every error that a user can cause carries findings, all that were made in one go, and the exit code that the
command line ends with. A `Finding` knows its place and reads like a compiler's message. Most are made by a
rule of `findings`; an error raised with words alone makes one of its own, by the rule of its class.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias, overload

Severity: TypeAlias = Literal["error", "warning", "hint"]
GIVEN = "<recipients>"  # the `file` of a place among rows that a program gave; its lines are rows


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file: `line` and `column` count from 1, `text` is the line itself."""

    file: str
    line: int | None = None
    column: int | None = None
    text: str | None = None


@overload
def within(place: Place, text: str, offset: int | None) -> Place: ...
@overload
def within(place: Place | None, text: str, offset: int | None) -> Place | None: ...
def within(place: Place | None, text: str, offset: int | None) -> Place | None:
    """The place of what stands at `offset` (from 0) in a text that begins at `place`; that place itself
    where the text does not stand in the line as it is, quotes and all."""
    if place is None or place.text is None or place.column is None or offset is None or not text:
        return place
    start = place.text.find(text, place.column - 1)
    return replace(place, column=start + offset + 1) if start >= 0 else place


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful. `rule` is the id of the rule that found it, `hint` says what to do
    or what was probably meant. `str()` of it is what the command line shows."""

    rule: str
    severity: Severity
    place: Place | None
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _lines(finding: Finding) -> list[str]:
    place, message, hint = finding.place, printable(finding.message), printable(finding.hint or "")
    if place is None:
        lines = [f"{finding.severity}: {message}"]
        return [*lines, f"  {hint}"] if hint else lines
    spot = at(place.file, place.line, place.column)
    lines = [f"{one_line(spot)}: {finding.severity}: {message}"]
    if place.line is None or place.text is None:
        return [*lines, f"  {hint}"] if hint else lines
    shown, column = _window(place.text, place.column or 1)
    gutter = f"   {place.line} | "
    lines.append(gutter + one_line(shown))
    if place.column is None:
        return [*lines, " " * (len(gutter) - 2) + f"| {hint}"] if hint else lines
    caret = " " * (len(gutter) - 2) + "| " + " " * (column - 1) + "^"
    lines.append(f"{caret} {hint}" if hint else caret)
    return lines


def at(file: str, line: int | None = None, column: int | None = None) -> str:
    """ "people.csv:3:7", or "recipients, row 3" of rows that a program gave."""
    if file == GIVEN:
        return "recipients" if line is None else f"recipients, row {line}"
    return ":".join(str(part) for part in (file, line, column) if part is not None)


def _window(text: str, column: int, width: int = 100) -> tuple[str, int]:
    """The part of a long line around `column`, and the column within that part."""
    if len(text) <= width:
        return text, column
    start = max(0, min(column - width // 2, len(text) - width))
    return text[start : start + width], column - start


def printable(text: str, most: int = 2000) -> str:
    """Words of ours, with data among them: as `one_line`, but a line break before an indented line
    stays. Such a one is ours; data of more than a few words goes through `one_line` first."""
    return "\n".join(one_line(line) for line in _OWN_BREAK.split(shortened(text, most)))


def one_line(text: str, most: int = 2000) -> str:
    """Data as it is shown: on one line, no longer than `most` characters, and unable to drive a
    terminal. Line breaks and tabs become blanks, other characters that have no shape "�"."""
    text = shortened(text, most)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in text)


def shortened(text: str, most: int) -> str:
    """Text of no more than `most` characters, with an ellipsis for what is left out."""
    return text if len(text) <= most else text[: most - 1] + "…"


def inert(text: str) -> str:
    """Lines of ours that no CI takes as a command, whatever data is in them: GitHub hears `::name::`
    where a line begins, blanks left out, and `##[name]` anywhere; Azure `##vso[`, TeamCity
    `##teamcity[`."""
    return _HASHES.sub("# #", _COLONS.sub(r"\1: :", text))


def as_json(value: object, indent: int | None = None) -> str:
    """JSON for a terminal or a log: what a CI or a terminal might take as a command is escaped, and
    nothing but `indent` breaks a line."""
    return json_escaped(json.dumps(value, ensure_ascii=False, indent=indent, default=str))


def json_escaped(text: str) -> str:
    """As `as_json`, of what is JSON already."""
    if not text.replace("\n", "").isprintable():
        text = "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
    return text.replace("##", "#\\u0023")


_OWN_BREAK = re.compile(r"\n(?=  )")
_COLONS = re.compile(r"^([^\S\n]*)::", re.MULTILINE)
_HASHES = re.compile(r"##(?=\w*\[)")


def shown(path: Path) -> str:
    """A path as a person at this working folder would write it; never as an option."""
    try:
        near = os.path.relpath(path)
    except OSError:  # the working folder is gone
        return str(path)
    # Of a working folder that is the root, a slash alone would be saved, and a unit's log says it to others.
    near = near if len(near) + 1 < len(str(path)) else str(path)
    return f"./{near}" if near.startswith("-") else near


def shell_line(*words: str) -> str:
    """These words as people paste them into a shell: each is one word there, whatever is in it. All data in
    a line that is to be pasted goes through here."""
    return shlex.join(one_line(word, len(word)) for word in words)


class SendbatchError(Exception):
    """Anything this project raises on purpose. `findings` is never empty."""

    exit_code = 2
    rule: ClassVar[str] = "wrong-usage"  # of the finding that is made of words alone

    def __init__(
        self, found: str | Finding | Sequence[Finding], *, hint: str | None = None
    ) -> None:
        if isinstance(found, str):
            found = (Finding(self.rule, "error", None, found, hint),)
        elif isinstance(found, Finding):
            found = (found,)
        self.findings: tuple[Finding, ...] = tuple(found)
        super().__init__("\n".join(map(str, self.findings)))

    @property
    def message(self) -> str:
        """What the first finding says; an error of words alone has no other."""
        return self.findings[0].message

    @property
    def hint(self) -> str | None:
        """What to do about the first finding."""
        return self.findings[0].hint


class CampaignError(SendbatchError):
    """The campaign file, its templates or its attachments are wrong."""


class ProfileError(SendbatchError):
    """profiles.yaml, a profile in it, or a secret it names is wrong."""


class AudienceError(SendbatchError):
    """The recipient CSV or a suppression list cannot be read as what it should be."""


class LedgerError(SendbatchError):
    """The record cannot be opened, read or trusted; says what to do."""

    rule = "record-unusable"


class RecordStopped(SendbatchError):
    """The record can no longer be written in the middle of a run (disk full, I/O error)."""

    exit_code = 3
    rule = "record-unusable"


class RecordLost(RecordStopped):
    """The record that a run writes is no longer the one that others find: nothing new is begun. What
    was begun may still be settled in it."""


class AnotherRun(RecordLost):
    """Another run holds the campaign by now, in a record that several machines can have."""

    exit_code = 5
    rule = "record-in-use"


class Interrupted(SendbatchError):
    """A person or a signal ended the work before anything was sent."""

    exit_code = 3
    rule = "interrupted"


class LockedError(SendbatchError):
    """Another process is sending this campaign."""

    exit_code = 5
    rule = "record-in-use"


class GuardError(SendbatchError):
    """A guard refused: nothing was sent."""

    exit_code = 4
    rule = "guard-refused"


class WorkerFault(Exception):
    """What a worker raised, and never should have: a fault of ours, and none of a campaign. `said` names its
    class and the row; the traceback there is the text of this error, for a log."""

    def __init__(self, said: str, traceback: str) -> None:
        super().__init__(traceback)
        self.said = said


class SmtpError(SendbatchError):
    """The server could not be reached, secured or logged in to.

    `step` is one of dns, connect, greeting, ehlo, tls, auth; `code` the reply's, if one came;
    `temporary` says that trying again later may work; `refused` that nothing accepted the TCP
    connection.
    """

    rule = "server-unusable"

    def __init__(
        self,
        message: str,
        *,
        step: str,
        code: int | None = None,
        temporary: bool = False,
        refused: bool = False,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.step = step
        self.code = code
        self.temporary = temporary
        self.refused = refused
        self.exit_code = 3 if temporary else 2
