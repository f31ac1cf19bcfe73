"""Paths that are templates: `news.{{ locale }}.html` leads each row to a file of its own.

Each `{{ }}` stands for a part of a file's or a folder's name, without a slash, so that every file that a row
can ask for is known before any row is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from sendbatch.campaign.language.bounded import undeclared
from sendbatch.campaign.language.checks import check_template
from sendbatch.campaign.language.environment import environment, is_by_chance, parsed
from sendbatch.campaign.model import PathTemplate
from sendbatch.campaign.written.parsing import Wrong

_MOST_HOLES = 4
_PRINTED = "{{{{ {} }}}}"


def path_template(written: str, folder: Path) -> PathTemplate:
    """A path with `{{ }}` in it, relative to `folder`, as it is written. Raises Wrong."""
    check_template(written)
    pieces = _pieces(written)
    if is_by_chance(parsed(written)):
        raise Wrong("leads to another file each time", "choose the file by a column")
    if len(pieces) // 2 > _MOST_HOLES:
        raise Wrong(f"has more than {_MOST_HOLES} parts in {{{{ }}}}")
    if not PurePosixPath(f"x{pieces[-1]}").suffix:
        raise Wrong(
            "what it ends with must be written out, for that says what it is",
            "write the ending behind the braces: .html, .md or .txt",
        )
    if not {"", ".", ".."}.isdisjoint("x".join(["", *pieces[2::2]]).split("/")):
        raise Wrong("has an empty name, . or .. behind {{ }}", "write .. before them")
    cut = pieces[0].rfind("/") + 1
    return PathTemplate(written, folder / pieces[0][:cut], (pieces[0][cut:], *pieces[1:]))


def as_printed(expression: str) -> str:
    """The template that says nothing but what an expression gives."""
    return _PRINTED.format(expression)


def names_of(path: PathTemplate) -> frozenset[str]:
    """What a path is chosen by."""
    trees = (parsed(as_printed(expression)) for expression in path.expressions)
    names = frozenset[str]().union(*map(undeclared, trees))
    return names - environment().globals.keys()


def _pieces(written: str) -> tuple[str, ...]:
    """What stands there by itself and the expressions between, in turn."""
    pieces = [""]
    expression: list[str] | None = None
    for kind, text in _tokens(written):
        if kind == "data":
            pieces[-1] += text
        elif kind == "variable_begin":
            expression = []
        elif kind == "variable_end":
            pieces += ["".join(expression or ()).strip(), ""]
            expression = None
        elif expression is not None:
            expression.append(text)
        else:
            raise Wrong("only {{ }} may stand in the path of a template", "choose by a value alone")
    return tuple(pieces)


def _tokens(written: str) -> Iterator[tuple[str, str]]:
    return ((kind, text) for _, kind, text in environment().lex(written))
