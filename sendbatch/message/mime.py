"""How a message's parts are written: bodies, attachments, and the multiparts around them.

A part is its headers and its encoded body as bytes; everything is 7-bit with CRLF. Quoted-printable
and base64 are written by C code: this is run once for every recipient.
"""

from __future__ import annotations

import mimetypes
from binascii import b2a_base64, b2a_qp
from collections.abc import Sequence

from sendbatch.message.headers import parameters

_LINE = 76  # RFC 2045 §6.8
_OCTETS = "application/octet-stream"
# The table that comes with Python, not the machine's: the same file has the same type everywhere.
_TYPES = mimetypes.MimeTypes()
_TYPES.add_type("text/calendar", ".ics")
_TYPES.add_type("text/markdown", ".md")
_TYPES.add_type("text/vcard", ".vcf")


def text_part(subtype: str, text: str) -> bytes:
    """A text/plain or text/html part, in whichever encoding is shorter.

    Raises UnicodeEncodeError for a lone surrogate.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    data = lines.replace("\n", "\r\n").encode("utf-8") + b"\r\n"
    # istext keeps line ends; the first of them, CRLF, is what soft line breaks take over.
    quoted = b2a_qp(data, quotetabs=False, istext=True, header=False)
    head = b'Content-Type: text/%b; charset="utf-8"\r\n' % subtype.encode("ascii")
    if len(quoted) <= _base64_size(len(data)):
        return head + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + _base64(data)


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


def multipart(subtype: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    """Parts, each ending in CRLF, joined under a boundary that none of them contains."""
    if len(parts) == 1:
        return parts[0]
    mark = boundary.encode("ascii")
    head = b'Content-Type: multipart/%b;\r\n boundary="%b"\r\n\r\n' % (
        subtype.encode("ascii"),
        mark,
    )
    body = b"".join(b"--%b\r\n%b" % (mark, part) for part in parts)
    return b"%b%b--%b--\r\n" % (head, body, mark)


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
