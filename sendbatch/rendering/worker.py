"""What a worker does with bytes: checks rows, builds messages. It opens no template and no record.

Per-recipient attachments are the one kind of file it reads, from the folder that the author's
own part of their path names. As a process (`serve`) it lives for as long as its standard input is
open: the end of it is the only sign of life there is.
"""

from __future__ import annotations

import os
import pickle
import threading
from dataclasses import replace
from queue import SimpleQueue
from typing import BinaryIO

from sendbatch.audience.checks import Checker
from sendbatch.errors import SendbatchError
from sendbatch.message.compose import Composer
from sendbatch.rendering import batches
from sendbatch.rendering.frames import CHECK, DONE, FAULT, SETUP, read_frame, write_frame
from sendbatch.rendering.setup import setup_from
from sendbatch.values import Checked, Message, Status, Unbuildable

MOST_BYTES = 8 * 1024 * 1024  # of messages in one answer; whoever asked asks for the rest again


class Worker:
    """Made from `Setup.to_bytes()`. Each method takes and returns one batch as bytes."""

    def __init__(self, setup: bytes) -> None:
        self._setup = setup_from(setup)
        rules = self._setup.rules
        self._checker = Checker(rules) if rules is not None else None
        self._composer = Composer(self._setup.content, self._setup.columns, self._setup.salt)

    def check(self, batch: bytes) -> bytes:
        """`batches.unchecked` in, `batches.surveyed` out. Raises AudienceError where `where` fails
        on a row."""
        assert self._checker is not None
        check = self._checker.check
        return batches.surveyed(self._survey(check(row)) for row in batches.rows_of(batch))

    def render(self, batch: bytes) -> bytes:
        """`batches.asked` in, `batches.answered` out, for as many of the first as fit into one
        answer, at least one."""
        recipients, now = batches.asked_for(batch)
        built: list[Message | Unbuildable] = []
        size = 0
        for recipient in recipients:
            if size > MOST_BYTES:
                break
            message = self._composer.compose(recipient, now)
            size += len(message.data) if isinstance(message, Message) else 0
            built.append(message)
        return batches.answered(built)

    def _survey(self, checked: Checked) -> tuple[Checked, str | None, int]:
        """A row, where it may be sent to with the files it asks for, what is wrong with them, and their
        bytes on the wire."""
        if checked.status is not Status.PENDING or not self._composer.has_own_attachments:
            return checked, None, 0
        found, reason = self._composer.survey(checked.cells)
        paths = tuple(str(path) for path, _ in found)
        size = encoded(sum(size for _, size in found))
        limit = self._setup.size_limit
        if reason is None and limit is not None and size > limit:
            reason = too_large(size, limit)
        return replace(checked, attachments=paths), reason, size


def too_large(size: int, limit: int) -> str:
    """What is said of a row whose attachments the server does not take."""
    return f"its attachments make a message of {size:,} bytes; the server takes {limit:,}"


def encoded(size: int) -> int:
    """Bytes on the wire for `size` bytes in base64, 76 characters a line (RFC 2045 §6.8)."""
    return -(-size // 57) * 78


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer frames until the end of `source`, and end the process with it."""
    frames: SimpleQueue[tuple[bytes, bytes]] = SimpleQueue()
    threading.Thread(target=_listen, args=(source, frames), daemon=True).start()
    worker: Worker | None = None
    while True:
        kind, data = frames.get()
        if kind == SETUP:
            worker = Worker(data)
            continue
        assert worker is not None
        try:
            answer = worker.check(data) if kind == CHECK else worker.render(data)
        except SendbatchError as error:
            write_frame(sink, FAULT, pickle.dumps((type(error), error.faults), protocol=5))
        else:
            write_frame(sink, DONE, answer)


def _listen(source: BinaryIO, frames: SimpleQueue[tuple[bytes, bytes]]) -> None:
    """A thread that waits for the end of the input, also while a batch is under way, were it one that
    never ends: nobody is left to read the answer."""
    while (frame := read_frame(source)) is not None:
        frames.put(frame)
    os._exit(0)
