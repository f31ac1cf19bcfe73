"""Pictures that are written out in their address (`data:`, RFC 2397): Gmail and Outlook for Windows show none
or some of them, so they are sent as parts too.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from sendbatch.message.pictures.files import LARGEST, Unusable, too_large
from sendbatch.message.pictures.kinds import HEAD, SVG, unfit

_URL = re.compile(
    r"data:\s*(?P<type>[^,;\s]*)(?P<parameters>[^,]*),(?P<data>.*)", re.DOTALL | re.IGNORECASE
)
_BLANKS = re.compile(rb"\s+")


def is_svg(url: str) -> bool:
    """Whether it says of itself that it is one."""
    found = _URL.match(url)
    return found is not None and found["type"].lower() == SVG


def picture_of(url: str) -> bytes:
    """The picture's bytes. Raises Unusable."""
    found = _URL.match(url)
    if found is None:
        raise Unusable("has no comma before its data")
    if len(found["data"]) > 3 * LARGEST:  # all of it percent-encoded
        raise Unusable(too_large(len(found["data"])))
    data = unquote_to_bytes(found["data"])
    if "base64" in [one.strip().lower() for one in found["parameters"].split(";")]:
        data = _decoded(_BLANKS.sub(b"", data))
    if len(data) > LARGEST:
        raise Unusable(too_large(len(data)))
    if wrong := unfit(data[:HEAD]):
        raise Unusable(wrong)
    return data


def _decoded(data: bytes) -> bytes:
    data = data.rstrip(b"=")
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Unusable("is broken: its data is no base64") from None
