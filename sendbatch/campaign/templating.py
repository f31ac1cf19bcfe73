"""Templates that stand in the campaign file itself: their syntax, and the edition's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import jinja2

from sendbatch.campaign.editions import rendered, said
from sendbatch.campaign.language import FAILURES, environment, expression_names, guess, names_needed
from sendbatch.campaign.model import Json
from sendbatch.campaign.parsing import Wrong

RUN_ID = "[A-Za-z0-9][A-Za-z0-9._-]*"
LONGEST_RUN_ID = 100
_TAGS = re.compile(r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)|\{#.*?(?:#\}|\Z)", re.DOTALL)


def is_template(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text


def literal(text: str) -> str:
    """What a template says by itself, its tags taken out."""
    return _TAGS.sub("", text)


def check_template(text: str) -> None:
    """Raises Wrong when the text is not a template that can be compiled."""
    if is_template(text):
        env = environment()
        _checked(lambda: (names_needed(env, text), env.from_string(text)), "a template")


def check_expression(text: str) -> None:
    """Raises Wrong when the text is not one Jinja expression."""
    env = environment()
    if text.lstrip().startswith("{"):
        raise Wrong("an expression stands without braces", 'write plan != "free"')
    _checked(lambda: (expression_names(env, text), env.compile_expression(text)), "an expression")


def render_run(text: str, variables: Mapping[str, Json]) -> str:
    """The edition that `run:` stands for. Raises Wrong, also where it cannot be a folder's name."""
    env = environment()
    check_template(text)
    for use in names_needed(env, text):
        if use.name not in variables:
            near = guess(use.name, variables)
            hint = (
                f"did you mean {near}?"
                if near
                else f"set it under variables:, or --set {use.name}=…"
            )
            raise Wrong(f"{use.name} is not one of the variables", hint)
    run = rendered(text, variables).strip()
    check_run(run)
    return run


def check_run(run: str) -> None:
    """Raises Wrong unless it is "" or can be part of a folder's name."""
    if run and (not re.fullmatch(RUN_ID, run) or len(run) > LONGEST_RUN_ID):
        shown = run if len(run) <= LONGEST_RUN_ID else run[:LONGEST_RUN_ID] + "…"
        hint = "letters, digits, dots, hyphens and underscores: 2026-12"
        raise Wrong(f"not the name of an edition: {shown}", hint)


def _checked(compile_it: Callable[[], object], what: str) -> None:
    try:
        compile_it()
    except jinja2.TemplateSyntaxError as error:
        where = f"line {error.lineno}: " if (error.lineno or 1) > 1 else ""
        raise Wrong(f"not {what} as Jinja has it: {where}{error.message}") from None
    except FAILURES as error:
        raise Wrong(f"not {what} that can be compiled: {said(error)}") from None
