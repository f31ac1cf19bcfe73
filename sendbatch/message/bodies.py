"""The bodies of one content, compiled: from a recipient's values to the text and the HTML.

There are two paths. A template that is planned (`ways`) gives a body encoded, as constants and values that
are joined. What turns Markdown into HTML and what moves styles into tags has its place there: it depends on a
template's structure, and seldom on a value.

The plain path works on the whole of a body, step by step: the template is rendered; a proof's links are made
to lead nowhere; pictures that only this recipient is shown are found; the text is made from the
HTML where its author wrote none. It is taken wherever one of these steps depends on what a row holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from sendbatch.message.attachments import Unavailable
from sendbatch.message.content import Bundle, Content
from sendbatch.message.parts import Inline
from sendbatch.message.pictures.own import OwnPictures
from sendbatch.message.plaintext.reader import ALT_OR_TEXT, text_from_html
from sendbatch.message.quoted import text_part
from sendbatch.message.styles.inlining import inlined
from sendbatch.message.styles.of_ways import inlined_way
from sendbatch.message.templates import Failed, Template, with_globals
from sendbatch.message.unsubscribing import Spellings, without_links
from sendbatch.message.ways.body import PlannedBody

if TYPE_CHECKING:  # some 10 ms of each process, for those alone who have Markdown
    from sendbatch.message.markdown.body import MarkdownBody
    from sendbatch.message.markdown.elements import Element
    from sendbatch.message.markdown.planned import MarkdownText


class Rendered(NamedTuple):
    """Both bodies, as pieces to be joined, the pictures that only this recipient is shown, and what the
    templates gave, as `Parts` has it."""

    text: Sequence[str]
    html: Sequence[str] | None
    pictures: Sequence[Inline] = ()
    written_text: Sequence[str] = ()
    written_html: Sequence[str] = ()


NO_BODIES = Rendered((), None)  # where they are encoded already


class Bodies:
    """`columns` are those of the plan: a picture that one of them decides is looked for in each message.
    What they keep has one of so many `shares` of the room that there is."""

    def __init__(self, content: Content, columns: Sequence[str], shares: int = 1) -> None:
        self._content, self._columns, self._shares = content, columns, shares
        self._html = _template(content.html, autoescape=True)
        self._text = _template(content.text, autoescape=False)
        self._markdown = _markdown(content)
        self._pictures = OwnPictures(content, columns)
        self.have_own_pictures = self._pictures.are_files

    @property
    def is_planned(self) -> bool:
        """Whether `encoded` can give anything."""
        return bool(self._planned) and all(body.is_planned for body in self._planned)

    def encoded(self, cells: tuple[str, ...], *, patiently: bool = False) -> list[bytes] | None:
        """The text and the HTML, if there is one, each as its whole MIME part; it ends with CRLF, and no line
        of it begins with a dot. None where they are to be had by the plain path alone; `patiently` a text is
        read anew from its Markdown. Raises nothing."""
        parts: list[bytes] = []
        for body in self._planned:
            part = body.part(cells)
            if part is None and patiently and not parts and self._text is None:
                part = self._text_of(cells)
            if part is None:
                return None
            parts.append(part)
        return parts or None

    def _text_of(self, cells: tuple[str, ...]) -> bytes | None:
        """The text made of the Markdown for one recipient; the HTML beside it may be planned all the same."""
        assert self._markdown is not None
        variables = {**self._constants, **dict(zip(self._columns, cells, strict=True))}
        try:
            text = self._markdown.text(self._markdown.elements(variables), variables)
        except (Failed, UnicodeEncodeError, MemoryError):
            return None
        return b"".join(text_part("plain", text.splitlines(keepends=True)))

    @cached_property
    def _constants(self) -> dict[str, object]:
        return with_globals(self._content.variables)

    @cached_property
    def _planned(self) -> list[PlannedBody | MarkdownText]:
        content = self._content
        # A text that is made from the HTML needs all of it, and so does a look for pictures in it.
        is_made = content.text is None and content.markdown is None
        if is_made or self._pictures.are_computed:
            return []
        constants = self._constants
        transform = inlined_way if content.inlines_css else None
        planned: list[PlannedBody | MarkdownText] = []
        if content.text is not None:
            planned.append(PlannedBody("plain", content.text, self._columns, constants))
        if content.markdown is not None:
            from sendbatch.message.markdown.planned import MarkdownHtml, MarkdownText

            if content.text is None:
                planned.append(MarkdownText(content, self._columns, constants))
            planned.append(MarkdownHtml(content, self._columns, constants, transform))
        if content.html is not None:
            planned.append(PlannedBody("html", content.html, self._columns, constants, transform))
        for body in planned:
            body.shares = self._shares
        return planned

    def rendered(self, variables: dict[str, object], to_disarm: Spellings = ()) -> Rendered:
        """`to_disarm` are the links of a proof that must lead nowhere. Raises Failed."""
        found: list[Element] = []
        written_text: Sequence[str] = ()
        if self._markdown is not None:
            written_text = self._markdown.pieces(variables)
            found = self._markdown.read("".join(written_text))
            html: list[str] | None = self._markdown.html(found, variables)
        else:
            html = self._html.pieces(variables) if self._html is not None else None
        written_html = html if self._markdown is None and html is not None else ()
        if html is not None and to_disarm:
            html = _disarmed(html, to_disarm)
        pictures: Sequence[Inline] = ()
        if html is not None and self._pictures.are_computed:
            document, pictures = self._pictures.put_into("".join(html))
            html = [document]
        if self._text is None and self._markdown is not None:
            text = self._markdown.text(found, variables).splitlines(keepends=True)
            text = _disarmed(text, to_disarm) if to_disarm else text
        elif self._text is None:
            text = text_from_html("".join(html or ())).splitlines(keepends=True)
        else:
            text = written_text = self._text.pieces(variables)
            text = _disarmed(text, to_disarm) if to_disarm else text
        if not any(map(str.strip, text)):
            if self._text is None:
                raise Failed(f"templates.html: no text is left; {ALT_OR_TEXT}")
            raise Failed("templates.text: no text is left")
        if html is not None and self._content.inlines_css:
            html = inlined("".join(html)).splitlines(keepends=True)
        return Rendered(text, html, pictures, written_text, written_html)

    def survey(self, variables: dict[str, object]) -> tuple[str, int, Unavailable | None]:
        """The HTML with its pictures where they lie, and what those are that only this recipient is shown, as
        `OwnPictures.survey` has it. What cannot be rendered shows none."""
        html: Sequence[str] = ()
        try:
            if self._markdown is not None:
                html = self._markdown.html(self._markdown.elements(variables), variables)
            elif self._html is not None:
                html = self._html.pieces(variables)
        except Failed:
            return "", 0, None
        document = "".join(html)
        return document, *self._pictures.survey(document)


def _markdown(content: Content) -> MarkdownBody | None:
    if content.markdown is None:
        return None
    from sendbatch.message.markdown.body import MarkdownBody

    return MarkdownBody(content)


def _template(bundle: Bundle | None, *, autoescape: bool) -> Template | None:
    return None if bundle is None else Template(bundle, autoescape=autoescape)


def _disarmed(pieces: Sequence[str], to_disarm: Spellings) -> list[str]:
    return without_links("".join(pieces), to_disarm).splitlines(keepends=True)
