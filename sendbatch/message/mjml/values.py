"""What attributes of MJML may say, where MJML reads it: it goes on without one that it cannot read.

The facts are from where `elements` has them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_CHOICES = {
    "align": "left center right",
    "background-repeat": "repeat no-repeat",
    "direction": "ltr rtl",
    "fluid-on-mobile": "true false",
    "full-width": "full-width false",
    "ico-align": "left center right",
    "icon-align": "top middle bottom",
    "icon-position": "left right",
    "role": "none presentation",
    "table-layout": "auto fixed initial inherit",
    "text-align": "left center right",
    "thumbnails": "visible hidden supported",
    "vertical-align": "top middle bottom",
}
_CHOICES_OF = {
    ("mj-text", "align"): "left center right justify",
    ("mj-social", "mode"): "horizontal vertical",
    ("mj-hero", "mode"): "fixed-height fluid-height",
}
_SIDES = ("", "-top", "-right", "-bottom", "-left")
# The units of each; "" is a number alone.
_UNITS: dict[str, Sequence[str]] = {
    **{f"{of}padding{side}": ("px", "%") for of in ("", "inner-", "ico-") for side in _SIDES},
    **dict.fromkeys(("background-height", "background-width", "gutter", "height"), ("px", "%")),
    **dict.fromkeys(("icon-height", "icon-padding", "icon-size", "icon-width"), ("px", "%")),
    **dict.fromkeys(("ico-font-size", "max-height", "tb-width", "text-padding"), ("px", "%")),
    **dict.fromkeys(("border-width", "font-size", "gap"), ("px",)),
    **dict.fromkeys(("line-height", "ico-line-height"), ("px", "%", "")),
    "width": ("px", "%"),
    "letter-spacing": ("px", "em"),
    "cellpadding": ("",),
    "cellspacing": ("",),
}
_UNITS_OF = {
    ("mj-body", "width"): ("px",),
    ("mj-breakpoint", "width"): ("px",),
    ("mj-image", "width"): ("px",),
    ("mj-image", "height"): ("px", "auto"),
    ("mj-table", "width"): ("px", "%", "auto"),
}
_SEVERAL = frozenset({"padding", "inner-padding", "ico-padding", "icon-padding", "text-padding"})
_SIZE = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(px|em|%|)")
_UNIT_NAMES = {"": "a number alone", "auto": "auto"}


def taken_instead(name: str, attribute: str, value: str) -> str | None:
    """What the attribute of this tag takes, where that is not the value; else None."""
    if not value:
        return None
    choices = _CHOICES_OF.get((name, attribute)) or _CHOICES.get(attribute)
    if choices is not None:
        return None if value in choices.split() else choices.replace(" ", ", ")
    units = _UNITS_OF.get((name, attribute)) or _UNITS.get(attribute)
    if units is None:
        return None
    sizes = value.split()
    most = 4 if attribute in _SEVERAL else 1
    if len(sizes) <= most and all(_is_size(size, units) for size in sizes):
        return None
    sized = [_UNIT_NAMES.get(unit, f"16{unit}") for unit in units]
    return f"{' or '.join(sized)}{', up to four of them' if most > 1 else ''}"


def _is_size(size: str, units: Sequence[str]) -> bool:
    found = _SIZE.fullmatch(size)
    if found is None:
        return size == "auto" and "auto" in units
    return found[1] in units or size == "0"
