"""What a reader of the HTML does not see: hidden where it stands, or by a rule of a style sheet.

The line that a list of mails shows is often in the body and hidden, by its own style or by its class's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from sendbatch.message.markup import attributes_of, style_sheets

# Selectors by which an element is hidden, as `.class`, `#id`, `name.class` and `name#id`.
Hidden = frozenset[str]

_NOTHING: Hidden = frozenset()
_HIDING = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.IGNORECASE)
_SHOWING = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*(?!none\b)|visibility\s*:\s*visible\b)", re.IGNORECASE
)
_NO_HEIGHT = re.compile(r"(?:^|;)\s*(?:max-)?height\s*:\s*0(?:px)?\s*(?:[;!]|$)", re.IGNORECASE)
_CUT_OFF = re.compile(r"(?:^|;)\s*overflow\s*:\s*hidden\b", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_UP_TO_BRACE = re.compile(r"([^{}]*+)([{}])")
# Of others it would have to be known within what an element stands.
_SIMPLE = re.compile(r"(?:[a-z][a-z0-9]*)?[.#][\w-]+", re.IGNORECASE)
_SHEETS = 64  # that are read once: those of a campaign are the same in each of its messages


def hidden_by_sheets(html: str) -> Hidden:
    """What the style sheets in `html` hide on whatever screen: rules within `@media` hide on some."""
    sheets = "".join(style_sheets(html))
    return _hidden_by(sheets) if "none" in sheets or "hidden" in sheets else _NOTHING


def is_hidden(name: str, written: str, by_sheets: Hidden) -> bool:
    """Whether an element with these attributes, as they are written, is not shown."""
    lower = written.lower()
    may_hide_itself = "none" in lower or "hidden" in lower
    may_be_hidden = by_sheets and ("class" in lower or "id" in lower)
    if not (may_hide_itself or may_be_hidden):
        return False
    attributes = attributes_of(written)
    style = attributes.get("style", "")
    if "hidden" in attributes or _hides(style):
        return True
    if not by_sheets or _SHOWING.search(style) is not None:
        return False
    selectors = [f".{word}" for word in attributes.get("class", "").split()]
    selectors += [f"#{word}" for word in attributes.get("id", "").split()]
    return any(selector in by_sheets or f"{name}{selector}" in by_sheets for selector in selectors)


def _hides(declarations: str) -> bool:
    return _HIDING.search(declarations) is not None or (
        _NO_HEIGHT.search(declarations) is not None and _CUT_OFF.search(declarations) is not None
    )


@lru_cache(_SHEETS)
def _hidden_by(sheets: str) -> Hidden:
    """A later rule for the same selector counts."""
    found: set[str] = set()
    for selectors, declarations in _rules(_COMMENT.sub("", sheets)):
        if _hides(declarations):
            found |= selectors
        elif _SHOWING.search(declarations) is not None:
            found -= selectors
    return frozenset(found)


def _rules(sheets: str) -> Iterator[tuple[set[str], str]]:
    """The simple selectors of each rule that holds whatever shows the mail, and its declarations."""
    depth, before = 0, ""
    for text, brace in _UP_TO_BRACE.findall(sheets):
        if brace == "{":
            depth += 1
            if depth == 1:
                before = text.rpartition(";")[2].strip()
            continue
        if depth == 1 and not before.startswith("@"):
            selectors = (selector.strip() for selector in before.split(","))
            yield {_lower_name(one) for one in selectors if _SIMPLE.fullmatch(one)}, text
        depth = max(depth - 1, 0)


def _lower_name(selector: str) -> str:
    at = min(place for place in (selector.find("."), selector.find("#")) if place >= 0)
    return selector[:at].lower() + selector[at:]
