"""What was saved, in the folders of all files that a campaign reads.

The operating system tells of changes in a folder, not below it: a repository with a million files costs
nothing. Editors save in many ways (in place, in parts, by a new file of the same name); what they leave
beside it is none of it.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

STEP = 15  # milliseconds without another change, after which one is told
MOST = 200  # milliseconds for which changes that keep coming are gathered
SIGN_OF_LIFE = 100  # milliseconds
CLOCK = 20_000_000  # nanoseconds that the clock of a file system may be behind
MODIFIED = 2  # a file that was there before; so watchfiles numbers it
# Of vim, Emacs, JetBrains, nano, LibreOffice, Kate, GNOME; and ours, while a file is replaced.
BESIDE = re.compile(
    r"4913|\..*\.sw[a-z]|.*~|#.*#|\.#.*|.*___jb_\w+___|\.~lock\..*#|\.goutputstream-.*|\..*\.tmp"
)


@dataclass(frozen=True, slots=True)
class Watched:
    """Real paths. `files` were read or looked for; of the others in `folders` it counts that one came or
    went, and in `open_folders`, where rows have files of their own, any change. What lies in `apart`, as
    records do, never counts."""

    files: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    open_folders: frozenset[str] = frozenset()
    apart: tuple[str, ...] = ()

    def concerns(self, path: str, *, came_or_went: bool) -> bool:
        if path in self.files:
            return True
        if BESIDE.fullmatch(os.path.basename(path)) or self._is_apart(path):
            return False
        return came_or_went or os.path.dirname(path) in self.open_folders

    def _is_apart(self, path: str) -> bool:
        return any(path == one or path.startswith(one + os.sep) for one in self.apart)

    def changed_since(self, at: int) -> frozenset[str]:
        """Those of the files that were changed since then (nanoseconds since the epoch), by the clock of
        their file system."""
        return frozenset(path for path in self.files if _changed_at(path) >= at - CLOCK)


def _changed_at(path: str) -> int:
    """When it was written, or came to its name; 0 where there is none."""
    try:
        return os.stat(path).st_ctime_ns
    except OSError:
        return 0


class Watching:
    """A thread that calls `changed` with the paths of what was saved. `watch` says, at any time, what is
    watched from then on; what was changed `since` it was read counts, were it before the watch began."""

    def __init__(self, changed: Callable[[frozenset[str]], None]) -> None:
        self._changed = changed
        self._watched, self._since = Watched(), 0
        self._again = threading.Event()  # other folders: begin anew
        self._ended = False
        self._thread = threading.Thread(target=self._watch, name="watch files", daemon=True)

    def watch(self, watched: Watched, since: int) -> None:
        other = watched.folders != self._watched.folders
        self._watched, self._since = watched, since
        if self._ended:
            return
        if not self._thread.is_alive():
            self._thread.start()
        elif other:
            self._again.set()

    def end(self) -> None:
        self._ended = True
        self._again.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._ended:
            self._again.clear()
            watched, since = self._watched, self._since
            for number, changes in enumerate(_changes(watched.folders, self._again)):
                found = {
                    path
                    for change, path in changes
                    if self._watched.concerns(path, came_or_went=change != MODIFIED)
                }
                if number == 0:  # by now it is watched
                    found |= watched.changed_since(since)
                if found:
                    self._changed(frozenset(found))
                if self._ended:
                    return


def _changes(
    folders: Collection[str], end: threading.Event
) -> Iterator[Collection[tuple[int, str]]]:
    """(kind of change, path) of what is saved directly in these folders, as often as something is, and none
    now and then: with the first of all the watch has begun."""
    from watchfiles import watch

    there = [folder for folder in sorted(folders) if os.path.isdir(folder)]
    yield from watch(
        *there,
        watch_filter=None,
        debounce=MOST,
        step=STEP,
        stop_event=end,
        rust_timeout=SIGN_OF_LIFE,
        yield_on_timeout=True,
        recursive=False,
        raise_interrupt=False,
        ignore_permission_denied=True,
    )
