"""How a message's parts are written: bodies, attachments, and the multiparts around them.

A part is its headers and its encoded body, as bytes that are joined once, with all the rest. It is
7-bit, its lines end with CRLF, and none begins with a dot: quoted-printable sees to that, base64 and
headers have none.
"""

from __future__ import annotations

import mimetypes
import re
from binascii import b2a_base64
from collections.abc import Sequence

from sendbatch.message.headers import parameters
from sendbatch.message.quoted import decoded_size, quoted, with_line_feeds

_LINE = 76  # RFC 2045 §6.8
_PLAIN_LINES = re.compile(rb"(?:[\t -\-/-~][\t -~]*\r\n)+")
_OCTETS = "application/octet-stream"
# The table that comes with Python, not the machine's: the same file has the same type everywhere.
_TYPES = mimetypes.MimeTypes()
_TYPES.add_type("text/calendar", ".ics")
_TYPES.add_type("text/markdown", ".md")
_TYPES.add_type("text/vcard", ".vcf")


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


def attachment_part(name: str, data: bytes) -> bytes:
    """A file to be saved under `name`."""
    kind = _type_of(name)
    charset = [("charset", "utf-8")] if kind.startswith("text/") and _is_utf8(data) else []
    return b"".join(
        (
            parameters("Content-Type", kind, charset),
            b"Content-Transfer-Encoding: base64\r\n",
            parameters("Content-Disposition", "attachment", [("filename", name)]),
            b"\r\n",
            _base64(data),
        )
    )


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


def _type_of(name: str) -> str:
    """The media type for a file's name; what a mail program would take apart or run is octets."""
    kind, encoding = _TYPES.guess_type(name)
    if kind is None or encoding is not None or kind.startswith(("message/", "multipart/")):
        return _OCTETS
    return kind


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
