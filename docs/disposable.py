"""Puts the domains of throw-away mail into the package, with where they are from (`make disposable`).

The list is in the public domain (CC0) and well kept; its package on PyPI follows it. Only the names are taken
out of that, and nothing of it is run.
"""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

DATA = Path(__file__).parent.parent / "sendbatch/audience/data"
PACKAGE = "disposable-email-domains"
FACTS = {
    "list": "https://github.com/disposable-email-domains/disposable-email-domains",
    "license": "CC0-1.0",
    "package": PACKAGE,
}


def main(version: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, "--dest", folder, f"{PACKAGE}=={version}"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            source = archive.read("disposable_email_domains/__init__.py").decode()
    (assigned,) = (node for node in ast.parse(source).body if isinstance(node, ast.Assign) and _is_list(node))
    data = "".join(f"{domain}\n" for domain in sorted(ast.literal_eval(assigned.value))).encode()
    (DATA / "disposable.txt").write_bytes(data)
    facts = {**FACTS, "version": version, "sha256": hashlib.sha256(data).hexdigest()}
    (DATA / "disposable.json").write_text(json.dumps(facts, indent=2) + "\n")


def _is_list(node: ast.Assign) -> bool:
    (target,) = node.targets
    return isinstance(target, ast.Name) and target.id == "blocklist"


if __name__ == "__main__":
    main(sys.argv[1])
