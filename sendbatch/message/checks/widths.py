"""Pictures that are wider than a mail, and have no width: Outlook for Windows shows them as wide as they are,
whatever else the styles say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sendbatch.errors import one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.pictures import place_of, shown_by
from sendbatch.message.checks.styles import is_conditional
from sendbatch.message.content import Content
from sendbatch.message.insertions import is_inserted
from sendbatch.message.markdown.addresses import html_within
from sendbatch.message.markup import Tag, tags
from sendbatch.message.pictures.widths import width_of
from sendbatch.message.source import BLOCK, VALUE, constants
from sendbatch.message.styles.css import Unbalanced, declarations
from sendbatch.message.styles.linked import Sheet, sheets
from sendbatch.message.styles.selectors import Subject, of_tag, subjects

_LONGEST_SHOWN = 100
_WIDEST = 700  # px; hardly a mail is wider
# A width, one in pixels, and HTML that Outlook passes over.
_WIDTH = re.compile(r"(?<![\w-])width\s*:", re.IGNORECASE)
_PIXELS = re.compile(rf"{_WIDTH.pattern}\s*[\d.]+\s*px", re.IGNORECASE)
_NOT_FOR_OUTLOOK = re.compile(r"<!(?:--)?\[if\s*!", re.IGNORECASE)


def wide_pictures(content: Content) -> Iterator[Finding]:
    """A warning for each tag of one that is given no width: by an attribute, by its style, or by a style
    sheet that is written into the tags."""
    widths = {f"cid:{one.cid}": (one, width_of(one.data) or 0) for one in content.pictures}
    if not any(width > _WIDEST for _, width in widths.values()):
        return
    given = [*_given(content)] if content.inlines_css else []
    for bundle, _ in shown_by(content):
        for name, source in bundle.sources.items():
            if is_inserted(name) or _NOT_FOR_OUTLOOK.search(source):
                continue
            for tag in tags(constants(source)):
                picture, width = widths.get(tag.attributes.get("src", "").strip(), (None, 0))
                if picture is None or width <= _WIDEST or tag.name != "img" or _has_width(tag, given):
                    continue
                said = (
                    f"{one_line(picture.name, _LONGEST_SHOWN)} is {width} px wide, and so Outlook for "
                    "Windows shows it: the tag has no width"
                )
                hint = 'write width="600" into it, or how wide it is to be'
                yield Rule.WIDE_PICTURE.finding(said, place_of(bundle, name, tag.start), hint)


def _has_width(tag: Tag, given: list[Subject]) -> bool:
    """`given` are the tags that a style sheet gives one. What a value writes may be one, and so may what
    stands in an `if`."""
    attributes = _attributes(tag)
    style = attributes.get("style", "")
    if "width" in attributes or "" in attributes or _PIXELS.search(style):
        return True
    subject = of_tag(tag._replace(attributes=attributes))
    return not _WIDTH.search(style) and any(one <= subject for one in given)


def _attributes(tag: Tag) -> Mapping[str, str]:
    """By their names without the tags of templates that stand beside them."""
    found: dict[str, str] = {}
    for name, value in tag.attributes.items():
        bare = name.strip(VALUE + BLOCK)
        if bare or VALUE in name:
            found[bare] = f"{found.get(bare, '')} {value}"
    return found


def _given(content: Content) -> Iterator[Subject]:
    """The tags that any rule gives a width in pixels, by the last part of its selector, and without the
    attributes that it asks for."""
    for bundle, _ in shown_by(content):
        for sheet in sheets(bundle, html_within if bundle is content.markdown else str):
            yield from _given_by(sheet)


def _given_by(sheet: Sheet) -> Iterator[Subject]:
    try:
        for one in declarations(sheet.css):
            is_width = one.name == "width" and _PIXELS.match(sheet.css, one.start)
            if is_width and not is_conditional(one.within):
                for subject in subjects(one.within[-1]):
                    yield frozenset(part for part in subject if not part.startswith("["))
    except Unbalanced:  # which is told, as of all rules
        return
