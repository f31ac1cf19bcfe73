"""What the refs of records are called. Each name is one component, whatever is in it.

git-check-ref-format(1) forbids some characters, file systems fold others together; all but plain ones are
written as `%` and two hexadecimal digits of their UTF-8.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

ROOT = "refs/sendbatch/"
EVERY = f"{ROOT}*"  # a pattern for git ls-remote
# Of a project's records together. No project is called so: a "+" in its name is escaped.
_WITNESSES = f"{ROOT}+witness/"
_SPECIAL = re.compile(r"[^A-Za-z0-9@._-]|^\.|\.(?=\.|$|lock$)")


def ref_of(project: str, record: str) -> str:
    """`record` is the name of a record's folder. A host does not tell large letters from small ones in what a
    project is called, and two spellings must not be two records."""
    return f"{ROOT}{escaped(project.casefold())}/{escaped(record)}"


def witness_of(project: str) -> str:
    return f"{_WITNESSES}{escaped(project.casefold())}"


def records_among(refs: list[str]) -> list[tuple[str, str]]:
    """(project, record) of those that are refs of records."""
    parts = [ref.removeprefix(ROOT).split("/") for ref in refs if ref.startswith(ROOT)]
    return [
        (unquote(project), unquote(record))
        for project, record in (two for two in parts if len(two) == 2)
        if not project.startswith("+")
    ]


def escaped(name: str) -> str:
    return _SPECIAL.sub(_as_octets, name)


def _as_octets(found: re.Match[str]) -> str:
    return "".join(f"%{octet:02X}" for octet in found[0].encode(errors="surrogateescape"))
