"""What a filter is told besides what its author wrote: the name of its column, and the locale.

`{{ price|money("EUR") }}` means `{{ price|money("EUR", locale=locale) }}`: the locale is what the name
`locale` means where the filter stands, a column or a variable. It is put into the tree, so that whoever asks
which names a template reads is told of it.
"""

from __future__ import annotations

import re

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

LOCALE = "locale"
# Filters that write by a locale, and which of their arguments it is.
LOCALISED = {"money": 1, "date": 1}
READS_JSON = "fromjson"
needs = re.compile(rf"\b(?:{'|'.join((*LOCALISED, READS_JSON))})\b").search


class Completed(NodeTransformer):
    """Changes a tree in place; to do so twice is to do so once."""

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:
        self.generic_visit(node)
        if node.name == READS_JSON:
            if isinstance(node.node, nodes.Name) and not (node.args or node.kwargs):
                column = nodes.Const(node.node.name, lineno=node.lineno)
                node.args = [column]
        elif (place := locale_place(node)) is not None and not _has_locale(node, place):
            name = nodes.Name(LOCALE, "load", lineno=node.lineno)
            node.kwargs.append(nodes.Keyword(LOCALE, name, lineno=node.lineno))  # type: ignore[arg-type]
        return node


def locale_place(node: nodes.Filter) -> int | None:
    """Which of its arguments is the locale; `map` takes a filter by its name. None for one that has none."""
    if node.name != "map":
        return LOCALISED.get(node.name)
    name = node.args[0] if node.args else None
    inner = LOCALISED.get(name.value) if isinstance(name, nodes.Const) else None
    return None if inner is None else inner + 1


def _has_locale(node: nodes.Filter, place: int) -> bool:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        return True
    return len(node.args) > place or any(one.key == LOCALE for one in node.kwargs)
