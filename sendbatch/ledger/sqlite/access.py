"""Why a record cannot be read or written: whose it is, what is mounted so, and what to do.

Another folder is advised only where it is certain that no record is here: it would know nobody, and
everybody whom this one has reached would be mailed again.
"""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path

from sendbatch.errors import LedgerError, shell_line, shown
from sendbatch.runtime.mounts import mount_of

FILE = "ledger.sqlite"
LOG = f"{FILE}-wal"
SHARED = f"{FILE}-shm"
LOCK = "lock"
ARRIVING = f"{FILE}.arriving"  # one that is on its way here, and no record yet
REPORT_FILES = ("report.csv", "report.json", "report.html")  # written when a run ends
# What shows that there is a record, or was one.
TRACES = (*REPORT_FILES, "lock.json", LOCK, LOG, SHARED, f"{FILE}-journal")
DENIED = (errno.EACCES, errno.EPERM)


def refuse_arriving(folder: Path) -> None:
    """Raises LedgerError where a record is on its way to this folder: one that is begun here meanwhile would
    know nobody."""
    if os.path.lexists(folder / ARRIVING):
        raise LedgerError(
            f"{shown(folder)}: a record is on its way here, and has not arrived; nothing was done",
            hint="what moves it is at it, or was ended before: the same sendbatch record command again ends "
            "that, and with --cancel takes it back",
        )


def hold_readable(folder: Path) -> bool:
    """Whether there is a ledger in `folder`; raises LedgerError where it cannot be seen or read."""
    file = folder / FILE
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise denied(folder, file, error) from None
    for needed in (file, folder / LOG, folder / SHARED):
        if os.path.lexists(needed) and not os.access(needed, os.R_OK):
            raise denied(folder, needed, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    return True


def hold_writable(folder: Path) -> None:
    """Raises LedgerError where there is a ledger in `folder` that cannot be written."""
    if not hold_readable(folder):
        return
    for file in (folder, *(folder / name for name in (FILE, LOG, SHARED, LOCK))):
        if os.path.lexists(file) and not os.access(file, os.W_OK):
            code = errno.EROFS if _is_read_only(folder) else errno.EACCES
            raise denied(folder, file, OSError(code, os.strerror(code)))


def denied(
    folder: Path, file: Path, error: OSError, what: str = "the record cannot be kept here"
) -> LedgerError:
    """What is said where `file`, which the record in `folder` needs, could not be used."""
    if error.errno == errno.EROFS:
        return _read_only(folder)
    if error.errno in DENIED:
        return _not_allowed(folder, file)
    why = "a file stands in the way"
    if not isinstance(error, FileExistsError | NotADirectoryError):
        why = str(error.strerror or error)
    return LedgerError(f"{shown(folder)}: {what}: {why}", hint=_elsewhere(folder))


def _read_only(folder: Path) -> LedgerError:
    mount = mount_of(folder)
    place = mount.point if mount is not None and mount.point else "its disk"
    return LedgerError(
        f"{shown(folder)}: the record cannot be written: {place} is mounted read-only; nothing was sent",
        hint=f"make it writable again: mount -o remount,rw {shell_line(place)}   (a container's volume: "
        f"mount it without ro)\n  {_elsewhere(folder)}",
    )


def _not_allowed(folder: Path, file: Path) -> LedgerError:
    spot = _barred(file)
    try:
        status = spot.lstat()
        owner, mode = status.st_uid, status.st_mode & 0o7777
    except OSError:
        owner, mode = -1, 0
    me, target = os.geteuid(), shell_line(shown(_top(spot, folder)))
    if owner in (me, -1):
        whose = f"its rights ({mode:04o}), or the system, do not let {_user(me)} use it"
        todo = f"give yourself the rights: chmod -R u+rwX {target}"
    else:
        whose = f"it belongs to {_user(owner)}, and this is {_user(me)}"
        todo = f"make it yours: sudo chown -R {shell_line(_name(me))} {target}   (or run as {_name(owner)})"
        if folder.parent.parent.is_relative_to(spot):  # not made for records alone
            todo = f"run as {_name(owner)}, or be given the right to use it"
    return LedgerError(
        f"{shown(folder)}: the record cannot be used: {shown(spot)}: {whose}; nothing was sent",
        hint=f"{todo}\n  {_elsewhere(folder)}",
    )


def _barred(file: Path) -> Path:
    """The first of the folders on the way that may not be passed, else the file, or where it would be."""
    for folder in reversed(file.parents):
        if not os.access(folder, os.X_OK):
            return folder
    return file if os.path.lexists(file) else file.parent


def _top(spot: Path, folder: Path) -> Path:
    """What must be changed: the record's folder, or that above it which bars the way."""
    return spot if folder.is_relative_to(spot) else folder


def _elsewhere(folder: Path) -> str:
    """Whether another folder may be taken."""
    try:
        (folder / FILE).lstat()
    except (FileNotFoundError, NotADirectoryError):
        if not any(os.path.lexists(folder / name) for name in TRACES):
            return "choose another folder: --record DIR or SENDBATCH_RECORD=DIR   (there is no record here)"
    except OSError:
        return (
            "whether a record is in it cannot be seen: a record in another folder would not know who "
            "has the mail, and mail them again"
        )
    return "the record is here: one in another folder would not know who has the mail, and mail them again"


def _is_read_only(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _user(number: int) -> str:
    name = _name(number)
    return f"uid {number}" if name == str(number) else f"{name} (uid {number})"


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
