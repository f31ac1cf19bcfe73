"""Whom TLS trusts: the system's authorities, those of `ca:`, or one certificate by its `fingerprint:`.

The system's are OpenSSL's: SSL_CERT_FILE and SSL_CERT_DIR name others, as for all programs with it.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sendbatch.errors import one_line
from sendbatch.words import listed

MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """A server's certificate as far as it could be looked at; `names` only where its chain is trusted."""

    fingerprint: str = ""
    names: tuple[str, ...] = ()


def context_of(ca: Path | None, fingerprint: str | None) -> ssl.SSLContext:
    """For a profile with one of them. Raises OSError or ssl.SSLError for a file that cannot be used."""
    if fingerprint is not None:  # the certificate itself is known: neither its chain nor its name matters
        return unverified()
    assert ca is not None
    context = ssl.create_default_context(cafile=str(ca))
    # Private authorities seldom keep all of RFC 5280, and the file may hold the server's own certificate.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def unverified() -> ssl.SSLContext:
    """Only where the certificate is compared afterwards, or looked at and nothing is said."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which loads no authorities
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def fingerprint_of(certificate: bytes) -> str:
    """As it stands in a profile, of a certificate in DER."""
    return f"sha256:{hashlib.sha256(certificate).hexdigest()}"


def peer_certificate(tls: ssl.SSLObject | ssl.SSLSocket | None) -> PeerCertificate:
    """What the other side of this connection has shown."""
    certificate = tls.getpeercert(binary_form=True) if tls is not None else None
    if tls is None or certificate is None:
        return PeerCertificate()
    return PeerCertificate(fingerprint_of(certificate), names_in(tls.getpeercert() or {}))


def listed_names(names: Sequence[str]) -> str:
    """The first of them, for people."""
    return listed([one_line(name, 100) for name in names], MOST_NAMES)


def names_in(certificate: object) -> tuple[str, ...]:
    """The names that a certificate is for, the common name where there are no others."""
    known = cast("dict[str, tuple[tuple[str, str], ...]]", certificate)
    names = [value for _, value in known.get("subjectAltName", ())]
    subject = cast("tuple[tuple[tuple[str, str], ...], ...]", known.get("subject", ()))
    common = [value for part in subject for key, value in part if key == "commonName"]
    return tuple(names or common)


def missing_roots() -> str | None:
    """The file or folder of the environment that is to hold the authorities, and is not there."""
    paths = ssl.get_default_verify_paths()
    for variable in (paths.openssl_cafile_env, paths.openssl_capath_env):
        named = os.environ.get(variable)
        if named and not any(map(os.path.exists, re.split(re.escape(os.pathsep), named))):
            return variable
    return None
