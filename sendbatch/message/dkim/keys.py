"""Private keys that sign mail: of what a file or a variable holds, to what signs with it.

A key is taken as people keep it: PEM, also with its lines joined by a written-out `\\n` or by blanks, as
secrets of CI have them; DER; and either of them in base64. `cryptography` is loaded with the first key.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sendbatch.campaign.written.parsing import Wrong

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

RSA, ED25519 = "rsa-sha256", "ed25519-sha256"
LEAST_BITS = 1024  # of RSA: RFC 8301 §3.2 lets nobody verify with fewer
GOOD_BITS = 2048  # RFC 8301 §3.2: signers should have so many
MOST_BITS = 4096  # RFC 8301 §3.2: not everybody verifies with more

# Into a file that is not there yet: the key that is in use would be gone for good.
MAKE_ONE = "make one under a name that is free: openssl genrsa -out dkim-new.pem 2048"
INSTALL = 'pip install "sendbatch[dkim]"'

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
_ENCRYPTED = re.compile(rb"Proc-Type:\s*4,\s*ENCRYPTED")
# By what a block of PEM is called, what it is and what to do.
_OTHERS = {
    b"ENCRYPTED PRIVATE KEY": (
        "it is encrypted with a passphrase, and nobody is there to type it",
        "take it off, into a file of another name: openssl pkey -in FILE -out dkim-open.pem",
    ),
    b"PUBLIC KEY": ("it is a public key", "name the private key that belongs to it"),
    b"RSA PUBLIC KEY": ("it is a public key", "name the private key that belongs to it"),
    b"CERTIFICATE": ("it is a certificate", "name the private key that belongs to it"),
    b"CERTIFICATE REQUEST": ("it is a request for a certificate", MAKE_ONE),
    b"EC PRIVATE KEY": ("it is a key of an elliptic curve that DKIM does not have", MAKE_ONE),
    b"DSA PRIVATE KEY": ("it is a DSA key, which DKIM does not have", MAKE_ONE),
    b"OPENSSH PRIVATE KEY": ("it is a key of OpenSSH", MAKE_ONE),
}


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """`bits` are those of an RSA key. `der` is PKCS #8, and never shown. `public` is what `p=` of its record
    in the DNS says, decoded."""

    algorithm: str
    bits: int
    public: bytes
    der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and under which name its public one is published. It crosses to the workers as bytes."""

    domain: str
    selector: str
    algorithm: str
    der: bytes = field(repr=False)


def private_key(data: bytes) -> PrivateKey:
    """The key that `data` holds. Raises Wrong, without a byte of it, where there is none that can sign."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_der_private_key
    except ImportError:
        raise Wrong("signing needs the package cryptography", INSTALL) from None
    der = _der(data)
    try:
        private = load_der_private_key(der, None)
    except TypeError:  # a passphrase is wanted
        raise Wrong(*_OTHERS[b"ENCRYPTED PRIVATE KEY"]) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _other_der(der) from None
    return _usable(private)


def signing(key: SigningKey) -> Callable[[bytes], bytes]:
    """What signs the SHA-256 of all that a signature is over (RFC 6376 §3.3.2, RFC 8463 §3)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    # That its numbers fit each other was seen by whoever read it; it takes tens of milliseconds.
    private = load_der_private_key(key.der, None, unsafe_skip_rsa_key_validation=True)
    if isinstance(private, Ed25519PrivateKey):
        return private.sign
    rsa: RSAPrivateKey = private  # type: ignore[assignment]
    padding, algorithm = PKCS1v15(), Prehashed(SHA256())
    return lambda digest: rsa.sign(digest, padding, algorithm)


def _der(data: bytes) -> bytes:
    """What stands in it as DER. Raises Wrong where that is told to be something else."""
    if data.startswith(b"0"):  # a SEQUENCE, as every key of DER is; base64 of one begins with M
        return data
    data = data.strip()
    if not data:
        raise Wrong("it is empty", MAKE_ONE)
    blocks = [
        (kind, body) for kind, body in _PEM.findall(data) if not kind.endswith(b" PARAMETERS")
    ]
    if blocks:
        return _of_pem(*next((one for one in blocks if one[0].endswith(b"PRIVATE KEY")), blocks[0]))
    if data.startswith(b"-----BEGIN"):
        raise Wrong("it ends before the key does", "copy all of it, its last line too")
    decoded = _of_base64(data)
    if decoded is None:
        raise Wrong("it is no key: neither PEM nor DER, nor one of them in base64", MAKE_ONE)
    return _der(decoded) if decoded.startswith(b"-----BEGIN") else decoded


def _of_pem(kind: bytes, body: bytes) -> bytes:
    if kind in _OTHERS:
        raise Wrong(*_OTHERS[kind])
    if _ENCRYPTED.search(body):
        raise Wrong(*_OTHERS[b"ENCRYPTED PRIVATE KEY"])
    if kind not in (b"PRIVATE KEY", b"RSA PRIVATE KEY"):
        raise Wrong("it is of a kind that is not known here", MAKE_ONE)
    decoded = _of_base64(body)
    if decoded is None:
        raise Wrong("what stands between its first and its last line is no base64", MAKE_ONE)
    return decoded


def _of_base64(text: bytes) -> bytes | None:
    try:
        return b64decode(re.sub(rb"\s|\\[nr]", b"", text), validate=True)
    except NoBase64:
        return None


def _usable(private: object) -> PrivateKey:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if isinstance(private, RSAPrivateKey):
        if private.key_size < LEAST_BITS:
            said = f"it has {private.key_size} bits, and nobody takes a signature by fewer than"
            raise Wrong(f"{said} {LEAST_BITS}", MAKE_ONE)
        algorithm, bits = RSA, private.key_size
        public = private.public_key().public_bytes(
            form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo
        )
    elif isinstance(private, Ed25519PrivateKey):
        algorithm, bits = ED25519, 256
        public = private.public_key().public_bytes_raw()
    else:
        name = type(private).__name__.removesuffix("PrivateKey").lstrip("_")
        raise Wrong(f"it is a key of a kind that DKIM does not have: {name}", MAKE_ONE)
    der = private.private_bytes(form.Encoding.DER, form.PrivateFormat.PKCS8, form.NoEncryption())
    return PrivateKey(algorithm, bits, public, der)


def _other_der(der: bytes) -> Wrong:
    """What is said of DER that is no private key."""
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    from cryptography.x509 import load_der_x509_certificate

    for load, kind in (
        (load_der_public_key, b"PUBLIC KEY"),
        (load_der_x509_certificate, b"CERTIFICATE"),
    ):
        try:
            load(der)
        except Exception:  # noqa: BLE001, S112 - whatever the library says of bytes that are none
            continue
        return Wrong(*_OTHERS[kind])
    return Wrong("it is no private key, or a damaged one", MAKE_ONE)
