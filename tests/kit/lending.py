"""Workers that outlive a test: real ones, that the next test goes on with.

To start an interpreter and load what builds messages takes longer than most of these tests build. A worker
is told its setup with each batch that needs another, so that it need not be a new one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import pytest

from sendbatch.rendering import workers
from sendbatch.runtime.process import bare_environment


class Lent(workers._Process):
    """A worker that is kept when its user ends it, if it behaved and nobody else has one like it."""

    kept: ClassVar[dict[tuple[object, ...], Lent]] = {}

    def __init__(self, row_patience: float) -> None:
        super().__init__(row_patience)
        self._kind = _kind(row_patience)
        self._is_spoiled = False

    def answer(self, job: workers._Job) -> bytes:
        try:
            return super().answer(job)
        except workers.Broken:
            self._is_spoiled = True
            raise

    def kill(self) -> None:
        self._is_spoiled = True
        super().kill()

    def end(self) -> None:
        if self._is_spoiled or self._setup is None or self._kind in self.kept:
            super().end()
        else:
            self.kept[self._kind] = self

    @classmethod
    def end_all(cls) -> None:
        while cls.kept:
            _, process = cls.kept.popitem()
            workers._Process.end(process)


def _kind(row_patience: float) -> tuple[object, ...]:
    """What a worker has for its whole life. It looks for nothing at home."""
    environ = {name: value for name, value in bare_environment().items() if name != "HOME"}
    return os.getpid(), row_patience, tuple(sorted(environ.items()))


def _lend(row_patience: float) -> Lent:
    return Lent.kept.pop(_kind(row_patience), None) or Lent(row_patience)


@contextmanager
def borrowed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "_Process", _lend)
        yield
