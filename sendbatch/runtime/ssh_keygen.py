"""`ssh-keygen -Y` of OpenSSH, which signs texts by SSH keys and says whose signature one is.

The formats are those of PROTOCOL.sshsig in OpenSSH's sources, and ALLOWED SIGNERS in ssh-keygen(1).
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sendbatch.errors import one_line
from sendbatch.runtime.process import NEEDED

PROGRAM = "ssh-keygen"
PATIENCE = 30.0  # seconds for looking at a signature
PERSONS_PATIENCE = 300.0  # seconds for making one: a passphrase is typed, a security key is touched
LONGEST = 16_384  # characters of a signature; those of RSA with 16,384 bits have some 6,000
_BEGINS, _ENDS = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"
# What leads to an agent, and to whoever asks for a passphrase.
_OF_SSH = frozenset({"SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "SSH_SK_PROVIDER", "DISPLAY",
                     "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "TERM"})  # fmt: skip
_FAULT = re.compile(r":\d+: \S")  # where a line of the file of signers is at fault


class Missing(Exception):
    """ssh-keygen is not there, or cannot be run; says why."""


class Refused(Exception):
    """ssh-keygen does not do it; says why."""


def sign(text: bytes, key: Path, namespace: str, environ: Mapping[str, str]) -> str:
    """The signature, by a private key, or by the one that an agent holds for a public key's file. It may
    ask for a passphrase at the terminal. Raises Missing, Refused."""
    if not key.is_file():
        raise Refused("there is no such file")
    arguments = ["-Y", "sign", "-n", namespace, "-f", str(_plain(key))]
    made = _run(arguments, text, environ, PERSONS_PATIENCE)
    if made.returncode != 0 or not is_signature(made.stdout):
        raise Refused(_words(made))
    return made.stdout


def is_signature(text: str) -> bool:
    """Whether it looks like one, so that it may be handed to ssh-keygen."""
    return len(text) <= LONGEST and text.isascii() and text.startswith(_BEGINS) and _ENDS in text


def fingerprint(signature: str) -> str | None:
    """Of the key that it says it is by, as ssh-keygen shows it; None where it says none."""
    try:
        blob = base64.b64decode(signature.partition(_BEGINS)[2].partition(_ENDS)[0])
        start = len(_MAGIC) + 4  # behind the version: the public key, as a string of RFC 4251 §5
        length = int.from_bytes(blob[start : start + 4], "big")
        key = blob[start + 4 : start + 4 + length]
    except ValueError:
        return None
    if not blob.startswith(_MAGIC) or len(key) != length or not key:
        return None
    digest = hashlib.sha256(key).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def is_by(
    name: str, text: bytes, signature: str, signers: Path, namespace: str, environ: Mapping[str, str]
) -> bool:
    """Whether it signs this text, by a key that `signers`, a file of allowed signers, gives this name now.
    Raises Missing, and Refused, with what ssh-keygen says of a line of that file, where that is why not."""
    arguments = ["-Y", "verify", "-n", namespace, "-f", str(_plain(signers)), "-I", name]
    found = _looked_at(arguments, text, signature, environ)
    if found.returncode == 0:
        return True
    for line in found.stderr.splitlines():
        if line.startswith(str(_plain(signers))) and _FAULT.search(line):
            raise Refused(one_line(line, 500))
    return False


def is_whole(text: bytes, signature: str, namespace: str, environ: Mapping[str, str]) -> bool:
    """Whether it signs this text, by whatever key. Raises Missing, Refused."""
    return _looked_at(["-Y", "check-novalidate", "-n", namespace], text, signature, environ).returncode == 0


def names_of(signature: str, signers: Path, environ: Mapping[str, str]) -> list[str]:
    """The first names that `signers` gives its key. Raises Missing, Refused."""
    arguments = ["-Y", "find-principals", "-f", str(_plain(signers))]
    found = _looked_at(arguments, b"", signature, environ)
    return [one_line(name, 100) for name in found.stdout.splitlines()[:5]] if not found.returncode else []


def _looked_at(
    arguments: Sequence[str], text: bytes, signature: str, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    try:
        with tempfile.NamedTemporaryFile(prefix="sendbatch-", suffix=".sig") as file:
            file.write(signature.encode("ascii"))
            file.flush()
            return _run([*arguments, "-s", file.name], text, environ, PATIENCE)
    except OSError as error:
        raise Missing(f"{PROGRAM} needs a folder for temporary files (TMPDIR): {error.strerror}") from None


def _plain(path: Path) -> Path:
    """Never taken for an option."""
    return path if path.is_absolute() else Path(os.curdir).absolute() / path


def _run(
    arguments: Sequence[str], given: bytes, environ: Mapping[str, str], patience: float
) -> subprocess.CompletedProcess[str]:
    """It gets what it needs of the environment, and no secret of ours. Raises Missing, Refused."""
    needed = {k: v for k, v in environ.items() if k in NEEDED | _OF_SSH or k.startswith("LC_")}
    try:
        made = subprocess.run(  # noqa: S603 - its arguments are a list, and what is data in them no option
            [PROGRAM, *arguments],
            input=given,
            capture_output=True,
            env=needed,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refused(f"{PROGRAM} took more than {patience:g} s") from None
    except OSError as error:
        raise Missing(
            f"{PROGRAM} is not installed" if isinstance(error, FileNotFoundError)
            else f"{PROGRAM} cannot be run: {error.strerror}"
        ) from None
    out, said = made.stdout[: 4 * LONGEST], made.stderr[:4000]
    told = (out.decode("utf-8", "replace"), said.decode("utf-8", "replace"))
    return subprocess.CompletedProcess(made.args, made.returncode, *told)


def _words(made: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in made.stderr.splitlines() if line.strip() and not line.startswith("Signing ")]
    return one_line(lines[-1].strip(), 300) if lines else f"{PROGRAM} ended with {made.returncode}"
