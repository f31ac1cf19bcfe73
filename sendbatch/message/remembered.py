"""What everybody is sent, as a record remembers it, so that the next edition can be held against it.

Texts are those of templates, HTML as the text that it reads as; of pictures, attachments and variables there
are digests by their names. No cell of anybody is in it. It is bounded: of what has no room left there is a
digest. """

from __future__ import annotations

import hashlib
import hmac
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sendbatch.message.content import Bundle, Content, OwnFile, SharedFile, Texts
from sendbatch.message.origins import without_origins
from sendbatch.message.plaintext.reader import text_from_html

MOST_CHARACTERS = 400_000  # of all sources that are read for their text
MOST_NAMES = 1000  # texts, files and variables, of each
LONGEST_NAME = 300  # characters
MOST_PACKED = 2_000_000  # characters in meta that are read
MOST_UNPACKED = 4_000_000  # bytes
FORM = "1:"
HEAD = "subject and headers"


class Text(NamedTuple):
    """What a template reads as, None where there was no room; `digest` is of its source."""

    text: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class Letter:
    """By the names that people know them by. Those of variables are keyed by the record's salt."""

    texts: Mapping[str, Text]
    files: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


def letter_of(content: Content, salt: bytes) -> Letter:
    """`salt` is that of the record which remembers it, or which it is to be compared with."""
    texts, room = {HEAD: _text(_head(content))}, MOST_CHARACTERS
    for name, source, is_html in _sources(content):
        fits = len(source) <= room and len(texts) < MOST_NAMES
        room -= len(source) if fits else 0
        read = (text_from_html(source) if is_html else source) if fits else None
        _add(texts, name, Text(read, _digest(source)))
    variables = {
        name[:LONGEST_NAME]: hmac.digest(salt, _json(value).encode(), "sha256")[:8].hex()
        for name, value in sorted(content.variables.items())[:MOST_NAMES]
    }
    return Letter(texts, dict(_files(content)), variables)


def _text(text: str) -> Text:
    return Text(text, _digest(text))


def _digest(text: str | bytes) -> str:
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()[:32]


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _add(texts: dict[str, Text], name: str, text: Text) -> None:
    """Versions may share what they include: what is the same stands there once."""
    name, number = name[:LONGEST_NAME], 1
    while (known := texts.get(name if number == 1 else f"{name} ({number})")) is not None:
        if known.digest == text.digest:
            return
        number += 1
    if len(texts) < 2 * MOST_NAMES:
        texts[name if number == 1 else f"{name} ({number})"] = text


def _head(content: Content) -> str:
    lines: list[tuple[str, object]] = []
    if content.variants is None:
        lines.append(("Subject", content.subject))
    else:
        names = zip(content.variants.names, content.variants.subjects, strict=True)
        lines += [(f"Subject {name}", subject) for name, subject in names]
    lines.append(("Preheader", content.preheader))
    if content.senders is None:
        lines.append(("From", content.sender))
    else:
        lines.append(("From", content.senders.address))
        lines += [("Sender", box) for box in content.senders.boxes]
    lines += [("Reply-To", box) for box in content.reply_to]
    lines.append(("Name in To", content.recipient_name))
    if (how := content.unsubscribe) is not None:
        signed, click = ("signed" if how.sign else "", "by one click" if how.one_click else "")
        ways = (how.url, how.mailto, click, signed)
        lines.append(("Unsubscribe", ", ".join(filter(None, ways))))
    lines += list(content.headers)
    return "".join(f"{name}: {value}\n" for name, value in lines if value)


def _sources(content: Content) -> Iterator[tuple[str, str, bool]]:
    """(what people call it, source, whether that is HTML) of all templates."""
    for texts in content.texts:
        of = f" of {texts.name}" if texts.name else ""
        for kind, bundle, is_html in _bundles(texts):
            if bundle is not None:
                yield from _sources_of(f"{kind}{of}", bundle, is_html=is_html)
    for invitation in content.invitations:
        yield from _sources_of(f"invitation {invitation.entry}", invitation, is_html=False)


def _bundles(texts: Texts) -> Iterator[tuple[str, Bundle | None, bool]]:
    yield "Markdown", texts.markdown, False
    yield "text", texts.text, False
    yield "HTML", texts.html, True
    yield "layout", texts.layout, True
    yield "footer", texts.footer, False


def _sources_of(what: str, bundle: Bundle, *, is_html: bool) -> Iterator[tuple[str, str, bool]]:
    yield what, without_origins(bundle.sources[bundle.entry]), is_html
    for name, source in sorted(bundle.sources.items()):
        if name != bundle.entry:
            yield name, without_origins(source), is_html


def _files(content: Content) -> Iterator[tuple[str, str]]:
    found: dict[str, str] = {}
    for name, digest in _named_files(content):
        one, number = name[:LONGEST_NAME], 1
        while found.get(one, digest) != digest:
            number += 1
            one = f"{name[:LONGEST_NAME]} ({number})"
        found[one] = digest
        if len(found) >= MOST_NAMES:
            break
    yield from found.items()


def _named_files(content: Content) -> Iterator[tuple[str, str]]:
    for picture in content.all_pictures:
        yield f"picture {picture.name}", _digest(picture.data)
    for own in dict.fromkeys(one.written for texts in content.texts for one in texts.own_pictures):
        yield f"pictures in {own}, each recipient's own", "own"
    for file in content.attachments:
        declared = _json([file.saved_as, file.media_type])
        if isinstance(file, SharedFile):
            yield f"attachment {file.name}", _digest(file.data + b"\0" + declared.encode())
        else:
            yield f"attachments {file.pattern}, each recipient's own", _digest(declared + file.missing)
    if isinstance(content.invite, OwnFile):
        yield f"invitations {content.invite.pattern}, each recipient's own", "own"


def packed(letter: Letter) -> str:
    """As a record keeps it."""
    body = _json([
        {name: list(text) for name, text in letter.texts.items()},
        dict(letter.files),
        dict(letter.variables),
    ])
    return FORM + b64encode(zlib.compress(body.encode(), 6)).decode()


def unpacked(kept: str) -> Letter | None:
    """What `packed` wrote; None where that is something else, or too much."""
    if not kept.startswith(FORM) or len(kept) > MOST_PACKED:
        return None
    try:
        inflating = zlib.decompressobj()
        body = inflating.decompress(b64decode(kept[len(FORM) :], validate=True), MOST_UNPACKED)
        texts, files, variables = json.loads(body)
        letter = Letter(
            {_name(name): _as_text(text) for name, text in _items(texts)},
            {_name(name): _name(digest) for name, digest in _items(files)},
            {_name(name): _name(digest) for name, digest in _items(variables)},
        )
    except (ValueError, TypeError, AttributeError, RecursionError, zlib.error):
        return None
    return letter if inflating.eof else None


def _items(found: Mapping[str, object]) -> Iterable[tuple[str, object]]:
    return list(found.items())[: 2 * MOST_NAMES]


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _as_text(value: object) -> Text:
    if not isinstance(value, list):
        raise TypeError
    text, digest = value
    return Text(None if text is None else _name(text), _name(digest))
