"""The features that the declarations of one block ask for: those of a rule, or of one tag's `style`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from sendbatch.message.source import BLOCK, VALUE
from sendbatch.message.styles.css import Declaration

# Values that ask for nothing of what their property is for.
_NOTHING = re.compile(
    r"\s*(?:none|normal|auto|initial|inherit|unset|revert|stretch|nowrap|fill|1|(?:0[a-z%]*\s*)+)\s*(?:!.*)?"
    r"|\s*(?:progid:|alpha\().*",  # old ones of Internet Explorer
    re.IGNORECASE | re.DOTALL,
)
# The properties that are features, whatever else their value is.
_ALIKE = {
    "css-margin-inline-block": "margin-inline margin-block",
    "css-margin-inline-start-end": "margin-inline-start margin-inline-end",
    "css-margin-block-start-end": "margin-block-start margin-block-end",
    "css-padding-inline-block": "padding-inline padding-block",
    "css-padding-inline-start-end": "padding-inline-start padding-inline-end",
    "css-padding-block-start-end": "padding-block-start padding-block-end",
    "css-border-inline-block": "border-inline border-block",
    "css-border-inline-block-individual": (
        "border-inline-start border-inline-end border-block-start border-block-end"
    ),
    "css-border-inline-block-longhand": (
        "border-inline-width border-inline-style border-inline-color"
        " border-block-width border-block-style border-block-color"
    ),
    "css-block-inline-size": "inline-size block-size",
    "css-max-inline-size": "max-inline-size",
    "css-max-block-size": "max-block-size",
    "css-min-inline-size": "min-inline-size",
    "css-min-block-size": "min-block-size",
    "css-align-items": "align-items",
    "css-justify-content": "justify-content",
    "css-gap": "gap column-gap row-gap",
    "css-flex-wrap": "flex-wrap",
    "css-grid-template": "grid-template grid-template-columns grid-template-rows grid-template-areas",
    "css-left-right-top-bottom": "left right top bottom",
    "css-inset": "inset",
    "css-z-index": "z-index",
    "css-object-fit": "object-fit",
    "css-object-position": "object-position",
    "css-border-radius": (
        "border-radius border-top-left-radius border-top-right-radius border-bottom-left-radius"
        " border-bottom-right-radius"
    ),
    "css-border-radius-logical": (
        "border-start-start-radius border-start-end-radius border-end-start-radius border-end-end-radius"
    ),
    "css-box-shadow": "box-shadow",
    "css-text-shadow": "text-shadow",
    "css-filter": "filter",
    "css-backdrop-filter": "backdrop-filter",
    "css-mix-blend-mode": "mix-blend-mode",
    "css-background-blend-mode": "background-blend-mode",
    "css-mask-image": "mask-image",
    "css-clip-path": "clip-path",
    "css-shape-outside": "shape-outside",
    "css-transform": "transform",
    "css-animation": "animation animation-name",
    "css-column-count": "column-count columns",
    "css-aspect-ratio": "aspect-ratio",
    "css-list-style-image": "list-style-image",
    "css-border-image": "border-image border-image-source",
    "css-scroll-snap": "scroll-snap-type",
}
_BY_PROPERTY = {name: feature for feature, names in _ALIKE.items() for name in names.split()}
# Those of which the value says whether they are one.
_BY_VALUE = {
    name: [(re.compile(rf"\s*(?:{pattern})", re.IGNORECASE), feature) for pattern, feature in values]
    for name, values in {
        "display": [
            (r"(?:inline-)?flex\b", "css-display-flex"),
            (r"(?:inline-)?grid\b", "css-display-grid"),
        ],
        "flex-direction": [("column", "css-flex-direction")],
        "flex-flow": [("column|row|wrap", "css-flex-wrap")],
        "position": [(r"(?:absolute|fixed|sticky)\b", "css-position")],
        "float": [(r"(?:left|right)\b", "css-float")],
        "visibility": [(r"hidden\b", "css-visibility")],
        "writing-mode": [("vertical|sideways|tb", "css-writing-mode")],
        "opacity": [(r"0?\.\d|[1-9]\d?(?:\.\d+)?%", "css-opacity")],
        "margin": [(r"[^!]*-(?:[5-9]|\d\d)", "css-margin#negative")],
        "list-style": [(r"[^!]*\burl\(", "css-list-style-image")],
    }.items()
}
_BY_VALUE |= {f"margin-{side}": _BY_VALUE["margin"] for side in ("top", "right", "bottom", "left")}
# Those that may stand in any value.
_FUNCTIONS = re.compile(
    r"(?P<variable>\bvar\()|(?P<calc>\bcalc\()|(?<![\w-])(?P<bound>min|max|clamp)\("
    r"|(?P<scheme>\blight-dark\()|(?P<colour>\b(?:oklch|oklab|lch|lab)\()"
    r"|(?P<blanks>\brgba?\(\s*[\d.]+%?\s+[\d.])|(?P<alpha>\brgba\()"
    r"|(?<![\w.#-])[\d.]*\d(?P<unit>rem|vw|vh|vmin|vmax|ch)\b"
    r"|(?P<intrinsic>\b(?:min|max|fit)-content\b)",
    re.IGNORECASE,
)
_OF_FUNCTION = {
    "variable": "css-variables",
    "calc": "css-unit-calc",
    "bound": "css-function-{}",
    "scheme": "css-function-light-dark",
    "colour": "css-modern-color",
    "blanks": "css-rgb#blanks",
    "alpha": "css-rgba",
    "unit": "css-unit-{}",
    "intrinsic": "css-intrinsic-size",
}
_OWN = ("-", "*", "_", "mso-")  # begin what a vendor alone knows, and --variables

_HIDES = re.compile(r"\s*none\b", re.IGNORECASE)
_ADDRESS = re.compile(r"\burl\(\s*[^)\s]", re.IGNORECASE)
_GRADIENT = re.compile(r"\b(?:repeating-)?(linear|radial|conic)-gradient\(", re.IGNORECASE)
_DRAWN = re.compile(
    r"\burl\([^)]*\)|(?:-\w{1,6}-)?(?:repeating-)?\b(?:linear|radial|conic)-gradient"
    r"\([^()]*(?:\([^()]*\)[^()]*)*\)?",
    re.IGNORECASE,
)
_COLOUR = re.compile(
    rf"#|\b(?:rgb|hsl)a?\(|[{VALUE}{BLOCK}]"
    r"|\b(?!(?:repeat(?:-[xy])?|no-repeat|space|round|center|top|bottom|left|right|cover|contain|auto|fixed|scroll"
    r"|local|none|transparent|initial|inherit|unset|x+|(?:border|padding|content)-box|box|no|border|padding|content"
    r"|important|y)\b)[a-z]{3,}",
    re.IGNORECASE,
)
_PIXELS = re.compile(r"\s*\d{3,}(?:\.\d+)?px", re.IGNORECASE)
_AUTO = re.compile(r"[^!]*\bauto\b", re.IGNORECASE)
_BESIDE = re.compile(r"::?(before|after|marker)\s*\Z", re.IGNORECASE)
_TABLES = frozenset({"table", "td", "th", "tr", "tbody", "img", "col"})


class Target(NamedTuple):
    """A tag that declarations are for: its name and its attributes."""

    name: str
    attributes: frozenset[str]


# Those that declarations are for; none where they are not known, as those of Markdown.
Targets: TypeAlias = Callable[[], Sequence[Target]]


def asked_by(
    block: Sequence[Declaration], targets: Targets, *, is_centred: bool
) -> Iterator[tuple[str, Declaration]]:
    """(id of a feature, where) for each that the declarations of one block ask for. Nobody misses what is
    hidden. `is_centred`: something else than a margin may put it into the middle."""
    if any(_is_hiding(one) for one in block):
        return
    values: dict[str, str] = {}
    held: set[str] = set()  # properties that have a value which every program reads
    for one in block:
        if one.name.startswith(_OWN):
            continue
        if (property_ := _of_property(one)) is not None and property_ != "css-float":
            yield property_, one
        if one.name not in held:  # else that holds where this is dropped
            yield from ((function, one) for function in _of_functions(one))
        if not _FUNCTIONS.search(one.value):
            held.add(one.name)
        values[one.name] = one.value
    yield from _backgrounds(block, targets)
    yield from _widths(block, values, targets, is_centred=is_centred)
    yield from _from_nothing(block, values)
    yield from _floats(block, values, targets)


def _is_hiding(one: Declaration) -> bool:
    return one.name == "mso-hide" or (one.name == "display" and _HIDES.match(one.value) is not None)


def _of_property(one: Declaration) -> str | None:
    for pattern, feature in _BY_VALUE.get(one.name, ()):
        if pattern.match(one.value):
            return feature
    return _BY_PROPERTY.get(one.name) if not _NOTHING.fullmatch(one.value) else None


def _of_functions(one: Declaration) -> Iterator[str]:
    for found in _FUNCTIONS.finditer(one.value):
        kind = found.lastgroup
        assert kind is not None
        if not (kind == "alpha" and one.name.endswith("-shadow")):
            yield _OF_FUNCTION[kind].format(found[kind].lower())


def _backgrounds(block: Sequence[Declaration], targets: Targets) -> Iterator[tuple[str, Declaration]]:
    """A picture or a gradient with no colour behind it."""
    written = [one for one in block if one.name in ("background", "background-image")]
    if not any(_ADDRESS.search(one.value) or _GRADIENT.search(one.value) for one in written):
        return
    if any(one.name.endswith("background-clip") and "text" in one.value for one in block):
        return  # it colours the letters themselves
    colours = [one for one in block if one.name in ("background", "background-color")]
    if any(_COLOUR.search(_DRAWN.sub(" ", one.value)) for one in colours):
        return
    if (there := targets()) and all("bgcolor" in target.attributes for target in there):
        return
    for one in written:
        if _ADDRESS.search(one.value):
            yield "css-background-image#bare", one
        for gradient in _GRADIENT.finditer(one.value):
            yield f"css-{gradient[1].lower()}-gradient#bare", one


def _widths(
    block: Sequence[Declaration], values: dict[str, str], targets: Targets, *, is_centred: bool
) -> Iterator[tuple[str, Declaration]]:
    for one in block:
        if one.name == "max-width" and _PIXELS.match(one.value):
            if _PIXELS.match(values.get("width", "")):
                continue
            if any(
                target.name not in _TABLES and "width" not in target.attributes for target in targets()
            ):
                yield "css-max-width#container", one
        elif (
            one.name in ("margin", "margin-left")
            and _AUTO.match(one.value)
            and not is_centred
            and any("align" not in target.attributes for target in targets())
        ):
            yield "css-margin#auto", one


def _floats(
    block: Sequence[Declaration], values: dict[str, str], targets: Targets
) -> Iterator[tuple[str, Declaration]]:
    """What is given a width beside it is a column, but for a picture."""
    for one in block:
        if _of_property(one) != "css-float":
            continue
        known = targets()
        there = [target for target in known if "align" not in target.attributes]
        if known and not there:
            continue
        is_sized = "width" in values and "auto" not in values["width"]
        is_picture = bool(there) and all(target.name == "img" for target in there)
        yield "css-float#column" if is_sized and not is_picture else "css-float", one


def _from_nothing(
    block: Sequence[Declaration], values: dict[str, str]
) -> Iterator[tuple[str, Declaration]]:
    animation = values.get("animation", values.get("animation-name", "none"))
    if not _NOTHING.fullmatch(animation):
        for one in block:
            if one.name == "opacity" and re.match(r"\s*0(?:\.0*)?\s*(?:!|\Z)", one.value):
                yield "css-animation#from-nothing", one


def beside(prelude: str) -> str | None:
    """The feature by which a rule is for what stands beside a tag: before, behind, as a point of a list."""
    found = _BESIDE.search(prelude)
    return f"css-pseudo-element-{found[1].lower()}" if found is not None else None
