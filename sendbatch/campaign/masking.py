"""Secrets written out in a file are an error, and the error must not show them.

A fault shows its source line; here that line loses whatever may be a password, also where the
file is not even YAML or the key is misspelt.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

BULLET = "•"
MASK = BULLET * 8
SECRET_WORDS = frozenset({"pass", "pw", "pwd", "passwd", "token"})  # as one of a key's words
# Anywhere in a key, its marks left out.
SECRET_PARTS = (
    "password", "passwort", "passphrase", "kennwort", "motdepasse", "contrasena", "contraseña", "senha",
    "secret", "apikey", "accesskey", "privatekey", "credential", "authtoken", "apitoken", "smtppass",
)  # fmt: skip
LONGEST_LINE = 2000  # characters of a line that are shown, and looked through
NEAR_ENOUGH = 0.75  # difflib's ratio

REFERENCE = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"
REFERENCES = re.compile(rf"\s*(?:{REFERENCE})+\s*")
_WRITTEN = re.compile(
    r"""(?ix) (?<![\w-]) (?P<key> [\w-]{1,60}) ["']? \s{0,9} [:=] \s{0,99} (?P<value> \S.*) $"""
)
_HARMLESS = re.compile(
    rf"""["']?(?:{REFERENCE})+["']?\s*(?:[,}}\]].*|\#.*)?$|["'|>+-]*{BULLET}|["']?\{{\{{"""
)
_USERINFO = re.compile(
    r"(?<=://)[^/\s@]+(?=@)|(?<![\w.+-])(?!mailto:)[A-Za-z_][\w.+-]{0,63}:[^\s@:/]{1,200}(?=@)"
)

_AFTER_A_NAME = re.compile(
    r"""(?ix) (\b user (?:name)? ["']? \s{0,9} [:=] \s{0,9} ["']? [^\s:,}]{1,100} :) [^\s,}"']+"""
)


def names_a_secret(key: str) -> bool:
    """Whether what stands under this key may be a password, misspellings included."""
    word = re.sub(r"[\W_]", "", key).lower()
    if "command" in word or "keyring" in word:
        return False
    if any(part in word for part in SECRET_PARTS) and "secretar" not in word:
        return True
    if SECRET_WORDS & set(re.split(r"[\W_]+", key.lower())):
        return True
    return difflib.SequenceMatcher(None, word[:30], "password").ratio() >= NEAR_ENOUGH


def masked(lines: Iterable[str], root: Node | None) -> list[str]:
    """The lines as they may be shown. `root` is None where the file could not be composed."""
    shown = [line[:LONGEST_LINE] for line in lines]
    if root is not None:
        for node in _secrets(root):
            _blank(shown, node)
    return _without_written(shown, continued=root is None)


def _secrets(root: Node) -> Iterator[Node]:
    """The values under keys that name secrets, but for mere references."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, SequenceNode):
            waiting.extend(node.value)
        elif isinstance(node, MappingNode):
            for key, value in node.value:
                if isinstance(key, ScalarNode) and names_a_secret(key.value):
                    if not _is_reference(value):
                        yield value
                else:
                    waiting.extend((key, value))


def _is_reference(node: Node) -> bool:
    return isinstance(node, ScalarNode) and REFERENCES.fullmatch(node.value) is not None


def _blank(lines: list[str], node: Node) -> None:
    """Replace a node's text; columns before it, and behind it on its last line, stay right."""
    first, last = node.start_mark.line, min(node.end_mark.line, len(lines) - 1)
    for number in range(first, last + 1):
        line = lines[number]
        start = node.start_mark.column if number == first else 0
        end = node.end_mark.column if number == node.end_mark.line else len(line)
        if end <= start:
            continue
        rest = line[end:]
        mask = MASK if not rest.strip() else BULLET * (end - start)
        lines[number] = line[:start] + mask + rest


def _without_written(lines: list[str], *, continued: bool) -> list[str]:
    shown: list[str] = []
    deeper_than: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if continued and deeper_than is not None and (indent > deeper_than or not line.strip()):
            shown.append(" " * indent + MASK if line.strip() else line)
            continue
        masked_line = _written_masked(line)
        deeper_than = indent if masked_line != line else None
        shown.append(_AFTER_A_NAME.sub(rf"\1{MASK}", _USERINFO.sub(MASK, masked_line)))
    return shown


def _written_masked(line: str) -> str:
    """`line` up to the first thing that looks like a password written out."""
    start = 0
    while match := _WRITTEN.search(line, start):
        value = match["value"]
        if names_a_secret(match["key"]) and not _HARMLESS.match(value):
            return line[: match.start("value")] + MASK
        start = max(match.start() + 1, match.end("key"))
    return line
