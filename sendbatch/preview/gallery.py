"""The gallery: each message as an .eml file that a mail program opens, and index.html to see all.

It holds addresses and what is written to them: its files are readable by their owner only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sendbatch.errors import LedgerError, Place, one_line
from sendbatch.findings import Rule
from sendbatch.message.content import Picture
from sendbatch.message.parts import Sample
from sendbatch.preview.card import Card, data_url
from sendbatch.preview.page import Made, render
from sendbatch.runtime.files import is_regular, named_folder, own_folder, replacing
from sendbatch.values import Message, Recipient

INDEX = "index.html"
OWN_NAME = re.compile(r"\d{2,}-row\d+\.eml")
_BEGINNING = 4000  # bytes of a page, in which its mark stands


class Entry(NamedTuple):
    """One message to look at: its parts, and as it would be sent. `version` says which of several it is."""

    recipient: Recipient
    sample: Sample
    message: Message
    version: str = ""


def write_gallery(
    folder: Path,
    messages: Sequence[Entry],
    title: str,
    made: Made,
    pictures: Sequence[Picture] = (),
) -> Path:
    """Writes the messages into `folder` and returns the page's path. `made` is when, and of what; `pictures`
    are those that everybody gets.

    An older gallery there is replaced, each file in one step, so that it can be looked at
    meanwhile; files of any other name are left alone. Raises LedgerError when a file cannot be
    written.
    """
    names = _names(messages)
    shared = {one.cid: data_url(one.media_type, one.data) for one in pictures}
    cards = [
        Card(name, one.recipient, one.sample, shared, one_line(one.version))
        for name, one in zip(names, messages, strict=True)
    ]
    index = folder / INDEX
    try:
        named_folder(folder.parent)
        own_folder(folder)
        for name, one in zip(names, messages, strict=True):
            _replace(folder / name, one.message.data)
        _replace(index, render(cards, title, made).encode("utf-8", "replace"))
        _drop_older(folder, keep=frozenset(names))
    except OSError as error:
        fault = Rule.UNWRITABLE_FILE.finding(
            f"the preview cannot be written: {error.strerror or error}", Place(str(folder))
        )
        raise LedgerError(fault) from error
    return index


def drop_unless_of(folder: Path, made: Made) -> bool:
    """Removes the gallery in `folder` where it is of something else than `made` is of, so that no page lies
    beside a record of another text or other people; returns whether it did."""
    index = folder / INDEX
    if folder.is_symlink() or not is_regular(index):
        return False
    try:
        with index.open("rb") as page:
            if f'"{made.mark}"'.encode() in page.read(_BEGINNING):
                return False
        index.unlink()
        _drop_older(folder, keep=frozenset())
    except OSError:  # the page itself says when it was made, and of what
        return False
    return True


def _names(messages: Sequence[Entry]) -> list[str]:
    digits = max(2, len(str(len(messages))))
    return [
        f"{number:0{digits}}-row{one.recipient.row}.eml"
        for number, one in enumerate(messages, start=1)
    ]


def _replace(path: Path, data: bytes) -> None:
    with replacing(path, durable=False) as out:  # it can be made again at any time
        out.write(data)


def _drop_older(folder: Path, keep: frozenset[str]) -> None:
    for path in folder.iterdir():
        if OWN_NAME.fullmatch(path.name) and path.name not in keep:
            path.unlink()
