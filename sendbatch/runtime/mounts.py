"""Which file system a folder is on, as the system's own table says, and whether a record may be there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sendbatch.errors import LedgerError

TABLE = Path("/proc/self/mounts")
NETWORK_FILE_SYSTEMS = frozenset(
    [
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse.sshfs",
        "fuse.glusterfs",
        "gfs2",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
        "virtiofs",
    ]
)


@dataclass(frozen=True, slots=True)
class Mount:
    """`point` is where it is mounted, `kind` its type: ext4, nfs4, …"""

    point: str
    kind: str


def mount_of(folder: Path, table: Path = TABLE) -> Mount | None:
    """The mount that `folder` is on; None on a system without such a table."""
    try:
        lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    target = str(folder.resolve())
    best = Mount("", "")
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1])
        inside = point == "/" or target == point or target.startswith(point + "/")
        if inside and len(point) >= len(best.point):
            best = Mount(point, fields[2])
    return best


def refuse_network(folder: Path, mounts: Path = TABLE) -> None:
    """Raises LedgerError where `folder` is on a network file system: WAL does not hold there."""
    mount = mount_of(folder, mounts)
    kind = mount.kind if mount is not None else ""
    if kind in NETWORK_FILE_SYSTEMS:
        raise LedgerError(
            f"{folder}: the record would be on a network file system ({kind}), where a crash could "
            "lose it",
            hint="put it on a local disk: --record DIR   (a record that is here already must be moved "
            "there: a new one knows nobody, and mails them again)",
        )
