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
from sendbatch.message.markup import attributes_of, tokens
from sendbatch.message.plaintext.page import tidy
from sendbatch.message.plaintext.reader import ALT_OR_TEXT, text_from_html
from sendbatch.message.source import at_offset

_VALUE = "x"  # whatever a value will be, it could be a word
_IMAGE = re.compile(r"<img\b", re.IGNORECASE)
_ADDRESS = re.compile(r"<\S+>")
_LABELS = ("alt", "aria-label", "title")


def wordless(html: Bundle) -> Finding | None:
    """An error where the text part would be empty for everybody, a warning where it would hold no
    more than the addresses of links."""
    html = authored(html)
    bodies = [_with_values(source) for source in html.sources.values()]
    if any(has_tags for _, has_tags in bodies):
        says, links = _at_most("".join(body for body, _ in bodies))
    else:
        says, links = _exactly(bodies[0][0])
    if says:
        return None
    number = sum(len(_IMAGE.findall(source)) for source in html.sources.values())
    images = "its image has no" if number == 1 else f"none of its {number:,} images has an"
    why = f"{images} alt text" if number else "it has no words"
    if links:
        said = f"the text part will be bare addresses: {why}"
        return Rule.BARE_TEXT_PART.finding(said, _place(html), ALT_OR_TEXT)
    return Rule.NO_TEXT_PART.finding(
        f"no text part can be made from it: {why}", _place(html), ALT_OR_TEXT
    )


def bare_text_part(content: Content) -> Iterator[Finding]:
    """The warning, of a content that was read: what is an error was refused then."""
    found = wordless(content.html) if content.html is not None and content.text is None else None
    if found is not None:
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


def _place(html: Bundle) -> Place:
    for name, source in html.sources.items():
        image = _IMAGE.search(source)
        if image is not None:
            return at_offset(html.paths[name], source, image.start())
    return Place(html.paths[html.entry])
