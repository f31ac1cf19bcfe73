"""Secrets written out in a file are an error, and the error must not show them.

A fault shows its source line; here that line loses whatever may be a password, also where the
file is not even YAML or the key is misspelt: what stands under a key that nobody declared is not shown.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sendbatch.campaign.written.values import PRIVATE_KEY, REFERENCE, REFERENCES

BULLET = "•"
MASK = BULLET * 8
# As one of a key's words.
SECRET_WORDS = frozenset({
    "pass", "pw", "pwd", "psw", "pswd", "passwd", "token", "bearer", "authorization", "mdp", "clave", "sign",
})  # fmt: skip
# Anywhere in a key, its marks left out.
SECRET_PARTS = (
    "password", "passwort", "passphrase", "kennwort", "motdepasse", "contrasena", "contraseña", "senha",
    "wachtwoord", "losenord", "lösenord", "haslo", "heslo", "parola",
    "secret", "apikey", "accesskey", "privatekey", "credential", "authtoken", "apitoken", "smtppass",
)  # fmt: skip
LONGEST_LINE = 2000  # characters of a line that are shown, and looked through
NEAR_ENOUGH = 0.75  # difflib's ratio

ANY = "*"  # in a `Shape`: under any name
ALONE = ""  # the same: for a plain value, or one in a list, where a mapping may stand
# Which keys are declared, and what is declared below each.
Shape: TypeAlias = Mapping[str, "Shape"]
_anything: dict[str, Shape] = {}
_anything[ANY] = _anything
ANYTHING: Shape = _anything  # below the user's own names, and their values
NOTHING: Shape = {}
SECRET: Shape = {}  # below what must not be written out

_WRITTEN = re.compile(
    r"""(?ix) (?<![\w-]) (?P<key> [\w-]{1,60}) ["']? \s{0,9} [:=] \s{0,99} (?P<value> \S.*) $"""
)
_KEY = re.compile(
    r"""(?x) \s* (?:-\s+)? ["']? (?P<key> [^\s:"'{}\[\],\#] [^:"'{}\[\],]{0,60}?) ["']? \s{0,9}
    : \s{0,99} (?P<value> (?!//) \S.*)? $"""
)
_FLOW_KEY = re.compile(r"""[{,]\s{0,99}["']?(?P<key>[\w-]{1,60})["']?\s{0,9}:\s{1,99}""")
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


def masked(lines: Iterable[str], root: Node | None, shape: Shape) -> list[str]:
    """The lines as they may be shown. `root` is None where the file could not be composed."""
    shown = [line[:LONGEST_LINE] for line in lines]
    if root is None:
        return [_without_secrets(line) for line in _as_declared(shown, shape)]
    for node in _secrets(root, shape):
        _blank(shown, node)
    return [_without_secrets(line) for line in shown]


def _below(shape: Shape, key: str) -> Shape | None:
    """What is declared under a key, were it misspelt or meant for elsewhere; None where that is not to
    be shown."""
    if names_a_secret(key):
        return None
    found: Shape | None = None
    if key in shape or ANY in shape:
        found = shape.get(key, shape.get(ANY))
    elif near := difflib.get_close_matches(key[:30], shape, 1, NEAR_ENOUGH):
        found = shape[near[0]]
    if found is not None:
        return found if found is not SECRET else None
    return NOTHING if key in _names(shape) else None


def _secrets(root: Node, shape: Shape) -> Iterator[Node]:
    """The values under keys that name secrets, or that nobody declared, but for mere references."""
    waiting = [(root, shape)]
    while waiting:
        node, declared = waiting.pop()
        if isinstance(node, ScalarNode) and declared.get(ALONE) is SECRET and not _is_reference(node):
            yield node
        elif isinstance(node, SequenceNode):
            waiting.extend((item, declared) for item in node.value)
        elif isinstance(node, MappingNode):
            for key, value in node.value:
                below = _below(declared, key.value) if isinstance(key, ScalarNode) else None
                is_named = below and ANY not in below and ANY in declared  # such as a profile
                if below is not None and not (is_named and isinstance(value, ScalarNode)):
                    waiting.append((value, below))
                elif not _is_reference(value):
                    yield value


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


def _as_declared(lines: list[str], shape: Shape) -> Iterator[str]:
    """Of a file that is no YAML: as far as indentation tells what stands under which key."""
    around: list[tuple[int, Shape | None]] = [(-1, shape)]  # indent, and what is declared below it
    quote = ""  # that ends a hidden value which goes on
    for line in lines:
        if quote:
            yield MASK
            quote = "" if quote in line else quote
            continue
        match = _KEY.match(line)
        indent = len(line) - len(line.lstrip(" -")) if match is None else match.start("key")
        if not line.strip():
            yield line
            continue
        while around[-1][0] >= indent:
            around.pop()
        declared = around[-1][1]
        if declared is None:
            yield " " * indent + MASK
            continue
        if match is None:
            yield _alone_masked(line, declared)
            continue
        below = _below(declared, match["key"])
        around.append((indent, below))
        value = match["value"]
        is_secret = below is None or (below.get(ALONE) is SECRET and _is_alone(value))
        if is_secret and value and not _HARMLESS.match(value):
            yield line[: match.start("value")] + MASK
            quote = value[0] if value[0] in "\"'" and value.count(value[0]) == 1 else ""
        else:
            yield line if below is None else _flow_masked(line, match.start("value"), below)


def _is_alone(value: str | None) -> bool:
    """Whether no mapping or list begins there, or one with an address in it."""
    return value is not None and (not value.startswith(("[", "{")) or "://" in value)


def _alone_masked(line: str, declared: Shape) -> str:
    """A line without a key, where a plain value would be a secret."""
    item = line.lstrip(" -")
    if declared.get(ALONE) is not SECRET or _HARMLESS.match(item):
        return line
    return line[: len(line) - len(item)] + MASK


def _flow_masked(line: str, start: int, below: Shape) -> str:
    """`line` up to the first key in braces that nobody declared."""
    for match in _FLOW_KEY.finditer(line, start):
        is_known = ANY in below or match["key"] in _names(below)
        if not is_known and not _HARMLESS.match(line, match.end()):
            return line[: match.end()] + MASK
    return line


def _names(shape: Shape) -> set[str]:
    """All keys declared somewhere below, but for those of secrets."""
    found = {name for name, below in shape.items() if name != ANY and below is not SECRET}
    for below in shape.values():
        if below is not shape:
            found |= _names(below)
    return found


def _without_secrets(line: str) -> str:
    written = _written_masked(line)
    if (key := PRIVATE_KEY.search(written)) is not None:
        written = written[: key.start()] + MASK
    return _AFTER_A_NAME.sub(rf"\1{MASK}", _USERINFO.sub(MASK, written))


def _written_masked(line: str) -> str:
    """`line` up to the first thing that looks like a password written out."""
    start = 0
    while match := _WRITTEN.search(line, start):
        value = match["value"]
        if names_a_secret(match["key"]) and not _HARMLESS.match(value):
            return line[: match.start("value")] + MASK
        start = max(match.start() + 1, match.end("key"))
    return line
