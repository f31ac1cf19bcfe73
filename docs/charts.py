"""Puts a version of uPlot into the package, with its licence and the sums of its files (`make charts`).

npm holds what it fetches to the integrity that its registry gives, and that is written down here too.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from base64 import b64encode
from pathlib import Path

PAGE = Path(__file__).parent.parent / "sendbatch/reports/page"
FILES = {
    "uPlot.iife.min.js": "package/dist/uPlot.iife.min.js",
    "uPlot.min.css": "package/dist/uPlot.min.css",
    "uPlot.LICENSE": "package/LICENSE",
}


def main(version: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--json", f"uplot@{version}"]
        told = subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout
        (packed,) = json.loads(told)
        with tarfile.open(Path(folder) / packed["filename"]) as archive:
            for name, path in FILES.items():
                file = archive.extractfile(path)
                assert file is not None
                (PAGE / name).write_bytes(file.read())
    sums = {name: f"sha256-{_sum((PAGE / name).read_bytes())}" for name in FILES}
    facts = {"name": "uplot", "version": packed["version"], "license": "MIT"}
    document = {**facts, "integrity": packed["integrity"], "files": sums}
    (PAGE / "uPlot.json").write_text(json.dumps(document, indent=2) + "\n")


def _sum(data: bytes) -> str:
    return b64encode(hashlib.sha256(data).digest()).decode()


if __name__ == "__main__":
    main(sys.argv[1])
