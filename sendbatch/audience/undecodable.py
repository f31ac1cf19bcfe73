"""A file that is no text in the encoding it is said to have: where, and which it may be in.

Whatever is advised here reads the whole file, so that who follows it is not sent back again.
"""

from __future__ import annotations

import codecs
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sendbatch.audience.guessing import likely, sample
from sendbatch.errors import one_line

if TYPE_CHECKING:
    import gzip

LOOKED_AT = 64 * 1024  # bytes that are guessed from
MOST_LINE = 1024 * 1024  # bytes of a line that is looked at
SHIFTED = ("iso2022_jp", "iso2022_jp_ext", "iso2022_kr")
MOST_NAMED = 3  # encodings named
_READ_AT_ONCE = 1024 * 1024
_BROKEN = (OSError, EOFError, zlib.error)  # a compressed file, further on
_MARKS = {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods, .xls


@dataclass(frozen=True, slots=True)
class Spot:
    """`line` from 1; `byte` from 1 within it and its `value`, or None where they cannot be told."""

    line: int
    byte: int | None = None
    value: int | None = None

    def said(self) -> str:
        """Which byte it is, to be put behind the line; "" where that cannot be told."""
        if self.byte is None or self.value is None:
            return ""
        return f": byte {self.byte:,} of it is 0x{self.value:02X}"


def first_bad(raw: io.BufferedReader | gzip.GzipFile, encoding: str) -> Spot:
    """Where the bytes cannot be decoded. Reads as TextIOWrapper does, and so stops before whatever it
    did not come to, such as the break in a compressed file."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    number, before, chunk = 1, 0, b"-"
    while chunk:
        state = decoder.getstate()
        chunk = raw.read1(io.DEFAULT_BUFFER_SIZE)
        try:
            number += decoder.decode(chunk, final=not chunk).count("\n")
        except UnicodeError:
            break
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
        before = len(chunk) - end if end else before + len(chunk)
    decoder.setstate(state)
    for at, byte in enumerate(chunk):
        try:
            number += decoder.decode(bytes([byte])).count("\n")
        except UnicodeDecodeError as error:
            if encoding.startswith(("utf-16", "utf-32")):
                break  # a byte is no character there
            at -= len(error.object) - 1 - error.start  # where the character begins
            end = max(chunk.rfind(b"\n", 0, max(at, 0)), chunk.rfind(b"\r", 0, max(at, 0))) + 1
            return Spot(number, at - end + 1 if end else before + at + 1, error.object[error.start])
        except UnicodeError:
            break
    return Spot(number)


def advice(
    opened: Callable[[], io.BufferedReader | gzip.GzipFile], encoding: str, *, named: bool
) -> str:
    """What to do about it. `named`: an encoding can be said where the file is named."""
    with opened() as raw:
        head = raw.read(4)
    if head.startswith(_WORKBOOKS):
        return "this is a workbook of a spreadsheet program: save it as CSV in UTF-8"
    save = "save the file as UTF-8"
    if not named:
        return save
    if encoding != "utf-8-sig" and _reads(opened, "utf-8"):
        return "it is UTF-8: write encoding: utf-8, or leave it out"
    if encoding != "utf-16" and (mark := _MARKS.get(head[:2])) and _reads(opened, mark):
        return f"{save}, or say what it is: encoding: {mark}"
    data, sound = _telling(opened)
    if sound is not None:
        return f"other lines are UTF-8 (they read: {one_line(sound, 80)}): correct this one"
    found = [one for one in likely(data) if one != encoding and _reads(opened, one)][:MOST_NAMED]
    if not found:
        return save
    guesses = [f"\n    encoding: {one}   would read: {_sample(data, one)}" for one in found]
    look = "it may be the one that reads well of these" if len(found) > 1 else "it may be this"
    return f"{save}, or say what it is; by its bytes {look}:{''.join(guesses)}"


def advice_on_shifts(
    opened: Callable[[], io.BufferedReader | gzip.GzipFile], *, named: bool
) -> str:
    """The same of a file that is text, but for the marks of ISO-2022 in it."""
    save = "save the file as UTF-8"
    found = next((one for one in SHIFTED if _reads(opened, one)), None) if named else None
    if found is None:
        return save
    with opened() as raw:
        lines = iter(lambda: raw.readline(MOST_LINE), b"")
        shown = next((_sample(line, found) for line in lines if b"\x1b" in line), "")
    guess = f"\n    encoding: {found}   would read: {shown}"
    return f"{save}, or say what it is; by its bytes it may be this:{guess}"


def _sample(data: bytes, encoding: str) -> str:
    return one_line(sample(data.decode(encoding)), 80)


def _reads(opened: Callable[[], io.BufferedReader | gzip.GzipFile], encoding: str) -> bool:
    """Whether all of the file is text in this encoding, without NUL."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with opened() as raw:
        try:
            while chunk := raw.read(_READ_AT_ONCE):
                if "\0" in decoder.decode(chunk):
                    return False
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False
        except _BROKEN:
            return True
    return True


def _telling(
    opened: Callable[[], io.BufferedReader | gzip.GzipFile],
) -> tuple[bytes, str | None]:
    """The first lines beyond ASCII that are no UTF-8; and words of those that are, where these are more."""
    odd: list[bytes] = []
    sound: list[str] = []
    size = 0
    with opened() as raw:
        try:
            while size < LOOKED_AT and (line := raw.readline(MOST_LINE)):
                if line.isascii():
                    continue
                size += len(line)
                try:
                    sound.append(line.decode("utf-8-sig"))
                except UnicodeError:
                    odd.append(line)
        except _BROKEN:
            pass
    return b"".join(odd), sample("".join(sound)) if len(sound) > len(odd) else None
