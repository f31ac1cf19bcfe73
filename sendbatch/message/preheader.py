"""The preheader: the line that a list of mails shows beside the subject, hidden at the start of the mail.

Programs take it from the first words of the HTML. So it stands first in the body, in an element that is not
shown, and is followed by characters that have a width and no shape, so many that no list comes to what is
behind them. It is put in when templates are read; nothing later knows of it but the text part, which leaves
out what is hidden.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace

from sendbatch.campaign.language.environment import environment, parsed
from sendbatch.message.content import Bundle
from sendbatch.message.insertions import inserted, put_in
from sendbatch.message.markup import tags, tokens
from sendbatch.message.plaintext.elements import VOID
from sendbatch.message.plaintext.hiding import hidden_by_sheets, is_hidden
from sendbatch.message.source import constants, references

# Each program heeds some of these alone: Outlook for Windows `mso-hide`, older ones those on size.
_HIDDEN = (
    "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;"
    "mso-hide:all"
)
# A joiner without a shape, one that parts, a blank that is kept: programs drop blanks alone.
_PADDING = "&#847;&zwnj;&nbsp;" * 110
SHAPELESS = str.maketrans("", "", "\u034f\u200c\u200b\u00ad\ufeff\u2007\u2060")
_HEADS = frozenset({"html", "head", "title", "meta", "link", "base"})  # no body begins before these end
_WHAT, _AROUND = "preheader", "preheader in its element"


def with_preheader(bundle: Bundle, written: str) -> Bundle:
    """The HTML with a preheader, a template of one line, behind each tag that begins a body; where there is
    none, before all that is shown."""
    sources = dict(bundle.sources)
    for name, offset in reversed([*beginnings(bundle)]):
        source = sources[name]
        behind = slice(max(offset - 1, 0), offset)
        in_raw = constants(source, raw=False)[behind] != constants(source)[behind]
        sources[name] = put_in(source, offset, _AROUND, in_raw=in_raw)
    sources[inserted(_WHAT)] = _escaped(written)
    sources[inserted(_AROUND)] = (
        f'<div style="{_HIDDEN}">{{% include "\\x00{_WHAT}" %}}{_PADDING}</div>'
    )
    paths = {**bundle.paths, inserted(_WHAT): _WHAT, inserted(_AROUND): _WHAT}
    return replace(bundle, sources=sources, paths=paths)


def beginnings(bundle: Bundle) -> Iterator[tuple[str, int]]:
    """(template, offset) of each place where what is shown may begin."""
    found = [(name, end) for name, source in bundle.sources.items() for end in _behind_body(source)]
    yield from found or ((name, _start(bundle.sources[name])) for name in _outermost(bundle))


def shown_in_a_list(document: str) -> str:
    """What a list of mails shows of an HTML that hides a preheader at its start; "" where it has none."""
    hidden, depth = "", 0
    by_sheets = hidden_by_sheets(document)
    for token in tokens(document):
        if isinstance(token, str):
            words = " ".join(token.translate(SHAPELESS).split())
            if depth:
                hidden += f" {words}" if words else ""
            elif words:
                break
        elif depth and token[0] not in VOID:
            depth += -1 if token[1] else 1
            if not depth and hidden:
                break
        elif not token[1] and token[0] not in VOID and is_hidden(token[0], token[2], by_sheets):
            depth = 1
    return hidden.strip()


def _behind_body(source: str) -> Iterator[int]:
    return (tag.end for tag in tags(constants(source)) if tag.name == "body" and not tag.is_end)


def _start(source: str) -> int:
    """Behind the head, where there is one."""
    return max((tag.end for tag in tags(constants(source)) if tag.name in _HEADS), default=0)


def _outermost(bundle: Bundle) -> list[str]:
    """The templates that begin what is rendered: the first, or those that it extends in the end."""
    found, waiting = [], [bundle.entry]
    met = set(waiting)
    while waiting:
        name = waiting.pop()
        extended = [
            other
            for reference in references(parsed(bundle.sources[name]))
            for other in reference.names
            if reference.word == "extends" and other in bundle.sources
        ]
        if not extended:
            found.append(name)
        waiting += [other for other in extended if other not in met]
        met |= {*extended}
    return found


def _escaped(written: str) -> str:
    """What stands around its tags is text, not HTML."""
    return "".join(
        html.escape(text, quote=False) if kind == "data" else text
        for _, kind, text in environment().lex(written)
    )
