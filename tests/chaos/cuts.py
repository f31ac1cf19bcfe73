"""What a disk may hold after a power cut: from the trace of all that was written, synchronised and renamed.

What was synchronised is there. Of what was not, anything may be: nothing, all, a part in any order, half a
page. A write may be there without the one before it to another file, or to the same one; but what was written
after a file was cut off is there only with the cut. A name counts once the folder that it is in was
synchronised, in the order of what was done to it; a file's own synchronisation keeps its bytes, and no name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.kit.disk import Event

SECTOR = 512  # bytes that a disk writes whole or not at all
DOT = b"\r\n.\r\n"
BARE = "with nothing but what was synchronised"
TO = re.compile(rb"\r\nTo: (?:[^\r\n]*<)?([^\s<>]+)>?\r\n")

Image = dict[str, bytes | None]  # the files by path, None for a folder
Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message's final dot had left, at this moment of time.monotonic_ns."""

    address: str
    at: int


@dataclass
class _File:
    """`durable` is what the disk holds for certain, `pending` what was done to it since."""

    number: int
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Event] = field(default_factory=list)
    synced: int = 0  # how many changes `durable` has
    asked: int | None = (
        None  # so many of `pending` will be durable once the synchronisation has ended
    )

    def sync(self) -> None:
        count, self.asked = self.asked or 0, None
        for event in self.pending[:count]:
            _change(self.durable, event)
        self.synced += count
        del self.pending[:count]


@dataclass(frozen=True, slots=True)
class _Naming:
    """A file or folder (None) gets this name, or loses it (`gone`), or takes it from another name."""

    path: str
    file: _File | None = None
    gone: bool = False
    old: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """The power fails after so many events, when `sent` had left. `image` is what the disk then holds, to be
    looked at before the next cut is asked for; cuts with the same `key` have the same one."""

    number: int
    at: int
    how: str
    sent: tuple[Sent, ...]
    key: Key
    image: Callable[[], Image]

    def __str__(self) -> str:
        return f"cut after event {self.number}, {self.how}"


