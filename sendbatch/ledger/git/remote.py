"""The `origin` of a checkout: its refs, commits with a few files in them, and pushes that hold only if
nothing has changed meanwhile.

What git says becomes one of four: it was done; it was `Moved`, somebody else has changed a ref; it was
`Refused`, and will be again; or the remote is `Away`, and nobody knows whether it was done. A commit that was
pushed once may arrive at any time, so until that is known the very same one is pushed again: a remote that
has it by then says so.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sendbatch.errors import LedgerError, one_line
from sendbatch.ledger.git.names import EVERY
from sendbatch.ledger.git.program import MOST_SAID, Done, Git, hold_version, unusable

ORIGIN = "origin"
MOST_BYTES = 1 << 29  # of one record
MOST_FILES = 100_000
LOCAL = 600.0  # seconds for what git does by itself
OID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")

# By the words of git, of curl, of ssh and of hosts: who asks is not let in, or may not write.
_DENIED = (
    "Authentication failed", "could not read Username", "could not read Password", "error: 401",
    "error: 403",
    "error: 404", "Permission denied", "permission denied", "Permission to", "Write access", "access denied",
    "Access denied", "Access rights", "access rights", "not allowed to",
    "does not appear to be a git repository", "not found",
    "Host key verification failed", "Invalid username or", "terminal prompts disabled",
)  # fmt: skip
# Damage, which does not mend by waiting.
_DAMAGED = ("inflate: ", "is corrupt", "unable to unpack", "bad object", "missing blob", "missing tree")
_AWAY_ALL_THE_SAME = ("Could not resolve", "error: 5", "error: 429", "Temporary failure")
_NO_ATOMIC = "does not support --atomic"
_MOVED = ("stale info", "fetch first", "non-fast-forward", "cannot lock ref", "reference already exists",
          "failed to update ref", "incorrect old value", "atomic transaction failed", "atomic push failed",
          "already exists", "remote failed to report status")  # fmt: skip


class Away(Exception):
    """The remote did not answer; what was asked may have been done."""


class Refused(Exception):
    """It says no, and will again. `is_denied`: to whoever asks."""

    def __init__(self, said: str, *, is_denied: bool = False) -> None:
        super().__init__(said)
        self.is_denied = is_denied


class Moved(Exception):
    """Somebody else has changed a ref meanwhile."""


class Update(NamedTuple):
    """A ref is to be the commit `new`, if it is `old` now, "" where there is none."""

    ref: str
    new: str
    old: str


@dataclass(slots=True)
class Remote:
    """`patience` is how many seconds an answer is waited for, `ended` says that somebody wants to end."""

    git: Git
    patience: float
    ended: Callable[[], bool] = lambda: False
    _blobs: dict[str, dict[str, str]] = field(default_factory=dict)  # of commits: name, object
    _is_atomic: bool = True

    def prepare(self) -> None:
        """Objects go into a folder of ours. Raises LedgerError where this is no checkout with an origin."""
        hold_version(self.git)
        theirs = replace(self.git, objects=None)
        done = theirs.run("rev-parse", "--git-path", "objects", seconds=LOCAL)
        if done.code != 0:
            raise unusable(self.git.checkout, done)
        asked = ("config", "--get-regexp", rf"^remote\.{ORIGIN}\.(push)?url$")
        if theirs.run(*asked, seconds=LOCAL).code != 0:
            raise LedgerError(
                f"{self.git.checkout}: the record is in the repository (record: git), and this clone has no "
                f"remote {ORIGIN}; nothing was sent",
                hint="git remote add origin URL",
            )
        if self.git.objects is not None:
            behind = self.git.checkout / os.fsdecode(done.out.rstrip(b"\n"))
            (self.git.objects / "info").mkdir(parents=True)
            (self.git.objects / "pack").mkdir()
            (self.git.objects / "info" / "alternates").write_bytes(bytes(behind.resolve()) + b"\n")

    # -- reading ------------------------------------------------------------------------------

    def refs(self) -> dict[str, str]:
        """All of ours. Raises Away, Refused."""
        done = self._asked("ls-remote", ORIGIN, EVERY)
        if done.code != 0:
            raise _failure(done)
        pairs = (line.split("\t", 1) for line in done.out.decode(errors="surrogateescape").splitlines())
        return {pair[1]: pair[0] for pair in pairs if len(pair) == 2 and OID.fullmatch(pair[0])}

    def fetch(self, refs: Sequence[str]) -> None:
        """What they lead to. Raises Away, Refused."""
        if not refs:
            return
        quietly = ("--quiet", "--no-write-fetch-head", "--no-tags", "--no-auto-gc", "--refmap=")
        done = self._asked("fetch", *quietly, ORIGIN, *refs)
        if done.code != 0:
            raise _failure(done)

    def has(self, commit: str) -> bool:
        return self.git.run("cat-file", "-e", f"{commit}^{{commit}}", seconds=LOCAL).code == 0

    def files(self, commit: str) -> dict[str, bytes]:
        """Those in the root of a commit that was fetched. Raises ValueError where it is too large, or no
        commit of ours."""
        blobs = {}
        listed = self._local("ls-tree", "--full-tree", "-z", "-l", f"{commit}^{{tree}}")
        for line in listed.split(b"\0")[:-1]:
            about, _, name = line.partition(b"\t")
            _, kind, oid, size = about.split()
            if kind != b"blob":
                raise ValueError("something in it is no file")
            blobs[name.decode("ascii")] = (oid.decode(), int(size))
        if len(blobs) > MOST_FILES or sum(size for _, size in blobs.values()) > MOST_BYTES:
            raise ValueError("it is too large")
        self._blobs[commit] = {name: oid for name, (oid, _) in blobs.items()}
        asked = "".join(f"{oid}\n" for oid, _ in blobs.values()).encode()
        return dict(zip(blobs, _contents(self._local("cat-file", "--batch", data=asked)), strict=True))

    # -- writing ------------------------------------------------------------------------------

    def commit(self, files: Mapping[str, bytes], parent: str, kept: Sequence[str], words: str) -> str:
        """A commit of these files, and of those of its parent that are `kept`, by name. Raises LedgerError
        where nothing can be written."""
        before = self._blobs.get(parent, {})
        blobs = {name: before[name] for name in kept}
        for name, data in files.items():
            blobs[name] = self._made("hash-object", "-w", "--stdin", data=data)
        lines = "".join(f"100644 blob {oid}\t{name}\n" for name, oid in sorted(blobs.items()))
        tree = self._made("mktree", data=lines.encode())
        parents = ("-p", parent) if parent else ()
        commit = self._made("commit-tree", tree, *parents, "-m", words)
        self._blobs[commit] = blobs
        return commit

    def push(self, *updates: Update) -> None:
        """All of them or none, where the remote knows how; else one by one. Raises Away, Refused, Moved."""
        if len(updates) > 1 and not self._is_atomic:
            for update in updates:
                self.push(update)
            return
        leases = [f"--force-with-lease={one.ref}:{one.old}" for one in updates]
        atomic = ["--atomic"] if len(updates) > 1 else []
        specs = [f"{one.new}:{one.ref}" for one in updates]
        done = self._asked("push", "--porcelain", "--no-verify", *atomic, *leases, ORIGIN, *specs)
        if done.code == 0:
            return
        if _NO_ATOMIC in done.err:
            self._is_atomic = False
            self.push(*updates)
            return
        self._told(done, updates)

    def _told(self, done: Done, updates: Sequence[Update]) -> None:
        """What has become of a push that git did not call good."""
        refusals = _refusals(done)
        if not refusals:
            raise _failure(done)
        refs = self.refs()
        if all(refs.get(one.ref) == one.new for one in updates):
            return
        if any(refs.get(one.ref, "") not in (one.old, one.new) for one in updates):
            raise Moved
        if all(any(word in said for word in _MOVED) for said in refusals):
            raise Away("; ".join(refusals))  # two at once: one of them will have it
        raise Refused(one_line("; ".join([*refusals, *_remote_words(done)]), MOST_SAID))

    # -- git ----------------------------------------------------------------------------------

    def _asked(self, *words: str) -> Done:
        """Of the remote."""
        return self.git.run(*words, seconds=self.patience, ended=self.ended)

    def _local(self, *words: str, data: bytes = b"") -> bytes:
        done = self.git.run(*words, data=data, seconds=LOCAL)
        if done.code != 0:
            raise LedgerError(f"{self.git.checkout}: `{words[0]}` of git says: {done.said}")
        return done.out

    def _made(self, *words: str, data: bytes = b"") -> str:
        made = self._local(*words, data=data).decode("ascii", "replace").strip()
        if not OID.fullmatch(made):
            raise LedgerError(f"{self.git.checkout}: `{words[0]}` of git made no object")
        return made


def _contents(stream: bytes) -> list[bytes]:
    """Of `git cat-file --batch`: a line with the size, that many bytes, a line's end."""
    found, at = [], 0
    while at < len(stream):
        end = stream.index(b"\n", at)
        size = int(stream[at:end].split()[-1])
        found.append(stream[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return found


def _refusals(done: Done) -> list[str]:
    """Of `git push --porcelain`: what stands behind each ref that was not changed (git-push(1), "Output")."""
    lines = done.out.decode(errors="replace").splitlines()
    told = (line.split("\t") for line in lines if line.startswith("!\t"))
    return [one_line(parts[-1], MOST_SAID) for parts in told]


def _remote_words(done: Done) -> list[str]:
    return [line.strip() for line in done.err.splitlines() if line.startswith("remote:")][:10]


def _failure(done: Done) -> Exception:
    if done.code is None:
        return Away("it did not answer in time")
    if any(word in done.err for word in _AWAY_ALL_THE_SAME):
        return Away(done.said)
    if any(word in done.err for word in _DAMAGED):
        return Refused(done.said)
    if any(word in done.err for word in _DENIED):
        return Refused(done.said, is_denied=True)
    return Away(done.said)
