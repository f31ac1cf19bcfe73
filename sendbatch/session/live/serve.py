"""`preview --serve`: reads, watches, and serves, until somebody asks it to end."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from sendbatch.findings import Finding
from sendbatch.preview.live.serving import hold_installed, listening, served
from sendbatch.preview.live.watching import Watched, Watching
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.files import create
from sendbatch.runtime.stop import Stop
from sendbatch.session.job import Job
from sendbatch.session.live.planner import GRACE, Planner
from sendbatch.session.live.reading import Read, read
from sendbatch.session.live.viewing import Viewing
from sendbatch.session.showing import Asked

KEY = "preview.key"  # in the user's folder for what outlives a call


class Live(Protocol):
    """Who is told of it, by any thread."""

    def began(self, address: str, watched: Sequence[Path]) -> None:
        """The page can be opened; these folders are watched."""
        ...

    def saved(self, files: Sequence[str], seconds: float, *, shown: bool) -> None:
        """They were saved and read again; `shown`: an open page has it so long after."""
        ...

    def wrong(self, findings: Sequence[Finding]) -> None:
        """All that is wrong by now; nothing, where it was mended."""
        ...


def serve(
    job_of_now: Callable[[], Job],
    live: Live,
    asked: Asked,
    *,
    port: int,
    workers: Workers,
    stop: Stop,
    edge: Edge,
) -> None:
    """`job_of_now` loads the campaign as it is. Returns once `stop` is asked.

    Raises SendbatchError where the port is in use, or something is not installed that it needs.
    """
    hold_installed()
    with contextlib.closing(listening(port)) as bound, Workers(1) as near:
        following = _Following(job_of_now, live, asked, near, workers, stop, edge)
        token = _token(port, following.name, edge)
        with following.under_way(), served(following.viewing, bound, token) as address:
            live.began(address, following.folders)
            _wait(stop)
    if following.viewing.failure is not None:
        raise following.viewing.failure


def _wait(stop: Stop) -> None:
    """Until it is asked; a signal is heard between two looks."""
    pause = threading.Event()
    while not stop.is_soon:
        pause.wait(0.1)


def _token(port: int, name: str, edge: Edge) -> str:
    """What stands in the address, and nobody can guess. With a port of one's choice it is the same each time,
    so that a page that stayed open comes back: it is made from a key that only this user can read."""
    key = _key(edge.state) if port else None
    if key is None:
        return secrets.token_urlsafe(24)
    made = hmac.digest(key, f"{name}\0{port}".encode("utf-8", "surrogateescape"), hashlib.sha256)
    return base64.urlsafe_b64encode(made[:24]).decode()


def _key(folder: Path | None) -> bytes | None:
    """The user's own; None where there is no place for it, or what lies there is not theirs alone."""
    if folder is None:
        return None
    path = folder / KEY
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            create(path, secrets.token_bytes(32))
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            about, key = os.fstat(file.fileno()), file.read(64)
    except OSError:
        return None
    is_own = about.st_uid == os.geteuid() and not about.st_mode & 0o077
    return key if is_own and len(key) == 32 else None


class _Following:
    """Reads again what was saved, and hands it to whoever shows it and to the planner."""

    def __init__(
        self,
        job_of_now: Callable[[], Job],
        live: Live,
        asked: Asked,
        near: Workers,
        workers: Workers,
        stop: Stop,
        edge: Edge,
    ) -> None:
        self._job_of_now, self._live, self._edge = job_of_now, live, edge
        self.viewing = Viewing(near, edge, stop, self._rendered, live.wrong)
        self._planner = Planner(workers, self.viewing, asked)
        self._watching = Watching(self._heard)
        self._changed = threading.Condition()
        self._saved: set[str] = set()
        self._saved_at = 0.0
        self._ended = False
        self._last = Watched()
        self._apart: list[Path] = []
        self._waiting: tuple[int, tuple[str, ...], float] | None = None  # to be shown
        self._thread = threading.Thread(target=self._follow, name="read again", daemon=True)
        self._first = self._read()
        self.name = str(self._first.job.campaign.file) if self._first.job is not None else ""

    @property
    def folders(self) -> list[Path]:
        return [Path(folder) for folder in sorted(self._last.folders)]

    @contextlib.contextmanager
    def under_way(self) -> Iterator[None]:
        self._planner.start()
        self._take(self._first, ())
        self._thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify()
            self._watching.end()
            self._thread.join()
            self._planner.end()
            self.viewing.close()

    def _heard(self, paths: frozenset[str]) -> None:
        with self._changed:
            if not self._saved:
                self._saved_at = self._edge.clock.steady()
            self._saved |= paths
            self._changed.notify()

    def _follow(self) -> None:
        while (saved := self._next(None)) is not None:
            found = self._read()
            # Half of what is being saved is no fault: the rest of it comes in a moment.
            while found.error is not None and (more := self._next(GRACE)):
                saved |= more
                found = self._read()
            self._take(found, saved)

    def _next(self, seconds: float | None) -> set[str] | None:
        """What was saved since the last call; None in the end, or where it takes longer than so."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or bool(self._saved), seconds)
            saved, self._saved = self._saved, set()
            return None if self._ended or not saved else saved

    def _read(self) -> Read:
        since = int(self._edge.clock.wall() * 1e9)
        found = read(self._job_of_now, self._apart)
        if found.job is not None:
            self._apart = [found.job.record.base]
        if found.error is not None:  # what was read before the fault hid it is still of interest
            found = _with(found, self._last)
        self._last = found.watched
        self._watching.watch(found.watched, since)
        return found

    def _take(self, found: Read, saved: Iterable[str]) -> None:
        files = tuple(sorted({os.path.basename(path) for path in saved}))
        if found.error is not None:
            self.viewing.refused_letter(found.error, files)
            return
        with self._changed:
            began = self._saved_at
            if files:
                version = self.viewing.standing().version + 1
                self._waiting = (version, files, began) if self.viewing.has_listeners else None
        self.viewing.letter_read(found, files)
        self._planner.ask(found, anew=_touches_rows(found, saved))
        if files and self._waiting is None:
            self._live.saved(files, self._edge.clock.steady() - began, shown=False)

    def _rendered(self, version: int) -> None:
        """A page was given a message of this version."""
        with self._changed:
            if self._waiting is None or version < self._waiting[0]:
                return
            (_, files, began), self._waiting = self._waiting, None
        self._live.saved(files, self._edge.clock.steady() - began, shown=True)


def _with(found: Read, before: Watched) -> Read:
    watched = Watched(
        found.watched.files | before.files,
        found.watched.folders | before.folders,
        found.watched.open_folders | before.open_folders,
        found.watched.apart or before.apart,
    )
    return Read(found.job, found.content, found.error, watched)


def _touches_rows(found: Read, saved: Iterable[str]) -> bool:
    """Whether the rows may be others by it: their file, a list, or what says how they are read."""
    assert found.job is not None
    campaign = found.job.campaign
    paths = (campaign.recipients.file, *(one.file for one in campaign.suppress), *campaign.sources)
    return not {os.path.realpath(path) for path in paths}.isdisjoint(map(os.path.realpath, saved))

