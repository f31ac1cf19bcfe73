"""A text file, line by line, as exports are: bounded, decoded strictly, gzip where the name says so."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from sendbatch.errors import AudienceError, Place, shown
from sendbatch.findings import Finding, Rule

Opened: TypeAlias = "io.BufferedReader | gzip.GzipFile"

LONGEST_LINE = 8 * 1024 * 1024  # characters
BETWEEN = 64  # lines from one `heed` to the next
LONGEST_LOOK = 64 * 1024  # characters that a look ahead takes in
# What ISO-2022 writes before and behind Japanese and Korean letters (RFC 1468, RFC 1557): bytes of ASCII all
# of them, which are text in nearly every encoding, and go out as such.
SHIFT = re.compile(r"\x1b(?:\$[@B]|\$[()][A-Z]|\([IJ])")
# Python's codecs for other things than files; some decode to what is no text (lone surrogates).
NO_TEXT = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7"})


class Lines:
    """Iterates over the lines of a file; a context manager.

    `number` is the line read last, from 1.
    `encoding` None is UTF-8 where nobody can say otherwise. Raises AudienceError for what is no
    text in `encoding`, for NUL and for endless lines. `heed` is called before the first line, and again
    after every 64; what it raises ends the reading. `lenient`: what is no text is read as U+FFFD.
    """

    def __init__(
        self,
        path: Path,
        encoding: str | None = None,
        place: Place | None = None,
        heed: Callable[[], None] = lambda: None,
        *,
        lenient: bool = False,
    ) -> None:
        self.path = path
        self._heed = heed
        self._place = place
        self._declared, self._lenient = encoding, lenient
        self.number = 0
        self._fixed = encoding is None
        self._encoding = _codec(path, "utf-8" if encoding is None else encoding, place)
        self._raw = _open(path, place)
        errors = "replace" if lenient else "strict"
        self._text = io.TextIOWrapper(self._raw, self._encoding, errors, newline="")
        self._each = self._read()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._text.close()

    def __iter__(self) -> Iterator[str]:
        return self._each

    def __next__(self) -> str:
        return next(self._each)

    def _read(self) -> Iterator[str]:
        heed, readline = self._heed, self._text.readline
        while True:
            if not self.number % BETWEEN:
                heed()
            try:
                line = readline(LONGEST_LINE + 1)
            except UnicodeError:
                raise self._undecodable() from None
            except (OSError, EOFError, zlib.error) as error:
                raise AudienceError(
                    Rule.UNREADABLE_FILE.finding(
                        f"{shown(self.path)}: cannot be read: {_words(error)}"
                    )
                ) from None
            if not line:
                break
            self.number += 1
            if self.number == 1:
                line = line.removeprefix("\ufeff")  # a BOM that the codec left, as utf-16-le does
            if len(line) > LONGEST_LINE:
                raise self.error(
                    Rule.CSV_SYNTAX,
                    f"the line is longer than {LONGEST_LINE:,} characters; is this a CSV?",
                )
            if "\0" in line:
                raise self._with_nul(line)
            if "\x1b" in line and SHIFT.search(line) is not None:
                raise self._shifted()
            yield line
        if not self.number and self._is_half_a_mark():
            raise self._undecodable()

    def ahead(self, most: int) -> list[str]:
        """The next lines, `most` and LONGEST_LOOK characters at most, which are still to be read."""
        found: list[str] = []
        again = Lines(self.path, self._declared, self._place, self._heed, lenient=self._lenient)
        with again:
            for line in again:
                if again.number > self.number:
                    found.append(line[:LONGEST_LOOK])
                if len(found) == most or sum(map(len, found)) > LONGEST_LOOK:
                    break
        return found

    def _is_half_a_mark(self) -> bool:
        """Whether all there is are the first bytes of a BOM, which the codec takes for nothing."""
        with _open(self.path, None) as raw:
            return raw.read(3) in (b"\xef", b"\xef\xbb")

    def error(
        self, rule: Rule, message: str, hint: str | None = None, line: int | None = None
    ) -> AudienceError:
        """An error at a line, the one read last unless another is named."""
        return AudienceError(
            rule.finding(message, Place(shown(self.path), line or self.number), hint)
        )

    def _with_nul(self, line: str) -> AudienceError:
        hint = "save the file as CSV in UTF-8"
        with _open(self.path, None) as raw:
            head = raw.read(64)
        zeros = [head[start::2].count(0) > len(head) // 3 for start in (0, 1)]
        if not self._fixed and zeros[0] != zeros[1]:
            hint += f", or say what it is: encoding: utf-16-{'be' if zeros[0] else 'le'}"
        return self.error(Rule.NOT_TEXT, "there is a NUL byte in this line", hint)

    def _shifted(self) -> AudienceError:
        from sendbatch.audience.undecodable import advice_on_shifts

        said = f"this line is not {self._encoding.removesuffix('-sig')}: it changes to another set of letters"
        hint = advice_on_shifts(lambda: _open(self.path, None), named=not self._fixed)
        return self.error(Rule.NOT_TEXT, said, hint)

    def _undecodable(self) -> AudienceError:
        """Which line it is: the wrapper reads ahead, so the bytes are read once more."""
        from sendbatch.audience.undecodable import advice, first_bad

        def opened() -> Opened:
            return _open(self.path, None)

        with opened() as raw:
            spot = first_bad(raw, self._encoding)
        said = f"this line is not {self._encoding.removesuffix('-sig')}{spot.said()}"
        hint = advice(opened, self._encoding, named=not self._fixed)
        return self.error(Rule.NOT_TEXT, said, hint, spot.line)


def _open(path: Path, place: Place | None) -> Opened:
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "rb")
        return path.open("rb")
    except OSError as error:
        raise AudienceError(
            Rule.UNREADABLE_FILE.finding(f"{shown(path)}: cannot be read: {_words(error)}", place)
        ) from None


def _codec(path: Path, encoding: str, place: Place | None) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
        if name in NO_TEXT:
            raise LookupError
    except (LookupError, ValueError):
        raise AudienceError(
            Rule.UNKNOWN_ENCODING.finding(
                f"{shown(path)}: there is no text encoding named {encoding!r}", place
            )
        ) from None
    return "utf-8-sig" if name == "utf-8" else name


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or "the compressed file ends too early"


def unreadable(
    files: Iterable[tuple[Path, str]], heed: Callable[[], None] = lambda: None
) -> list[Finding]:
    """The first fault of each file, named with its encoding, that is no text in it."""
    findings: list[Finding] = []
    for path, encoding in files:
        try:
            with Lines(path, encoding, heed=heed) as lines:
                for _ in lines:
                    pass
        except AudienceError as error:
            findings += error.findings
    return findings
