"""From a file's bytes to YAML nodes: PyYAML's composer without its freedoms.

Refused is what makes a file say other things than it seems to say: anchors, aliases, tags, several
documents, bytes that are not UTF-8; and what is no file of ours: too large, too deep.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yaml import YAMLError
from yaml.composer import Composer
from yaml.error import Mark, MarkedYAMLError
from yaml.events import AliasEvent, StreamEndEvent
from yaml.nodes import MappingNode, Node, ScalarNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from sendbatch.campaign.document.masking import Shape, masked
from sendbatch.campaign.document.syntax import QUOTES, Complaint, explained
from sendbatch.errors import Place
from sendbatch.findings import Finding, Rule
from sendbatch.runtime.paths import NO_SUCH_FILE

LARGEST_FILE = 1_000_000  # bytes
DEEPEST = 32  # levels of nesting
BOM = b"\xef\xbb\xbf"
NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # what the marks count as ends of lines


@dataclass
class Source:
    """A composed file on its way to a Document: its nodes, its lines, and what is wrong so far."""

    file: str
    root: MappingNode | None = None
    lines: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def place(self, mark: Mark) -> Place:
        text = self.lines[mark.line] if mark.line < len(self.lines) else ""
        return Place(self.file, mark.line + 1, mark.column + 1, text)

    def blame(
        self, message: str, mark: Mark, hint: str | None = None, rule: Rule = Rule.YAML_SYNTAX
    ) -> None:
        self.findings.append(rule.finding(message, self.place(mark), hint))


def read_source(file: Path, shown: str, shape: Shape) -> Source:
    """Read and compose a file; `root` is None where nothing could be made of it. `shape` says which
    keys are declared: what stands under others is never shown."""
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        return Source(
            shown, findings=[Rule.UNREADABLE_FILE.finding(_unreadable(error), Place(shown))]
        )
    return compose(content, shown, shape)


def compose(content: bytes, shown: str, shape: Shape) -> Source:
    """Compose the bytes of one YAML document whose root is a mapping."""
    source = Source(shown)
    if len(content) > LARGEST_FILE:
        source.findings.append(
            Rule.FILE_TOO_LARGE.finding("larger than 1 MB: not a file of this kind", Place(shown))
        )
        return source
    text = _decoded(content, source)
    if text is None:
        return source
    source.lines = _BREAK.split(text)
    strange = NOT_TEXT.search(text)
    if strange is not None:
        source.lines = masked(source.lines, None, shape)
        line, column = _position(text, strange.start())
        name = f"U+{ord(strange[0]):04X}"
        source.blame(f"a control character ({name}) cannot stand here", _mark(line, column))
        return source
    _compose_text(text, source, shape)
    return source


def _compose_text(text: str, source: Source, shape: Shape) -> None:
    loader = _Composing(text)
    wrong: Complaint | None = None
    root: Node | None = None
    try:
        root = loader.document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark or loader.get_mark()
        wrong = explained(error, mark, source.lines)
    except (YAMLError, ValueError, OverflowError):  # such as "\U00FFFFFF", or %YAML 9…9
        wrong = ("not YAML: something here stands for no character", loader.get_mark(), None)
    is_whole = wrong is None and not loader.complaints
    source.lines = masked(source.lines, root if is_whole else None, shape)
    for complaint in (*loader.complaints, *([wrong] if wrong else [])):
        source.blame(*complaint)
    if wrong is None:
        _take_root(root, source)


def _take_root(root: Node | None, source: Source) -> None:
    if isinstance(root, MappingNode):
        source.root = root
    elif root is None:
        source.findings.append(Rule.EMPTY_FILE.finding("the file is empty", Place(source.file)))
    else:
        source.blame("the file must be a mapping of keys to values", root.start_mark)


class _Composing(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML's composer without its freedoms; `complaints` are message, mark, hint."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self.depth = 0
        self.complaints: list[Complaint] = []
        # PyYAML's own types know neither events nor marks well enough.
        self._peek: Any = self.peek_event
        self._next: Any = self.get_event

    def document(self) -> Node | None:
        self._next()  # the stream's start
        root = None
        if not self.check_event(StreamEndEvent):
            root = self.compose_document()
        if not self.check_event(StreamEndEvent):
            mark = self._peek().start_mark
            self.complaints.append(
                ("a second document starts here", mark, "one file, one document")
            )
        return root

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event = self._peek()
        mark: Mark = event.start_mark
        if isinstance(event, AliasEvent):
            self._next()
            self.complaints.append(("aliases (*) are not allowed here", mark, QUOTES.format("*")))
            return ScalarNode("", "", mark, mark, style="'")
        self._refuse_extras(event)
        self.depth += 1
        if self.depth > DEEPEST:
            raise MarkedYAMLError(None, None, "nested too deeply", mark)
        node: Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def _refuse_extras(self, event: Any) -> None:
        if event.anchor is not None:
            hint = QUOTES.format("&")
            self.complaints.append(("anchors (&) are not allowed here", event.start_mark, hint))
            event.anchor = None
        if getattr(event, "tag", None) is not None:
            hint = QUOTES.format("!")
            self.complaints.append(("tags (!) are not allowed here", event.start_mark, hint))


def _decoded(content: bytes, source: Source) -> str | None:
    while content.startswith(BOM):  # an editor may have put one before another's
        content = content.removeprefix(BOM)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        line, column = _position(before, len(before))
        place = Place(source.file, line + 1, column + 1)
        now = " (it is UTF-16)" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ""
        source.findings.append(
            Rule.NOT_UTF_8.finding("not UTF-8", place, f"save the file as UTF-8{now}")
        )
        return None


def _position(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 0, of a place in the text."""
    line, start = 0, 0
    for line_break in _BREAK.finditer(text, 0, index):
        line, start = line + 1, line_break.end()
    return line, index - start


def _mark(line: int, column: int) -> Mark:
    return Mark("", 0, line, column, None, 0)


def _unreadable(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return NO_SUCH_FILE
    if isinstance(error, IsADirectoryError):
        return "is a folder, not a file"
    reason = error.strerror if isinstance(error, OSError) else "not the name of a file"
    return f"cannot be read: {reason}"
