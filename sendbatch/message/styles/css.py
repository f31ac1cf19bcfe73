"""CSS as its tokens: enough to tell a rule from a string or a comment, and where each stands."""

from __future__ import annotations

import re

_STRING = r"\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?"
_TOKEN = re.compile(rf"/\*.*?(?:\*/|\Z)|(?P<string>{_STRING})", re.DOTALL)


def with_plain_strings(css: str) -> str:
    """The same rules, no string of which holds a quote: css-inline puts others around it."""
    if '"' not in css or "'" not in css:
        return css
    return _TOKEN.sub(_plain, css)


def _plain(token: re.Match[str]) -> str:
    written = token["string"]
    if written is None:
        return token[0]
    quote, inner = written[0], written[1:].removesuffix(written[0])
    for other, escape in (('"', r"\22 "), ("'", r"\27 ")):
        inner = inner.replace("\\" + other, escape).replace(other, escape)
    return quote + inner + quote
