"""How bad it is where a program lacks a feature, and what to write instead: the table.

A warning is for what moves, hides or shows what was meant otherwise; a hint for what only looks plainer. What
is used in order that nothing is lost without it (`@media`, `:hover`, transitions, fonts with others behind
them, `!important`, vendors' own properties) is not in the table: `docs/clients.py` says of each feature that
is left out why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from sendbatch.errors import Severity
from sendbatch.message.checks.clients.programs import Program


class Spare(Enum):
    """What in a conditional comment stands in for a feature in classic Outlook."""

    COLUMNS = auto()  # cells of a table beside each other
    CONTAINER = auto()  # a table around
    DRAWN = auto()  # VML


@dataclass(frozen=True, slots=True)
class Judged:
    """Features that are lost alike, told in one finding.

    `features` are those that it is about, by id and with what people call them; what stands behind a # in an
    id says which use of it. Those in `also` matter with one of these alone. `lost` is what becomes of it,
    `remedy` what to write instead. `partly`: programs that do a part of it, and not this one.
    """

    features: Mapping[str, str]
    severity: Severity
    lost: str
    remedy: str = ""
    also: Mapping[str, str] = field(default_factory=dict)
    spare: Spare | None = None
    partly: Collection[Program] = ()


_SPACING = {
    "css-margin-inline-block": "margin-inline, margin-block",
    "css-margin-inline-start-end": "margin-inline-start or -end",
    "css-margin-block-start-end": "margin-block-start or -end",
    "css-padding-inline-block": "padding-inline, padding-block",
    "css-padding-inline-start-end": "padding-inline-start or -end",
    "css-padding-block-start-end": "padding-block-start or -end",
    "css-border-inline-block": "border-inline, border-block",
    "css-border-inline-block-individual": "border-inline-start and the like",
    "css-border-inline-block-longhand": "border-inline-width and the like",
    "css-block-inline-size": "inline-size, block-size",
    "css-max-inline-size": "max-inline-size",
    "css-max-block-size": "max-block-size",
    "css-min-inline-size": "min-inline-size",
    "css-min-block-size": "min-block-size",
}
_FORM = {
    "html-form": "<form>",
    "html-input-text": "<input>",
    "html-textarea": "<textarea>",
    "html-select": "<select>",
    "html-button-submit": "<button>",
}
_BOXES = {
    "css-align-items": "align-items",
    "css-justify-content": "justify-content",
    "css-gap": "gap",
}
_LEFT_OUT = "what is declared with it is left out"
_NOT_SHOWN = "it is not shown"
_BESIDE = "write columns as cells of a table; inline-block with <!--[if mso]> cells around does it too"

TABLE: tuple[Judged, ...] = (
    # What is laid out.
    Judged(
        {"css-display-flex": "display: flex"},
        "warning",
        "its boxes stand otherwise, mostly one below the other",
        _BESIDE,
        also={**_BOXES, "css-flex-direction": "flex-direction", "css-flex-wrap": "flex-wrap"},
        spare=Spare.COLUMNS,
    ),
    Judged(
        {"css-display-grid": "display: grid", "css-grid-template": "grid-template"},
        "warning",
        "its boxes stand otherwise, mostly one below the other",
        _BESIDE,
        also=_BOXES,
        spare=Spare.COLUMNS,
    ),
    Judged(
        {"css-position": "position"},
        "warning",
        "it stands in the text, where it is written",
        "place it by cells of a table, by align and by padding",
        also={
            "css-left-right-top-bottom": "left, right, top, bottom",
            "css-inset": "inset",
            "css-z-index": "z-index",
        },
        # Those that know `relative` or `sticky` alone.
        partly=(
            *("outlook macos", "outlook outlook-com", "outlook android"),
            *("yahoo desktop-webmail", "yahoo ios", "yahoo android"),
        ),
    ),
    Judged(
        {"css-float#column": "float"},
        "warning",
        "columns stand one below the other",
        _BESIDE,
        spare=Spare.COLUMNS,
    ),
    Judged(
        {"css-float": "float"},
        "hint",
        "it stands at the left, and nothing beside it",
        'write align="left" or align="right" at the table or picture',
        spare=Spare.COLUMNS,
    ),
    Judged(
        {"css-max-width#container": "max-width"},
        "hint",
        "it is as wide as the window",
        'put <!--[if mso]><table width="600" align="center"><tr><td><![endif]--> before it, and what closes '
        "that behind it",
        spare=Spare.CONTAINER,
        partly=("outlook windows",),
    ),
    Judged(
        {"css-margin#auto": "margin: auto"},
        "hint",
        "it stands at the left",
        'write align="center" at the table, or at the cell around it',
        spare=Spare.CONTAINER,
        partly=("outlook windows",),
    ),
    Judged(
        {"css-margin#negative": "a negative margin"},
        "hint",
        "nothing moves over what is beside it",
        "lay it out without",
        partly=(
            *("gmail desktop-webmail", "gmail mobile-webmail", "gmail ios", "gmail android"),
            *("outlook windows", "outlook outlook-com", "outlook macos", "outlook ios"),
            *("outlook android", "yahoo desktop-webmail", "yahoo ios", "yahoo android"),
        ),
    ),
    Judged(
        {"css-object-fit": "object-fit"},
        "warning",
        "the picture is distorted",
        "crop the file itself, and give the tag its width alone",
        also={"css-object-position": "object-position"},
    ),
    Judged(
        _SPACING,
        "warning",
        _LEFT_OUT,
        "write margin-left, padding-top, width: with the side's own name",
    ),
    # Values for which a whole declaration is dropped.
    Judged(
        {"css-variables": "var()"},
        "warning",
        _LEFT_OUT,
        "write the value itself; templates have {% set … %} and `variables` for what is used often",
    ),
    Judged(
        {
            "css-unit-calc": "calc()",
            "css-function-min": "min()",
            "css-function-max": "max()",
            "css-function-clamp": "clamp()",
        },
        "warning",
        _LEFT_OUT,
        "write a value that is known, or one before it in the same declarations",
    ),
    Judged(
        {"css-unit-rem": "rem"},
        "warning",
        _LEFT_OUT,
        "write px",
    ),
    Judged(
        {
            "css-modern-color": "oklch() and the like",
            "css-function-light-dark": "light-dark()",
        },
        "warning",
        "what is declared with it is left out, and text may not be readable",
        "write the colour as #rrggbb",
    ),
    Judged(
        {"css-rgb#blanks": "rgb() with blanks"},
        "warning",
        "the declaration is left out, by Gmail the whole style it stands in",
        "write rgb(0, 128, 0), or #rrggbb",
        partly=(
            *("gmail desktop-webmail", "gmail mobile-webmail", "gmail ios", "gmail android"),
            *("outlook windows", "yahoo desktop-webmail", "yahoo ios", "yahoo android"),
        ),
    ),
    Judged(
        {"css-nesting": "a rule within a rule"},
        "warning",
        "the inner one is left out",
        "write it out behind the other",
        partly=("apple-mail macos",),
    ),
    # What is hidden, or is not.
    Judged(
        {"html-hidden": "hidden", "html-popover": "popover", "html-dialog": "<dialog>"},
        "warning",
        "what is to be hidden is shown",
        'write style="display:none;mso-hide:all"',
    ),
    Judged(
        {"css-visibility": "visibility: hidden"},
        "warning",
        "what is to be hidden is shown",
        'write style="display:none;mso-hide:all"',
    ),
    Judged(
        {"css-animation#from-nothing": "opacity: 0 until an animation"},
        "warning",
        "it stays hidden",
        "let it be seen at first, and animate from there",
    ),
    Judged(
        {"css-pseudo-element-before": "::before", "css-pseudo-element-after": "::after"},
        "warning",
        "the text in `content` is not shown",
        "write the text into the HTML",
    ),
    Judged(
        {"css-background-image#bare": "a background picture", "html-background": "background="},
        "warning",
        "nothing is behind the text, which may not be readable",
        "write a background-color (bgcolor) beside it; for Outlook VML can show the picture",
        spare=Spare.DRAWN,
        partly=("outlook windows",),
    ),
    Judged(
        {
            "css-linear-gradient#bare": "linear-gradient()",
            "css-radial-gradient#bare": "radial-gradient()",
            "css-conic-gradient#bare": "conic-gradient()",
        },
        "warning",
        "nothing is behind the text, which may not be readable",
        "write a background-color (bgcolor) beside it",
    ),
    # What is no part of the text.
    Judged(
        {"html-svg": "<svg>"},
        "warning",
        _NOT_SHOWN,
        "export it as PNG, and show that by <img>",
    ),
    Judged(
        {
            "image-svg": "a picture in SVG",
            "image-webp": "a picture in WebP",
            "image-avif": "a picture in AVIF",
            "image-heif": "a picture in HEIF",
            "image-tiff": "a picture in TIFF",
        },
        "warning",
        _NOT_SHOWN,
        "save it as PNG or JPEG",
    ),
    Judged(
        {"html-video": "<video>", "html-audio": "<audio>"},
        "warning",
        "it is not played, and nothing stands in its place",
        "write a picture with a link to it within the tag",
    ),
    Judged(
        {"html-object": "<object>, <embed>"},
        "warning",
        _NOT_SHOWN,
        "show a picture, with a link to it",
    ),
    Judged(
        {"html-meter": "<meter>", "html-progress": "<progress>"},
        "warning",
        _NOT_SHOWN,
        "write it as a table with coloured cells, or in words",
    ),
    Judged(
        _FORM,
        "warning",
        "nothing can be entered or sent",
        "link to a page with the form; a button is a link with a background",
    ),
    # What looks plainer.
    Judged(
        {"css-border-radius": "border-radius", "css-border-radius-logical": "border-start-start-radius"},
        "hint",
        "the corners are square",
        spare=Spare.DRAWN,
    ),
    Judged(
        {"css-box-shadow": "box-shadow", "css-text-shadow": "text-shadow"},
        "hint",
        "it has no shadow",
        "where an edge has to be seen, write a border",
    ),
    Judged({"css-opacity": "opacity"}, "hint", "it is as strong as without", "write a paler colour"),
    Judged(
        {"css-rgba": "rgba()"},
        "hint",
        _LEFT_OUT,
        "write a colour as #rrggbb before it, in the same declarations",
    ),
    Judged(
        {
            "css-filter": "filter",
            "css-backdrop-filter": "backdrop-filter",
            "css-mix-blend-mode": "mix-blend-mode",
            "css-background-blend-mode": "background-blend-mode",
            "css-mask-image": "mask-image",
            "css-clip-path": "clip-path",
            "css-shape-outside": "shape-outside",
        },
        "hint",
        "the picture is shown as it is",
        "put the effect into the picture's file",
    ),
    Judged(
        {"css-transform": "transform"}, "hint", "it is neither turned nor moved", "lay it out without"
    ),
    Judged(
        {"css-animation": "animation", "html-marquee": "<marquee>"},
        "hint",
        "it stands still",
        "an animated GIF moves in most programs",
    ),
    Judged(
        {"css-column-count": "columns"}, "hint", "the text stands in one column", "cells of a table"
    ),
    Judged({"css-writing-mode": "writing-mode"}, "hint", "it is written across", "show a picture"),
    Judged(
        {"css-aspect-ratio": "aspect-ratio", "css-intrinsic-size": "min-content and the like"},
        "hint",
        _LEFT_OUT,
        "write width, and for a picture its height",
    ),
    Judged(
        {
            "css-unit-vw": "vw",
            "css-unit-vh": "vh",
            "css-unit-vmin": "vmin",
            "css-unit-vmax": "vmax",
            "css-unit-ch": "ch",
        },
        "hint",
        _LEFT_OUT,
        "write px or %",
    ),
    Judged(
        {"css-list-style-image": "list-style-image", "css-pseudo-element-marker": "::marker"},
        "hint",
        "the list has its usual points",
    ),
    Judged({"css-border-image": "border-image"}, "hint", "the border is a plain one, if any"),
    Judged({"css-scroll-snap": "scroll-snap"}, "hint", "it scrolls freely"),
    Judged(
        {"html-anchor-links": "a link within the mail"},
        "hint",
        "it leads nowhere, or into a browser",
        "leave it out, or link to a page",
    ),
    Judged(
        {"html-image-maps": "an image map"},
        "hint",
        "nothing in the picture can be clicked",
        "cut the picture, and link each part",
    ),
    Judged({"html-ruby": "<ruby>"}, "hint", "the reading stands behind the word"),
)


def id_of(feature: str) -> str:
    """As caniemail has it, without which use of it."""
    return feature.partition("#")[0]
