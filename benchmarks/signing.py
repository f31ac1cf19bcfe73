"""A key that signs the letter, by the sender's domain."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

KEY = "dkim.pem"
DOMAIN = "workshop.example"  # of the letter's sender
SELECTOR = "s1"
# By the kind of key, what openssl is asked for.
KINDS = {"rsa": ("genrsa", "2048"), "ed25519": ("genpkey", "-algorithm", "ed25519")}


def make_key(kind: str, folder: Path) -> str:
    """Puts a key into the folder; returns what a profile says of it. Raises SystemExit without openssl."""
    if shutil.which("openssl") is None:
        raise SystemExit("openssl is not installed, which makes the key")
    if not (folder / KEY).exists():
        made = subprocess.run(["openssl", *KINDS[kind]], capture_output=True, check=True).stdout
        (folder / KEY).write_bytes(made)
        (folder / KEY).chmod(0o600)
    return f"{{domain: {DOMAIN}, selector: {SELECTOR}, key_file: {KEY}}}"
