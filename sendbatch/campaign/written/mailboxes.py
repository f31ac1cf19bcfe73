"""Headers that hold mailboxes: several of them, and groups (RFC 5322 §3.4).

A name in one is encoded by itself, and its address is left as it is; a header of free text is
encoded as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sendbatch.campaign.model import Mailbox
from sendbatch.campaign.written.parsing import Wrong, parse_address

# Those that are address lists by their definition (RFC 5322 §3.6.2, RFC 8098 §2.1) or by custom
# (RFC 2076 §3.5 and since); From, To, Cc and Reply-To are written from keys of their own.
ONE_MAILBOX = frozenset({"sender"})
MAILBOX_HEADERS = ONE_MAILBOX | {
    *("disposition-notification-to", "return-receipt-to", "x-confirm-reading-to", "errors-to"),
    *("mail-reply-to", "mail-followup-to", "original-from", "apparently-to"),
    *("x-sender", "x-original-from", "x-reply-to", "x-errors-to"),
}

_PIECES = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<comment>\((?:[^()\\]|\\.)*\))|(?P<angle><[^<>]*>)"""
    r"""|(?P<mark>[,;:])|(?P<text>[^"(<,;:]+)|(?P<wrong>.)""",
    re.DOTALL,
)
TAG = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_HIDDEN = "\ue000"  # in place of a tag
_HINT = "write: Name <name@example.com>, with quotes around a name that has a comma"


@dataclass(frozen=True, slots=True)
class Group:
    """A named list, which may be empty: `undisclosed-recipients:;`."""

    name: str
    boxes: tuple[Mailbox, ...]


def reads_as_mailboxes(value: str) -> bool:
    """Whether a header of free text holds mailboxes after all: a name that has to be encoded, and an
    address in angle brackets behind it."""
    if not value.endswith(">"):
        return False
    try:
        found = parse_mailboxes(value)
    except Wrong:
        return False
    return all(isinstance(one, Mailbox) and _is_address(one.address) for one in found)


def parse_mailboxes(text: str) -> tuple[Mailbox | Group, ...]:
    """Read an address list. Addresses are taken as they stand, and are for the caller to check.

    Raises Wrong where it is none.
    """
    reading = _Reading()
    for piece in _PIECES.finditer(text):
        reading.take(str(piece.lastgroup), piece[0])
    return reading.end()


def check_mailboxes(name: str, text: str) -> None:
    """Raises Wrong unless a header of this name may hold this list, as far as it is no template, with
    every address a usable one."""
    if "{%" in text or "{#" in text:
        return
    try:
        found = parse_mailboxes(TAG.sub(_HIDDEN, text))
    except Wrong as wrong:
        if _HIDDEN in str(wrong):  # it may be right once a cell is put in
            return
        raise
    hold_to_one(name, found)
    if not found:
        raise Wrong("no mailbox stands here", _HINT)
    for one in found:
        for box in one.boxes if isinstance(one, Group) else (one,):
            if _HIDDEN not in box.address:
                parse_address(box.address)


def addresses_in(text: str) -> list[str]:
    """All addresses of a list. Raises Wrong where it is none."""
    found = parse_mailboxes(text)
    boxes = (one.boxes if isinstance(one, Group) else (one,) for one in found)
    return [box.address for several in boxes for box in several]


def hold_to_one(name: str, found: Sequence[Mailbox | Group]) -> None:
    """Raises Wrong where a header that names one mailbox has others (RFC 5322 §3.6.2)."""
    if name.lower() in ONE_MAILBOX and (len(found) != 1 or isinstance(found[0], Group)):
        raise Wrong("one mailbox stands here", "write: Name <name@example.com>")


class _Reading:
    def __init__(self) -> None:
        self._found: list[Mailbox | Group] = []
        self._group: tuple[str, list[Mailbox]] | None = None
        self._begin()

    def _begin(self) -> None:
        self._words: list[str] = []
        self._address: str | None = None
        self._comment = ""
        self._is_quoted = False

    def take(self, kind: str, text: str) -> None:
        if kind == "wrong":
            raise Wrong(f"a {text} without its other half", _HINT)
        if kind == "mark":
            self._mark(text)
        elif self._address is not None and text.strip():
            raise Wrong("a comma is missing behind >", _HINT)
        elif kind == "angle":
            self._address = text[1:-1].strip()
        elif kind == "comment":
            self._words.append(_unescaped(text))
            self._comment = self._words[-1]
        elif kind == "quoted":
            self._words.append(_unescaped(text[1:-1]))
            self._is_quoted = True
        elif ">" in text or ")" in text:
            raise Wrong(f"a {'>' if '>' in text else ')'} without its other half", _HINT)
        else:
            self._words += text.split()

    def _mark(self, mark: str) -> None:
        if mark == ",":
            self._end_mailbox()
        elif mark == ":":
            if self._group is not None or self._address is not None or not self._words:
                raise Wrong("a colon that begins no group", _HINT)
            self._group = (" ".join(self._words), [])
            self._begin()
        else:
            if self._group is None:
                raise Wrong("a semicolon that ends no group", "a comma stands between mailboxes")
            self._end_mailbox()
            self._found.append(Group(self._group[0], tuple(self._group[1])))
            self._group = None

    def _end_mailbox(self) -> None:
        words, address = self._words, self._address
        if not words and address is None:
            return  # RFC 5322 §4.4: lists may have empty members
        if address is None:
            # RFC 5322 §A.6.3: in older mail the name stands behind the address, as a comment.
            words, name = [word for word in words if word != self._comment], self._comment[1:-1]
            if self._is_quoted or len(words) != 1:
                raise Wrong(f"no address: {' '.join(words)[:80]}", _HINT)
            words, address = [name.strip()], words[0]
        box = Mailbox(" ".join(words), address)
        (self._found if self._group is None else self._group[1]).append(box)
        self._begin()

    def end(self) -> tuple[Mailbox | Group, ...]:
        if self._group is not None:
            raise Wrong(
                "a group ends with a semicolon", "write: Team: a@example.com, b@example.com;"
            )
        self._end_mailbox()
        return tuple(self._found)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _is_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and not re.search(r"\s", text)
