"""The plan, made beside what is shown: all rows are read and judged, as `check` does it, on a copy of the
record; then every message is built, to find whom the page shows first.

It is made anew where what it is made from was changed, and kept where only the letter was.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from sendbatch.errors import Interrupted, SendbatchError
from sendbatch.ledger.store import Draft
from sendbatch.limits.account import Allowance
from sendbatch.planning.inputs import inputs_digest
from sendbatch.planning.preparing import Prepared, prepare_again
from sendbatch.preview.document import Document
from sendbatch.rendering.batches import Staged
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.stop import Stop
from sendbatch.session import look
from sendbatch.session.job import Job
from sendbatch.session.live.reading import Read
from sendbatch.session.preparation import means_of, request_of
from sendbatch.session.showing import Asked, Showing

GRACE = 0.12  # seconds in which what is wrong may be mended by the rest of what is being saved


class Told(Protocol):
    """Who hears of it, on the planner's thread."""

    def rows_began(self, read: Read) -> None:
        """All rows are read anew."""
        ...

    def rows_read(self, columns: tuple[str, ...], rows: Sequence[Staged]) -> None: ...

    def rows_settled(self, read: Read, draft: Draft, prepared: Prepared) -> None: ...

    def listed(self, read: Read, document: Document) -> None:
        """The page's model, of this letter and these rows."""
        ...

    def refused(self, read: Read, error: SendbatchError, *, as_letter: bool) -> None:
        """`as_letter`: the rows are well, and what is wrong is how their messages are made."""
        ...

    def failed(self, error: Exception) -> None:
        """A fault of ours: all ends."""
        ...


class Planner:
    """A thread. `ask` gives it what was read last; what it is at for an older one is left."""

    def __init__(self, workers: Workers, told: Told, asked: Asked) -> None:
        self._workers, self._told, self._asked = workers, told, asked
        self._wanted: Read | None = None
        self._changed = threading.Condition()
        self._ended = False
        self._stop, self._listing = Stop(), Stop()
        self._is_planned = False
        self._thread = threading.Thread(target=self._run, name="planner", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self, read: Read, *, anew: bool) -> None:
        """`anew` where rows may be others."""
        with self._changed:
            self._wanted = read
            self._listing.soon()
            if anew and not self._is_planned:
                self._stop.soon()
            self._changed.notify()

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._stop.soon()
            self._listing.soon()
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (read := self._next()) is not None:
            with self._changed:
                self._stop, self._is_planned = Stop(), False
                if self._ended:
                    return
            try:
                self._plan(read)
            except Interrupted:
                continue
            except SendbatchError as error:
                self._refuse(read, error, as_letter=False)
            except Exception as error:  # noqa: BLE001 - whoever waits for the thread is told
                self._told.failed(error)
                return

    def _refuse(self, read: Read, error: SendbatchError, *, as_letter: bool) -> None:
        """Unless the rest of what is being saved comes in a moment."""
        with self._changed:
            is_old = self._changed.wait_for(lambda: self._ended or self._wanted is not None, GRACE)
        if not is_old:
            self._told.refused(read, error, as_letter=as_letter)

    def _next(self) -> Read | None:
        """What was asked for last, once something is; None in the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._wanted is not None)
            read, self._wanted = self._wanted, None
            return None if self._ended else read

    def _plan(self, read: Read) -> None:
        job = self._job(read, self._stop)
        self._told.rows_began(read)

        def see(draft: Draft, prepared: Prepared, allowance: Allowance) -> None:
            with self._changed:
                self._is_planned = True
            self._told.rows_settled(read, draft, prepared)
            self._list(read, draft, prepared, allowance)

        look.look(job, see, content=read.content, checked=self._told.rows_read)

    def _list(self, read: Read, draft: Draft, prepared: Prepared, allowance: Allowance) -> None:
        """One list after the other, for as long as the rows are the same. What is wrong with the letter alone
        lets the plan be."""
        plan = draft.people.plan()
        assert plan is not None
        first: Read | None = read
        while True:
            with self._changed:
                self._listing = Stop()
                if self._wanted is not None:
                    self._listing.soon()
            try:
                if first is None:
                    job = self._job(read, self._listing)
                    assert read.content is not None
                    request = request_of(job, allowance, read.content, looking=True)
                    prepared = prepare_again(draft, prepared, request, means_of(job, self._workers))
                self._told.listed(read, self._document(read, draft, prepared, allowance))
            except Interrupted:
                pass
            except SendbatchError as error:
                self._refuse(read, error, as_letter=True)
            first, following = None, self._next()
            if following is None:
                return
            if self._is_other(following, plan.inputs):
                with self._changed:
                    self._wanted = self._wanted or following
                return
            read = following

    def _is_other(self, read: Read, inputs: str) -> bool:
        assert read.job is not None
        try:
            return inputs_digest(read.job.campaign, self._stop.heed, read.content) != inputs
        except SendbatchError:  # it cannot be read: planning says so
            return True

    def _document(
        self, read: Read, draft: Draft, prepared: Prepared, allowance: Allowance
    ) -> Document:
        job = self._job(read, self._listing)
        showing = Showing(job, draft, prepared, self._asked)
        overview = look.rehearsed(job, draft, prepared, allowance, showing.told)
        document, _ = showing.shown(showing.choice(), overview)
        return document

    def _job(self, read: Read, stop: Stop) -> Job:
        assert read.job is not None
        return replace(read.job, stop=stop, workers=self._workers)