class Trace:
    """Goes through the events, and gives the cuts that are possible after each. `before` is what the disk
    holds at the start; only what is at or below `top`, a path within `root`, is looked at."""

    def __init__(self, root: Path, top: str, before: Image | None = None) -> None:
        self._root, self._top = str(root.resolve()), top
        self._names: dict[str, _File | None] = {}
        self._namings: list[_Naming] = []
        self._files: dict[int, _File] = {}  # by inode
        self._folders: dict[int, str] = {}
        self._asked: dict[str, int] = {}
        self._made = 0
        self._unsaid: defaultdict[int, bytes] = defaultdict(bytes)  # by socket
        self._sent: tuple[Sent, ...] = ()
        for path, content in (before or {}).items():
            self._names[path] = None if content is None else self._new(content)

    def cuts(self, events: Iterable[Event], random: Random) -> Iterator[Cut]:
        """Some for each event; `random` chooses among what is too much to be tried."""
        for number, event in enumerate(events):
            if not self._follow(event):
                continue
            yield from self._possible(number, event, random)

    # what happened

    def _follow(self, event: Event) -> bool:
        """Whether it changes what a cut may leave, or what must be known after it."""
        if event.kind == "S":
            return self._says(event)
        if event.kind in "ONMRU":
            return self._called(event)
        if event.kind in "BE" and event.file in self._folders:
            self._sync_folder(self._folders[event.file], ended=event.kind == "E")
            return event.kind == "E"
        file = self._files.get(event.file)
        if file is None:
            return False
        if event.kind == "B":
            file.asked = len(file.pending)
        elif event.kind == "E":
            file.sync()
        elif event.kind in "WT":
            file.pending.append(event)
        return event.kind in "WTE"

    def _says(self, event: Event) -> bool:
        said = self._unsaid[event.file] + event.data
        count = len(self._sent)
        while (end := said.find(DOT)) >= 0:
            if found := TO.findall(said[: end + 2]):
                self._sent += (Sent(found[-1].decode(), event.at),)
            said = said[end + len(DOT) - 2 :]
        self._unsaid[event.file] = said
        return len(self._sent) > count

    def _called(self, event: Event) -> bool:
        paths = [self._within(path) for path in event.data.decode().split("\0")]
        if event.kind == "O" and paths[0] == "":
            self._folders[event.file] = ""  # the folder that the top is in
        if not any(path is not None and self._is_below(path) for path in paths):
            return False
        path = paths[-1] or ""
        current = self._now()
        if event.kind == "O":
            found = current.get(path)
            if found is not None:
                self._files[event.file] = found
            else:
                self._folders[event.file] = path
            return False
        if event.kind == "N":
            self._folders.pop(event.file, None)
            self._files[event.file] = made = self._new()
            self._namings.append(_Naming(path, made))
        elif event.kind == "M":
            self._namings.append(_Naming(path))
        elif event.kind == "U":
            self._namings.append(_Naming(path, gone=True))
        elif event.kind == "R":
            self._namings.append(_Naming(path, current.get(paths[0] or ""), old=paths[0]))
        return True

    def _new(self, content: bytes = b"") -> _File:
        self._made += 1
        return _File(self._made, bytearray(content))

    def _within(self, path: str) -> str | None:
        if path == self._root:
            return ""
        return path.removeprefix(f"{self._root}/") if path.startswith(f"{self._root}/") else None

    def _is_below(self, path: str) -> bool:
        return path == self._top or path.startswith(f"{self._top}/")

    def _now(self) -> dict[str, _File | None]:
        return _named(self._names, self._namings)

    def _sync_folder(self, folder: str, *, ended: bool) -> None:
        if not ended:
            self._asked[folder] = len(self._namings)
            return
        count = self._asked.pop(folder, 0)
        here = [one for one in self._namings[:count] if _folder_of(one.path) == folder]
        self._names = _named(self._names, here)
        self._namings = [one for one in self._namings if one not in here]

    # what may be left

    def _possible(self, number: int, event: Event, random: Random) -> Iterator[Cut]:
        files = self._all_files()
        everything = {file.number: list(file.pending) for file in files}
        nothing: dict[int, list[Event]] = {file.number: [] for file in files}

        def cut(how: str, namings: list[_Naming], kept: dict[int, list[Event]]) -> Cut:
            named = _named(self._names, namings)
            there = {path: file for path, file in named.items() if _is_reachable(path, named)}
            key = tuple(
                (path, file and _key(file, kept[file.number]))
                for path, file in sorted(there.items())
            )

            def image() -> Image:
                return {
                    path: file and _changed(file.durable, kept[file.number])
                    for path, file in there.items()
                }

            return Cut(number, event.at, how, self._sent, key, image)

        names, no_names = list(self._namings), list[_Naming]()
        yield cut(BARE, no_names, nothing)
        if event.kind == "S":
            yield cut("with a part of the rest", *self._some(names, everything, random))
            return
        yield cut("with all that was written", names, everything)
        if event.kind == "W" and len(event.data) > SECTOR:
            half = len(event.data) // 2 // SECTOR * SECTOR
            torn = event._replace(data=event.data[:half])
            file = self._files[event.file].number
            yield cut(
                "with half of the last write",
                names,
                everything | {file: [*everything[file][:-1], torn]},
            )
        if event.kind != "E":
            yield cut("with a part of the rest", *self._some(names, everything, random))

    def _all_files(self) -> list[_File]:
        found = {
            file.number: file
            for file in (*self._names.values(), *(one.file for one in self._namings))
            if file is not None
        }
        return list(found.values())

    def _some(
        self, names: list[_Naming], everything: dict[int, list[Event]], random: Random
    ) -> tuple[list[_Naming], dict[int, list[Event]]]:
        """Any part of it: of each file all, nothing, the beginning, or here and there one."""
        kept: dict[int, list[Event]] = {}
        for number, pending in everything.items():
            how = random.choice(("all", "nothing", "beginning", "any", "any"))
            if how == "all":
                kept[number] = pending
            elif how == "nothing":
                kept[number] = []
            elif how == "beginning":
                kept[number] = pending[: random.randint(0, len(pending))]
            else:
                kept[number] = _any(pending, random)
        chosen = names if random.random() < 0.5 else [one for one in names if random.random() < 0.5]
        return chosen, kept


def _any(pending: list[Event], random: Random) -> list[Event]:
    kept = []
    for event in pending:
        if random.random() < 0.5:
            kept.append(event)
        elif event.kind == "T":  # nothing behind a cut without it
            break
    return kept


def _key(file: _File, kept: list[Event]) -> Key:
    if kept == file.pending[: len(kept)]:
        return (file.number, file.synced + len(kept))
    return (file.number, file.synced, tuple((event.at, len(event.data)) for event in kept))


def _changed(content: bytearray, events: Iterable[Event]) -> bytes:
    changed = bytearray(content)
    for event in events:
        _change(changed, event)
    return bytes(changed)


def _change(content: bytearray, event: Event) -> None:
    end = event.position + len(event.data)
    if len(content) < end:
        content += bytes(end - len(content))
    if event.kind == "W":
        content[event.position : end] = event.data
    else:
        del content[event.position :]


def _named(names: dict[str, _File | None], namings: Iterable[_Naming]) -> dict[str, _File | None]:
    changed = dict(names)
    for one in namings:
        if one.gone:
            changed.pop(one.path, None)
        elif one.old is None:
            changed[one.path] = one.file
        elif one.old in changed:  # else the name that it had was lost
            changed[one.path] = changed.pop(one.old)
    return changed


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _is_reachable(path: str, names: dict[str, _File | None]) -> bool:
    folder = _folder_of(path)
    return not folder or (folder in names and _is_reachable(folder, names))
