"""What stands around Markdown where its author names no layout: in HTML, and behind the text."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from sendbatch.message.content import Bundle

# Outlook for Windows shows a picture as wide as it is where its tag does not say how wide, whatever the style
# sheets say: a wider one breaks the column.
COLUMN = 510  # px for the text, of the layout that is built in
USUAL_COLUMN = 600  # px, of those that others have: they do not say

# What a campaign may say in them, as docs/reference.md has it; each has a default or may be left out.
WORDS = frozenset({"lang", "footer_reason", "footer_address", "footer_unsubscribe"})

_DEFAULT = "the default layout"  # as findings name it
_LANGUAGE = 'lang|default("en", true)'  # as the layout asks for it
_LINK = "{% if unsubscribe_url is defined %}Unsubscribe: {{ unsubscribe_url }}{% endif %}"
# Behind the text where the layout is the author's own, whose words are not known.
LINK_BELOW = Bundle("footer.txt", {"footer.txt": _LINK}, {"footer.txt": "the text's footer"})


def default_layout(language: str | None = None) -> Bundle:
    """Where its `language` is known, as `de` or `pt-BR`, whatever a row says of one: the mail is written in
    it."""
    layout = _own("default.html", _DEFAULT)
    if language is None:
        return layout
    source = layout.sources[layout.entry].replace(_LANGUAGE, f'"{language}"')
    return replace(layout, sources={layout.entry: source})


def is_default(bundle: Bundle) -> bool:
    """Whether it is this layout, with whatever was put into it."""
    return bundle.paths[bundle.entry] == _DEFAULT


def default_footer() -> Bundle:
    return _own("footer.txt", "the default layout's text footer")


@lru_cache
def _own(name: str, shown: str) -> Bundle:
    source = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return Bundle(name, {name: source}, {name: shown})
