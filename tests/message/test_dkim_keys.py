"""A private key, in all the forms in which people keep one, and what is said of what is none."""

from __future__ import annotations

import sys
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.written.parsing import Wrong
from sendbatch.message.dkim.keys import private_key
from tests.kit.dkim import made, pem

RSA, DER = pem(), private_key(pem()).der


def certificate(key: Any) -> bytes:
    from datetime import UTC, datetime, timedelta

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a.example")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + timedelta(1))
    return builder.sign(key, hashes.SHA256()).public_bytes(form.Encoding.PEM)


def public(encoding: form.Encoding) -> bytes:
    found: bytes = (
        made().public_key().public_bytes(encoding, form.PublicFormat.SubjectPublicKeyInfo)
    )
    return found


@pytest.mark.parametrize(
    "written",
    [
        RSA,
        pem(traditional=True),
        b"\n  " + RSA + b"\n\n",
        RSA.replace(b"\n", b"\r\n"),
        RSA.replace(b"\n", b"\\n"),
        RSA.replace(b"\n", b"\\r\\n"),
        RSA.replace(b"\n", b" "),
        RSA.replace(b"\n", b""),
        DER,
        b64encode(DER),
        b64encode(RSA),
        b64encode(DER)[:99] + b"\n" + b64encode(DER)[99:],
        public(form.Encoding.PEM) + RSA,
    ],
)
def test_one_key_is_read_however_it_is_kept(written: bytes) -> None:
    found = private_key(written)
    assert (found.algorithm, found.bits, found.der) == ("rsa-sha256", 2048, DER)
    assert found.public == public(form.Encoding.DER)


def test_der_may_end_with_a_byte_that_would_be_a_blank() -> None:
    """Such a byte is no line's end of text, and belongs to the key."""
    numbers = (b"%032d" % number for number in range(9_000))
    keys = (Ed25519PrivateKey.from_private_bytes(sha256(one).digest()) for one in numbers)
    ders = (
        key.private_bytes(form.Encoding.DER, form.PrivateFormat.PKCS8, form.NoEncryption())
        for key in keys
    )
    der = next(der for der in ders if der.endswith(b"\n"))
    assert private_key(der).der == der


def test_a_key_of_ed25519_is_published_bare() -> None:
    found = private_key(pem(made("ed25519")))
    assert found.algorithm == "ed25519-sha256"
    assert found.public == made("ed25519").public_key().public_bytes_raw()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"hunter2", "is no key"),
        (b"/keys/dkim.pem", "is no key"),
        (RSA[:300], "ends before the key does"),
        (RSA.replace(b"MII", b"M!I"), "is no base64"),
        (DER[:-9], "no private key, or a damaged one"),
        (b64encode(b"no key at all"), "no private key, or a damaged one"),
        (pem(made("ec")), "of a kind that DKIM does not have: EC"),
        (pem(made("ec"), traditional=True), "an elliptic curve"),
        (pem(made("ed448")), "of a kind that DKIM does not have: Ed448"),
        (pem(made("dsa"), traditional=True), "a DSA key"),
        (pem(passphrase=b"x"), "encrypted with a passphrase"),
        (pem(passphrase=b"x", traditional=True), "encrypted with a passphrase"),
        (public(form.Encoding.PEM), "a public key"),
        (public(form.Encoding.DER), "a public key"),
        (certificate(made()), "a certificate"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----", "OpenSSH"),
        (
            b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n-----END PGP PRIVATE KEY BLOCK-----",
            "not known",
        ),
    ],
)
def test_what_is_no_key_is_called_by_its_name_and_not_shown(written: bytes, said: str) -> None:
    with pytest.raises(Wrong, match=said) as caught:
        private_key(written)
    assert caught.value.hint
    for line in written.decode("latin-1").split("\n"):
        if len(line) > 5 and not line.startswith("---"):
            assert line not in f"{caught.value} {caught.value.hint}"


def test_a_short_key_is_refused_from_1024_bits_on_taken() -> None:
    assert private_key(pem(made("rsa", 1024))).bits == 1024
    short = made_by_hand_512()
    with pytest.raises(
        Wrong, match="has 512 bits, and nobody takes a signature by fewer than 1024"
    ):
        private_key(short)


def made_by_hand_512() -> bytes:
    """The library makes none that is as short any more."""
    return b"""-----BEGIN PRIVATE KEY-----
MIIBVwIBADANBgkqhkiG9w0BAQEFAASCAUEwggE9AgEAAkEAnzjbp9uxZQTXlGF5
X/pYlU/QQKrg/10V5DABsSKsIVl6cXDdhWIO295xqcOEQ6GPL5hRDno2jTg0C21N
pIKouQIDAQABAkEAmOIvh+4bV7Rei8tMkCwCAtywSmfJw2nOK10tQrjYLuwH4Zyx
AYLHWGlwulVTVFHUffjYTuMCjaKkxdDZN2TQAQIhANLO3PWCbrL/gPU6BG9cQ6FE
vbNIbDLXaKO3J6+3BS9ZAiEAwVr1ue9X0nmOEkJJ7b7LcL/nvS5Ihlf+nT9rkYbq
eGECIQDQpYAa2tL4BV082gSDt90UI/ZiGR9GHt/pkiEMkGfoWQIhAJgyxEf2yXdo
rVdcDJty2urGdGCqxPXS4B3hJQgpXfkhAiEAgVMEYWgWTbemd7OIUGqURbYxOxwb
Bm4rTixmuw+uzxo=
-----END PRIVATE KEY-----
"""


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(Wrong) as caught:
        private_key(RSA)
    assert caught.value.hint == 'pip install "sendbatch[dkim]"'


def test_a_key_does_not_show() -> None:
    assert "der" not in repr(private_key(RSA))


@given(st.binary(max_size=300) | st.binary(max_size=50).map(b64encode))
def test_any_bytes_are_a_key_or_are_told(data: bytes) -> None:
    with pytest.raises(Wrong):
        private_key(data)
