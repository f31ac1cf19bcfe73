"""What comes out of MJML otherwise than its author may think: what it passes over, columns that it counts."""

from __future__ import annotations

from collections.abc import Iterator

from sendbatch.campaign.names import guess
from sendbatch.findings import Finding, Rule
from sendbatch.message.mjml.elements import UNUSED
from sendbatch.message.mjml.parsing import Element, Span, blame
from sendbatch.message.mjml.values import taken_instead
from sendbatch.message.source import statements


def doubts(root: Element) -> Iterator[Finding]:
    """The warnings, of a letter without faults."""
    classes = {
        one.attributes["name"].text
        for one in root.all()
        if one.name == "mj-class" and "name" in one.attributes
    }
    for element in root.all():
        for name, value in element.attributes.items():
            yield from _attribute(element, name, value)
        if "mj-class" in element.attributes:
            yield from _classes(element.attributes["mj-class"], classes)
        if element.name in ("mj-section", "mj-group"):
            yield from _widths(element)


def _attribute(element: Element, name: str, value: Span) -> Iterator[Finding]:
    taken = taken_instead(element.name, name, value.hidden.strip())
    if taken is not None and not value.has_tags:
        said = f"{name}= of <{element.name}>: MJML takes no such value, and passes over it"
        yield blame(Rule.MJML_VALUE, value, said, f"it takes {taken}")
    if name in UNUSED.get(element.name, ()):
        said = (
            f"{name}= of <{element.name}> has no effect: mrml, which compiles it, does not use it"
        )
        hint = "take it away, or look at the preview"
        yield blame(Rule.MJML_UNUSED, element.named[name], said, hint)


def _classes(value: Span, known: set[str]) -> Iterator[Finding]:
    for name in value.text.split():
        if name not in known:
            meant = guess(name, sorted(known))
            hint = (
                f"did you mean {meant}?"
                if meant
                else f'<mj-class name="{name}" … /> says what it is'
            )
            yield blame(
                Rule.MJML_VALUE, value, f"no <mj-class> in <mj-attributes> is called {name}", hint
            )


def _widths(parent: Element) -> Iterator[Finding]:
    """Columns that MJML gives a width by the number of all that are written, of which some are not shown."""
    columns = [one for one in parent.elements if one.name in ("mj-column", "mj-group")]
    open_: list[str] = []
    for child in parent.children:
        between = child if isinstance(child, Span) else child.content
        for statement in statements(between.text) if between is not None else ():
            if statement.opens > 0:
                open_.append(statement.word)
            elif statement.opens:
                open_.pop()
        if not isinstance(child, Element) or child not in columns or "width" in child.attributes:
            continue
        if "for" in open_ or (open_ and len(columns) > 1):
            said = f"<{child.name}> without a width, in a block: MJML counts those that are written"
            share = f"{len(columns)} in this <{parent.name}>, whatever is shown"
            yield blame(Rule.MJML_WIDTHS, child.at, f"{said}, {share}", 'write it: width="50%"')
            return
