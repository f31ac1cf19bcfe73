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
_SIZES = re.compile(r"(?::[^/]+|:.*%\{.*\}.*?)?(?:/(?P<four>\d{1,3}))?(?://(?P<six>\d{1,3}))?")


@dataclass(slots=True)
class Spf:
    """What is found of one domain. `record` is its own; `broken` says why mailboxes cannot use it; `ending`
    is what holds for everybody else ("-all"), "" where nothing is said; `behind_all` is what a record names
    where nobody reads on; with `has_macros` more is included than can be told without a mail; `unknown` are
    names that could not be asked for."""

    record: str | None = None
    broken: str = ""
    ending: str = ""
    uses_ptr: bool = False
    includes: set[str] = field(default_factory=set)
    behind_all: set[str] = field(default_factory=set)
    has_macros: bool = False
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
        found.broken = (
            f"{domain} has {len(records)} SPF records, and one is allowed (§3.2): put into one what they name"
        )
    return records[0] if records else None


def _follow(domain: str, record: str, asking: Asking, found: Spf) -> str:
    """What the record ends with; all else goes into `found`. Ends with the first thing that breaks it."""
    redirect, ending = "", ""
    terms = record.split(" ")[1:]
    found.broken = found.broken or _misspelt(domain, terms)
    for term in terms:
        known, modifier = _TERM.fullmatch(term), _MODIFIER.fullmatch(term)
        if found.broken:
            return ""
        if known is not None:
            name, rest = known["name"].lower(), known["rest"] or ""
            if ending:
                found.behind_all |= {rest[1:].lower().rstrip(".")} if name == "include" else set()
            elif name == "all":
                ending = f"{known['qualifier'] or '+'}all"
            else:
                _take(domain, name, rest, asking, found)
        elif modifier is not None and modifier["name"].lower() == "redirect":
            redirect = modifier["value"]
    if redirect and not ending and not found.broken:
        return _include(domain, redirect, "redirect", asking, found)
    return ending


def _misspelt(domain: str, terms: list[str]) -> str:
    """What is wrong in how a record is written, "" where nothing is: it is read whole before it is gone by
    (§4.6)."""
    once: set[str] = set()
    for term in filter(None, terms):
        known, modifier = _TERM.fullmatch(term), _MODIFIER.fullmatch(term)
        name = (known or modifier or {"name": ""})["name"].lower()
        shown = f"{_in(domain)}{one_line(term, _LONGEST)}"
        if known is None and modifier is None:
            return f"{shown} is no term of SPF"
        if known is not None and (wrong := _wrong_in(name, known["rest"] or "")):
            return f"{shown} {wrong}"
        if modifier is not None and known is None and name in ("redirect", "exp"):
            if name in once:
                return f"{shown} is its second {name} (§6)"
            once.add(name)
    return ""


def _wrong_in(name: str, rest: str) -> str:
    if name in ("ip4", "ip6"):
        is_network = _is_network(rest.removeprefix(":"), 4 if name == "ip4" else 6)
        return "" if rest.startswith(":") and is_network else "names no network"
    if name in ("include", "exists"):
        return "" if rest.startswith(":") and rest[1:] else "names no domain"
    if name == "all":
        return "has more than `all`" if rest else ""
    sizes = _SIZES.fullmatch(rest)
    if sizes is None or int(sizes["four"] or 0) > 32 or int(sizes["six"] or 0) > 128:
        return "names no domain or network"
    return ""


def _take(domain: str, name: str, rest: str, asking: Asking, found: Spf) -> None:
    if name in ("ip4", "ip6"):
        return
    target = rest[1:].partition("/")[0] if rest.startswith(":") else ""
    if name == "include":
        _include(domain, target, "include", asking, found)
    else:
        found.uses_ptr |= name == "ptr"
        found.has_macros |= "%" in target
        _count(found)
        target = target or domain
        if name != "ptr" and "%" not in target and not found.broken:
            _look(target, "MX" if name == "mx" else "A", asking, found)


def _include(domain: str, target: str, how: str, asking: Asking, found: Spf) -> str:
    _count(found)
    target = target.lower().rstrip(".")
    found.has_macros |= "%" in target
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
    if not text.partition("/")[2].isdecimal() and "/" in text:  # no mask of four numbers
        return False
    try:
        return ipaddress.ip_network(text, strict=False).version == version
    except ValueError:
        return False


def _in(domain: str) -> str:
    return f"in the record of {one_line(domain, _LONGEST)}: "
