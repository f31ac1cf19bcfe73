"""Which of the pictures that were read a message shows: another would stand below it as an attachment.

Most letters show all of theirs to everybody, which their templates tell. Where one stands in an `if`, each
message is looked through: what it shows is what counts for how large pictures may be.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from functools import lru_cache

from jinja2 import nodes

from sendbatch.message.content import Bundle, Content, Picture, Texts
from sendbatch.message.parts import Inline
from sendbatch.message.pictures.files import MOST
from sendbatch.message.source import in_every_message
from sendbatch.message.templates import Failed
from sendbatch.words import listed, size

_MOST_NAMED = 5
_CONTENT = "content"  # what a layout says where the Markdown goes


class Shown:
    """Of one content in one version; `pictures` are those that its templates name, encoded. Those `to_all`
    are in each message, those `to_some` in one or another."""

    def __init__(self, content: Content, pictures: Sequence[Inline]) -> None:
        self.pictures = pictures
        (texts,) = content.texts
        to_all = {one.cid for one in shown_to_all(texts)}
        self.to_all = [one for one in pictures if one.cid in to_all]
        self.to_some = [one for one in pictures if one.cid not in to_all]
        self._sizes = {one.cid: len(one.data) for one in texts.pictures}

    @property
    def are_all(self) -> bool:
        """Whether each message shows each of them."""
        return not self.to_some

    def in_html(self, pieces: Sequence[str] | None, own: int = 0) -> Sequence[Inline]:
        """Those in a finished HTML, as pieces to be joined, that has so many bytes of the recipient's `own`
        besides. Raises Failed where that is more than a mail may have."""
        if self.are_all or pieces is None:
            return self.pictures if pieces is not None else ()
        document = "".join(pieces)
        return self._held([one for one in self.pictures if one.cid in document], own)

    def in_part(self, part: bytes) -> Sequence[Inline]:
        """Those in a finished HTML that is encoded as a MIME part. Raises Failed as `in_html`."""
        if self.are_all:
            return self.pictures
        head, _, body = part.partition(b"\r\n\r\n")
        decode = binascii.a2b_base64 if b"base64" in head else binascii.a2b_qp
        document = decode(body)
        return self._held([one for one in self.pictures if one.cid.encode("ascii") in document])

    def _held(self, found: list[Inline], own: int = 0) -> list[Inline]:
        sizes = [self._sizes[one.cid] for one in found]
        if own + sum(sizes) <= MOST:
            return found
        named = [f"{one.name} {size(bytes_)}" for one, bytes_ in zip(found, sizes, strict=True)]
        named += [f"{size(own)} of the recipient's own"] if own else []
        raise Failed(
            f"pictures: {listed(named, _MOST_NAMED)}: all of a mail may have {size(MOST)} together"
        )


def shown_to_all(texts: Texts) -> tuple[Picture, ...]:
    """The pictures of one version that each message of it shows, whatever a row holds."""
    if not texts.pictures:
        return ()
    around = [_said(bundle) for bundle in (texts.html, texts.layout) if bundle is not None]
    written = [text for text, _ in around]
    if texts.markdown is not None and any(shows_content for _, shows_content in around):
        written.append(_said(texts.markdown)[0])
    return tuple(one for one in texts.pictures if any(one.cid in text for text in written))


def _said(bundle: Bundle) -> tuple[str, bool]:
    """What of it each message has, and whether it says there where the Markdown goes."""
    return _said_by(bundle.entry, tuple(bundle.sources.items()))


@lru_cache(maxsize=512)  # 200 versions may be asked for half a dozen times
def _said_by(entry: str, sources: tuple[tuple[str, str], ...]) -> tuple[str, bool]:
    found = [node for _, node in in_every_message(entry, dict(sources))]
    written = "\n".join(one.data for one in found if isinstance(one, nodes.TemplateData))
    return written, any(isinstance(one, nodes.Name) and one.name == _CONTENT for one in found)


def shown_to_some(content: Content) -> bool:
    """Whether a message of any version may be without a picture that another of that version shows."""
    return any(len(shown_to_all(texts)) < len(texts.pictures) for texts in content.texts)
