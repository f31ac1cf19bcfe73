"""What a worker does with bytes: checks rows, builds messages. It opens no template and no record.

It is bounded, for a campaign's expressions may do anything: in memory, so that what asks for too much fails
with its row; and in the time for each row, by an alarm of the kernel, which ends the process were it in the
middle of a computation that never comes back to the interpreter.

Per-recipient attachments and pictures are the only files it reads, from the folder that the author's
own part of their path names. As a process (`serve`) it lives for as long as its standard input is
open: the end of it is the only sign of life there is.
"""

from __future__ import annotations

import os
import pickle
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from typing import BinaryIO, TypeVar

from sendbatch.audience.checks import Checker
from sendbatch.campaign.language.tracing import Trace, tracing
from sendbatch.errors import SendbatchError
from sendbatch.message.attachments import Survey, Unavailable
from sendbatch.message.checks.traits import traits_of
from sendbatch.message.letter import Proof
from sendbatch.message.parts import Sample, text_of
from sendbatch.message.versions.composers import Composers, composer_of
from sendbatch.rendering import batches
from sendbatch.rendering.batches import Alike, Looked
from sendbatch.rendering.frames import (
    CHECK,
    CHOOSE,
    DONE,
    FAULT,
    LOOK,
    REFUSAL,
    RENDER,
    SAMPLE,
    SETUP,
    read_frame,
    write_frame,
)
from sendbatch.rendering.setup import Looking, setup_from, too_large
from sendbatch.rendering.shared import SharedParts
from sendbatch.runtime.process import bound_memory, end_after, ending_after, heed_no_alarm
from sendbatch.values import Checked, Recipient, Row, Status, Unbuildable

T = TypeVar("T")

# Of messages in one answer, and of the time it takes; whoever asked asks for the rest again.
MOST_BYTES = 8 * 1024 * 1024
MOST_SECONDS = 1.0
# Bytes of memory: enough to build a message of 150 MB (no known server takes more) from files of the
# recipient's own, and so many times what everybody gets, of which every message holds a copy.
LEAST_MEMORY = 1024 * 1024 * 1024
MEMORY_FOR_EACH = 12
MOST_TOLD = 20_000  # characters of a traceback


class Worker:
    """Made from `Setup.to_bytes()`. Each method takes and returns one batch as bytes; `begin` is called
    before each row."""

    def __init__(self, setup: bytes, begin: Callable[[], object] = lambda: None) -> None:
        self._begin = begin
        self.row = 0  # of the CSV, the one that is looked at
        self._setup = setup_from(setup)
        rules = self._setup.rules
        self._checker = Checker(rules) if rules is not None else None
        content, columns, salt = self._setup.content, self._setup.columns, self._setup.salt
        self._trace = Trace()
        with self._traced():
            self._composer = composer_of(content, columns, salt, keys=self._setup.keys)
        self._shared = SharedParts(self._composer.shared)

    def answer(self, kind: bytes, batch: bytes) -> bytes:
        """What a frame of this kind asks for."""
        do = {
            CHECK: self.check,
            RENDER: self.render,
            SAMPLE: self.sample,
            CHOOSE: self.choose,
            LOOK: self.look,
        }
        return do[kind](batch)

    def check(self, batch: bytes) -> bytes:
        """`batches.unchecked` in, `batches.surveyed` out. Raises AudienceError where `where` fails
        on a row."""
        assert self._checker is not None
        found = map(self._checked, batches.rows_of(batch))
        return batches.surveyed(found, marked=self._setup.marked)

    def _checked(self, row: Row) -> tuple[Checked, Survey | None]:
        assert self._checker is not None
        self._begin()
        self.row = row.line
        checked = self._checker.check(row)
        if checked.status is not Status.PENDING or not self._composer.looks_at_rows:
            return checked, None
        return self._survey(checked)

    def render(self, batch: bytes) -> bytes:
        """`batches.asked` in, `batches.answered` out, for as many of the first as fit into one
        answer, at least one."""
        assert self._setup.looking is None
        recipients, now, reviewer = batches.asked_for(batch)
        proof = None if reviewer is None else Proof(reviewer)
        built = self._in_one_answer(
            recipients,
            partial(self._composer.compose, now=now, proof=proof),
            lambda message: len(message.data),
        )
        return batches.answered(built, self._shared)

    def sample(self, batch: bytes) -> bytes:
        """As `render`, of messages that are only looked at: `batches.sampled` out."""
        recipients, now, _ = batches.asked_for(batch)
        found = self._in_one_answer(
            recipients,
            partial(self._composer.sample, now=now),
            _size_of_sample,
        )
        return batches.sampled(found)

    def look(self, batch: bytes) -> bytes:
        """As `sample`, of which no more is told than what is looked for: `batches.looked_at` out."""
        recipients, now, _ = batches.asked_for(batch)
        looking = self._setup.looking
        assert looking is not None
        with self._traced():
            found = self._in_one_answer(recipients, partial(self._look, looking, now), lambda _: 0)
        return batches.looked_at(found)

    def _look(self, looking: Looking, now: float, recipient: Recipient) -> Looked | Unbuildable:
        taken = self._trace.taken
        taken.clear()
        sample = self._composer.sample(recipient, now)
        if isinstance(sample, Unbuildable):
            return sample
        having: tuple[bool, ...] = ()
        if looking.sought:
            text = text_of(sample.parts)
            having = tuple(any(one in text for one in spelled) for spelled in looking.sought)
        versions: tuple[tuple[int, bool], ...] = ()
        if looking.traces and isinstance(self._composer, Composers):
            chosen = self._composer.choices(recipient)
            assert not isinstance(chosen, Unbuildable)
            versions = tuple([(one.number, one.by_fallback) for one in chosen])
        ways = frozenset([self._trace.known[number] for number in taken])
        traits = traits_of(sample, looking.gaps)
        alike = Alike(having, ways, len(sample.parts.attachments), versions, traits)
        return Looked(sample.size, alike)

    def _traced(self) -> AbstractContextManager[None]:
        """Whatever is compiled in the block has marks where ways are to be told."""
        looking = self._setup.looking
        return tracing(self._trace) if looking is not None and looking.traces else nullcontext()

    def choose(self, batch: bytes) -> bytes:
        """As `render`, of which version each gets: `batches.chosen` out."""
        assert isinstance(self._composer, Composers)
        recipients, _, _ = batches.asked_for(batch)
        return batches.chosen(
            self._in_one_answer(recipients, self._composer.choices, lambda choices: len(choices))
        )

    def _in_one_answer(
        self,
        recipients: Sequence[Recipient],
        build: Callable[[Recipient], T | Unbuildable],
        size_of: Callable[[T], int],
    ) -> list[T | Unbuildable]:
        built: list[T | Unbuildable] = []
        size, until = 0, time.monotonic() + MOST_SECONDS
        for recipient in recipients:
            if size > MOST_BYTES or (built and time.monotonic() > until):
                break
            self._begin()
            self.row = recipient.row
            one = build(recipient)
            size += 0 if isinstance(one, Unbuildable) else size_of(one)
            built.append(one)
        return built

    def _survey(self, checked: Checked) -> tuple[Checked, Survey]:
        """A row that may be sent to, with the files it asks for, and what they are."""
        found = self._composer.survey(checked.cells, checked.key)
        limit = self._setup.size_limit
        if found.unavailable is None and limit is not None and found.size > limit:
            said = too_large(found.size, limit)
            wrong = Unavailable(said, is_missing=False, fails=found.fails_if_too_large)
            found = replace(found, unavailable=wrong)
        return checked._replace(attachments=tuple(str(path) for path, _ in found.files)), found


