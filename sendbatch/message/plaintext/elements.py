"""What HTML's elements mean for text: which begin a line, which are unseen, which end by themselves."""

from __future__ import annotations

import re

from sendbatch.message.markup import attributes_of


def _names(written: str) -> frozenset[str]:
    return frozenset(written.split())


# How far a block stands from the one above it: on the next line, or below an empty one.
_LINES = _names(
    "address article aside body caption center dd details dialog div dt fieldset figcaption footer form "
    "header hgroup html legend li main nav option section summary"
)
_PARAGRAPHS = _names(
    "blockquote dl figure h1 h2 h3 h4 h5 h6 p pre table tbody td tfoot th thead tr"
)
GAPS = dict.fromkeys(_LINES, 1) | dict.fromkeys(_PARAGRAPHS, 2)
LISTS = _names("menu ol ul")
TABLE_PARTS = _names("caption table tbody td tfoot th thead tr")
# What no cell of data holds, and what it may hold though it is to be one line.
STRUCTURE = _names(
    "article aside blockquote dd dl footer h1 h2 h3 h4 h5 h6 header hr li main nav ol pre section ul"
)
BREAKS = _names("br center div p")
VOID = _names("area base br col embed hr img input link meta param source track wbr")
UNSEEN = _names(
    "datalist iframe noembed noframes rp script select style svg template textarea title xmp"
)
STRUCK = _names("del s strike")
# Those whose end matters. Of others, `<b>` and the like, nothing but what they hold is seen.
TRACKED = frozenset((*GAPS, *LISTS, *STRUCK, "a", "ins", "pre", "q", "rt", "sup"))

_ENDING_PARAGRAPHS = (
    "address article aside blockquote center details div dl fieldset figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr main menu nav ol p pre section table ul"
)
# What a start tag ends that nobody closed, and the elements that it does not look beyond.
IMPLIED_ENDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    name: (_names(ended), _names(bounds))
    for names, ended, bounds in (
        (_ENDING_PARAGRAPHS, "p", "a table td th caption button"),  # a link goes on in the next block
        ("li", "li", "ul ol menu table td th"),
        ("dt dd", "dt dd", "dl table td th"),
        ("td th", "td th", "table"),
        ("tr", "tr td th", "table"),
        ("tbody thead tfoot", "tbody thead tfoot tr td th", "table"),
        ("a", "a", "table td th"),
    )
    for name in _names(names)
}

_LIST_MARK = re.compile(r"(?:^|;)\s*mso-list\s*:\s*ignore\b", re.IGNORECASE)
_KEEPS_LINES = re.compile(r"(?:^|;)\s*white-space\s*:\s*(?:pre\b|break-spaces)", re.IGNORECASE)


_LINE_THROUGH = re.compile(
    r"(?:^|;)\s*text-decoration(?:-line)?\s*:[^;]*\bline-through\b", re.IGNORECASE
)


def is_struck(name: str, written: str) -> bool:
    """Whether a line goes through the words in it."""
    if name in STRUCK:
        return True
    return "line-through" in written and bool(
        _LINE_THROUGH.search(attributes_of(written).get("style", ""))
    )


def keeps_lines(written: str) -> bool:
    """Whether line breaks in the source are line breaks to the reader."""
    return "white-space" in written and bool(
        _KEEPS_LINES.search(attributes_of(written).get("style", ""))
    )


def is_list_mark(written: str) -> bool:
    """Whether it holds the sign or the number before an item, as Word writes lists."""
    return _LIST_MARK.search(attributes_of(written).get("style", "")) is not None
