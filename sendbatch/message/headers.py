"""How headers are written: encoded, folded, 7-bit, and nothing in them but what was meant.

A `Header` is what a reader sees; what encodes it returns one whole header as bytes with its CRLF. Values
may hold anything: line breaks become spaces and other control characters go, before a byte is written.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

from sendbatch.campaign.written.hosts import ascii_domain
from sendbatch.message.encoded_words import encoded_words

WIDTH = 78  # characters of a line, its CRLF not counted (RFC 5322 §2.1.1)
_LONGEST_WORD = 900  # of ASCII text that is left as it is; beyond, a line could pass 998
_MANY_SPACES = " " * 20  # cannot be folded

# All that str.splitlines breaks at; it would also end a line for somebody's parser.
_BREAKS = re.compile("[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
# Overrides and embeddings go too: text behind one that is never closed reads backwards. Marks (LRM, RLM,
# ALM) and isolates, which end with the line, stay: Hebrew and Arabic with numbers need them (UAX #9).
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ufeff\u202a-\u202e]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?: [A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*")
_NOT_IN_NAMES = re.compile("[^A-Za-z0-9 !#$&'()+,.;=@^_{}~\\[\\]-]+")  # of a file, in ASCII
# Letters that no accent can be taken from.
_SPELLED = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE"}
    | {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i"}
)
_SPECIALS = frozenset('()<>[]:;@\\,."')  # RFC 5322 §3.2.3
_TOKEN = re.compile(r"[A-Za-z0-9!#$&+\-.^_`{|}~]+")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

_PLAIN_LINES = re.compile(rb"(?:[\t -\-/-~][\t -~]*\r\n)+")
# Would end the address, or the header, or make another of it: a route, a comment, a group.
_UNSAFE = re.compile(r"""[\x00-\x20\x7f-\xa0\u2028\u2029<>()"\\,;:]""")

Box: TypeAlias = tuple[str, str]  # display name and address
Boxes: TypeAlias = Sequence[Box | tuple[str, Sequence[Box]]]  # or a group's name, and its own


class Header(NamedTuple):
    """One header: free text, or mailboxes. `wire` is the whole of it encoded, where that is the same for
    everybody or has a form of its own."""

    name: str
    value: str | Boxes
    wire: bytes = b""

    def encoded(self) -> bytes:
        """With its CRLF. Raises UnicodeEncodeError for a lone surrogate."""
        if self.wire:
            return self.wire
        if isinstance(self.value, str):
            return unstructured(self.name, self.value)
        return mailboxes(self.name, self.value)

    @property
    def readable(self) -> str:
        """The value as one line of text."""
        return self.value if isinstance(self.value, str) else ", ".join(map(_readable, self.value))


def _readable(one: Box | tuple[str, Sequence[Box]]) -> str:
    display, address = one
    display = one_line(display)
    if not isinstance(address, str):
        return f"{display}: {', '.join(map(_readable, address))};"
    if not _SPECIALS.isdisjoint(display):
        display = _quoted_string(display)
    return f"{display} <{address}>" if display else address


def one_line(text: str) -> str:
    """`text` as it may stand in a header: line breaks are spaces, other controls are gone."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _CONTROLS.sub("", _BREAKS.sub(" ", text.replace("\t", " ")))
    return text.strip()


def unstructured(name: str, value: str) -> bytes:
    """A header of free text: Subject, or one of the campaign's own."""
    value = one_line(value)
    if _is_plain(value):
        return _folded(name, value.split(" "))
    return _folded(name, encoded_words(value, len(name) + 2))


def mailboxes(name: str, boxes: Boxes) -> bytes:
    """A header of mailboxes, or of groups of them. Addresses are written as they are given."""
    display, one = boxes[0]
    if len(boxes) == 1 and isinstance(one, str):
        return _folded(name, _mailbox(display, one, len(name) + 2))
    words: list[str] = []
    for display, one in boxes:
        if isinstance(one, str):
            words += _mailbox(display, one, len(name) + 2)
        else:
            words += _group(display, one, len(name) + 2)
        words[-1] += ","
    words[-1] = words[-1].removesuffix(",")
    return _folded(name, words)


def wire_address(address: str) -> tuple[str, bool]:
    """An address as headers and envelope have it, and whether that takes SMTPUTF8 (RFC 6531):
    the domain as A-labels, so that only the part before the @ decides.

    Raises ValueError where the domain has no A-labels, or the address something that could end it.
    """
    local, _, domain = address.rpartition("@")
    plain = local[1:-1] if local[:1] == local[-1:] == '"' else local  # RFC 5322 §3.4.1
    if _UNSAFE.search(f"{plain}@{domain}") or not plain or not domain or "@" in plain:
        raise ValueError("the address has characters that no message can carry")
    try:
        wired = _wire_domain(domain)
    except ValueError:
        raise ValueError("no mail can be addressed to this domain") from None
    return f"{local}@{wired}", not local.isascii()


@lru_cache(maxsize=4096)
def _wire_domain(domain: str) -> str:
    return domain if domain.isascii() else ascii_domain(domain)


