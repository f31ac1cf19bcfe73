"""Whether an SPF record is one that mailboxes can go by, and what it includes (RFC 7208).

Whether it lets a certain server send is not asked: from which address a relay hands mail over, nobody but the
relay knows. Every term is followed, as for a sender whom none of them matches.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from sendbatch.errors import one_line
from sendbatch.published.asking import Asking

MOST_LOOKUPS, MOST_VOIDS = 10, 2  # RFC 7208 §4.6.4
_LONGEST = 100  # characters of data
_TERM = re.compile(
    r"(?P<qualifier>[+?~-]?)(?P<name>all|include|a|mx|ptr|ip4|ip6|exists)(?P<rest>[:/].*)?", re.IGNORECASE
)
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9._-]*)=(?P<value>.*)", re.IGNORECASE)
_ASKS = frozenset(("include", "a", "mx", "ptr", "exists"))


@dataclass(slots=True)
class Spf:
    """What is found of one domain. `record` is its own; `broken` says why mailboxes cannot use it; `ending`
    is what holds for everybody else ("-all"), "" where nothing is said; `unknown` are names that could not be
    asked for."""

    record: str | None = None
    broken: str = ""
    ending: str = ""
    uses_ptr: bool = False
    includes: set[str] = field(default_factory=set)
    lookups: int = 0
    voids: int = 0
    unknown: list[str] = field(default_factory=list)


def spf_of(domain: str, asking: Asking) -> Spf:
    found = Spf()
    found.record = _record(domain, asking, found)
    if found.record is not None:
        found.ending = _follow(domain, found.record, asking, found)
    return found


def _record(domain: str, asking: Asking, found: Spf) -> str | None:
    answer = asking.ask(domain, "TXT")
    if not answer.is_known:
        found.unknown.append(domain)
        return None
    records = [one for one in answer.values if one.lower() == "v=spf1" or one.lower().startswith("v=spf1 ")]
    if len(records) > 1:
        found.broken = f"{domain} has {len(records)} SPF records, and one is allowed (§3.2)"
    return records[0] if records else None


def _follow(domain: str, record: str, asking: Asking, found: Spf) -> str:
    """What the record ends with; all else goes into `found`. Ends with the first thing that breaks it."""
    redirect = ""
    for term in record.split()[1:]:
        if found.broken:
            return ""
        known, modifier = _TERM.fullmatch(term), _MODIFIER.fullmatch(term)
        if known is not None:
            name = known["name"].lower()
            if name == "all":
                return f"{known['qualifier'] or '+'}all"
            _take(domain, name, known["rest"] or "", term, asking, found)
        elif modifier is None:
            found.broken = f"{_in(domain)}{one_line(term, _LONGEST)} is no term of SPF"
        elif modifier["name"].lower() == "redirect":
            redirect = modifier["value"]
    if redirect and not found.broken:
        return _include(domain, redirect, "redirect", asking, found)
    return ""


def _take(domain: str, name: str, rest: str, term: str, asking: Asking, found: Spf) -> None:
    if name in ("ip4", "ip6"):
        if not _is_network(rest.removeprefix(":"), 4 if name == "ip4" else 6):
            found.broken = f"{_in(domain)}{one_line(term, _LONGEST)} names no network"
        return
    target = rest[1:].partition("/")[0] if rest.startswith(":") else ""
    if name in ("include", "exists") and not target:
        found.broken = f"{_in(domain)}{one_line(term, _LONGEST)} names no domain"
    elif name == "include":
        _include(domain, target, "include", asking, found)
    else:
        found.uses_ptr |= name == "ptr"
        _count(found)
        target = target or domain
        if name != "ptr" and "%" not in target and not found.broken:
            _look(target, "MX" if name == "mx" else "A", asking, found)


def _include(domain: str, target: str, how: str, asking: Asking, found: Spf) -> str:
    _count(found)
    target = target.lower().rstrip(".")
    if found.broken or "%" in target:  # a macro: who sends decides
        return ""
    found.includes.add(target)
    unknown = len(found.unknown)
    record = _record(target, asking, found)
    if record is None:
        if len(found.unknown) == unknown and not found.broken:
            shown = one_line(target, _LONGEST)
            found.broken = f"{_in(domain)}{how} of {shown}, which has no SPF record (§5.2)"
        return ""
    return _follow(target, record, asking, found)


def _look(name: str, kind: str, asking: Asking, found: Spf) -> None:
    answer = asking.ask(name, kind)
    if not answer.is_known:
        found.unknown.append(name)
    elif not answer.values and not (kind == "A" and asking.ask(name, "AAAA").values):
        found.voids += 1
        if found.voids > MOST_VOIDS:
            shown = one_line(name, _LONGEST)
            found.broken = f"more than {MOST_VOIDS} of its names do not exist (§4.6.4): {shown}"


def _count(found: Spf) -> None:
    found.lookups += 1
    if found.lookups > MOST_LOOKUPS:
        found.broken = f"with what it includes it needs more than {MOST_LOOKUPS} look-ups (§4.6.4)"


def _is_network(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_network(text, strict=False).version == version
    except ValueError:
        return False


def _in(domain: str) -> str:
    return f"in the record of {one_line(domain, _LONGEST)}: "
