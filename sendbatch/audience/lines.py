"""A text file, line by line, as exports are: bounded, decoded strictly, gzip where the name says so."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from sendbatch.errors import AudienceError, Fault, Place

LONGEST_LINE = 8 * 1024 * 1024  # characters
OFTEN_MEANT = "cp1252"  # what a CSV saved by a spreadsheet on Windows usually is


class Lines:
    """Iterates over the lines of a file; a context manager.

    `number` is the line read last, from 1; `quotes` counts the double quotes since it was reset.
    Raises AudienceError for what is no text in `encoding`, for NUL and for endless lines.
    """

    def __init__(self, path: Path, encoding: str = "utf-8", place: Place | None = None) -> None:
        self.path = path
        self.number = 0
        self.quotes = 0
        self._encoding = _codec(path, encoding, place)
        self._raw = _open(path, place)
        self._text = io.TextIOWrapper(self._raw, encoding=self._encoding, newline="")

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._text.close()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = self._text.readline(LONGEST_LINE + 1)
        except UnicodeDecodeError:
            raise self._undecodable() from None
        except (OSError, EOFError, zlib.error) as error:
            raise AudienceError(f"{self.path}: cannot be read: {_words(error)}") from None
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > LONGEST_LINE:
            raise self.fault(f"the line is longer than {LONGEST_LINE:,} characters; is this a CSV?")
        if "\0" in line:
            raise self.fault("there is a NUL byte in this line", "save the file as CSV in UTF-8")
        self.quotes += line.count('"')
        return line

    def fault(
        self, message: str, hint: str | None = None, line: int | None = None
    ) -> AudienceError:
        """An error at a line, the one read last unless another is named."""
        return AudienceError(Fault(message, Place(str(self.path), line or self.number), hint))

    def _undecodable(self) -> AudienceError:
        """Which line it is: the wrapper reads ahead, so the bytes are read once more."""
        number = 0
        decoder = codecs.getincrementaldecoder(self._encoding)()
        with _open(self.path, None) as raw:
            while line := raw.readline(LONGEST_LINE):
                number += 1
                try:
                    decoder.decode(line)
                except UnicodeDecodeError:
                    break
        return self.fault(
            f"this line is not {self._encoding.removesuffix('-sig')}",
            f"save the file as UTF-8, or say what it is: encoding: {self._guess()}",
            max(number, 1),
        )

    def _guess(self) -> str:
        with _open(self.path, None) as raw:
            head = raw.read(4)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        return OFTEN_MEANT


def _open(path: Path, place: Place | None) -> BinaryIO:
    try:
        if path.suffix == ".gz":
            return cast(BinaryIO, gzip.open(path, "rb"))
        return path.open("rb")
    except OSError as error:
        raise AudienceError(Fault(f"{path}: cannot be read: {_words(error)}", place)) from None


def _codec(path: Path, encoding: str, place: Place | None) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except (LookupError, ValueError):
        raise AudienceError(
            Fault(f"{path}: there is no text encoding named {encoding!r}", place)
        ) from None
    return "utf-8-sig" if name == "utf-8" else name


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or "the compressed file ends too early"
