"""`sendbatch check --list-rules`: all that may be found, from the table of rules."""

from __future__ import annotations

from collections.abc import Iterator

from sendbatch.errors import as_json
from sendbatch.findings import Rule, Topic

FORMS = ("text", "json")


def listed(form: str) -> str:
    if form == "json":
        return as_json([_document(rule) for rule in Rule], indent=2)
    return "\n".join(_lines())


def _document(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "severity": rule.severity,
        "topic": rule.topic.value,
        "finds": rule.meaning,
        "reason": rule.reason,
        "remedy": rule.remedy,
        "page": rule.page,
        "can_be_ignored": rule.can_be_ignored,
    }


def _lines() -> Iterator[str]:
    for topic in Topic:
        yield f"{topic.value}\n"
        for rule in Rule:
            if rule.topic is topic:
                yield f"  {rule.id}  {rule.severity}"
                yield f"    {rule.meaning}"
                yield f"    why:  {rule.reason}"
                yield f"    do:   {rule.remedy}"
                yield f"    read: {rule.page}\n"
