"""The two bodies of a letter in Markdown: rendered for one recipient, step by step.

Its template is rendered, what it says is made HTML and put into the layout, and made text, with the footer
below it. `planned` does the same for each way through the templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import jinja2
from markupsafe import Markup

from sendbatch.message.content import Content
from sendbatch.message.headers import one_line
from sendbatch.message.markdown.elements import Element, elements
from sendbatch.message.markdown.language import markdown_environment
from sendbatch.message.markdown.text import text_of_markdown
from sendbatch.message.markdown.writing import html_of
from sendbatch.message.templates import Failed, LineTemplate, Template, says

CONTENT, SUBJECT = "content", "subject"  # what a layout can say besides all that templates can
_ABOVE_FOOTER = "\n-- \n"


class MarkdownTemplate(Template):
    """One whose text is Markdown, with the values carried in it."""

    @cached_property
    def _template(self) -> jinja2.Template:
        env = markdown_environment(jinja2.DictLoader(self._bundle.sources))
        return env.get_template(self._bundle.entry)


class MarkdownBody:
    """Of one content that has Markdown."""

    def __init__(self, content: Content) -> None:
        assert content.markdown is not None
        assert content.layout is not None
        self._source = MarkdownTemplate(content.markdown)
        self._layout = Template(content.layout, autoescape=True)
        self._footer = Template(content.footer) if content.footer is not None else None
        self._subject = LineTemplate(content.subject_called, content.subject)
        self.shows_subject = shows_subject(content)
        self._widths = {
            f"cid:{one.cid}": one.width for one in content.pictures if one.width is not None
        }

    def elements(self, variables: dict[str, object]) -> list[Element]:
        """What it says to one recipient. Raises Failed."""
        return self.read("".join(self.pieces(variables)))

    def pieces(self, variables: dict[str, object]) -> list[str]:
        """The Markdown for one recipient, with the values carried in it. Raises Failed."""
        return self._source.pieces(variables)

    def read(self, rendered: str) -> list[Element]:
        """What the rendered template says. Raises Failed."""
        return elements(rendered, self._widths)

    def html(self, found: list[Element], variables: dict[str, object]) -> list[str]:
        """The layout with it, as pieces. Raises Failed."""
        html = Markup(html_of(found))  # noqa: S704 - what is a value in it is escaped
        around: dict[str, object] = {CONTENT: html, SUBJECT: ""}
        if self.shows_subject:
            around[SUBJECT] = self.subject(variables)
        return self._layout.pieces({**variables, **around})

    def subject(self, variables: Mapping[str, object]) -> str:
        """The line of the subject. Raises Failed."""
        return one_line(self._subject.render(dict(variables)))

    def text(self, found: list[Element], variables: dict[str, object]) -> str:
        """Raises Failed."""
        text = text_of_markdown(found)
        if not text.strip():
            raise Failed("templates.markdown: no text is left")
        return text + below(self._footer, variables)


def below(footer: Template | None, variables: dict[str, object]) -> str:
    """The footer as it stands below a text; nothing where it says nothing. Raises Failed."""
    return with_rule("".join(footer.pieces(variables)) if footer is not None else "")


def with_rule(footer: str) -> str:
    return f"{_ABOVE_FOOTER}{footer.strip()}\n" if footer.strip() else ""


def shows_subject(content: Content) -> bool:
    """Whether the layout says the subject."""
    return says(content.layout, SUBJECT)
