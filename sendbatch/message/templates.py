"""Templates as they are rendered: compiled once, and an error in one row told so that it can be mended.

`root_render_func` is called without Jinja's own handling of errors, which rewrites the traceback:
the frames then still know their template, and so the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType

import jinja2
from jinja2 import nodes
from jinja2.runtime import Context

from sendbatch.campaign.language.environment import (
    environment,
    is_by_chance,
    is_template,
    names_in,
    read_names,
)
from sendbatch.errors import one_line
from sendbatch.message.content import Bundle
from sendbatch.message.insertions import is_inserted
from sendbatch.message.source import at

# What a template can raise by what a row holds; anything else is a fault of ours.
RENDER_ERRORS = (
    jinja2.TemplateError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
_NOT_FROM_OUTSIDE = frozenset({"self", "super", "caller", "loop"})  # names that Jinja gives a meaning
_TEXTS = frozenset((str,))
_LONGEST_REASON = 300
_LONGEST_CODE = 80


class Failed(Exception):
    """Why one recipient's message cannot be built, as a sentence."""


class Template:
    """One template, compiled when it is first needed; `bundle` gives the names and sources that its errors
    are told with."""

    def __init__(self, bundle: Bundle, *, autoescape: bool = False) -> None:
        self._bundle = bundle
        self._autoescape = autoescape

    @cached_property
    def _template(self) -> jinja2.Template:
        env = environment(jinja2.DictLoader(self._bundle.sources), autoescape=self._autoescape)
        return env.get_template(self._bundle.entry)

    def pieces(self, variables: dict[str, object]) -> list[str]:
        """The text, the constant pieces of the template being the same objects every time.

        `variables` come from `with_globals`, and are left as they are. Raises Failed, saying the
        template, its line, and what stands there.
        """
        template = self._template
        try:
            # As `template.new_context` does, which first makes a set of a chain of dicts.
            context = Context(template.environment, variables, template.name, template.blocks)
            return list(template.root_render_func(context))
        except RENDER_ERRORS as error:
            reason = self._explained(error)
            # The traceback holds every local of a recursion that went too deep.
            error.__traceback__ = None
        raise Failed(reason)

    def _explained(self, error: BaseException) -> str:
        spot = _spot(error.__traceback__)
        said = one_line(_sentence(error), _LONGEST_REASON)
        if spot is None:
            return f"{self._bundle.paths[self._bundle.entry]}: {said}"
        name, line = spot
        source = self._bundle.sources.get(name, "")
        place = at(self._bundle.paths.get(name, name), source, line)
        code = (place.text or "").strip()
        is_a_line = len(source.splitlines()) < 2 and (
            isinstance(self, _Inline) or is_inserted(name)
        )
        where = place.file if is_a_line or place.line is None else f"{place.file}:{place.line}"
        return f"{where}: {said}" + (f", in: {one_line(code, _LONGEST_CODE)}" if code else "")


class _Inline(Template):
    """One that stands in the campaign file: a line number says nothing where there is one line."""


class LineTemplate:
    """A template of one line in the campaign file. `what` names it in errors: `subject`."""

    def __init__(self, what: str, source: str) -> None:
        self.what, self.source = what, source
        self.fixed: str | None = None if is_template(source) else source
        self.names: frozenset[str] = frozenset()  # what it looks up
        self.is_by_chance = False  # whether it may give something else the next time
        self._template, self._filled = None, None
        if self.fixed is None:
            self._template = _Inline(one_line_bundle(what, source))
            tree = environment().parse(source)
            self.names, self._filled = read_names(tree), _text_with_names(tree)
            self.is_by_chance = is_by_chance(tree)

    def render(self, variables: dict[str, object]) -> str:
        """Raises Failed."""
        if self._template is None:
            return self.fixed or ""
        if self._filled is not None:
            text, names = self._filled
            values = tuple(map(variables.get, names))
            if _TEXTS.issuperset(map(type, values)):
                return text % values
        return "".join(self._template.pieces(variables))


def _text_with_names(tree: nodes.Template) -> tuple[str, list[str]] | None:
    """A template that is nothing but text and names, as most of one line are, for `%`: it need not be
    rendered where they are texts. None for another."""
    text, names = "", []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                text += node.data.replace("%", "%%")
            elif isinstance(node, nodes.Name) and node.name not in _NOT_FROM_OUTSIDE:
                text += "%s"
                names.append(node.name)
            else:
                return None
    return text, names


def with_globals(variables: Mapping[str, object]) -> dict[str, object]:
    """Variables with what Jinja gives to every template, `range` and the like."""
    return {**environment().globals, **variables}


def one_line_bundle(what: str, source: str) -> Bundle:
    return Bundle(what, {what: source}, {what: what})


def _spot(traceback: TracebackType | None) -> tuple[str, int] | None:
    """The innermost template and line that a traceback passes."""
    found = None
    while traceback is not None:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, jinja2.Template) and template.name is not None:
            found = template.name, template.get_corresponding_lineno(traceback.tb_lineno)
        traceback = traceback.tb_next
    return found


def _sentence(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "includes or macros go on without end"
    if isinstance(error, MemoryError):
        return "takes more memory than there is"
    said = str(error)
    if isinstance(error, jinja2.TemplateError):
        return said or type(error).__name__
    kind = type(error).__name__
    return f"{said} ({kind})" if said else kind


def says(bundle: Bundle | None, name: str) -> bool:
    """Whether one of its sources uses this name."""
    return bundle is not None and any(name in names_in(one) for one in bundle.sources.values())
