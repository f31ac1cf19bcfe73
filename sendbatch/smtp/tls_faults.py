"""Why TLS did not come about, in words that say what to change.

Every function that makes an error returns the SmtpError to raise.
"""

from __future__ import annotations

import os
import ssl

from sendbatch.errors import SmtpError, one_line
from sendbatch.smtp.diagnosis import TOO_OLD, address, closed
from sendbatch.smtp.server import Server
from sendbatch.smtp.trust import PeerCertificate, listed_names, missing_roots

_NO_CERTIFICATE = PeerCertificate()
_LARGER_KEY = "its operator must use a larger one (RSA and DH: 2048 bits)"
# OpenSSL's verify codes (x509_vfy.h)
_CERTIFICATE = {
    9: ("is not valid yet", "check this machine's clock"),
    10: ("has expired", "the server's operator must renew it"),
    18: ("is self-signed", None),
    19: ("is signed by an authority of its own, which is not known here", None),
    20: ("is signed by an unknown authority", None),
    21: ("is signed by an unknown authority, or the server leaves out certificates between", None),
    62: ("is for another name", None),
    64: ("is for another name", None),
    66: ("has a key that is too small", _LARGER_KEY),
    67: ("is signed by an authority whose key is too small", _LARGER_KEY),
    68: ("is signed with an outdated digest (SHA-1 or MD5)", "its operator must get another one"),
}
OTHER_NAME = (62, 64)
_UNKNOWN = (18, 19, 20, 21)

# OpenSSL's reasons for a handshake that fails, ours or by the server's alert
_HANDSHAKE = {
    **dict.fromkeys(
        ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE"),
        (TOO_OLD, "its operator must switch on TLS 1.2 or newer"),
    ),
    **dict.fromkeys(
        ("DH_KEY_TOO_SMALL", "EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "MODULUS_TOO_SMALL", "BAD_ECPOINT"),
        ("its key is too small", _LARGER_KEY),
    ),
    **dict.fromkeys(
        (
            *("NO_SHARED_CIPHER", "SSLV3_ALERT_HANDSHAKE_FAILURE", "SSL/TLS_ALERT_HANDSHAKE_FAILURE"),
            *("TLSV1_ALERT_INSUFFICIENT_SECURITY", "NO_CIPHERS_AVAILABLE", "WRONG_CIPHER_RETURNED"),
        ),
        (
            "no cipher that both take",
            "its operator must switch on ciphers of today (ECDHE with AES-GCM), and TLS 1.2 or newer",
        ),
    ),
    **dict.fromkeys(
        ("TLSV1_UNRECOGNIZED_NAME", "TLSV1_ALERT_UNRECOGNIZED_NAME"),
        ("it does not know this name", "server_name: must be a name that the server has"),
    ),
    **dict.fromkeys(
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE"),
        ("it wants a certificate of ours", "logging in by certificate is not possible: use a login"),
    ),
    **dict.fromkeys(
        ("TLSV1_ALERT_INTERNAL_ERROR", "TLSV1_ALERT_DECODE_ERROR"),
        ("its own TLS failed (its alert says so)", "its operator must look into the server's log"),
    ),
}


def not_secure(server: Server, error: ssl.SSLError) -> SmtpError:
    """The TLS handshake failed."""
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"):
        return plain_instead_of_tls(server)
    if error.reason and "EOF" in error.reason:
        return closed(server, "tls")
    reason = one_line(str(error.reason or "handshake failed")).replace("_", " ").lower()
    what, hint = _HANDSHAKE.get(error.reason or "", ("", None))
    message = f"no TLS connection with {address(server)}: {what}{' (' if what else ''}{reason}"
    return SmtpError(message + (")" if what else ""), step="tls", hint=hint)


def plain_instead_of_tls(server: Server) -> SmtpError:
    """What came instead of a handshake was plain text."""
    return SmtpError(
        f"{address(server)} does not begin with TLS",
        step="tls",
        hint=f"port {server.port} wants security: starttls",
    )


def bad_certificate(
    server: Server, error: ssl.SSLCertVerificationError, certificate: PeerCertificate = _NO_CERTIFICATE
) -> SmtpError:
    """It was not trusted; `certificate` is what a second look has shown of it."""
    message = one_line(error.verify_message or "")
    what, hint = _CERTIFICATE.get(error.verify_code, (f"is not trusted: {message}", None))
    if error.verify_code in OTHER_NAME:
        what += f", {listed_names(certificate.names)}" if certificate.names else ""
        hint = f"host: must be a name that the certificate bears, {server.name} is not; where host is a"
        hint += " tunnel or an address: server_name: with the name in the certificate"
    elif error.verify_code in _UNKNOWN:
        hint = _private(server, certificate)
    return SmtpError(f"the certificate of {address(server)} {what}", step="tls", hint=hint)


def _private(server: Server, certificate: PeerCertificate) -> str:
    """What to do about a certificate that no authority known here has signed."""
    if server.ca is not None:
        return "ca: names another authority than the one that signed it"
    if variable := missing_roots():
        return f"{variable} names what is not there"
    if not has_authorities():
        return (
            "this machine knows no authority at all: install ca-certificates, or name a file of theirs in "
            "SSL_CERT_FILE"
        )
    hint = "of your own, or your company's? ca: FILE with that authority's certificate, or the server's own"
    if certificate.fingerprint:
        hint += (
            "; or fingerprint: if it is the server's "
            f"(this one is {certificate.fingerprint}: compare it there)"
        )
    return hint


def another_certificate(server: Server, certificate: PeerCertificate) -> SmtpError:
    """Not the one of the profile's fingerprint."""
    return SmtpError(
        f"the certificate of {address(server)} is not the one of fingerprint: "
        f"it is {certificate.fingerprint}",
        step="tls",
        hint="was it renewed? ask who runs the server for the new one's fingerprint, and compare; "
        "else somebody stands between",
    )


def no_authorities(server: Server, error: OSError) -> SmtpError:
    """The file of `ca` is of no use."""
    why = one_line(error.strerror or str(error), 120)
    return SmtpError(f"ca: {server.ca} cannot be used: {why}", step="tls", hint="a PEM file is wanted")
def has_authorities() -> bool:
    """Whether there is anything that OpenSSL trusts by default: a bare image of a system has nothing."""
    paths = ssl.get_default_verify_paths()  # None where nothing is there
    return paths.cafile is not None or bool(paths.capath and os.listdir(paths.capath))
