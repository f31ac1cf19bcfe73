"""Picture files: where an address leads, and what is read from there.

Whatever an address says, nothing is read outside of the folders given, by whatever links lead there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from urllib.parse import unquote

from sendbatch.message.pictures.kinds import HEAD, unfit
from sendbatch.words import size

# Postfix takes 10,240,000 bytes if nobody says otherwise (message_size_limit), Exchange 10 MB from outside. A
# picture is a third larger in a mail (base64), and the rest of the mail needs room.
LARGEST = 5_000_000  # bytes of one picture
MOST = 7_000_000  # of all pictures of a mail
# A pipe that took a file's place must not be waited for, and a link not be followed.
_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class Unusable(Exception):
    """Why a picture cannot be sent, as the end of a sentence: "is empty"."""


def spellings(address: str) -> Iterator[str]:
    """The paths that an address may mean: as it stands, then as a browser reads it, percent-encoded and with
    what is behind `?` and `#` left off."""
    yield address
    bare = address.partition("#")[0].partition("?")[0]
    yield from (one for one in dict.fromkeys((unquote(address), unquote(bare))) if one != address)


def picture_in(
    path: Path | str, allowed: Callable[[os.stat_result], str | None] = lambda _: None
) -> bytes:
    """The bytes of a picture, all links to it followed already. `allowed` says why a file that is open must
    not be read. Raises Unusable."""
    with _opened(path, allowed) as file:
        data = file.read(LARGEST + 1)
    if wrong := unfit(data[:HEAD]) or (too_large(len(data)) if len(data) > LARGEST else None):
        raise Unusable(wrong)
    return data


def size_of_picture(
    path: Path | str, allowed: Callable[[os.stat_result], str | None] = lambda _: None
) -> int:
    """How many bytes it has, without reading all of them. Raises Unusable."""
    with _opened(path, allowed) as file:
        if wrong := unfit(file.read(HEAD)):
            raise Unusable(wrong)
        return os.fstat(file.fileno()).st_size


def _opened(path: Path | str, allowed: Callable[[os.stat_result], str | None]) -> BufferedReader:
    try:
        descriptor = os.open(path, _READING)
    except OSError as error:
        raise Unusable(f"cannot be read ({error.strerror})") from None
    file = os.fdopen(descriptor, "rb")
    status = os.fstat(descriptor)
    wrong = None if stat.S_ISREG(status.st_mode) else "is not a regular file"
    if wrong is None and status.st_size > LARGEST:
        wrong = too_large(status.st_size)
    if wrong := wrong or allowed(status):
        file.close()
        raise Unusable(wrong)
    return file


def too_large(found: int) -> str:
    """What is said of a picture of so many bytes."""
    return (
        f"has {size(found)}, and a picture may have {size(LARGEST)}: make it smaller, "
        "or put it on a web server and write https://…"
    )
