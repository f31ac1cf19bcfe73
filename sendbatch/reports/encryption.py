"""Reports encrypted for where strangers may look, in the format of age (https://age-encryption.org/v1).

`SENDBATCH_REPORT_KEY` is what they are encrypted with: public keys, so that whoever has the variable can read
no report, or a passphrase. Whoever opens one needs `age` alone, and is told if a byte of it was changed. The
library for it is loaded where something is encrypted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sendbatch.errors import SendbatchError
from sendbatch.findings import Rule

REPORT_KEY = "SENDBATCH_REPORT_KEY"
LEAST = 16  # characters of a passphrase
LEAST_DIFFERENT = 8
INSTALL = 'pip install "sendbatch[encrypt]"'

_ANOTHER = "make another pair with age-keygen, and set its public key"
_SECRET_HALVES = ("AGE-SECRET-KEY-", "-----BEGIN", "AGE-PLUGIN-")


@dataclass(frozen=True, slots=True, repr=False)
class Encryption:
    """To the holders of `recipients`, or, without any, to whoever has the `passphrase`."""

    recipients: tuple[object, ...] = ()
    passphrase: str = ""

    def of(self, data: bytes) -> bytes:
        """Raises SendbatchError where that cannot be done with this key."""
        import pyrage

        try:
            if self.recipients:
                return bytes(pyrage.encrypt(data, list(self.recipients)))
            return bytes(pyrage.passphrase.encrypt(data, self.passphrase))
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException:  # noqa: BLE001 - a panic in Rust is no Exception: a key that is a weak point
            raise _refused("is a key that nothing can be encrypted with", _ANOTHER) from None


def encryption_of(environ: Mapping[str, str]) -> Encryption | None:
    """By the key in the environment; None where there is none, or an empty one, as CI hands on a secret that
    is not set. Raises SendbatchError where it is of no use, which never shows it."""
    key = environ.get(REPORT_KEY, "").strip()
    if not key:
        return None
    try:
        import pyrage  # noqa: F401 - an extra
    except ImportError:
        said = f"{REPORT_KEY} is set, and encrypting needs the package pyrage"
        raise SendbatchError(Rule.NOT_INSTALLED.finding(said, hint=INSTALL)) from None
    if key.upper().startswith(_SECRET_HALVES):
        raise _refused(
            "holds a secret key, which belongs to who reads the report, and not here",
            "set the public key, age1…, which age-keygen shows too; and make a new pair where "
            "others could read this one",
        )
    if key.startswith(("age1", "ssh-")):
        found = Encryption(recipients=tuple(_recipients(key)))
        found.of(b"-")  # tried before anything is sent; a passphrase takes a second of work, and is any text
        return found
    return Encryption(passphrase=_strong(key))


def needed_encryption(environ: Mapping[str, str]) -> Encryption:
    """The same where a key is asked for. Raises SendbatchError where there is none."""
    found = encryption_of(environ)
    if found is None:
        raise _refused(
            "is not set, or empty: there is nothing to encrypt the report with",
            "set a public key (age-keygen makes one) or a passphrase (openssl rand -hex 32)",
        )
    return found


def _recipients(key: str) -> list[object]:
    import pyrage

    found: list[object] = []
    try:
        for line in filter(None, map(str.strip, key.splitlines())):
            if line.startswith("ssh-"):
                found.append(pyrage.ssh.Recipient.from_str(line))
            else:
                found += map(pyrage.x25519.Recipient.from_str, line.split())
    except (pyrage.RecipientError, ValueError):
        raise _refused(
            f"has something else than a public key (it is number {len(found) + 1} there)",
            "write age1… as age-keygen shows it, or a line of ssh-ed25519 or ssh-rsa; several a line each",
        ) from None
    return found


def _strong(key: str) -> str:
    if any("\ud800" <= letter <= "\udfff" for letter in key):
        raise _refused("is not UTF-8", "make one: openssl rand -hex 32")
    if len(key.splitlines()) > 1:
        raise _refused("has several lines, which nobody can type", "take a passphrase of one line")
    if len(key) < LEAST or len(set(key)) < LEAST_DIFFERENT:
        raise _refused(
            f"can be guessed: a passphrase has {LEAST} characters, {LEAST_DIFFERENT} different ones",
            "make one: openssl rand -hex 32",
        )
    return key


def _refused(said: str, hint: str) -> SendbatchError:
    return SendbatchError(Rule.REPORT_KEY.finding(f"{REPORT_KEY} {said}", hint=hint))
