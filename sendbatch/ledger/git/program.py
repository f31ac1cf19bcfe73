"""Running git(1): in the user's checkout, whose remote and credentials it has, and changing nothing there.

What is made or fetched goes into a folder of ours for objects, behind which stand the checkout's. No hook
runs, nothing is tidied or signed, nobody is asked for a password. Git is a child in a session of its own: a
Ctrl-C of the terminal reaches us alone, and we end it with us. What it or the remote says is data: bounded,
in one line, and without what stands before the @ of an address.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sendbatch.errors import LedgerError, one_line, shell_line

OLDEST = (2, 29)  # fetch --no-write-fetch-head
LOOK = 0.1  # seconds between two looks whether it is to be ended
GRACE = 2.0  # seconds to end by itself in
MOST_SAID = 600  # characters of what git says that are shown
# Git takes the repository it works on, and much else, from its environment; a hook that runs us has set it.
_NOT_OURS = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX", "GIT_QUARANTINE_PATH", "GIT_SHALLOW_FILE",
    "GIT_CURL_VERBOSE", "GIT_PUSH_OPTION_COUNT", "GIT_LITERAL_PATHSPECS",
)  # fmt: skip
_OURS = re.compile(r"SENDBATCH_\w+_KEY")  # what signs and seals is no matter of git's
_IDENTITY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "sendbatch"), ("EMAIL", "sendbatch@localhost"))
}
_SETTINGS = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false",
    "fetch.writeCommitGraph=false", "fetch.recurseSubmodules=false", "fetch.fsckObjects=true",
    "push.recurseSubmodules=no", "push.gpgSign=false", "push.followTags=false", "push.pushOption=",
    "remote.origin.mirror=false", "http.lowSpeedLimit=1", "http.lowSpeedTime=120", "color.ui=false",
    "advice.pushUpdateRejected=false", "core.quotePath=true",
)  # fmt: skip
_LOGIN = re.compile(r"(?<=://)[^/\s@]+@")
_QUERY = re.compile(r"(://[^\s?#'\"]*)[?#][^\s'\"]*")  # a token may stand there
_HEADER = re.compile(r"(?i)(authorization:\s*)\S+(\s+\S+)?")


@dataclass(frozen=True, slots=True)
class Done:
    """How git ended: `code` is None where it was ended by us, as it took too long or somebody asked for
    it."""

    code: int | None
    out: bytes
    err: str

    @property
    def said(self) -> str:
        """In one line, for people."""
        lines = (line.strip() for line in _bare(self.err).splitlines())
        told = "; ".join(line.removeprefix("fatal: ").removeprefix("error: ") for line in lines if line)
        return one_line(told, MOST_SAID) or "git said nothing"


def _bare(text: str) -> str:
    return _HEADER.sub(r"\1…", _QUERY.sub(r"\1?…", _LOGIN.sub("", text)))


@dataclass(frozen=True, slots=True)
class Git:
    """`checkout` is a folder in the user's checkout, `objects` where what is made or fetched goes to. `ended`
    is asked now and then, and may raise."""

    checkout: Path
    environ: Mapping[str, str] = field(repr=False)
    objects: Path | None = None

    def run(
        self,
        *words: str,
        data: bytes = b"",
        seconds: float,
        ended: Callable[[], bool] = lambda: False,
    ) -> Done:
        """Raises LedgerError where there is no git."""
        settings = (part for setting in _SETTINGS for part in ("-c", setting))
        try:
            child = subprocess.Popen(  # noqa: S603 - words of ours, and no shell
                ["git", *settings, *words],  # noqa: S607 - the user's own, wherever it is
                cwd=self.checkout,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except FileNotFoundError:
            if not self.checkout.is_dir():
                raise LedgerError(f"{self.checkout}: this folder is gone") from None
            raise no_git("there is no git on this machine") from None
        except OSError as error:
            raise no_git(f"git cannot be run: {error.strerror or error}") from None
        try:
            return _communicate(child, data, seconds, ended)
        finally:
            _end(child)

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in self.environ.items()
            if name not in _NOT_OURS and not name.startswith("GIT_TRACE") and not _OURS.fullmatch(name)
        }
        made = {"LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
        if self.objects is not None:
            made["GIT_OBJECT_DIRECTORY"] = str(self.objects)
        return {**kept, **made, **_IDENTITY}


def _communicate(
    child: subprocess.Popen[bytes], data: bytes, seconds: float, ended: Callable[[], bool]
) -> Done:
    until = time.monotonic() + seconds
    waits_for: bytes | None = data
    while True:
        try:
            out, err = child.communicate(waits_for, timeout=min(LOOK, seconds))
            return Done(child.returncode, out, err.decode(errors="replace"))
        except subprocess.TimeoutExpired:
            waits_for = None
            if time.monotonic() > until or ended():
                return Done(None, b"", "")


def _end(child: subprocess.Popen[bytes]) -> None:
    """With all that it has started, as ssh or a helper for credentials."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is None:
            try:
                os.killpg(child.pid, sign)
                child.wait(GRACE)
            except (ProcessLookupError, PermissionError, subprocess.TimeoutExpired):
                continue
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):  # what was to be written to it
                stream.close()


def no_git(said: str) -> LedgerError:
    least = ".".join(map(str, OLDEST))
    return LedgerError(
        f"the record is in the repository (record: git), and {said}; nothing was sent",
        hint=f"install git, {least} or newer",
    )


def hold_version(git: Git) -> None:
    """Raises LedgerError where git is too old."""
    done = git.run("version", seconds=30)
    found = re.match(rb"git version (\d+)\.(\d+)", done.out)
    if found is None:
        raise no_git(f"git does not say which it is: {done.said}")
    if (int(found[1]), int(found[2])) < OLDEST:
        raise no_git(f"this git, {found[1].decode()}.{found[2].decode()}, is too old")


def unusable(checkout: Path, done: Done) -> LedgerError:
    """What is said where this is no checkout that git works in."""
    if "dubious ownership" in done.err or "safe.directory" in done.err:
        named = re.search(r"safe\.directory (\S+)", done.err)
        folder = named[1].strip("'") if named else str(checkout)
        return LedgerError(
            f"{checkout}: the record is in the repository (record: git), which belongs to another user of "
            "this "
            "machine, so that git refuses it; nothing was sent",
            hint="if you trust it:  "
            + shell_line("git", "config", "--global", "--add", "safe.directory", folder),
        )
    if "not a git repository" in done.err:
        return LedgerError(
            f"{checkout}: the record is in the repository (record: git), and this is in none; nothing was "
            "sent",
            hint="run it in a clone of the repository, or leave `record: git` out",
        )
    return LedgerError(f"{checkout}: git cannot be used here: {done.said}; nothing was sent")
