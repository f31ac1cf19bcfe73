"""The bodies of one content, compiled: from a recipient's values to the text and the HTML.

Each step has its place here, and works on the whole of a body: the template is rendered; a proof's links are
made to lead nowhere; what the HTML shows is held against what a reader can have; the text is made from the
HTML where its author wrote none. What turns one language into another (Markdown, MJML) and what moves styles
into tags comes right behind the rendering: it depends on a template's structure, and seldom on a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sendbatch.message.checks.pictures import Pictures
from sendbatch.message.content import Bundle, Content
from sendbatch.message.plaintext.reader import ALT_OR_TEXT, text_from_html
from sendbatch.message.quoted import text_part
from sendbatch.message.templates import Failed, Template, with_globals
from sendbatch.message.unsubscribing import Spellings, without_links


class Rendered(NamedTuple):
    """Both bodies, as pieces to be joined."""

    text: Sequence[str]
    html: Sequence[str] | None


NO_BODIES = Rendered((), None)  # where they are encoded already


class Bodies:
    """`columns` are those of the plan: a picture that one of them decides is looked for in each message."""

    def __init__(self, content: Content, columns: Sequence[str]) -> None:
        self._html = _template(content.html, autoescape=True)
        self._text = _template(content.text, autoescape=False)
        self._pictures = Pictures(content, columns)
        self._constants, self._columns = with_globals(content.variables), columns

    def rendered(self, variables: dict[str, object], to_disarm: Spellings = ()) -> Rendered:
        """`to_disarm` are the links of a proof that must lead nowhere. Raises Failed."""
        html = self._html.pieces(variables) if self._html is not None else None
        if html is not None and to_disarm:
            html = _disarmed(html, to_disarm)
        if html is not None and self._pictures.are_computed:
            self._pictures.hold("".join(html))
        if self._text is None:
            text = text_from_html("".join(html or ())).splitlines(keepends=True)
        else:
            text = self._text.pieces(variables)
            text = _disarmed(text, to_disarm) if to_disarm else text
        if not any(map(str.strip, text)):
            if self._text is None:
                raise Failed(f"templates.html: no text is left; {ALT_OR_TEXT}")
            raise Failed("templates.text: no text is left")
        return Rendered(text, html)


    @property
    def is_planned(self) -> bool:
        """Whether `encoded` can give anything."""
        return self._text is not None and not self._pictures.are_computed

    def encoded(self, cells: Sequence[str]) -> list[bytes] | None:
        """The text's MIME part, then that of the HTML if there is one. None where they cannot be planned."""
        try:
            text, html = self.rendered({**self._constants, **dict(zip(self._columns, cells, strict=True))})
            found = [b"".join(text_part("plain", text))]
            return found if html is None else [*found, b"".join(text_part("html", html))]
        except (Failed, UnicodeError, MemoryError):
            return None


def _template(bundle: Bundle | None, *, autoescape: bool) -> Template | None:
    return None if bundle is None else Template(bundle, autoescape=autoescape)


def _disarmed(pieces: Sequence[str], to_disarm: Spellings) -> list[str]:
    return without_links("".join(pieces), to_disarm).splitlines(keepends=True)
