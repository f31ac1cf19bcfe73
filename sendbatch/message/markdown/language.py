"""The environment of Markdown templates: what they write is Markdown, and a value in it a word.

Jinja escapes for HTML what is no `Markup`. Here it is `Source` that a block that was kept, a macro, and
`|safe` give; all else is carried through Markdown, whatever filters and joins it went through.
"""

from __future__ import annotations

from typing import Any

import jinja2
from jinja2.runtime import Macro
from jinja2.sandbox import SandboxedEnvironment

from sendbatch.campaign.language.bounded import Unfolded
from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.language.prose import harmless, without_angles
from sendbatch.message.markdown.carried import Source, as_typed, carried, without_html


def markdown_environment(loader: jinja2.BaseLoader | None = None) -> SandboxedEnvironment:
    """As `environment`, for templates of Markdown."""
    env = environment(loader, autoescape=True)
    env.finalize = carried
    env.code_generator_class = _Generator
    env.filters["safe"] = Source
    env.filters["markdown"] = _harmless
    env.globals["_of_markdown"] = _OF_MARKDOWN
    return env


def _harmless(value: object) -> Source:
    """Markdown out of a cell among the author's. Its HTML is text wherever it comes to stand, even where what
    is around makes something else of it."""
    typed = as_typed(value) if isinstance(value, str) else value
    return without_html(without_angles(harmless(typed)))


class _Generator(Unfolded):
    def write_commons(self) -> None:
        """Also what the code of a template makes of its blocks, macros and joins."""
        super().write_commons()
        self.writeline('Markup, Macro, markup_join = environment.globals["_of_markdown"]')


class _Macro(Macro):
    def _invoke(self, arguments: list[Any], autoescape: bool) -> str:
        written = super()._invoke(arguments, autoescape)
        return Source(written) if autoescape else written


def _joined(values: Any) -> str:
    """`~`: text, unless anything in it is more."""
    found = [value if hasattr(value, "__html__") else str(value) for value in values]
    if any(hasattr(value, "__html__") for value in found):
        return Source("").join(found)
    return "".join(found)


_OF_MARKDOWN = (Source, _Macro, _joined)
