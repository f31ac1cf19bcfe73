"""Whether a text is a template, or an expression, that can be compiled."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import jinja2
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from sendbatch.campaign.language.arguments import wrong_arguments
from sendbatch.campaign.language.bounded import undeclared
from sendbatch.campaign.language.environment import (
    FAILURES,
    environment,
    expression_tree,
    is_template,
    needed,
)
from sendbatch.campaign.language.slips import offset_of, side_by_side, slip
from sendbatch.campaign.language.spellings import unknown_words
from sendbatch.campaign.written.parsing import Wrong

_TAGS = re.compile(r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)|\{#.*?(?:#\}|\Z)", re.DOTALL)

_BRACED = re.compile(
    r"\{\{-?(?P<printed>[^{}]{1,200}?)-?\}\}|\{%-?\s*if\b(?P<asked>[^{}]{1,200}?)-?%\}[^{}]*(?:\{%[^{}]*%\}[^{}]*)?"
)


def literal(text: str) -> str:
    """What a template says by itself, its tags taken out."""
    return _TAGS.sub("", text)


def check_template(text: str) -> None:
    """Raises Wrong when the text is not a template that can be compiled."""
    if is_template(text):
        env = environment()
        _checked(env, text, lambda: env.parse(text), lambda: env.from_string(text))


def check_expression(text: str) -> None:
    """Raises Wrong when the text is not one Jinja expression."""
    env = environment()
    if text.lstrip().startswith("{"):
        raise Wrong("an expression stands without braces", _without_braces(text))
    tree_of = partial(expression_tree, env, text)
    _checked(env, text, tree_of, lambda: env.compile_expression(text), "an expression")
    if (offset := side_by_side(env, text)) is not None:
        said = "two texts side by side are one to Jinja"
        raise Wrong(said, "a comma is missing between them, or a ~ that joins them", offset)


def _without_braces(text: str) -> str:
    found = _BRACED.fullmatch(text.strip())
    within = found and (found["printed"] or found["asked"])
    return f"write {within.strip()}" if within else "write the condition alone"


def names_in(template: str) -> tuple[str, ...]:
    """The free names of a template, those given a default too; none of what is no template."""
    try:
        return tuple(sorted(undeclared(environment().parse(template))))
    except FAILURES:
        return ()


def _checked(
    env: SandboxedEnvironment,
    text: str,
    tree_of: Callable[[], nodes.Template],
    compile_it: Callable[[], object],
    what: str = "a template",
) -> None:
    """Raises Wrong, with the place in the text where it can be known."""
    unknown: list[tuple[int, str, str, str]] = []
    try:
        tree = tree_of()
        unknown = list(unknown_words(env, tree))
        if not unknown:
            needed(tree)
            compile_it()
    except jinja2.TemplateSyntaxError as error:
        found = slip(env, text, error, expression=what != "a template")
        where = f"line {found.line}: " if found.line > 1 else ""
        said = f"not {what} as Jinja has it: {where}{found.message}"
        raise Wrong(said, found.hint, found.offset) from None
    except FAILURES as error:
        raise Wrong(f"not {what} that can be compiled: {said_by(error)}") from None
    for _, word, said, hint in unknown:
        raise Wrong(f"not {what} as Jinja has it: {said}", hint or None, offset_of(text, word))
    for _, word, said, hint in wrong_arguments(text, tree):
        raise Wrong(said, hint, offset_of(text, word))


def said_by(error: BaseException) -> str:
    """An author's error as one bounded line."""
    return (str(error) or type(error).__name__)[:300]