def _size_of_sample(sample: Sample) -> int:
    parts = sample.parts
    pictures = (picture.data for picture in parts.pictures)
    return sum(map(len, (*parts.text, *(parts.html or ()), *pictures)))


def serve(source: BinaryIO, sink: BinaryIO, row_patience: float) -> None:
    """Answer frames until the end of `source`, and end the process with it, or with a row that takes
    longer than `row_patience` seconds or takes all memory there is."""
    heed_no_alarm()
    frames: SimpleQueue[tuple[bytes, bytes]] = SimpleQueue()
    threading.Thread(target=_listen, args=(source, frames), daemon=True).start()
    try:
        _answer_all(frames, sink, row_patience)
    finally:  # at once: an interpreter that ends by itself waits for the thread that listens, and is aborted
        os._exit(1)


def _answer_all(
    frames: SimpleQueue[tuple[bytes, bytes]], sink: BinaryIO, row_patience: float
) -> None:
    answering: Worker | bytes = b""  # or why there is none
    while True:
        kind, data = frames.get()
        if kind == SETUP:
            bound_memory(LEAST_MEMORY + MEMORY_FOR_EACH * len(data))
            answering = _made(data, row_patience)
            continue
        answer = _answer(answering, kind, data)
        end_after(0)
        write_frame(sink, *answer)


def _made(setup: bytes, row_patience: float) -> Worker | bytes:
    try:
        return Worker(setup, ending_after(row_patience))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - there is nobody here to be told
        return _fault(error, 0)


def _answer(worker: Worker | bytes, kind: bytes, data: bytes) -> tuple[bytes, bytes]:
    if isinstance(worker, bytes):
        return FAULT, worker
    try:
        return DONE, worker.answer(kind, data)
    except SendbatchError as error:
        return REFUSAL, pickle.dumps((type(error), error.findings), protocol=5)
    except MemoryError:  # the row's doing, which whoever asked finds out
        raise
    except Exception as error:  # noqa: BLE001 - there is nobody here to be told
        return FAULT, _fault(error, worker.row)


def _fault(error: Exception, row: int) -> bytes:
    """What is said of it, and where it was raised."""
    said = type(error).__name__ + (f", at row {row}" if row else "")
    where = "".join(traceback.format_exception(error))[-MOST_TOLD:]
    return pickle.dumps((said, where), protocol=5)


def _listen(source: BinaryIO, frames: SimpleQueue[tuple[bytes, bytes]]) -> None:
    """A thread that waits for the end of the input, also while a batch is under way, were it one that
    never ends: nobody is left to read the answer."""
    try:
        while (frame := read_frame(source)) is not None:
            frames.put(frame)
    finally:
        os._exit(0)
