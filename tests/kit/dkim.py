"""Keys that sign, made for the tests, and two programs not ours that say whether a signature holds."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import dkim
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from sendbatch.message.dkim.keys import SigningKey, private_key

DOMAIN = "example.com"


def made(kind: str = "rsa", bits: int = 2048) -> Any:
    """A private key, the same for all tests of this process: `kind` is rsa, ed25519, ec, ed448 or dsa."""
    return _made(kind, bits)


@cache
def _made(kind: str, bits: int) -> Any:
    if kind == "rsa":
        return rsa.generate_private_key(65537, bits)
    if kind == "dsa":
        return dsa.generate_private_key(1024)
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return {"ed25519": ed25519.Ed25519PrivateKey, "ed448": ed448.Ed448PrivateKey}[kind].generate()


def pem(key: Any = None, *, passphrase: bytes = b"", traditional: bool = False) -> bytes:
    """As openssl writes it; `traditional` is RSA PRIVATE KEY."""
    encryption: form.KeySerializationEncryption = form.NoEncryption()
    if passphrase:
        encryption = form.BestAvailableEncryption(passphrase)
    kind = form.PrivateFormat.TraditionalOpenSSL if traditional else form.PrivateFormat.PKCS8
    found: bytes = (key or made()).private_bytes(form.Encoding.PEM, kind, encryption)
    return found


def signing_key(kind: str = "rsa", selector: str = "s1", domain: str = DOMAIN) -> SigningKey:
    found = private_key(pem(made(kind)))
    return SigningKey(domain, selector, found.algorithm, found.der)


def record(key: SigningKey) -> str:
    """What the DNS would say of it."""
    public = b64encode(private_key(key.der).public).decode()
    return f"v=DKIM1; k={key.algorithm.partition('-')[0]}; p={public}"


def verified(data: bytes, keys: Sequence[SigningKey]) -> list[bool]:
    """What dkimpy says of each signature, from the first on. It is told no key that was not published."""
    records = {f"{key.selector}._domainkey.{key.domain}.": record(key) for key in keys}

    def txt(name: bytes, timeout: float = 5) -> bytes | None:
        found = records.get(name.decode())
        return None if found is None else found.encode()

    asked = dkim.DKIM(data)
    number = data.partition(b"\r\n\r\n")[0].lower().count(b"dkim-signature:")

    def holds(each: int) -> bool:
        try:
            return bool(asked.verify(each, dnsfunc=txt))
        except dkim.ValidationError:
            return False

    return [holds(each) for each in range(number)]


def passed(program: str, data: bytes, keys: Sequence[SigningKey], folder: Path) -> list[str]:
    """The algorithms of the signatures that OpenDKIM takes for good."""
    (folder / "message.eml").write_bytes(data)
    lines = [f"{key.selector}._domainkey.{key.domain} {record(key)}\n" for key in keys]
    (folder / "keys").write_text("".join(lines))
    config = f"Mode v\nTestPublicKeys {folder / 'keys'}\nSyslog no\n"
    (folder / "opendkim.conf").write_text(config)
    told = subprocess.run(
        [program, "-x", folder / "opendkim.conf", "-vvv", "-t", folder / "message.eml"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    results = [part for part in told.split(";") if "dkim=pass" in part]
    return [part.partition("header.a=")[2].split()[0] for part in results]
