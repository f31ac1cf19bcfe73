"""A letter of images alone, from which no text can be made: found once, before any row is built.

A template is judged by what it could say at most, so that nothing is refused that has words for somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sendbatch.campaign.language.environment import environment
from sendbatch.errors import Place
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Bundle, Content
from sendbatch.message.insertions import authored
from sendbatch.message.markdown.elements import elements
from sendbatch.message.markdown.writing import html_of
from sendbatch.message.markup import attributes_of, tokens
from sendbatch.message.plaintext.page import tidy
from sendbatch.message.plaintext.reader import ALT_OR_TEXT, text_from_html
from sendbatch.message.source import at_offset
from sendbatch.message.templates import Failed

_VALUE = "x"  # whatever a value will be, it could be a word
_IMAGE = re.compile(r"<img\b", re.IGNORECASE)
_IN_MARKDOWN = re.compile(r"<img\b|!\[", re.IGNORECASE)
_MARKDOWN_HINT = "say in ![…](…) what an image shows, or name a template in templates.text"
_ADDRESS = re.compile(r"<[^\s<>]+>")
_LABELS = ("alt", "aria-label", "title")


def wordless(html: Bundle) -> Finding | None:
    """An error where the text part would be empty for everybody, a warning where it would hold no
    more than the addresses of links."""
    html = authored(html)
    bodies = [_with_values(source) for source in html.sources.values()]
    whole, has_tags = "".join(body for body, _ in bodies), any(tags for _, tags in bodies)
    says, links = _at_most(whole) if has_tags else _exactly(bodies[0][0])
    return None if says else _found(html, _IMAGE, ALT_OR_TEXT, links=links)


def wordless_markdown(markdown: Bundle) -> Finding | None:
    """The same of Markdown; what is around it has words of its own, and does not count."""
    markdown = authored(markdown)
    bodies = [_with_values(source) for source in markdown.sources.values()]
    try:
        html = html_of(elements("\n\n".join(body for body, _ in bodies)))
    except Failed:  # for another reason, which is told
        return None
    says, links = _at_most(html) if any(tags for _, tags in bodies) else _exactly(html)
    return None if says else _found(markdown, _IN_MARKDOWN, _MARKDOWN_HINT, links=links)


def _found(bundle: Bundle, image: re.Pattern[str], hint: str, *, links: bool) -> Finding:
    number = sum(len(image.findall(source)) for source in bundle.sources.values())
    images = "its image has no" if number == 1 else f"none of its {number:,} images has an"
    why = f"{images} alt text" if number else "it has no words"
    place = _place(bundle, image)
    if links:
        said = f"the text part will be bare addresses: {why}"
        return Rule.BARE_TEXT_PART.finding(said, place, hint)
    return Rule.NO_TEXT_PART.finding(f"no text part can be made from it: {why}", place, hint)


def bare_text_part(content: Content) -> Iterator[Finding]:
    """The warning, of a content that was read: what is an error was refused then."""
    if content.text is not None:
        return
    if content.html is not None and (found := wordless(content.html)) is not None:
        yield found
    if content.markdown is not None and (found := wordless_markdown(content.markdown)) is not None:
        yield found


def _with_values(source: str) -> tuple[str, bool]:
    """The template's HTML with each value filled in, and whether tags choose what is shown of it."""
    pieces, has_tags = [], False
    for _, kind, text in environment().lex(source):
        if kind == "data":
            pieces.append(text)
        elif kind == "variable_begin":
            pieces.append(_VALUE)
        has_tags |= kind == "block_begin"
    return "".join(pieces), has_tags


def _exactly(html: str) -> tuple[bool, bool]:
    """Whether words, and whether addresses, come of it."""
    text = text_from_html(html).strip()
    return _ADDRESS.sub("", text).strip() != "", text != ""


def _at_most(html: str) -> tuple[bool, bool]:
    """The same of all branches at once: what one of them hides may be shown by another."""
    return any(map(tidy, _texts(html))), "href" in html


def _texts(html: str) -> Iterator[str]:
    for token in tokens(html):
        if isinstance(token, str):
            yield " ".join(token.split())
        elif not token[1]:
            attributes = attributes_of(token[2])
            yield from (" ".join(attributes.get(label, "").split()) for label in _LABELS)


def _place(bundle: Bundle, image: re.Pattern[str]) -> Place:
    for name, source in bundle.sources.items():
        first = image.search(source)
        if first is not None:
            return at_offset(bundle.paths[name], source, first.start())
    return Place(bundle.paths[bundle.entry])
