"""What the server that took a mail in says of who sent it: Authentication-Results (RFC 8601).

Anybody can write such a header. The one that counts is the receiver's own: it stands at the top, for servers
put theirs above what is there (§4.1), and have to take away what pretends to be theirs (§5). So the topmost
is believed where the receiver may have put it, with those of the same organisation beside it; no others. What
was in the mail when the receiver got it stands below its trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from sendbatch.arrival.reading import Arrived, Field

NAME = "authentication-results"
_MOST = 100  # results that are read
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_METHOD = re.compile(
    r"(?P<method>[a-z][a-z0-9-]*)\s*(?:/\s*\d+\s*)?=\s*(?P<result>[a-z]+)", re.IGNORECASE
)
# ptype.property=value; `reason` and what some servers write (action=none) have no ptype.
_PROPERTY = re.compile(
    r"(?P<name>[a-z][a-z0-9-]*(?:\s*\.\s*[a-z][a-z0-9_-]*)?)\s*=\s*(?P<value>\"(?:[^\"\\]|\\.)*\"|[^\s;]+)",
    re.IGNORECASE,
)

# A trace that names two hosts; one of two addresses, or of a server within, tells nothing of whose they are.
_HOST = r"(?:[a-z0-9_-]{1,63}\.){1,10}[a-z][a-z0-9-]{0,62}"
_CAME = re.compile(
    rf"from\s+(?P<from>{_HOST})\.?(?=[\s(;])[^;]{{0,1000}}?\sby\s+(?P<by>{_HOST})(?=[\s(;]|$)", re.IGNORECASE
)
_NOT_OF_THE_WAY = frozenset(("received", "from", "to", "subject", "date", "message-id", "mime-version"))


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one method: `dkim=pass`, with the properties that it speaks of ("header.d")."""

    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return self.result == "pass"

    @property
    def domain(self) -> str:
        """Whose it is: the signer of DKIM, the envelope's of SPF, that in From of DMARC."""
        for name in ("header.d", "smtp.mailfrom", "header.from", "header.i", "smtp.helo"):
            if value := self.properties.get(name):
                return value.rpartition("@")[2].lower().rstrip(".")
        return ""

    @property
    def said(self) -> str:
        whose = f" ({self.domain})" if self.domain else ""
        return f"{self.method} {self.result}{whose}"


class Verdict(NamedTuple):
    """What one server says, and where it says so. `others` are headers of the kind that nobody has to
    believe."""

    server: str
    results: tuple[Result, ...]
    field: Field
    others: int

    def of(self, method: str) -> list[Result]:
        return [one for one in self.results if one.method == method]


def verdict_of(mail: Arrived) -> Verdict | None:
    """None where no server says anything that may be believed."""
    all_of_them = mail.all(NAME)
    if not all_of_them or not _is_receivers(mail.fields, all_of_them[0]):
        return None
    top = all_of_them[0]
    beside = [*_beside(mail.fields, top)]
    return Verdict(_server(top), tuple(_together(beside)), top, len(all_of_them) - len(beside))


def _is_receivers(fields: Sequence[Field], top: Field) -> bool:
    """Whether the server that took the mail in can have put it there. Its trace is the first from another
    organisation; right below that may stand what it wrote, under its own name, or what it was given."""
    above = [one for one in fields[: fields.index(top)] if one.name == "received"]
    for at, one in enumerate(above):
        came = _CAME.match(one.value)
        if came is not None and not _are_of_one(came["from"], came["by"]):
            server = _server(top)
            return at == len(above) - 1 and (not server or _are_of_one(server, came["by"]))
    return True


def _beside(fields: Sequence[Field], top: Field) -> Iterator[Field]:
    """The topmost, and those that the same organisation has put there: neither another server's trace nor
    anything of the sender's is between."""
    for one in fields[fields.index(top) :]:
        if one.name in _NOT_OF_THE_WAY:
            return
        if one.name == NAME and _are_of_one(_server(one), _server(top)):
            yield one


def _together(beside: Sequence[Field]) -> Iterator[Result]:
    """Of what a header speaks, those below it say nothing more: a sender may have written them."""
    told: set[str] = set()
    number = 0
    for one in beside:
        found = [*islice(_results(one), _MOST - number)]
        new = [result for result in found if result.method not in told]
        told |= {result.method for result in new}
        number += len(new)
        yield from new


def _are_of_one(one: str, other: str) -> bool:
    """Whether two hosts are of one organisation, as far as names tell."""
    return _organisation(one) == _organisation(other)


def _organisation(host: str) -> list[str]:
    labels = host.lower().rstrip(".").split(".")
    is_below_country = len(labels[-1]) == 2 and len(labels) > 2 and len(labels[-2]) <= 3  # co.uk
    return labels[-3 if is_below_country else -2 :]


def _server(one: Field) -> str:
    """The authserv-id (§2.5), which some servers leave out."""
    first = _without_comments(one.value).partition(";")[0].strip()
    if not first or "=" in first:
        return ""
    return first.split()[0].strip('"').lower()


def _results(one: Field) -> Iterator[Result]:
    for part in _split(_without_comments(one.value)):
        found = _METHOD.match(part.strip())
        if found is None:
            continue
        rest = part.strip()[found.end() :]
        properties = {
            re.sub(r"\s", "", known["name"]).lower(): _plain(known["value"])
            for known in _PROPERTY.finditer(rest)
        }
        yield Result(found["method"].lower(), found["result"].lower(), properties)


def _plain(value: str) -> str:
    quoted = _QUOTED.fullmatch(value)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted is not None else value


def _split(value: str) -> list[str]:
    """At each semicolon that is not quoted."""
    parts, quoted, begun = [], False, 0
    for at, sign in enumerate(value):
        if sign == '"' and value[at - 1 : at] != "\\":
            quoted = not quoted
        elif sign == ";" and not quoted:
            parts.append(value[begun:at])
            begun = at + 1
    return [*parts, value[begun:]]


def _without_comments(value: str) -> str:
    """RFC 5322 §3.2.2: comments may stand in each other; one that never ends goes on to the end."""
    kept: list[str] = []
    deep, quoted, escaped = 0, False, False
    for sign in value:
        if escaped:
            escaped = False
        elif sign == "\\":
            escaped = True
        elif sign == '"' and not deep:
            quoted = not quoted
        elif sign == "(" and not quoted:
            deep += 1
            continue
        elif sign == ")" and deep:
            deep -= 1
            kept.append(" ")
            continue
        if not deep:
            kept.append(sign)
    return "".join(kept)
