"""Headers that say where a mailing list is asked, read and written to: URIs in angle brackets (RFC 2369)."""

from __future__ import annotations

import re

from sendbatch.campaign.written.parsing import Wrong, parse_address

# List-Unsubscribe is written from `unsubscribe:`; List-Id is no URI.
LIST_HEADERS = frozenset(("list-help", "list-subscribe", "list-post", "list-owner", "list-archive"))

_PIECES = re.compile(
    r"(?P<comment>\([^()]*\))|<(?P<angle>[^<>]*)>|(?P<bare>[^<>(),\s]+)|(?P<between>[\s,]+)|(?P<wrong>.)",
    re.DOTALL,
)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-;=?-~]+")
_HINT = "write <mailto:news@example.com> or <https://example.com/news>, with commas between several"


def bracketed(name: str, text: str) -> str:
    """The value with brackets around what has none: an address alone is `<mailto:…>`. `List-Post: NO` says
    that nobody may post (§3.4). Raises Wrong where anything else stands there."""
    if name.lower() == "list-post" and text.split("(")[0].strip() == "NO":
        return text
    made, is_open = "", True  # whether the next may follow without a comma
    for piece in _PIECES.finditer(text):
        kind = piece.lastgroup
        if kind in ("angle", "bare"):
            if not is_open:
                raise Wrong(f"no comma before {piece[0][:80]}", _HINT)
            made += f"<{_uri(piece[str(kind)])}>"
            is_open = False
        elif kind == "wrong":
            raise Wrong(f"a {piece[0]} without its other half", _HINT)
        else:
            made += piece[0]
            is_open = is_open or (kind == "between" and "," in piece[0])
    if "<" not in made:
        raise Wrong("no address and no URL stands here", _HINT)
    return made


def _uri(text: str) -> str:
    found = text.strip()
    if "@" in found and ":" not in found:
        found = f"mailto:{parse_address(found)}"
    if not _URI.fullmatch(found):
        raise Wrong(f"not a URL: {found[:80]}", _HINT)
    return found
