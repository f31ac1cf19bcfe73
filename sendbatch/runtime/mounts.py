"""Which file system a folder is on, as the system's own table says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

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


def network_of(folder: Path, table: Path = TABLE) -> str | None:
    """The type of the network file system that `folder` is on, None on a local one: SQLite's write-ahead
    log does not hold on these."""
    mount = mount_of(folder, table)
    return mount.kind if mount is not None and mount.kind in NETWORK_FILE_SYSTEMS else None
