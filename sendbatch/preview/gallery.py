"""The gallery: each message as an .eml file that a mail program opens, and index.html to see all.

It holds addresses and what is written to them: its files are readable by their owner only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sendbatch.errors import Fault, LedgerError, Place
from sendbatch.files import named_folder, own_folder, replacing
from sendbatch.preview.page import render
from sendbatch.preview.shown import read
from sendbatch.values import Message, Recipient

OWN_NAME = re.compile(r"\d{2,}-row\d+\.eml")


def write_gallery(folder: Path, messages: Sequence[tuple[Recipient, Message]], title: str) -> Path:
    """Writes the messages into `folder` and returns the page's path.

    An older gallery there is replaced, each file in one step, so that it can be looked at
    meanwhile; files of any other name are left alone. Raises LedgerError when a file cannot be
    written.
    """
    names = _names(messages)
    shown = [
        read(recipient, message, name)
        for name, (recipient, message) in zip(names, messages, strict=True)
    ]
    index = folder / "index.html"
    try:
        named_folder(folder.parent)
        own_folder(folder)
        for name, (_, message) in zip(names, messages, strict=True):
            _replace(folder / name, message.data)
        _replace(index, render(shown, title).encode("utf-8", "replace"))
        _drop_older(folder, keep=frozenset(names))
    except OSError as error:
        fault = Fault(
            f"the preview cannot be written: {error.strerror or error}", Place(str(folder))
        )
        raise LedgerError(fault) from error
    return index


def _names(messages: Sequence[tuple[Recipient, Message]]) -> list[str]:
    digits = max(2, len(str(len(messages))))
    return [
        f"{number:0{digits}}-row{recipient.row}.eml"
        for number, (recipient, _) in enumerate(messages, start=1)
    ]


def _replace(path: Path, data: bytes) -> None:
    with replacing(path, durable=False) as out:  # it can be made again at any time
        out.write(data)


def _drop_older(folder: Path, keep: frozenset[str]) -> None:
    for path in folder.iterdir():
        if OWN_NAME.fullmatch(path.name) and path.name not in keep:
            path.unlink()
