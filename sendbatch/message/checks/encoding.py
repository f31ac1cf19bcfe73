"""Values that stand within links as they are: many a character in them leads elsewhere.

A value that is the whole address, or its host, is its own affair; so is what a variable of the campaign
says, where that can stand in a link. Of a column the first cells are looked at: numbers and names of pages
need nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import jinja2
from jinja2 import nodes

from sendbatch.campaign.language.completed import LOCALE
from sendbatch.campaign.language.environment import parsed
from sendbatch.campaign.model import VARIANT, Campaign, Json
from sendbatch.errors import Place, one_line, within
from sendbatch.findings import Finding, Rule
from sendbatch.message.checks.links import Link, links_of
from sendbatch.message.checks.names import declared_at
from sendbatch.message.content import Bundle, Content
from sendbatch.message.insertions import is_inserted
from sendbatch.message.markup import resolved
from sendbatch.message.source import BLOCK, VALUE, assigned, at_offset, constants
from sendbatch.message.unsubscribing import NAME
from sendbatch.values import Recipient
from sendbatch.words import count

_LONGEST_SHOWN = 80
_TAG = re.compile(r"\{\{[-+]?\s*((?:\"[^\"]*\"|'[^']*'|[^\"'])*?)\s*[-+]?\}\}", re.DOTALL)
_IN_TEXT = re.compile(r"https?://[^\s<>\"')\]]+", re.IGNORECASE)
# What a value in a path and in a query may be made of: no other character is one of the value alone.
_IN_PATH = re.compile(r"(?:[\w.~!$&'()*,;=:@/-]|%[0-9a-f]{2})*", re.ASCII | re.IGNORECASE)
_IN_QUERY = re.compile(r"(?:[\w.~!$'()*,;:@/?-]|%[0-9a-f]{2})*", re.ASCII | re.IGNORECASE)
_AN_ID = re.compile(r"[^@]*[\d/%][^@]*")  # or a path, or encoded by whoever wrote the cell
_HAS_HOST = re.compile(rf"(?:https?://[^/?#]+|{VALUE}+)[/?#]|mailto:[^?]*\?", re.IGNORECASE)
_SAFE_FILTERS = frozenset({"urlencode", "int", "round", "length", "count", "wordcount", "date"})
_KEEPING = frozenset({"trim", "lower", "upper", "default", "d", "string"})
_HARMLESS = frozenset({NAME, VARIANT, LOCALE, "loop"})
_SIMPLE = re.compile(r"[\w.]+(?:\s*\|\s*\w+(?:\([^()]*\))?)*")


@dataclass(frozen=True, slots=True)
class _Unencoded:
    """An expression where it stands in a link; `row` is the first whose cell leads elsewhere."""

    expression: str
    place: Place | None
    row: int | None
    others: int = 0

    def finding(self) -> Finding:
        shown = one_line(self.expression, _LONGEST_SHOWN)
        said = f"{{{{ {shown} }}}} stands in a link as it is: a blank, & or # in it leads elsewhere"
        if self.row is not None:
            said = f"{{{{ {shown} }}}} stands in a link as it is, and leads elsewhere in row {self.row}"
        if self.others:
            said += f" (and in {count(self.others, 'other place')})"
        whole = shown if _SIMPLE.fullmatch(shown) else f"({shown})"
        return Rule.UNENCODED_VALUE.finding(said, self.place, f"write {{{{ {whole}|urlencode }}}}")


def unencoded_values(
    content: Content, campaign: Campaign, columns: Sequence[str], rows: Sequence[Recipient]
) -> Iterator[Finding]:
    """A warning for each expression, at its first place. `rows` are some of those who get the mail."""
    found: dict[str, _Unencoded] = {}
    cells = {name: [(row.row, row.cells[at]) for row in rows] for at, name in enumerate(columns)}
    for one in _all(content, campaign, cells):
        first = found.setdefault(one.expression, one)
        if first is not one:
            found[one.expression] = replace(first, others=first.others + 1)
    yield from (one.finding() for one in found.values())


Cells = Mapping[str, Sequence[tuple[int, str]]]  # of some rows, with their numbers


def _all(content: Content, campaign: Campaign, cells: Cells) -> Iterator[_Unencoded]:
    for bundle in (content.html, content.markdown, content.layout, content.text):
        if bundle is None:
            continue
        values = _Values(content.variables, cells, [*map(parsed, bundle.sources.values())])
        for name, source in bundle.sources.items():
            if is_inserted(name):
                continue
            for link in _links(constants(source), bundle, content):
                for expression, start, row in values.unencoded(link, source):
                    yield _Unencoded(expression, at_offset(bundle.paths[name], source, start), row)
    url = content.unsubscribe.url if content.unsubscribe is not None else None
    if url:
        place = declared_at(campaign, "unsubscribe.url")
        values = _Values(content.variables, cells, [])
        for expression, start, row in values.unencoded(Link(0, constants(url)), url):
            yield _Unencoded(expression, within(place, url, start), row)


def _links(hidden: str, bundle: Bundle, content: Content) -> Iterator[Link]:
    if bundle is content.text:
        yield from (Link(found.start(), found[0]) for found in _IN_TEXT.finditer(hidden))
    else:
        yield from links_of(hidden, is_markdown=bundle is content.markdown)


class _Values:
    """What is known of the names that a template uses; those that it sets may be anything."""

    def __init__(
        self, variables: Mapping[str, Json], cells: Cells, trees: Sequence[nodes.Template]
    ) -> None:
        self._variables, self._cells = variables, cells
        self._set = frozenset().union(*map(assigned, trees))
        self._loops = {
            one.target.name: one.iter.name
            for tree in trees
            for one in tree.find_all(nodes.For)
            if isinstance(one.target, nodes.Name) and isinstance(one.iter, nodes.Name)
        }

    def unencoded(self, link: Link, source: str) -> Iterator[tuple[str, int, int | None]]:
        """(expression, where its tag begins, the first row that it leads elsewhere for, if one is known)."""
        if VALUE not in link.url:
            return
        for tag in _TAG.finditer(source, link.start, link.start + len(link.url)):
            before = resolved(link.url[: tag.start() - link.start].replace(BLOCK, ""))
            # Behind ? and & stands what is a query by itself.
            if not _HAS_HOST.match(before) or before[-1] in "?&#":
                continue
            usable = _IN_QUERY if "?" in before else _IN_PATH
            is_wrong, row = self._judged(tag[1], usable)
            if is_wrong:
                yield tag[1], tag.start(), row

    def _judged(self, expression: str, usable: re.Pattern[str]) -> tuple[bool, int | None]:
        try:
            tree = parsed(f"{{{{ {expression} }}}}")
        except jinja2.TemplateSyntaxError:  # which is told
            return False, None
        if any(one.name in _SAFE_FILTERS for one in tree.find_all(nodes.Filter)):
            return False, None
        names = {one.name for one in tree.find_all(nodes.Name)}
        if names <= _HARMLESS:
            return False, None
        if (texts := self._declared(tree)) is not None:
            return not all(map(usable.fullmatch, texts)), None
        if len(names) > 1 or not _keeps(tree):
            return True, None
        [name] = names
        if name in self._set:
            return True, None
        if name in self._cells:
            return _of_cells(self._cells[name], usable)
        value = self._variables.get(name)
        if isinstance(value, str):
            return usable.fullmatch(value) is None and _IN_PATH.fullmatch(value) is None, None
        return not isinstance(value, (int, float)), None


    def _declared(self, tree: nodes.Template) -> list[str] | None:
        """What the campaign file says of an attribute of a variable, or of all that are in one that a loop
        goes through; None where it is no such."""
        [one] = tree.body
        found = one.nodes[0] if isinstance(one, nodes.Output) else None
        if not isinstance(found, nodes.Getattr) or not isinstance(found.node, nodes.Name):
            return None
        name = found.node.name
        if name in self._set:
            all_ = self._variables.get(self._loops.get(name, ""))
        else:
            all_ = [self._variables.get(name)]
        if not isinstance(all_, list) or not all(isinstance(each, dict) for each in all_):
            return None
        return [str(each.get(found.attr, "")) for each in all_ if isinstance(each, dict)]


def _keeps(tree: nodes.Template) -> bool:
    """Whether it gives what one name holds, but for blanks around it and its case."""
    plain = (nodes.Output, nodes.Name, nodes.Filter, nodes.Const, nodes.TemplateData)
    return all(isinstance(node, plain) for node in tree.find_all(nodes.Expr)) and all(
        one.name in _KEEPING for one in tree.find_all(nodes.Filter)
    )


def _of_cells(
    cells: Sequence[tuple[int, str]], usable: re.Pattern[str]
) -> tuple[bool, int | None]:
    written = [(row, cell.strip()) for row, cell in cells if cell.strip()]
    wrong = next((row for row, cell in written if not usable.fullmatch(cell)), None)
    if wrong is not None:
        return True, wrong
    return not written or not all(_AN_ID.fullmatch(cell) for _, cell in written), None
