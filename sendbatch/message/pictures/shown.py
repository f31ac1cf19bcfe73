"""Which of the pictures that were read a message shows: another would stand below it as an attachment.

Most letters show all of theirs to everybody, which their templates tell. Where one stands in an `if`, or in
another template, each message is looked through.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from itertools import pairwise

from sendbatch.message.content import Bundle, Content
from sendbatch.message.insertions import is_inserted
from sendbatch.message.parts import Inline
from sendbatch.message.source import depths


class Shown:
    """Of one content; `pictures` are those that its templates name, encoded."""

    def __init__(self, content: Content, pictures: Sequence[Inline]) -> None:
        self.pictures = pictures
        always = [text for bundle in content.bundles for text in _in_every_message(bundle)]
        self.are_all = all(any(one.cid in text for text in always) for one in pictures)

    def in_html(self, pieces: Sequence[str] | None) -> Sequence[Inline]:
        """Those in a finished HTML, as pieces to be joined."""
        if self.are_all or pieces is None:
            return self.pictures if pieces is not None else ()
        document = "".join(pieces)
        return [one for one in self.pictures if one.cid in document]

    def in_part(self, part: bytes) -> Sequence[Inline]:
        """Those in a finished HTML that is encoded as a MIME part."""
        if self.are_all:
            return self.pictures
        head, _, body = part.partition(b"\r\n\r\n")
        decode = binascii.a2b_base64 if b"base64" in head else binascii.a2b_qp
        document = decode(body)
        return [one for one in self.pictures if one.cid.encode("ascii") in document]


def _in_every_message(bundle: Bundle) -> list[str]:
    """What of a template stands outside of all blocks; a style sheet that was put in is as good as that."""
    found = [source for name, source in bundle.sources.items() if is_inserted(name)]
    source = bundle.sources[bundle.entry]
    ends = [*depths(source), (len(source), 0)]
    for (start, depth), (end, _) in pairwise(ends):
        if depth == 0:
            found.append(source[start:end])
    return found
