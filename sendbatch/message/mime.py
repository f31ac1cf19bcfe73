"""How a message's parts are put together: attachments, and the multiparts around them and the bodies.

A part is its headers and its encoded body, as bytes that are joined once, with all the rest. It is
7-bit, its lines end with CRLF, and none begins with a dot: quoted-printable sees to that, base64 and
headers have none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from sendbatch.message.headers import named, one_line, parameters
from sendbatch.message.media_types import OCTETS, media_type
from sendbatch.message.parts import File, Inline
from sendbatch.message.quoted import base64_lines

_DIGITS = 24  # of a boundary
_LONGEST_NAME = 255  # bytes, as file systems have it
_LONGEST_END = 20  # characters behind the last dot that are a file's ending
# A path's separators, here or elsewhere: a name that has one may be cut there by who saves it.
_SEPARATORS = str.maketrans("/\\", "__")
# Of text that runs from right to left: in a name they show another ending than it has.
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# RFC 5545 §3.7.2; a calendar needs it in the part's own header as well (RFC 6047 §2.4).
_METHOD = re.compile(rb"^METHOD:([A-Za-z-]{1,20})\r?$", re.MULTILINE)


def attached(
    file: str,
    data: bytes,
    saved_as: str | None = None,
    kind: str | None = None,
    in_base64: bytes | None = None,
) -> File:
    """A file, encoded: one of this name, to be saved under that or another, of this kind or that of its
    name's ending. `in_base64` where it was encoded before.

    A name outside ASCII stands three times: whole by RFC 2231, spelled in ASCII beside that, and as encoded
    words in Content-Type, for programs that keep to no rule but that.
    """
    name = _to_save_under(saved_as or file)
    if kind is None:
        kind = media_type(name)
        kind = media_type(file) if kind == OCTETS else kind
    encoded = b"".join(
        (
            parameters("Content-Type", kind, _of_type(kind, data), name),
            b"Content-Transfer-Encoding: base64\r\n",
            named("Content-Disposition", "attachment", name),
            b"\r\n",
            base64_lines(data) if in_base64 is None else in_base64,
        )
    )
    return File(name, kind, len(data), encoded)


def inline(cid: str, name: str, kind: str, data: bytes) -> Inline:
    """A picture that the HTML shows by its Content-ID, encoded."""
    name = _to_save_under(name)
    encoded = b"".join(
        (
            parameters("Content-Type", kind, [], name),
            b"Content-Transfer-Encoding: base64\r\n",
            b"Content-ID: <%b>\r\n" % cid.encode("ascii"),
            named("Content-Disposition", "inline", name),
            b"\r\n",
            base64_lines(data),
        )
    )
    return Inline(cid, name, kind, data, encoded)


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
    name = one_line(unicodedata.normalize("NFC", _DIRECTIONS.sub("", name))).translate(_SEPARATORS)
    if not name.strip("."):
        return "attachment"
    if len(name.encode()) > _LONGEST_NAME:
        stem, dot, end = name.rpartition(".")
        end = dot + end if stem and len(end) <= _LONGEST_END else ""
        left = name.removesuffix(end).encode()[: _LONGEST_NAME - len(end.encode())]
        name = left.decode("utf-8", "ignore").rstrip() + end
    return name


def boundary(message_id: str) -> str:
    """A boundary without its number, of the Message-ID's last hex digits before the @. "=_" occurs
    in no quoted-printable or base64 line (RFC 2045 §6.7), so no body can contain it."""
    return "=_" + message_id.partition("@")[0][-_DIGITS:]


def body_of(
    message_id: str,
    bodies: Sequence[bytes],
    attached: Sequence[Sequence[bytes]],
    pictures: Sequence[bytes] = (),
    calendar: bytes = b"",
) -> Sequence[bytes]:
    """What follows a message's own headers: those of MIME, the bodies from the plainest on, attachments.
    `pictures` are those that the last body shows; a `calendar` is one more alternative."""
    mark = boundary(message_id)
    *others, last = [[body] for body in bodies]
    shown = multipart("related", f"{mark}.2", [last, *([one] for one in pictures)], "text/html")
    last_of_all = [[calendar]] if calendar else []
    readable = multipart("alternative", f"{mark}.1", [*others, shown, *last_of_all])
    return multipart("mixed", f"{mark}.0", [readable, *attached])


class Frame:
    """What stands around the bodies of every message that has so many of them, these files and pictures, and
    this `calendar`: as `body_of` gives it, encoded once, but for the boundaries' digits and the bodies
    themselves. Where each message `is_invited` by a calendar of its own, that and its file are given behind
    the bodies."""

    def __init__(
        self,
        bodies: int,
        attached: Sequence[Sequence[bytes]],
        pictures: Sequence[bytes] = (),
        calendar: bytes = b"",
        *,
        is_invited: bool = False,
    ) -> None:
        given = bodies + 2 if is_invited else bodies
        numbers = [bytes([number]) for number in range(given + 1)]  # no part has such a byte
        if is_invited:
            calendar, attached = numbers[-2], [[numbers[-1]], *attached]
        whole = b"".join(body_of("\0", numbers[1 : bodies + 1], attached, pictures, calendar))
        self._parts = re.split(b"([%b])" % b"".join(numbers), whole)
        self._order = [numbers.index(number) for number in self._parts[1::2]]

    def around(self, message_id: str, bodies: Sequence[bytes]) -> list[bytes]:
        """To be joined."""
        given = (message_id.partition("@")[0][-_DIGITS:].encode("ascii"), *bodies)
        parts = self._parts.copy()
        parts[1::2] = map(given.__getitem__, self._order)
        return parts


def multipart(
    subtype: str, boundary: str, parts: Sequence[Sequence[bytes]], kind: str | None = None
) -> Sequence[bytes]:
    """Parts, each ending in CRLF, joined under a boundary that none of them contains. `kind` is the media
    type of the first, which a multipart/related names (RFC 2387 §3.1)."""
    if len(parts) == 1:
        return parts[0]
    mark = boundary.encode("ascii")
    between = b"--%b\r\n" % mark
    first = b"" if kind is None else b' type="%b";\r\n' % kind.encode("ascii")
    joined = [
        b'Content-Type: multipart/%b;\r\n%b boundary="%b"\r\n\r\n' % (subtype.encode(), first, mark)
    ]
    for part in parts:
        joined.append(between)
        joined += part
    joined.append(b"--%b--\r\n" % mark)
    return joined


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
