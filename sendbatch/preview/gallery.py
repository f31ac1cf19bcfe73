"""The gallery: each message as an .eml file that a mail program opens, and index.html to see all.

It holds addresses and what is written to them: its files are readable by their owner only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sendbatch.errors import LedgerError, Place
from sendbatch.findings import Rule
from sendbatch.preview.document import Document, Made
from sendbatch.preview.page import render
from sendbatch.runtime.files import is_regular, named_folder, own_folder, replacing

INDEX = "index.html"
OWN_NAME = re.compile(r"\d{2,}-row\d+\.eml")
_BEGINNING = 4000  # bytes of a page, in which its mark stands


def file_name(number: int, of: int, row: int) -> str:
    """What the file of the mail is called that is so many of the page's: names sort as the mails do."""
    return f"{number:0{max(2, len(str(of)))}}-row{row}.eml"


def write_gallery(folder: Path, document: Document, messages: Mapping[str, bytes]) -> Path:
    """Writes the messages, by the names of their files, and the page into `folder`; returns the page's path.

    An older gallery there is replaced, each file in one step, so that it can be looked at
    meanwhile; files of any other name are left alone. Raises LedgerError when a file cannot be
    written.
    """
    index = folder / INDEX
    try:
        named_folder(folder.parent)
        own_folder(folder)
        for name, data in messages.items():
            _replace(folder / name, data)
        _replace(index, render(document).encode())
        _drop_older(folder, keep=frozenset(messages))
    except OSError as error:
        raise _unwritable(folder, error) from error
    return index


def write_page(path: Path, document: Document) -> None:
    """The page alone, in one step. Raises LedgerError when it cannot be written."""
    try:
        _replace(path, render(document).encode())
    except OSError as error:
        raise _unwritable(path, error) from error


def is_gallery(path: Path) -> bool:
    """Whether a page may be written there: nothing is there yet, or a page of ours."""
    if not path.exists() and not path.is_symlink():
        return True
    if not is_regular(path):
        return False
    try:
        with path.open("rb") as page:
            return b'<meta name="sendbatch-preview"' in page.read(_BEGINNING)
    except OSError:
        return False


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


def _unwritable(path: Path, error: OSError) -> LedgerError:
    said = f"the preview cannot be written: {error.strerror or error}"
    return LedgerError(Rule.UNWRITABLE_FILE.finding(said, Place(str(path))))


def _replace(path: Path, data: bytes) -> None:
    with replacing(path, durable=False) as out:  # it can be made again at any time
        out.write(data)


def _drop_older(folder: Path, keep: frozenset[str]) -> None:
    for path in folder.iterdir():
        if OWN_NAME.fullmatch(path.name) and path.name not in keep:
            path.unlink()
