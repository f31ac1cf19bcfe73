"""A content whose files of recipients are never read: for rows that are made up, something stands in their
place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sendbatch.message.content import Bundle, Content, OwnFile, OwnPicture, SharedFile

_SAID = b"This stands in the place of a file of the recipient's own.\n"
_ELSEWHERE = "https://example.com/"  # nobody's: a picture there is a placeholder
_BODIES = ("html", "text", "markdown", "layout", "footer")


def with_stand_ins(content: Content) -> Content:
    """It, with the same digest. An attachment has the name it would have, and a line of text in it; a
    picture is one on the web, which is not loaded; an invitation of the recipient's own is left out."""
    changes = _changed(content, content.own_pictures)
    if content.by_row is not None:
        versions = [
            replace(texts, **_changed(texts, texts.own_pictures)) for texts in content.by_row.versions
        ]
        changes["by_row"] = replace(content.by_row, versions=tuple(versions))
    if isinstance(content.invite, OwnFile):
        changes["invite"] = None
    attachments = [_stand_in(one) if isinstance(one, OwnFile) else one for one in content.attachments]
    return content.with_versions(**changes, attachments=tuple(attachments))


def _changed(texts: Any, pictures: Sequence[OwnPicture]) -> dict[str, Any]:
    """The fields of a content, or of one version of its texts, that show pictures of recipients."""
    if not pictures:
        return {}
    bodies = {name: _without(getattr(texts, name), pictures) for name in _BODIES}
    return {**bodies, "own_pictures": ()}


def _without(bundle: Bundle | None, pictures: Sequence[OwnPicture]) -> Bundle | None:
    if bundle is None:
        return None
    sources = dict(bundle.sources)
    for picture in pictures:
        sources = {name: one.replace(picture.mark, _ELSEWHERE) for name, one in sources.items()}
    return replace(bundle, sources=sources)


def _stand_in(file: OwnFile) -> SharedFile:
    name = _last_part(file.rest)
    return SharedFile(file.pattern, _SAID, file.saved_as or name, file.media_type)


def _last_part(path: str) -> str:
    """Behind the last slash that is in no tag."""
    at, depth = 0, 0
    for place, character in enumerate(path):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "/" and depth == 0:
            at = place + 1
    return path[at:]
