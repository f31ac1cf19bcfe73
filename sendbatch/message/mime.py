"""How a message's parts are written: bodies, attachments, and the multiparts around them.

A part is its headers and its encoded body, as bytes that are joined once, with all the rest. It is
7-bit, its lines end with CRLF, and none begins with a dot: quoted-printable sees to that, base64 and
headers have none.
"""

from __future__ import annotations

import re
import unicodedata
from binascii import b2a_base64
from collections.abc import Sequence

from sendbatch.message.headers import named, one_line, parameters
from sendbatch.message.media_types import media_type
from sendbatch.message.parts import File
from sendbatch.message.quoted import decoded_size, quoted, with_line_feeds

_LINE = 76  # RFC 2045 §6.8
_PLAIN_LINES = re.compile(rb"(?:[\t -\-/-~][\t -~]*\r\n)+")
_LONGEST_NAME = 255  # bytes, as file systems have it
_LONGEST_END = 20  # characters behind the last dot that are a file's ending
# A path's separators, here or elsewhere: a name that has one may be cut there by who saves it.
_SEPARATORS = str.maketrans("/\\", "__")
# RFC 5545 §3.7.2; a calendar needs it in the part's own header as well (RFC 6047 §2.4).
_METHOD = re.compile(rb"^METHOD:([A-Za-z-]{1,20})\r?$", re.MULTILINE)


def text_part(subtype: str, pieces: Sequence[str]) -> list[bytes]:
    """A text/plain or text/html part, in whichever encoding is shorter. `pieces` are the text, and
    best those that other messages have too.

    Raises UnicodeEncodeError for a lone surrogate.
    """
    whole = quoted(pieces)
    body = whole.rstrip(b"\r\n") + b"\r\n"
    head = b'Content-Type: text/%b; charset="utf-8"\r\n' % subtype.encode("ascii")
    # No character is less than a byte: the body need seldom be looked through to know its size.
    at_least = sum(map(len, pieces)) - len(whole) + len(body)
    if len(body) <= _base64_size(at_least) or len(body) <= _base64_size(decoded_size(body)):
        return [head, b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", body]
    text = with_line_feeds("".join(pieces)).rstrip("\n").replace("\n", "\r\n") + "\r\n"
    return [head, b"Content-Transfer-Encoding: base64\r\n\r\n", _base64(text.encode("utf-8"))]


def attached(name: str, data: bytes) -> File:
    """A file to be saved under `name`, encoded.

    A name outside ASCII stands twice, as Thunderbird has it: whole by RFC 2231 for programs that keep
    to it, and as encoded words in Content-Type for those that do not.
    """
    name = _to_save_under(name)
    kind = media_type(name)
    encoded = b"".join(
        (
            parameters("Content-Type", kind, _of_type(kind, data), name),
            b"Content-Transfer-Encoding: base64\r\n",
            named("Content-Disposition", "attachment", name),
            b"\r\n",
            _base64(data),
        )
    )
    return File(name, kind, len(data), encoded)


def _of_type(kind: str, data: bytes) -> list[tuple[str, str]]:
    """The parameters of a media type that a file's own content gives."""
    found = []
    if kind.startswith("text/") and _is_utf8(data):
        found.append(("charset", "utf-8"))
    if kind == "text/calendar" and (method := _METHOD.search(data)) is not None:
        found.append(("method", method[1].decode("ascii").upper()))
    return found


def _to_save_under(name: str) -> str:
    """A file's name as every system can save it: in NFC, for macOS gives NFD, on one line, without
    separators, no longer than a name may be; its ending stays."""
    name = one_line(unicodedata.normalize("NFC", name)).translate(_SEPARATORS)
    if len(name.encode()) > _LONGEST_NAME:
        stem, dot, end = name.rpartition(".")
        end = dot + end if stem and len(end) <= _LONGEST_END else ""
        left = name.removesuffix(end).encode()[: _LONGEST_NAME - len(end.encode())]
        name = left.decode("utf-8", "ignore").rstrip() + end
    return name or "attachment"


def multipart(subtype: str, boundary: str, parts: Sequence[Sequence[bytes]]) -> Sequence[bytes]:
    """Parts, each ending in CRLF, joined under a boundary that none of them contains."""
    if len(parts) == 1:
        return parts[0]
    mark = boundary.encode("ascii")
    between = b"--%b\r\n" % mark
    joined = [b'Content-Type: multipart/%b;\r\n boundary="%b"\r\n\r\n' % (subtype.encode(), mark)]
    for part in parts:
        joined.append(between)
        joined += part
    joined.append(b"--%b--\r\n" % mark)
    return joined


def is_plain(head: bytes) -> bool:
    """Whether these headers can go on the wire as they stand, as parts always can: 7-bit, ended by
    CRLF, no line beginning with a dot. `Message.plain` says so of the whole."""
    return _PLAIN_LINES.fullmatch(head) is not None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _base64_size(size: int) -> int:
    encoded = -(-size // 3) * 4
    return encoded + -(-encoded // _LINE) * 2


def _base64(data: bytes) -> bytes:
    whole = b2a_base64(data, newline=False)
    lines = [whole[start : start + _LINE] for start in range(0, len(whole), _LINE)]
    return b"\r\n".join([*lines, b""]) or b"\r\n"
