"""Which of a host's addresses is connected to: one that works, with no long wait for others (RFC 8305).

A host may have addresses of both families, and one of them may lead nowhere without a word. So the next
address is tried while the one before it has not answered yet, and the first that answers is taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain, zip_longest
from typing import TypeVar

T = TypeVar("T")

DELAY = 0.25  # seconds until the next address is tried beside those before it (RFC 8305 §5)
MOST = 16  # addresses that are tried for one connection


class Addresses:
    """What a run has learned of them: one object for all of its connections."""

    def __init__(self) -> None:
        self._worked: str | None = None
        self._failed: set[str] = set()

    def in_order(self, found: Sequence[str]) -> list[str]:
        """What worked last, then the families in turn (RFC 8305 §4), then what has failed in this run."""
        new = [address for address in found if address not in self._failed]
        failed = [address for address in found if address in self._failed]
        ordered = [*_in_turn(new), *failed]
        if self._worked in ordered:
            ordered.remove(self._worked)
            ordered.insert(0, self._worked)
        return ordered[:MOST]

    def worked(self, address: str) -> None:
        """It answered: from now on it is tried first."""
        self._worked = address
        self._failed.discard(address)

    def failed(self, address: str) -> None:
        """It did not answer: from now on it is tried last."""
        self._failed.add(address)
        if self._worked == address:
            self._worked = None

    def is_left(self, found: Sequence[str]) -> bool:
        """Whether one of them has not failed in this run."""
        return not self._failed.issuperset(found)


class NoneAnswered(Exception):
    """`errors` says how each of the addresses failed, by address, in the order in which they were tried."""

    def __init__(self, errors: dict[str, OSError]) -> None:
        super().__init__("no address answered")
        self.errors = errors


async def first_to_answer(
    addresses: Sequence[str],
    connect: Callable[[str], Awaitable[T]],
    patience: float,
    drop: Callable[[T], None],
    known: Addresses,
) -> T:
    """What `connect` gives for the first address that answers within `patience` seconds; others that answer
    at the same moment are dropped. Raises NoneAnswered."""
    deadline = asyncio.get_running_loop().time() + patience
    trying: dict[asyncio.Task[T], str] = {}
    errors: dict[str, OSError] = {}
    waiting = list(addresses)
    try:
        while waiting or trying:
            if waiting:
                address = waiting.pop(0)
                trying[asyncio.ensure_future(connect(address))] = address
            taken = await _answered(trying, errors, deadline, hurry=bool(waiting))
            if taken is not None:
                address = trying.pop(taken)
                # those begun after it had less time, and may be as good
                before = addresses[: addresses.index(address)]
                for late in (*errors, *(one for one in trying.values() if one in before)):
                    known.failed(late)
                known.worked(address)
                return taken.result()
            if asyncio.get_running_loop().time() >= deadline:
                break
        for address in (*trying.values(), *waiting):
            errors[address] = TimeoutError()
        for address in errors:
            known.failed(address)
        raise NoneAnswered({address: errors[address] for address in addresses})
    finally:
        await _drop(trying, drop)


async def _answered(
    trying: dict[asyncio.Task[T], str],
    errors: dict[str, OSError],
    deadline: float,
    *,
    hurry: bool,
) -> asyncio.Task[T] | None:
    """One that has answered; None where all have failed, or it is time for the next. Those that failed move
    to `errors`."""
    now = asyncio.get_running_loop().time()
    until = min(now + DELAY, deadline) if hurry else deadline
    while trying and (left := until - asyncio.get_running_loop().time()) > 0:
        done, _ = await asyncio.wait(trying, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            error = task.exception()
            if error is None:
                return task
            address = trying.pop(task)
            if not isinstance(error, OSError):
                raise error
            errors[address] = error
        if done and hurry:
            return None  # the next need not wait
    return None


async def _drop(trying: dict[asyncio.Task[T], str], drop: Callable[[T], None]) -> None:
    """Whoever lost; a cancellation can come to nothing where the connection was made just now."""
    for task in trying:
        task.cancel()
    for ended in await asyncio.gather(*trying, return_exceptions=True):
        if not isinstance(ended, BaseException):
            drop(ended)


def _in_turn(addresses: Sequence[str]) -> list[str]:
    """The families in turn, the first address's family first."""
    first = [address for address in addresses if (":" in address) == (":" in addresses[0])]
    others = [address for address in addresses if address not in first]
    pairs = chain.from_iterable(zip_longest(first, others))
    return [address for address in pairs if address is not None]
