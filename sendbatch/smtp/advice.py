"""What a refusal means, and what to do about it, in words for the people who read a report.

The knowledge is data, in `advice.yaml` beside this file; whom or what a reply speaks about is decided by
`meanings`. Nothing is ever decided by these words.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple, NotRequired, TypedDict, cast

from sendbatch.runtime.datafiles import loaded, text_of
from sendbatch.smtp.meanings import line_of, meaning
from sendbatch.values import Reply

UNKNOWN = "nothing"  # `about` of a reply of which it is not known


class Advice(NamedTuple):
    """`means` is one sentence, `do` one or two; `source` the page on which the meaning is written down, ""
    where there is none."""

    means: str
    do: str
    source: str = ""


class Entry(TypedDict):
    """One of advice.yaml. It is ours, so it is trusted; the tests hold it to its rules."""

    about: NotRequired[str]
    pattern: NotRequired[str]
    reply: str
    means: str
    do: str
    source: NotRequired[str]


def advice(code: int, enhanced: str | None, text: str) -> Advice:
    """Of a reply of 4xx or 5xx, whatever it says; the first entry that fits decides."""
    return _advice(Reply(code, text, "", enhanced))


@lru_cache(maxsize=1024)  # a report asks for each recipient, and a server says the same to thousands
def _advice(reply: Reply) -> Advice:
    about, line = meaning(reply) or UNKNOWN, line_of(reply)
    return next(
        said
        for of, pattern, said in _entries()
        if of in (None, about) and (pattern is None or pattern.search(line))
    )


def entries() -> list[Entry]:
    """All there are, in the file's order."""
    return cast(list[Entry], loaded(text_of("sendbatch.smtp", "advice.yaml")))


@cache
def _entries() -> tuple[tuple[str | None, re.Pattern[str] | None, Advice], ...]:
    return tuple(
        (
            entry.get("about"),
            re.compile(entry["pattern"], re.IGNORECASE) if "pattern" in entry else None,
            Advice(entry["means"], entry["do"], entry.get("source", "")),
        )
        for entry in entries()
    )
