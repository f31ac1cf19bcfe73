"""What is wrong with MJML that reads well: mrml passes over tags and attributes that it does not know.

And where tags of Jinja stand. They may stand wherever MJML only hands on what is there; a block has to end
among the same tags as it begins, or half of a table would be sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sendbatch.campaign.names import guess
from sendbatch.findings import Finding, Rule
from sendbatch.message.mjml.elements import (
    ELEMENTS,
    NOT_COMPILED,
    attributes_of,
    is_computed,
)
from sendbatch.message.mjml.parsing import Element, Span, blame
from sendbatch.message.source import statements

_DEFAULTS = "mj-attributes"
_SAME = "let a block begin and end between tags of the same one, or within one value"
# Between the tags in these MJML keeps nothing, or mrml takes nothing.
_NO_PLACE = {
    "mjml": "write it before <mjml>, or within a tag",
    "mj-head": "write it within <mj-raw> or <mj-style>, or before <mjml>",
    _DEFAULTS: "write it around tags of the body, or within the value of an attribute",
    "mj-accordion-element": "write it around <mj-accordion-element>, or within what is in it",
    "mj-carousel": "write it around <mj-carousel>",
}


def faults(root: Element) -> Iterator[Finding]:
    """All that is wrong in a tree, its includes in their places."""
    yield from _outermost(root)
    for element in root.elements:
        yield from _of(element, root)


def _outermost(root: Element) -> Iterator[Finding]:
    names = [element.name for element in root.elements]
    if "mjml" not in names:
        first = next(root.elements, root)
        yield blame(
            Rule.MJML_SYNTAX,
            first.at,
            "MJML that does not begin with <mjml>",
            "write <mjml><mj-body> before the sections, and </mj-body></mjml> behind them",
        )
        return
    mjml, *others = (element for element in root.elements if element.name == "mjml")
    yield from (
        blame(Rule.MJML_SYNTAX, one.at, "a second <mjml>", "make one of the two") for one in others
    )
    bodies = [element for element in mjml.elements if element.name == "mj-body"]
    if not bodies:
        yield blame(Rule.MJML_SYNTAX, mjml.at, "there is no <mj-body> in it", "write one")
    for name in ("mj-head", "mj-body"):
        for again in [element for element in mjml.elements if element.name == name][1:]:
            yield blame(Rule.MJML_SYNTAX, again.at, f"a second <{name}>", "make one of the two")


def _of(element: Element, parent: Element) -> Iterator[Finding]:
    known = ELEMENTS.get(element.name)
    if known is None:
        yield _unknown(element, parent)
        return
    is_default = parent.name == _DEFAULTS
    if parent.name and not is_default and element.name not in ELEMENTS[parent.name].children:
        yield _misplaced(element, parent)
    # Of includes only those of style sheets are left in the tree.
    if element.name == "mj-include" and parent.name != "mj-head":
        said = "a style sheet is included in <mj-head>"
        yield blame(Rule.MJML_UNKNOWN, element.at, said, "move it there")
    yield from _attributes(element, is_default=is_default)
    if element.content is not None:
        if element.name != "mj-raw":  # that is as what stands beside it
            yield from _unbalanced(element, [element.content])
        return
    gaps = [child for child in element.children if isinstance(child, Span)]
    if gaps and (hint := _NO_PLACE.get(element.name)) is not None:
        said = f"a tag of Jinja between the tags in <{element.name}>: it has no place in the mail there"
        yield blame(Rule.MJML_JINJA, gaps[0], said, hint)
    elif gaps and not known.children and not is_default:
        said = f"<{element.name}> holds nothing, so a tag of Jinja in it is lost"
        yield blame(Rule.MJML_JINJA, gaps[0], said, f"write it around <{element.name}>")
    else:
        yield from _unbalanced(element, [*_between(element)])
    for child in element.elements:
        yield from _of(child, element)


def _between(element: Element) -> Iterator[Span]:
    """What stands between the tags in one."""
    for child in element.children:
        if isinstance(child, Span):
            yield child
        elif child.name == "mj-raw" and child.content is not None:
            yield child.content


def _unknown(element: Element, parent: Element) -> Finding:
    if element.name in NOT_COMPILED:
        said = f"<{element.name}> is known to MJML, and not compiled here"
        return blame(Rule.MJML_UNKNOWN, element.at, said, "take it away")
    allowed = ELEMENTS[parent.name].children if parent.name in ELEMENTS else frozenset({"mjml"})
    meant = guess(element.name, sorted(allowed)) or guess(element.name, sorted(ELEMENTS))
    hint = (
        f"did you mean {meant}?"
        if meant
        else "HTML stands within <mj-text>, <mj-table> or <mj-raw>"
    )
    return blame(Rule.MJML_UNKNOWN, element.at, f"no tag of MJML: <{element.name}>", hint)


def _misplaced(element: Element, parent: Element) -> Finding:
    within = sorted(name for name, known in ELEMENTS.items() if element.name in known.children)
    said = f"<{element.name}> has no place in <{parent.name}>"
    hint = f"it stands in {', '.join(f'<{name}>' for name in within)}" if within else None
    return blame(Rule.MJML_UNKNOWN, element.at, said, hint)


def _attributes(element: Element, *, is_default: bool) -> Iterator[Finding]:
    known = attributes_of(element.name, is_default=is_default)
    for name, value in element.attributes.items():
        if name not in known:
            meant = guess(name, sorted(known))
            hint = f"did you mean {meant}?" if meant else _takes(element.name, known)
            yield blame(
                Rule.MJML_UNKNOWN,
                element.named[name],
                f"no attribute of <{element.name}>: {name}",
                hint,
            )
        elif value.has_tags and is_computed(element.name, name):
            yield _computed(element, name, value)
        elif value.has_tags:
            yield from _unbalanced(element, [value])


def _takes(name: str, known: frozenset[str]) -> str:
    shown = ", ".join(sorted(known - {"css-class", "mj-class"}))
    return f"<{name}> has {shown}" if len(shown) < 120 and shown else "take it away"


def _computed(element: Element, name: str, value: Span) -> Finding:
    tag = re.search(r"[^\w\s#%.,-]", value.hidden)
    return blame(
        Rule.MJML_JINJA,
        value,
        f"a tag of Jinja in {name}= of <{element.name}>: MJML computes with it before there is a value",
        "write the value out, or the whole tag twice within {% if %} and {% else %}",
        tag.start() if tag is not None else 0,
    )


def _unbalanced(element: Element, pieces: Sequence[Span]) -> Iterator[Finding]:
    """Blocks that do not end among the same tags as they begin."""
    open_: list[tuple[Span, int, str]] = []
    for piece in pieces:
        for start, _, word, opens in statements(piece.text):
            if word in ("raw", "endraw"):
                said = "{% raw %} around tags of MJML"
                yield blame(Rule.MJML_JINJA, piece, said, "write it within <mj-text>", start)
                return
            if opens > 0:
                open_.append((piece, start, word))
            elif not open_ and (opens or word in ("elif", "else")):
                said = (
                    f"{{% {word} %}} in <{element.name}>, and what it belongs to begins elsewhere"
                )
                yield blame(Rule.MJML_JINJA, piece, said, _SAME, start)
                return
            elif opens:
                open_.pop()
    for piece, start, word in open_[:1]:
        said = f"{{% {word} %}} begins in <{element.name}> and does not end in it"
        yield blame(Rule.MJML_JINJA, piece, said, _SAME, start)

