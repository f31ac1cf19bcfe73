"""Cells that the mail shows or compares as they are, with nothing in their place where they are empty.

Shown are those that leave a gap which every reader sees: in the subject, the preheader, a greeting or a
sentence. Only what each message says is looked at here: what an `if` shows, it shows to some, and whether
these have an empty cell, the finished messages tell.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from jinja2 import nodes

from sendbatch.campaign.language.environment import is_template, parsed
from sendbatch.campaign.language.meaning import TEXT, Kinds
from sendbatch.campaign.language.misuses import bare_conditions
from sendbatch.campaign.model import Campaign
from sendbatch.errors import Place
from sendbatch.message.checks.names import declared_at
from sendbatch.message.content import Bundle, Content
from sendbatch.message.insertions import is_inserted
from sendbatch.message.markup import tokens
from sendbatch.message.source import assigned, at, in_every_message

# The number of a value where it stands among texts (private use: no text has these).
_BEGIN, _END = "\ue002", "\ue003"
_VALUE = re.compile(f"{_BEGIN}(\\d+){_END}")
_LETTER = re.compile(r"[^\W\d_]")
# Elements within a line; any other tag begins a new one.
_INLINE = frozenset({
    *("a", "abbr", "b", "big", "bdi", "bdo", "cite", "code", "em", "font", "i", "ins", "mark", "s", "small"),
    *("span", "strong", "sub", "sup", "time", "u", "wbr"),
})  # fmt: skip
_OWN_MARKS = " \t\u00a0#$€£¥*_(\"'„“‚‘«»>¡¿-–—/,.!?"  # may stand right before a value in a sentence
_URL = re.compile(r"\S*(?:://|\]\(|@|www\.)\S*\Z|\]\(\s*<?\Z")  # an address that a value is a part of
_BEHIND = re.compile(r"[\w=&%@/]|[.?:#-]\w")  # of a word, or an address, that goes on
_GREETING = re.compile(r"[\s*_]*[,!][\s*_]*\Z")
# What people call a column that holds a greeting.
GREETINGS = frozenset({"salutation", "greeting", "anrede", "briefanrede", "saludo", "saluto"})


@dataclass(frozen=True, slots=True)
class Use:
    """Where a cell is used, and by what: "the subject"."""

    place: Place | None
    what: str


class _Value(NamedTuple):
    """A value in a text: its line before it and behind it, and whether another follows after blanks alone."""

    number: int
    before: str
    behind: str


def cells_shown(
    content: Content, campaign: Campaign, columns: Collection[str]
) -> Iterator[tuple[str, Use]]:
    """Each column whose cell every message shows in a sentence, with each of its places: those in templates
    first."""
    yield from _in_templates(content, columns)
    for what, source in _lines(content):
        if not is_template(source):
            continue
        tree = parsed(source)
        kinds = Kinds(tree, columns, content.variables)
        expressions = [node for _, node in in_every_message("", {"": source})]
        for node, following in pairwise([*expressions, None]):
            column = _column(node, kinds)
            if column is not None and not _is_joined(following, expressions):
                name = "preheader" if what == "preheader" else "subject"
                yield column, Use(declared_at(campaign, what), f"the {name}")


def cells_compared(content: Content, columns: Collection[str]) -> Iterator[tuple[str, Use]]:
    """Each column that conditions of a template compare with texts, such that an empty cell falls to what is
    meant for others, with its first place. None that is asked anywhere whether it is empty."""
    found: dict[str, Use] = {}
    asked: set[str] = set()
    for bundle in content.bundles:
        for name, source in bundle.sources.items():
            if is_inserted(name):
                continue
            tree, kinds = parsed(source), _kinds(bundle, name, content, columns)
            asked.update(one.column for one in bare_conditions(tree, kinds))
            for column, line in _compared(tree, kinds, asked):
                place = at(bundle.paths[name], source, line, column)
                found.setdefault(column, Use(place, "a condition"))
    return ((column, use) for column, use in found.items() if column not in asked)


def _in_templates(content: Content, columns: Collection[str]) -> Iterator[tuple[str, Use]]:
    """Of all versions of the templates that have a column in them, or none."""
    everywhere: set[str] | None = None
    uses: list[tuple[str, Use]] = []
    for version in content.by_texts:
        here = [
            *_in_bundle(version.html, version, columns, is_html=True),
            *_in_bundle(version.markdown, version, columns, is_html=False),
            *_in_bundle(version.text, version, columns, is_html=False),
        ]
        names = {column for column, _ in here}
        everywhere = names if everywhere is None else everywhere & names
        uses += here
    yield from (one for one in uses if everywhere is not None and one[0] in everywhere)


def _in_bundle(
    bundle: Bundle | None, content: Content, columns: Collection[str], *, is_html: bool
) -> Iterator[tuple[str, Use]]:
    if bundle is None:
        return
    said = [one for one in in_every_message(bundle.entry, bundle.sources) if not is_inserted(one[0])]
    kinds = {name: _kinds(bundle, name, content, columns) for name in dict.fromkeys(name for name, _ in said)}
    text = "".join(
        node.data if isinstance(node, nodes.TemplateData) else f"{_BEGIN}{number}{_END}"
        for number, (_, node) in enumerate(said)
    )
    for line in _lines_of_html(text) if is_html else text.splitlines():
        for value in _values(line):
            name, node = said[value.number]
            column = _column(node, kinds[name])
            if column is not None and (column in GREETINGS or _leaves_a_gap(value)):
                place = at(bundle.paths[name], bundle.sources[name], node.lineno, column)
                yield column, Use(place, "the letter")


def _lines_of_html(html: str) -> list[str]:
    pieces = []
    for token in tokens(html):
        if isinstance(token, str):
            pieces.append(" ".join(token.split("\n")))
        elif token[0] not in _INLINE:
            pieces.append("\n")
    return "".join(pieces).split("\n")


def _values(line: str) -> Iterator[_Value]:
    """Those of a line; of several with blanks alone between, the last: one or another of a title, a first and
    a last name is often empty."""
    found = [*_VALUE.finditer(line)]
    for value, following in pairwise([*found, None]):
        if value is None:
            continue
        end = following.start() if following is not None else len(line)
        if following is None or line[value.end() : end].strip():
            yield _Value(int(value[1]), line[: value.start()], line[value.end() :])


def _leaves_a_gap(value: _Value) -> bool:
    """Whether a reader sees that something is missing: words stand beside it. Behind a colon it may be
    missing, as in a list of what is known; and where it is a part of an address, nobody sees it."""
    before, behind = value.before, value.behind
    if _URL.search(_VALUE.sub("", before)) or _BEHIND.match(behind):
        return False
    if before and before[-1] not in _OWN_MARKS and before[-1] != _END:
        return False
    here, there = _VALUE.sub("", before.rpartition(":")[2]), _VALUE.sub("", behind)
    if _LETTER.search(here):
        return True
    if ":" in before:
        return False
    return _LETTER.search(there) is not None or _GREETING.match(there) is not None


def _lines(content: Content) -> Iterator[tuple[str, str]]:
    if content.variants is None:
        yield "subject", content.subject
    else:
        for number, subject in enumerate(content.variants.subjects):
            yield f"subject.{number}", subject
    if content.preheader is not None:
        yield "preheader", content.preheader


def _is_joined(following: nodes.Expr | None, expressions: list[nodes.Expr]) -> bool:
    """Whether another value follows after blanks alone."""
    if isinstance(following, nodes.TemplateData) and not following.data.strip():
        return following is not expressions[-1]
    return following is not None and not isinstance(following, nodes.TemplateData)


def _column(node: nodes.Node | None, kinds: Kinds) -> str | None:
    """The column whose cell this shows, where it shows nothing else."""
    if node is None or isinstance(node, nodes.TemplateData):
        return None
    kind = kinds.of(node)
    return kind.column if kind is not None and kind.name == TEXT else None


def _kinds(bundle: Bundle, name: str, content: Content, columns: Collection[str]) -> Kinds:
    others = [source for other, source in bundle.sources.items() if other != name]
    unsure = {one for source in others for one in assigned(parsed(source))}
    return Kinds(parsed(bundle.sources[name]), columns, content.variables, unsure)


def _compared(tree: nodes.Template, kinds: Kinds, asked: set[str]) -> Iterator[tuple[str, int]]:
    """(column, line) of each. Those that are asked whether they are empty are put into `asked`."""
    for test, has_others in _conditions(tree):
        for compare in _comparisons(test):
            column = _column(compare.expr, kinds)
            if column is None:
                continue
            signs = {one.op for one in compare.ops}
            if any(_has_empty(one.expr) for one in compare.ops):
                asked.add(column)
            elif signs <= {"ne", "notin"} or (has_others and signs <= {"eq", "in"}):
                yield column, compare.lineno


def _conditions(tree: nodes.Template) -> Iterator[tuple[nodes.Node, bool]]:
    """Each, and whether something else is said where it does not hold, or asked."""
    for one in tree.find_all(nodes.CondExpr):
        yield one.test, one.expr2 is not None
    for node in tree.find_all(nodes.If):
        for test in (node.test, *(other.test for other in node.elif_)):
            yield test, bool(node.elif_ or node.else_)


def _comparisons(test: nodes.Node) -> Iterator[nodes.Compare]:
    if isinstance(test, nodes.Compare):
        yield test
    yield from test.find_all(nodes.Compare)


def _has_empty(node: nodes.Node) -> bool:
    """Whether an empty text stands in what a cell is compared with."""
    consts = [node] if isinstance(node, nodes.Const) else node.find_all(nodes.Const)
    return any(isinstance(one, nodes.Const) and one.value == "" for one in consts)
