"""What MJML has: its tags, what may stand in which, and the attributes of each.

The facts are those of MJML 5.4 (https://documentation.mjml.io/#components), as its components declare them
(`allowedAttributes` and `dependencies` in https://github.com/mjmlio/mjml). What is split here is what MJML
hands on as it is written, and what it reads: sizes it computes with, words that choose between layouts. A
Jinja tag in the latter is lost, or changes what is computed of it; a test compiles each with a tag and
without, and compares.
"""

from __future__ import annotations

from typing import NamedTuple

_PADDING = "padding padding-top padding-right padding-bottom padding-left"
_SIDES = "border border-top border-right border-bottom border-left"
_FONT = "font-family font-style font-weight"
_ICONS = "icon-wrapped-url icon-wrapped-alt icon-unwrapped-url icon-unwrapped-alt"
_INNER = "inner-border inner-border-top inner-border-right inner-border-bottom inner-border-left"
_ROW = "mj-accordion mj-button mj-carousel mj-divider mj-image mj-navbar mj-raw mj-social mj-spacer"
_IN_COLUMN = f"{_ROW} mj-table mj-text mj-include"


class Known(NamedTuple):
    """A tag: `children` may stand in it; or it `holds_html`, which is nothing to MJML. Its attributes are
    `handed_on` as they are written, or `computed`."""

    children: frozenset[str]
    holds_html: bool
    handed_on: frozenset[str]
    computed: frozenset[str]

    @property
    def attributes(self) -> frozenset[str]:
        return self.handed_on | self.computed


def _known(
    children: str = "", handed_on: str = "", computed: str = "", *, html: bool = False
) -> Known:
    names = (frozenset(written.split()) for written in (children, handed_on, computed))
    return Known(next(names), html, *names)


def _html(handed_on: str = "", computed: str = "") -> Known:
    return _known("", handed_on, computed, html=True)


_SECTION = (
    "background-color background-url background-position-x background-position-y border-radius",
    f"{_PADDING} {_SIDES} background-repeat background-size background-position direction full-width gutter "
    "text-align text-padding",
)

