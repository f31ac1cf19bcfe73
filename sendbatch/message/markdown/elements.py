"""Markdown as HTML's elements, in their order: one walk, of which both parts of a letter are made.

CommonMark with tables, footnotes and strikethrough, as the library reads it, and addresses that stand as they
are. What is found is an element's tag, a text, or HTML that the author wrote (`Raw`). Values are still
carried in all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from types import MappingProxyType
from typing import Any, TypeAlias
from urllib.parse import quote

import pyromark

from sendbatch.message.markdown.carried import BEGIN, END, among_values, as_typed
from sendbatch.message.markup import Token, attributes_of, tokens
from sendbatch.message.templates import Failed

OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_STRIKETHROUGH
)
# Of an address, what stays as it is (RFC 3986 §2.2, §2.3); what is percent-encoded already is not again.
_IN_ADDRESS = "!#$%&'()*+,-./:;=?@[]_~"
_BARE = re.compile(
    rf"(?<![^\s(*_~{END}])(?:https?://|www\.)(?:{BEGIN}[^{END}]*{END}|[^\s<>\"'{BEGIN}{END}])+",
    re.IGNORECASE,
)
_BEHIND = ".,:;!?*_~"  # ends a sentence, not an address
_RUNS = re.compile(r"(?:javascript|vbscript|data):", re.IGNORECASE)
LEADING = frozenset(("href", "src", "action", "formaction", "xlink:href"))
_NO_SCHEME = re.compile(r"[\x00-\x20\x7f-\xa0\u200b\ufeff]+")  # what programs leave out of one

Element: TypeAlias = "str | Token | Raw"


class Raw(str):
    """HTML as it is."""

    __slots__ = ()


_PLAIN = {
    "BlockQuote": "blockquote",
    "Emphasis": "em",
    "Item": "li",
    "Paragraph": "p",
    "Strikethrough": "del",
    "Strong": "strong",
    "TableRow": "tr",
}
_BUTTONS = (["strong", "a", "a", "strong"], ["a", "strong", "strong", "a"])
_ENDS_LINE = frozenset({"blockquote", "li", "p", "table", "tbody", "thead", "tr", "ul", "ol"})


def elements(source: str, widths: Mapping[str, int] = MappingProxyType({})) -> list[Element]:
    """Of Markdown with values carried in it; `widths`, in px, are what the pictures with these addresses get.
    Raises Failed where a value makes a link that would run."""
    return _Reader(source, widths).read()


def _named(event: Any) -> tuple[str, Any]:
    """What it is, and what is told of it."""
    return (event, None) if isinstance(event, str) else next(iter(event.items()))


class _Reader:
    def __init__(self, source: str, widths: Mapping[str, int]) -> None:
        self._source, self._widths = source, widths
        self._found: list[Element] = []
        self._text: list[str] = []  # what follows each other is one text
        self._links = 0
        self._images: list[tuple[Any, list[str]]] = []  # open: their texts are what they show
        self._lists: list[str] = []
        self._aligned: tuple[str, ...] = ()
        self._column = 0
        self._in_head = False
        self._notes: dict[str, int] = {}  # footnotes, by the order in which they are asked for
        self._written: dict[str, list[Element]] = {}
        self._outside: list[list[Element]] = []

    def read(self) -> list[Element]:
        for event in pyromark.events(self._source, options=OPTIONS):
            if isinstance(event, str):
                self._sign(event)
                continue
            kind, what = _named(event)
            if kind == "Text":
                self._text.append(what)
            elif self._images and kind not in ("Start", "End"):
                self._images[-1][1].append(what if kind == "Code" else "")
            else:
                getattr(self, _BY_KIND[kind])(what)
        self._flush()
        self._add_notes()
        for one in self._found:
            if isinstance(one, Raw) and BEGIN in one:
                _refuse_running(one)
        return self._found

    def _flush(self) -> None:
        if not self._text:
            return
        text = "".join(self._text)
        self._text = []
        if self._images:
            self._images[-1][1].append(text)
        elif self._links or ("://" not in text and "www." not in text.lower()):
            self._found.append(text)
        else:
            self._found += _with_links(text)

    def _sign(self, event: str) -> None:
        """A break of a line, or a rule."""
        if event == "SoftBreak":
            self._text.append("\n")
            return
        self._flush()
        if self._images:
            self._images[-1][1].append(" ")
        elif event == "HardBreak":
            self._found += [("br", False, ""), "\n"]
        elif event == "Rule":
            self._found += [("hr", False, ""), "\n"]

    def _code(self, text: str) -> None:
        self._flush()
        self._found += [("code", False, ""), text, ("code", True, "")]

    def _raw(self, html: str) -> None:
        """A tag may go over several of these, each a line."""
        self._flush()
        if self._found and isinstance(self._found[-1], Raw):
            html = self._found.pop() + html  # type: ignore[operator]
        self._found.append(Raw(html))

    def _reference(self, label: str) -> None:
        self._flush()
        number = self._notes.setdefault(label, len(self._notes) + 1)
        self._found += [("sup", False, ""), ("a", False, f' href="#fn-{number}"'), str(number)]
        self._found += [("a", True, ""), ("sup", True, "")]

    def _start(self, what: Any) -> None:
        self._flush()
        name, more = _named(what)
        if name == "Image":
            self._images.append((more, []))
        elif self._images:
            return
        elif name == "FootnoteDefinition":
            self._outside.append(self._found)
            self._found = self._written.setdefault(more, [])
        elif name == "Link":
            self._links += 1
            to = "mailto:" if more["link_type"] == "Email" else ""
            self._open("a", f' href="{to}{address(more["dest_url"])}"{_title(more["title"])}')
        elif name == "Heading":
            self._open(more["level"].lower())
        elif name == "CodeBlock":
            self._found += [("pre", False, ""), ("code", False, "")]
        elif name == "List":
            start = f' start="{more}"' if more not in (None, 1) else ""
            self._lists.append("ul" if more is None else "ol")
            self._open(self._lists[-1], start)
            self._found.append("\n")
        elif name == "Table":
            self._aligned = more
            self._open("table")
        elif name == "TableHead":
            self._in_head, self._column = True, 0
            self._found += [("thead", False, ""), ("tr", False, "")]
        elif name == "TableCell":
            self._open("th" if self._in_head else "td", self._alignment())
        elif name in _PLAIN:
            self._column = 0
            self._open(_PLAIN[name])
            if name == "BlockQuote":
                self._found.append("\n")

    def _end(self, what: Any) -> None:
        self._flush()
        name, more = _named(what)
        if name == "Image":
            self._image()
        elif self._images:
            return
        elif name == "FootnoteDefinition":
            self._found = self._outside.pop()
        elif name == "Link":
            self._links -= 1
            self._close("a")
        elif name == "Heading":
            self._close(more.lower())
            self._found.append("\n")
        elif name == "CodeBlock":
            self._found += [("code", True, ""), ("pre", True, ""), "\n"]
        elif name == "List":
            self._close(self._lists.pop())
        elif name == "Table":
            self._close("tbody")
            self._close("table")
        elif name == "TableHead":
            self._in_head = False
            self._found += [("tr", True, ""), ("thead", True, ""), "\n", ("tbody", False, ""), "\n"]
        elif name == "TableCell":
            self._close("th" if self._in_head else "td")
            self._column += 1
        elif name == "Paragraph":
            self._paragraph()
        elif name in _PLAIN:
            self._close(_PLAIN[name])

    def _paragraph(self) -> None:
        """One that is a bold link and nothing else is a button to layouts."""
        begun = max(at for at, one in enumerate(self._found) if one == ("p", False, ""))
        inside = self._found[begun + 1 :]
        tags = [one if isinstance(one, str) else one[0] for one in (*inside[:2], *inside[-2:])]
        links = sum(one == ("a", True, "") for one in inside)
        if links == 1 and tags in _BUTTONS and len(inside) >= len(tags):
            self._found[begun] = ("p", False, ' class="button"')
        self._close("p")

    def _open(self, name: str, attributes: str = "") -> None:
        self._found.append((name, False, attributes))

    def _close(self, name: str) -> None:
        self._found.append((name, True, ""))
        if name in _ENDS_LINE:
            self._found.append("\n")

    def _alignment(self) -> str:
        side = self._aligned[self._column] if self._column < len(self._aligned) else "None"
        return "" if side == "None" else f' style="text-align:{side.lower()}"'

    def _image(self) -> None:
        image, texts = self._images.pop()
        alt = escape("".join(texts))
        if self._images:
            self._images[-1][1].append("".join(texts))
            return
        source = address(image["dest_url"], is_link=False)
        width = self._widths.get(image["dest_url"])
        said = f' width="{width}"' if width is not None else ""
        self._open("img", f' src="{source}"{said} alt="{alt}"{_title(image["title"])}')

    def _add_notes(self) -> None:
        """Those that were asked for, behind all else; one may ask for another."""
        if not self._notes:
            return
        self._found += [("div", False, ' class="footnotes"'), "\n", ("hr", False, ""), "\n"]
        self._found += [("ol", False, ""), "\n"]
        for label, number in self._notes.items():
            self._found.append(("li", False, f' id="fn-{number}"'))
            self._found += self._written.get(label, [])
            self._close("li")
        self._close("ol")
        self._found += [("div", True, ""), "\n"]


_BY_KIND = {
    "Code": "_code",
    "End": "_end",
    "FootnoteReference": "_reference",
    "Html": "_raw",
    "InlineHtml": "_raw",
    "Start": "_start",
}


def _title(title: str) -> str:
    return f' title="{escape(title)}"' if title else ""


def address(written: str, *, is_link: bool = True) -> str:
    """An address as it stands in an attribute; values in it are the author's to encode. Raises Failed."""
    if is_link and runs(as_typed(written)):
        raise Failed(f"templates.markdown: a link would run what is in it: {as_typed(written)}")
    pieces = among_values(written)
    pieces[::2] = [quote(piece, safe=_IN_ADDRESS) for piece in pieces[::2]]
    return escape("".join(pieces))


def _refuse_running(html: str) -> None:
    for one in tokens(html):
        if isinstance(one, str) or BEGIN not in one[2]:
            continue
        for name, value in attributes_of(one[2]).items():
            leads = name in LEADING and (name, one[0]) != ("src", "img")
            if leads and BEGIN in value:
                address(value)


def runs(target: str) -> bool:
    """Whether an address is no place, but something that a program would run or show by itself."""
    return _RUNS.match(squeezed(target)) is not None


def squeezed(target: str) -> str:
    """An address without what programs leave out of it."""
    return _NO_SCHEME.sub("", target)


def _with_links(text: str) -> Iterator[Element]:
    """Text, its addresses made links."""
    at = 0
    for found in _BARE.finditer(text):
        bare = found[0].rstrip(_BEHIND)
        while bare.endswith(")") and bare.count("(") < bare.count(")"):
            bare = bare[:-1].rstrip(_BEHIND)
        if bare.lower() in ("www", "http", "https", "http://", "https://"):
            continue
        full = bare if "://" in bare.split(".")[0] else f"http://{bare}"
        yield text[at : found.start()]
        yield "a", False, f' href="{address(full)}"'
        yield bare
        yield "a", True, ""
        at = found.start() + len(bare)
    yield text[at:]
