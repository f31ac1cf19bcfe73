"""What an attachment is: its media type (RFC 6838), and the name that it is saved under."""

from __future__ import annotations

import re

from sendbatch.campaign.written.parsing import Wrong

SUBTYPE = "[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"  # RFC 6838 §4.2
# IANA's, but for message and multipart: a mail program takes those apart instead of saving them, and base64
# may not encode them (RFC 2045 §6.4).
TOP = ("application", "audio", "font", "haptics", "image", "model", "text", "video")
_TYPE = re.compile(f"({'|'.join(TOP)})/{SUBTYPE}", re.IGNORECASE)
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")


def media_type(text: str) -> str:
    """It as written, without blanks around it. Raises Wrong where it is none that a file can have."""
    found = text.strip()
    kind = found.partition(";")[0].strip()
    top = kind.partition("/")[0].lower()
    if top in ("message", "multipart"):
        raise Wrong(
            f"{top}/… is a part of a mail, and cannot be attached as a file",
            "leave `type` out: it is attached to be saved, and nothing more",
        )
    if not _TYPE.fullmatch(kind):
        raise Wrong("not a media type", "such as application/pdf or image/png")
    if ";" in found:
        said = "charset and method are read from the file itself"
        raise Wrong("a media type stands here without parameters", f"write {kind}: {said}")
    return kind


def check_saved_as(name: str) -> None:
    """Raises Wrong where the author's own part of a name is no file's."""
    own = _TEMPLATE.sub("x", name)
    if "/" in own or "\\" in own:
        raise Wrong("a name, not a path", "write the name alone, as in `name: Invoice.pdf`")
    if not own.strip(". \t"):
        raise Wrong("names no file", "write the name that it is to be saved under")
