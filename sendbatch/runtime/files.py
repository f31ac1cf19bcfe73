"""Files of ours: whole or not there, readable by their owner only, and never written through a link.

A repository that somebody cloned may hold a symbolic link by any name that we would write to. So a
file is made under a name that nobody can guess and renamed over the place, or made only where there
is nothing; and a folder of ours that turns out to be a link is refused.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO


class Linked(OSError):
    """A link stands where a file or folder of ours belongs."""

    def __init__(self, path: Path) -> None:
        words = "a symbolic link stands there, and nothing is written through one"
        super().__init__(errno.ELOOP, words, str(path))


def refuse_link(path: Path) -> None:
    """Raises Linked where there is a link by this name, wherever it leads to; what cannot be looked at is
    told of by whoever opens it."""
    if os.path.islink(path):
        raise Linked(path)


def refuse_linked_database(path: Path) -> None:
    """As `refuse_link`, for a file of SQLite, which follows links, and those that it keeps beside it."""
    for end in ("", "-wal", "-shm", "-journal"):
        refuse_link(path.with_name(path.name + end))


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` in one step, once the block has ended well and, where it
    is to be `durable`, what was written is on the disk.

    A link there is replaced and not followed. Raises OSError, what was there left as it was.
    """
    # mkstemp makes files that only their owner can read, whatever the umask.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with _written(handle, durable=durable) as out:
            yield out
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def add(folder: Path, data: bytes, names: Iterable[str]) -> str:
    """A new file, whole or not there and durable with its name, under the first of `names` that is free:
    another process may add to the same folder. Returns the name. Raises OSError."""
    handle, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)
    try:
        with _written(handle, durable=True) as out:
            out.write(data)
        name = next(name for name in names if _is_linked(part, folder / name))
    finally:
        os.unlink(part)
    sync(folder)
    return name


@contextlib.contextmanager
def _written(handle: int, *, durable: bool) -> Iterator[BinaryIO]:
    """What the block writes to an open file is on the disk after it, where it is to be `durable`."""
    with os.fdopen(handle, "wb") as out:
        yield out
        if durable:
            out.flush()
            os.fsync(out.fileno())


def _is_linked(part: str, path: Path) -> bool:
    """Give the file this name too; False where it is taken."""
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    return True


def create(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Make a file where there is nothing. Raises FileExistsError where there is, if only a link."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, mode), "wb") as out:
        out.write(data)


def own_folder(folder: Path) -> None:
    """Make a folder of ours where there is none, durable with its entry in the folder above, which is
    there. Raises Linked, FileExistsError where a file stands there, OSError."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        refuse_link(folder)
        if not folder.is_dir():
            raise
    else:
        sync(folder.parent)


def named_folder(folder: Path) -> None:
    """As `own_folder`, for one that a person named: it may be a link or lie behind one, and what leads
    to it is made too."""
    if folder.is_dir():
        return
    if not folder.parent.is_dir():
        named_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync(folder.parent)


def sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_regular(path: Path) -> bool:
    """Whether there is a file by this name, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