ELEMENTS: dict[str, Known] = {
    "mjml": _known("mj-head mj-body mj-include", "lang dir owa"),
    "mj-head": _known(
        "mj-attributes mj-breakpoint mj-font mj-include mj-preview mj-raw mj-style mj-title"
    ),
    "mj-body": _known(
        "mj-section mj-wrapper mj-hero mj-raw mj-include", "background-color id", "width"
    ),
    # In the head
    "mj-attributes": _known("mj-all mj-class mj-include"),  # and every other tag, for its defaults
    "mj-breakpoint": _known("", "", "width"),
    "mj-font": _known("", "", "name href"),
    "mj-preview": _html(),
    "mj-style": _html("", "inline"),
    "mj-title": _html(),
    "mj-include": _known("", "", "path type css-inline"),
    "mj-raw": _html(),
    # What holds others
    "mj-wrapper": _known("mj-section mj-hero mj-raw mj-include", _SECTION[0], f"{_SECTION[1]} gap"),
    "mj-section": _known("mj-column mj-group mj-raw mj-include", *_SECTION),
    "mj-group": _known(
        "mj-column mj-raw mj-include", "background-color", "direction vertical-align width"
    ),
    "mj-column": _known(
        _IN_COLUMN,
        "background-color inner-background-color border-radius inner-border-radius",
        f"{_PADDING} {_SIDES} {_INNER} direction vertical-align width",
    ),
    "mj-hero": _known(
        _IN_COLUMN,
        "background-color background-url border-radius inner-background-color",
        f"{_PADDING} mode height background-width background-height background-position inner-padding "
        "inner-padding-top inner-padding-right inner-padding-bottom inner-padding-left vertical-align",
    ),
    # What is shown
    "mj-text": _html(
        f"background-color color container-background-color {_FONT} text-decoration text-transform",
        f"{_PADDING} align vertical-align font-size height letter-spacing line-height",
    ),
    "mj-button": _html(
        f"{_SIDES} border-radius background-color color container-background-color {_FONT} href name title "
        "rel target text-decoration text-transform",
        f"{_PADDING} align vertical-align text-align font-size height inner-padding letter-spacing "
        "line-height width",
    ),
    "mj-image": _known(
        "",
        "border-radius alt href name src srcset sizes title rel target usemap container-background-color",
        f"{_PADDING} {_SIDES} align fluid-on-mobile width height max-height font-size",
    ),
    "mj-divider": _known(
        "",
        "border-color border-style container-background-color",
        f"{_PADDING} align border-width width",
    ),
    "mj-spacer": _known("", "container-background-color", f"{_PADDING} {_SIDES} height"),
    "mj-table": _html(
        f"border color container-background-color {_FONT}",
        f"{_PADDING} align role table-layout vertical-align cellpadding cellspacing font-size "
        "line-height width",
    ),
    "mj-navbar": _known(
        "mj-navbar-link mj-raw mj-include",
        "base-url ico-open ico-close ico-color ico-font-family ico-text-transform ico-text-decoration",
        f"{_PADDING} align hamburger ico-align ico-font-size ico-line-height ico-padding ico-padding-top "
        "ico-padding-right ico-padding-bottom ico-padding-left",
    ),
    "mj-navbar-link": _html(
        f"color {_FONT} href name target rel text-decoration text-transform",
        f"{_PADDING} font-size letter-spacing line-height",
    ),
    "mj-social": _known(
        "mj-social-element mj-raw mj-include",
        f"border border-radius color container-background-color {_FONT} text-decoration",
        f"{_PADDING} align mode table-layout vertical-align font-size icon-size icon-height icon-padding "
        "inner-padding line-height text-padding",
    ),
    "mj-social-element": _html(
        f"background-color color border border-radius {_FONT} href rel src srcset sizes alt title target "
        "text-decoration",
        f"{_PADDING} name align icon-position vertical-align font-size icon-size icon-height icon-padding "
        "line-height text-padding",
    ),
    "mj-accordion": _known(
        "mj-accordion-element mj-raw mj-include",
        f"border font-family container-background-color {_ICONS}",
        f"{_PADDING} icon-align icon-position icon-width icon-height",
    ),
    "mj-accordion-element": _known(
        "mj-accordion-title mj-accordion-text",
        f"border font-family background-color {_ICONS}",
        "icon-align icon-position icon-width icon-height",
    ),
    "mj-accordion-title": _html(
        "background-color color font-family font-weight", f"{_PADDING} font-size"
    ),
    "mj-accordion-text": _html(
        "background-color color font-family font-weight",
        f"{_PADDING} font-size letter-spacing line-height",
    ),
    "mj-carousel": _known(
        "mj-carousel-image",
        "container-background-color left-icon right-icon",
        f"{_PADDING} align border-radius icon-width thumbnails tb-border tb-border-radius "
        "tb-hover-border-color tb-selected-border-color tb-width",
    ),
    "mj-carousel-image": _known(
        "",
        "alt href rel target title src thumbnails-src border-radius",
        "tb-border tb-border-radius",
    ),
    # Defaults, in mj-attributes alone
    "mj-all": _known(),
    "mj-class": _known(),
}
# What MJML has, and what compiles it here has not.
NOT_COMPILED = frozenset({"mj-html-attributes", "mj-selector", "mj-html-attribute"})
# What MJML has, and mrml 0.2.4 does nothing with; a test compiles each.
UNUSED: dict[str, frozenset[str]] = {
    name: frozenset(attributes.split())
    for name, attributes in {
        "mj-accordion-title": "font-weight",
        "mj-body": "id",
        "mj-button": "title",
        "mj-carousel-image": "rel",
        "mj-hero": "mode border-radius",
        "mj-image": "sizes border-top border-bottom",
        "mj-section": "gutter text-padding",
        "mj-social": "border table-layout",
        "mj-social-element": "border icon-position srcset sizes",
        "mj-spacer": _SIDES,
        "mj-table": "font-weight role",
        "mj-text": "background-color",
        "mj-wrapper": "gap gutter text-padding",
    }.items()
}
_EVERYWHERE = frozenset({"css-class"})
_READ_EVERYWHERE = frozenset({"mj-class"})
_IN_HEAD = frozenset({"mjml", "mj-head", "mj-include", "mj-all", "mj-class", "mj-raw"}) | (
    ELEMENTS["mj-head"].children | ELEMENTS["mj-attributes"].children
)


def attributes_of(name: str, *, is_default: bool = False) -> frozenset[str]:
    """All that a tag may have; `is_default` is one in mj-attributes."""
    if is_default and name in ("mj-all", "mj-class"):
        own = frozenset[str]().union(*(known.attributes for known in ELEMENTS.values()))
        return own | _EVERYWHERE | (frozenset({"name"}) if name == "mj-class" else frozenset())
    own = ELEMENTS[name].attributes
    return own if name in _IN_HEAD else own | _EVERYWHERE | _READ_EVERYWHERE


def is_computed(name: str, attribute: str) -> bool:
    """Whether MJML computes with it; of mj-all and mj-class, whether it does in any tag."""
    if name == "mj-class" and attribute == "name":
        return True
    tags = ELEMENTS.values() if name in ("mj-all", "mj-class") else [ELEMENTS[name]]
    return attribute in _READ_EVERYWHERE or any(attribute in known.computed for known in tags)
