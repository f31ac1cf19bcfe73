"""The pictures of a page, each of them once, however many mails show it, and within a bound.

A picture that would not fit is known by its size only: the page says where it can be seen.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from sendbatch.preview.opened import Picture

MOST_BYTES = 2_600_000  # of all pictures on a page, written out
_WRITTEN_OUT = re.compile(
    r"data:(image/[a-z0-9.+-]{1,60})(;base64)?,([^\s\"'<>)]{400,})", re.IGNORECASE
)
_DOMAIN = "picture.invalid"  # of the Content-IDs that are ours


class Shown(NamedTuple):
    """What a mail's HTML shows by one of its Content-IDs: the album's name for it, and its size in bytes."""

    name: str
    type: str
    size: int


class Album:
    """`urls` are those that fit, as `data:` URLs by their names."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.urls: dict[str, str] = {}
        self._left = most
        self._met: set[str] = set()

    def add(self, picture: Picture) -> Shown:
        name = hashlib.sha256(picture.data).hexdigest()[:16]
        if name not in self._met:
            self._met.add(name)
            size = len(picture.data) * 4 // 3 + 60
            if picture.data and size <= self._left:
                self._left -= size
                self.urls[name] = data_url(picture.type, picture.data)
        return Shown(name, picture.type, len(picture.data))

    def taken_out(self, html: str, pictures: Mapping[str, Picture]) -> tuple[str, dict[str, Shown]]:
        """The HTML with pictures that are written out in it taken out, and what it shows by Content-IDs:
        these, and those of the mail that it names."""
        found = {cid: self.add(picture) for cid, picture in pictures.items() if cid in html}

        def named(written: re.Match[str]) -> str:
            picture = _read(written)
            if picture is None:
                return written[0]
            shown = self.add(picture)
            cid = f"{shown.name}@{_DOMAIN}"
            found[cid] = shown
            return f"cid:{cid}"

        return _WRITTEN_OUT.sub(named, html), found


def data_url(media_type: str, data: bytes) -> str:
    """A picture as an address that holds all of it."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def _read(written: re.Match[str]) -> Picture | None:
    data = unquote_to_bytes(written[3])
    try:
        return Picture(written[1].lower(), base64.b64decode(data) if written[2] else data)
    except binascii.Error:
        return None
