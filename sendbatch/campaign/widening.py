"""Short forms are written out in full on the nodes, so that every later error keeps its mark."""

from __future__ import annotations

import re
from pathlib import PurePath

from yaml.error import Mark
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sendbatch.campaign.written.rates import split

THOUSANDS = re.compile("[0-9]{1,3}(?:,[0-9]{3})*")
LISTED = ("reply_to", "suppress", "attachments")
ENTRIES = ("suppress", "attachments")  # lists of mappings, each with a `file`


def widen_campaign(root: MappingNode) -> None:
    """`recipients: people.csv`, `unsubscribe: https://…`, `rate: 14/s` and their like."""
    _wrap(root, "recipients", "file")
    _wrap(root, "templates", _template_kind(_value(root, "templates")))
    _wrap(root, "unsubscribe", _unsubscribe_kind(_value(root, "unsubscribe")))
    for key in LISTED:
        _list(root, key)
    _rates(root)
    for key in ENTRIES:
        _widen_entries(root, key)
    recipients = _value(root, "recipients")
    if isinstance(recipients, MappingNode):
        _list(recipients, "required")
    smtp = _value(root, "smtp")
    if isinstance(smtp, MappingNode):
        _widen_profile(smtp)


def widen_profiles(root: MappingNode) -> None:
    _list(root, "suppress")
    _widen_entries(root, "suppress")
    profiles = _value(root, "profiles")
    if isinstance(profiles, MappingNode):
        for _, profile in profiles.value:
            if isinstance(profile, MappingNode):
                _widen_profile(profile)


def _widen_profile(profile: MappingNode) -> None:
    _rates(profile)
    domains = _value(profile, "domains")
    if isinstance(domains, MappingNode):
        domains.value = [(key, _parted(value)) for key, value in domains.value]


def _widen_entries(root: MappingNode, key: str) -> None:
    """`suppress: {file: …}` is a list of one, and `suppress: [left.csv]` names a file."""
    for number, (name, value) in enumerate(root.value):
        if isinstance(name, ScalarNode) and name.value == key:
            if isinstance(value, MappingNode):
                value = SequenceNode("", [value], value.start_mark, value.end_mark)
                root.value[number] = (name, value)
            if isinstance(value, SequenceNode):
                value.value = [_wrapped(item, "file") for item in value.value]


def _template_kind(node: Node | None) -> str:
    written = PurePath(node.value if isinstance(node, ScalarNode) else "")
    return {".txt": "text", ".text": "text", ".md": "markdown"}.get(written.suffix.lower(), "html")


def _unsubscribe_kind(node: Node | None) -> str:
    written = node.value.lower() if isinstance(node, ScalarNode) else ""
    is_mail = written.startswith("mailto:") or ("@" in written and "/" not in written)
    return "mailto" if is_mail and not written.startswith("{{") else "url"


def _value(mapping: MappingNode, key: str) -> Node | None:
    for name, value in mapping.value:
        if isinstance(name, ScalarNode) and name.value == key:
            assert isinstance(value, Node)
            return value
    return None


def _wrap(mapping: MappingNode, key: str, inner: str) -> None:
    """`key: text` becomes `key: {inner: text}`, all at the text's mark."""
    for number, (name, value) in enumerate(mapping.value):
        if isinstance(name, ScalarNode) and name.value == key:
            mapping.value[number] = (name, _wrapped(value, inner))


def _wrapped(value: Node, inner: str) -> Node:
    if not _is_something(value):
        return value
    start, end = value.start_mark, value.end_mark
    inner_key = ScalarNode("", inner, start, start, style="'")
    return MappingNode("", [(inner_key, value)], start, end)


def _list(mapping: MappingNode, key: str) -> None:
    for number, (name, value) in enumerate(mapping.value):
        if isinstance(name, ScalarNode) and name.value == key:
            mapping.value[number] = (name, _listed(value))


def _listed(value: Node) -> Node:
    if not _is_something(value):
        return value
    return SequenceNode("", [value], value.start_mark, value.end_mark)


def _rates(mapping: MappingNode) -> None:
    """`rate: 14/s, 5,000/day` is a list of two."""
    for number, (name, value) in enumerate(mapping.value):
        if isinstance(name, ScalarNode) and name.value == "rate":
            mapping.value[number] = (name, _parted(value))


def _parted(value: Node) -> Node:
    """Rates one by one, each at its own mark."""
    listed = _listed(value)
    if isinstance(listed, SequenceNode):
        items = _rejoined(listed.value)
        listed.value = [part for item in items for part in _parts(item)]
    return listed


def _rejoined(items: list[Node]) -> list[Node]:
    """In a list YAML takes `5,000/day` for two: a number alone, and what follows the comma."""
    found: list[Node] = []
    for item in items:
        last = found[-1] if found else None
        if (
            isinstance(last, ScalarNode)
            and isinstance(item, ScalarNode)
            and THOUSANDS.fullmatch(last.value)
            and last.style is None is item.style
            and item.start_mark.index == last.end_mark.index + 1
        ):
            whole = f"{last.value},{item.value}"
            found[-1] = ScalarNode(item.tag, whole, last.start_mark, item.end_mark)
        else:
            found.append(item)
    return found


def _parts(item: Node) -> list[Node]:
    if not isinstance(item, ScalarNode) or "," not in item.value:
        return [item]
    found: list[Node] = []
    at = 0
    for part in split(item.value):
        begins = at + len(part) - len(part.lstrip())
        start = _mark_within(item, begins)
        found.append(ScalarNode(item.tag, part.strip(), start, item.end_mark, style=item.style))
        at += len(part) + 1
    return found


def _mark_within(item: ScalarNode, at: int) -> Mark:
    """Where the character of that number stands, if the text stands in the file as it is."""
    start, end = item.start_mark, item.end_mark
    quotes = 0 if item.style is None else 1
    if item.style in ("|", ">") or end.index - start.index != len(item.value) + 2 * quotes:
        return start
    column = start.column + quotes + at
    return Mark(start.name, start.index + quotes + at, start.line, column, None, 0)


def _is_something(value: Node) -> bool:
    """Whether it is a scalar that says something: `key:` alone stays what it is, and an error."""
    return isinstance(value, ScalarNode) and (value.style is not None or value.value != "")
