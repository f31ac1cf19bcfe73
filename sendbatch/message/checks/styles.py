"""What style sheets say that does not come out as it is meant."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from sendbatch.errors import Place, one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Bundle, Content
from sendbatch.message.markdown.addresses import html_within
from sendbatch.message.markup import tags
from sendbatch.message.source import at_offset, constants
from sendbatch.message.styles.css import Declaration, Unbalanced, declarations
from sendbatch.message.styles.linked import Sheet, Within, links, sheets
from sendbatch.message.styles.selectors import Subject, meets, of_tag, subjects
from sendbatch.words import count

_LONGEST_SHOWN = 100
_NEVER_INLINED = re.compile(r"@(?!media|supports|layer)", re.IGNORECASE)  # @font-face, @keyframes
# Services of fonts: who does not load one shows the next of the stack.
_OF_FONTS = re.compile(r"(?:https?:)?//(?:[\w-]+\.)*(?:fonts?|typekit)\.[\w.-]+/", re.IGNORECASE)
_CONDITIONAL = re.compile(
    r"^@|:(?:hover|active|focus|visited|target|checked)\b|\[data-ogs", re.IGNORECASE
)

Found = list[tuple[Sheet, Declaration]]


def doubtful_styles(content: Content) -> Iterator[Finding]:
    """Warnings: of sheets that are loaded by few, and of rules that come to nothing in the tags."""
    for bundle in (content.html, content.layout, content.markdown):
        if bundle is not None:
            within = html_within if bundle is content.markdown else str
            yield from _of(bundle, within, is_inlined=content.inlines_css)


def _of(bundle: Bundle, within: Within, *, is_inlined: bool) -> Iterator[Finding]:
    yield from _remote(bundle, within)
    if is_inlined:
        found: Found = []
        for sheet in sheets(bundle, within):
            try:
                found += [(sheet, one) for one in declarations(sheet.css)]
            except Unbalanced as error:
                yield _lost("a brace has no other: rules are lost", sheet.place(error.start))
        yield from _nested(found)
        yield from _repeated(found)
        yield from _overruled(found, _tags(bundle, within))


def _tags(bundle: Bundle, within: Within) -> set[Subject]:
    return {
        of_tag(tag)
        for source in bundle.sources.values()
        for tag in tags(within(constants(source)))
        if not tag.is_end
    }


def _remote(bundle: Bundle, within: Within) -> Iterator[Finding]:
    for link in links(bundle, within):
        if link.is_elsewhere and not _OF_FONTS.match(link.href):
            source = bundle.sources[link.template]
            place = at_offset(bundle.paths[link.template], source, link.tag.start)
            address = one_line(link.href, _LONGEST_SHOWN)
            said = f"few programs for mail load a style sheet from a web server: {address}"
            yield Rule.REMOTE_STYLE_SHEET.finding(said, place, "save it beside the template")


def _lost(said: str, place: Place, hint: str | None = None) -> Finding:
    return Rule.LOST_STYLE.finding(said, place, hint)


def _nested(found: Found) -> Iterator[Finding]:
    for sheet, one in found:
        rules = [prelude for prelude in one.within if not prelude.startswith("@")]
        if len(rules) > 1:
            said = f"a rule within another is lost: {one_line(rules[1], _LONGEST_SHOWN)}"
            yield _lost(said, sheet.place(one.start), "write it out behind the other")
            return


def _repeated(found: Found) -> Iterator[Finding]:
    last: dict[tuple[int, int, str], None] = {}
    for sheet, one in found:
        key = id(sheet), one.block, one.name
        if key in last and not _CONDITIONAL.search(" ".join(one.within)):
            said = (
                f"{one.name} is declared twice in one rule: the last alone is written into the tags"
            )
            yield _lost(
                said,
                sheet.place(one.start),
                'write the fallback into a rule before it, or data-css-inline="keep"',
            )
            return
        last[key] = None


def _overruled(found: Found, there: Collection[Subject]) -> Iterator[Finding]:
    """What is in a tag wins over all rules but those that are important. `there` are the tags that are
    written."""
    inlined: dict[str, set[Subject]] = {}
    for _, one in found:
        if not is_conditional(one.within):
            inlined.setdefault(one.name, set()).update(subjects(one.within[-1]))
    weak = [
        (sheet, one)
        for sheet, one in found
        if is_conditional(one.within)
        and not one.is_important
        and not _NEVER_INLINED.match(one.within[0])
        and _is_overruled(one, inlined, there)
    ]
    if weak:
        (sheet, one), *others = weak
        more = f", nor {count(len(others), 'other')} ({_spot(*others[0])})" if others else ""
        said = f"{one.name} has no !important{more}: what is written into the tags wins over it"
        yield Rule.OVERRULED_STYLE.finding(
            said, sheet.place(one.start), "write !important behind it"
        )


def _is_overruled(
    one: Declaration, inlined: Mapping[str, Collection[Subject]], there: Collection[Subject]
) -> bool:
    """Whether a rule that is in the tags says another value for a tag that this one is for."""
    others = [found for name, found in inlined.items() if _are_of_one(one.name, name)]
    return any(
        meets(subject, found, there) for subject in subjects(one.within[-1]) for found in others
    )


def _spot(sheet: Sheet, one: Declaration) -> str:
    place = sheet.place(one.start)
    return f"{place.file}:{place.line}"


def is_conditional(within: Sequence[str]) -> bool:
    """Whether a rule holds now and then, and so is in no tag: `within` is what stands before its braces."""
    return any(map(_CONDITIONAL.search, within))


def _are_of_one(name: str, other: str) -> bool:
    """Whether one of two properties is the other, or a part of it: `margin-top` of `margin`."""
    return name == other or name.startswith(f"{other}-") or other.startswith(f"{name}-")
