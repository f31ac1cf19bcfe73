"""Pictures that a value decides: what is shown is known once a message is rendered, and looked for there.

Such an address is either a path below a folder that the author wrote, which `reading` has marked, or a value
alone: that may be an address on the web, or a picture written out (`data:`), and never a file.
"""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import TypeVar

from sendbatch.errors import one_line
from sendbatch.message.attachments import Unavailable
from sendbatch.message.checks.pictures import OWN_WAY, computed_pictures, said_of
from sendbatch.message.content import Content, OwnPicture
from sendbatch.message.folders import inside, unsafe
from sendbatch.message.mime import inline
from sendbatch.message.parts import Inline
from sendbatch.message.pictures import data_urls
from sendbatch.message.pictures.files import (
    MOST,
    Unusable,
    picture_in,
    size_of_picture,
    spellings,
)
from sendbatch.message.pictures.finding import Kind, Reference, is_suspect, references
from sendbatch.message.pictures.kinds import HEAD, media_type_of, with_ending
from sendbatch.message.pictures.reading import content_id
from sendbatch.message.pictures.shown import shown_to_all
from sendbatch.message.pictures.widths import held_to
from sendbatch.message.templates import Failed
from sendbatch.runtime.paths import NO_SUCH_FILE, problem, spelled
from sendbatch.words import listed, size

T = TypeVar("T")

_LONGEST_SHOWN = 200


class OwnPictures:
    """Of one content. `columns` are those of the plan: one that has the name of a variable decides in its
    place."""

    def __init__(self, content: Content, columns: Collection[str]) -> None:
        self._own = {one.mark: one for one in content.own_pictures}
        self._roots = {one.mark: os.path.realpath(one.folder) for one in content.own_pictures}
        self._domain = content.sender_domain
        self._shared = frozenset(picture.cid for picture in content.pictures)
        # What else a message shows is looked at with all of it, by `Shown`.
        (texts,) = content.texts
        self._most = MOST - sum(len(picture.data) for picture in shown_to_all(texts))
        places = computed_pictures(content, columns)
        self.are_files = bool(self._own)
        self.are_computed = bool(places) or self.are_files
        self._where = listed([*dict.fromkeys(f"{place.file}:{place.line}" for place in places)], 3)

    def put_into(self, document: str) -> tuple[str, list[Inline]]:
        """Finished HTML with the addresses of parts, and these. Raises Failed where one cannot be had, or
        leads nowhere."""
        found: dict[str, Inline] = {}
        addresses: dict[str, str] = {}  # of those that were read
        pieces, at = [], 0
        for one in self._references(document):
            url = html.unescape(one.url)
            if url not in addresses:
                picture, width = self._picture(url, one)
                if picture is None:
                    continue
                # Between the quotes that Markdown writes.
                said = "" if width is None else f'" width="{width}'
                addresses[url] = f"cid:{picture.cid}{said}"
                if picture.cid not in self._shared:
                    found[picture.cid] = picture
                    self._hold_size(sum(len(each.data) for each in found.values()))
            pieces += [document[at : one.start], addresses[url]]
            at = one.end
        pieces.append(document[at:])
        return "".join(pieces), [*found.values()]

    def survey(self, document: str) -> tuple[int, Unavailable | None]:
        """How many bytes the recipient's own files have, or why one cannot be had. No more of them is read
        than what tells their kind."""
        total = 0
        files: set[tuple[str, str]] = set()
        for one in self._references(document):
            own, rest = self._marked(html.unescape(one.url))
            if own is None or (own.mark, rest) in files:
                continue
            files.add((own.mark, rest))
            try:
                total += self._file(own, rest, size_of_picture)[1]
                self._hold_size(total)
            except Failed as failed:
                return 0, Unavailable(str(failed), is_missing=False, fails=False)
        return total, None

    def _references(self, document: str) -> list[Reference]:
        marked = any(mark in document for mark in self._own)
        return [*references(document)] if marked or is_suspect(document) else []

    def _picture(self, url: str, one: Reference) -> tuple[Inline | None, int | None]:
        """The picture, and its width where that has to be said; None for an address that stays. Raises
        Failed."""
        if one.kind is Kind.DATA:
            if one.of_css and data_urls.is_svg(url):
                return None, None
            try:
                return self._inline("picture", data_urls.picture_of(url)), None
            except Unusable as unusable:
                raise Failed(f"{self._where}: {_shown(url)} {unusable}") from None
        own, rest = self._marked(url)
        if own is not None:
            name, data = self._file(own, rest, picture_in)
            return self._inline(name, data), held_to(own.widest, data)
        if one.kind in (Kind.SCHEME, Kind.FONT) or (
            one.kind is Kind.PART and url[4:] in self._shared
        ):
            return None, None
        said = f"{self._where}: {said_of(one)}"
        is_file = one.kind is not Kind.PART
        raise Failed(f"{said}; for a file of each recipient {OWN_WAY}" if is_file else said)

    def _marked(self, url: str) -> tuple[OwnPicture | None, str]:
        """What an address was marked as, and its path below the author's folder."""
        mark, colon, path = url.partition(":")
        own = self._own.get(mark + colon)
        return own, path.removeprefix(own.written) if own is not None else ""

    def _file(self, own: OwnPicture, rest: str, take: Callable[..., T]) -> tuple[str, T]:
        """The file's name, and what is taken of it. Raises Failed."""
        wrong = (
            "the path ends with its folder: a cell is empty" if not rest.strip() else NO_SUCH_FILE
        )
        for spelling in spellings(rest):
            try:
                path = self._path(own, spelling)
                if path is not None:
                    name = spelling.rpartition("/")[2]
                    return name, take(path, partial(self._why, own, path))
            except Unusable as unusable:
                wrong = str(unusable)
                break
        raise Failed(f"{own.where}: picture {_shown(own.written + rest)}: {wrong}")

    def _path(self, own: OwnPicture, rest: str) -> Path | None:
        """The file, all links followed; None where there is none. Raises Unusable where no value may lead
        there."""
        if not rest.rpartition("/")[2].strip():
            return None
        if wrong := unsafe(rest):
            raise Unusable(wrong)
        root = self._roots[own.mark]
        real = inside(root, spelled(Path(root, rest)))
        if real is None:
            raise Unusable("leads out of its folder by a link")
        wrong = problem(real)
        if wrong == NO_SUCH_FILE:
            return None
        if wrong is not None:
            raise Unusable(wrong)
        return real

    def _why(self, own: OwnPicture, path: Path, status: os.stat_result) -> str | None:
        return own.off_limits.why(self._roots[own.mark], str(path), status)

    def _inline(self, name: str, data: bytes) -> Inline:
        media_type = media_type_of(data[:HEAD])
        assert media_type is not None
        return inline(
            content_id(data, self._domain), with_ending(name, media_type), media_type, data
        )

    def _hold_size(self, found: int) -> None:
        if found > self._most:
            raise Failed(f"{self._where}: the pictures of a mail may have {size(MOST)} together")


def _shown(text: str) -> str:
    return one_line(text, _LONGEST_SHOWN)