def _mailbox(display: str, address: str, used: int) -> list[str]:
    display = one_line(display)
    return [*_phrase(display, used), f"<{address}>"] if display else [address]


def _group(display: str, boxes: Sequence[Box], used: int) -> list[str]:
    words = _phrase(one_line(display), used)
    words[-1] += ":"
    for name, address in boxes:
        words += _mailbox(name, address, used)
        words[-1] += ","
    words[-1] = words[-1].removesuffix(",") + ";"
    return words


def parameters(name: str, value: str, params: Iterable[tuple[str, str]], file: str) -> bytes:
    """A MIME header with its parameters, and where a file's name is not ASCII, that as encoded words:
    against RFC 2047 §5 (3), but as most programs write it and many read nothing else."""
    words = [value]
    for key, text in params:
        words[-1] += ";"
        words.append(f"{key}={text}" if _TOKEN.fullmatch(text) else f'{key}="{text}"')
    if not _is_quotable(file):
        words[-1] += ";"
        first, *more = encoded_words(file, len(' name="";'))
        words += [f'name="{first}', *more]
        words[-1] += '"'
    return _folded(name, words)


def named(name: str, value: str, file: str) -> bytes:
    """A MIME header with a file's name of one line, of at most 255 bytes.

    It is never split: Outlook and Notes do not read RFC 2231's continuations, and a fold within
    quotes becomes a blank in the name. A line may have 998 characters (RFC 5322 §2.1.1).

    A name outside ASCII stands beside one spelled in ASCII, for programs that know no `filename*` (as
    RFC 6266 §4.3 has it); before it, for Python's parser takes the first of the two.
    """
    if _is_quotable(file):
        return _folded(name, [f"{value};", f"filename={_quoted_string(file)}"])
    whole, spelled = f"filename*=UTF-8''{quote(file, safe='')};", f'filename="{_in_ascii(file)}"'
    return _folded(name, [f"{value};", whole, spelled])


def _in_ascii(file: str) -> str:
    """A file's name spelled in ASCII; its ending stays. What has no such spelling is one `_`."""
    plain = unicodedata.normalize("NFKD", file.translate(_SPELLED))
    shown = "".join(one for one in plain if not unicodedata.combining(one))
    stem, dot, end = _NOT_IN_NAMES.sub("_", shown).rpartition(".")
    if not dot:
        stem, end = end, ""
    return f"{stem.strip('_ ') or 'attachment'}{dot}{end}"


def _is_quotable(file: str) -> bool:
    """Whether a name can stand as it is: no program may take it for an encoded word."""
    return file.isascii() and "=?" not in file


def uris(name: str, items: Sequence[str]) -> Header:
    """A header of angle-bracketed URIs, a line each where they are long (RFC 2369 §2)."""
    value = f"<{'>, <'.join(items)}>"
    return Header(name, value, _folded(name, value.split(" ")))  # no URI has a blank in it


def date(seconds: float) -> Header:
    """A Date header, in UTC (RFC 5322 §3.3)."""
    return _date(int(seconds // 1))


@lru_cache(maxsize=256)
def _date(second: int) -> Header:
    at = time.gmtime(second)
    day, month = _DAYS[at.tm_wday], _MONTHS[at.tm_mon - 1]
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    value = f"{day}, {at.tm_mday:02} {month} {at.tm_year:04} {clock} +0000"
    return Header("Date", value, f"Date: {value}\r\n".encode())


def is_plain(head: bytes) -> bool:
    """Whether these headers can go on the wire as they stand, as parts always can: 7-bit, ended by
    CRLF, no line beginning with a dot. `Message.plain` says so of the whole."""
    return _PLAIN_LINES.fullmatch(head) is not None


def _is_plain(value: str) -> bool:
    """Whether a value can stand as it is: ASCII that nobody would decode, in words that fold."""
    if not value.isascii() or not value.isprintable() or "=?" in value or _MANY_SPACES in value:
        return False
    return len(value) <= _LONGEST_WORD or max(map(len, value.split(" "))) <= _LONGEST_WORD


def _phrase(display: str, used: int) -> list[str]:
    """A display name: atoms, a quoted string or encoded words (RFC 5322 §3.2.5)."""
    if display.isascii() and "=?" not in display and len(display) <= WIDTH - 20:
        if _ATOMS.fullmatch(display):
            return [display]
        return [_quoted_string(display)]
    return encoded_words(display, used)


def _quoted_string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _folded(name: str, words: Sequence[str]) -> bytes:
    """Words joined by a space, or by a fold where the line would pass WIDTH (RFC 5322 §2.2.3).

    An empty word is a second space: no fold goes there, for a line of nothing but spaces
    would be taken for the end of the header.
    """
    line = f"{name}: {' '.join(words)}\r\n"
    if len(line) <= WIDTH + 2:
        return line.encode()
    line = f"{name}: {words[0]}"
    lines: list[str] = []
    for word in words[1:]:
        if word and line.strip() and len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]).encode() + b"\r\n"
