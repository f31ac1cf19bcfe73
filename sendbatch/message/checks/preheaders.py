"""Preheaders that nobody will see: with no HTML to hold them, or behind one that the HTML has itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sendbatch.campaign.model import Campaign
from sendbatch.errors import Place
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Bundle, Content
from sendbatch.message.insertions import authored
from sendbatch.message.markup import Tag, tags, tokens
from sendbatch.message.plaintext.hiding import Hidden, hidden_by_sheets, is_hidden
from sendbatch.message.preheader import SHAPELESS, beginnings
from sendbatch.message.source import BLOCK, at_offset, constants

_NAMED = re.compile(r"pre-?header|preview", re.IGNORECASE)  # the class of one, by custom


def doubtful_preheader(content: Content, campaign: Campaign) -> Iterator[Finding]:
    """A warning where the one declared is shown by no list of mails."""
    if content.preheader is None:
        return
    place = campaign.places.get("preheader")
    body = content.html or content.layout
    if body is None:
        said = "preheader: there is no HTML to hold it; a list of mails shows how the text begins"
        yield Rule.UNSEEN_PREHEADER.finding(said, place, "take it away, or add an HTML template")
        return
    own = _own(authored(body))
    if own is not None:
        said = f"preheader: the HTML has one of its own ({own.file}:{own.line}); a list of mails shows both"
        yield Rule.SECOND_PREHEADER.finding(said, place, "take one of them away")


def _own(html: Bundle) -> Place | None:
    """Where the HTML begins with words that are hidden."""
    for name, offset in beginnings(html):
        source = html.sources[name]
        start = _hidden_words(constants(source), offset)
        if start is not None:
            return at_offset(html.paths[name], source, start)
    return None


def _hidden_words(document: str, offset: int) -> int | None:
    behind = (tag for tag in tags(document) if tag.start >= offset)
    by_sheets = hidden_by_sheets(document)
    for tag in behind:
        if _says(document[offset : tag.start]):
            return None
        offset = tag.end
        if not tag.is_end and _is_preheader(document, tag, by_sheets):
            end = next((one for one in behind if one.is_end and one.name == tag.name), None)
            if end is None or _says(document[tag.end : end.start]):
                return tag.start
            offset = end.end
    return None


def _is_preheader(document: str, tag: Tag, by_sheets: Hidden) -> bool:
    names = f"{tag.attributes.get('class', '')} {tag.attributes.get('id', '')}"
    return _NAMED.search(names) is not None or is_hidden(
        tag.name, document[tag.named : tag.end - 1], by_sheets
    )


def _says(document: str) -> bool:
    words = (token for token in tokens(document) if isinstance(token, str))
    return any(word.translate(SHAPELESS).strip(f"{BLOCK} \t\r\n\xa0") for word in words)
