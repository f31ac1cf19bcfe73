"""Files that name somebody: looked for by the bytes of their address, in each way that text files have it."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_AT_ONCE = 1 << 20  # bytes


@dataclass(frozen=True)
class Naming:
    """`addresses` in small letters."""

    addresses: frozenset[str]
    _pattern: re.Pattern[bytes] = field(init=False, repr=False, compare=False)
    _longest: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        words = {spelling for address in self.addresses for spelling in _spellings(address)}
        either = b"|".join(map(re.escape, sorted(words, key=len, reverse=True))) or b"(?!)"
        whole = rb"(?<![A-Za-z0-9_.+-])(?:%b)(?![A-Za-z0-9_-]|\.[A-Za-z0-9])" % either
        object.__setattr__(self, "_pattern", re.compile(whole, re.IGNORECASE))
        object.__setattr__(self, "_longest", max(map(len, words), default=1))

    def is_in(self, file: Path) -> bool:
        """Whether one of them stands there. False for what is no file; raises OSError where it cannot be
        read."""
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return False
            before = b""
            while block := opened.read(_AT_ONCE):
                if self._pattern.search(before + block):
                    return True
                before = (before + block)[-self._longest - 2 :]
        return False

    def left_in(self, file: Path) -> bool:
        """As `is_in`, of the bytes of a database, whatever stands around."""
        with file.open("rb") as opened:
            words = [address.encode() for address in self.addresses]
            before = b""
            while block := opened.read(_AT_ONCE):
                text = (before + block).lower()
                if any(word in text for word in words):
                    return True
                before = text[-self._longest :]
        return False


def _spellings(address: str) -> Iterable[bytes]:
    """As it stands, within JSON, in a link, and in quoted-printable."""
    local, _, domain = address.rpartition("@")
    yield address.encode()
    yield json.dumps(address)[1:-1].encode()
    yield f"{local}%40{domain}".encode()
    yield f"{local}=40{domain}".encode()
