"""Reports encrypted for where strangers look: which keys are taken, and that `age` alone opens them."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pyrage
import pytest

from sendbatch.errors import SendbatchError
from sendbatch.reports.encryption import REPORT_KEY, encryption_of, needed_encryption
from sendbatch.reports.files import drop_outdated, write_files
from sendbatch.values import Status
from tests.conftest import Needs

PASSPHRASE = "0123456789abcdef of somebody"
WEAK = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z"  # the point 0
REPORT = b"row,key\r\n2,ada@example.com\r\n"


def encrypted(key: str, data: bytes = REPORT) -> bytes:
    return needed_encryption({REPORT_KEY: key}).of(data)


@pytest.mark.parametrize("key", [PASSPHRASE, f"  {PASSPHRASE}\n"])
def test_a_passphrase_opens_it(key: str) -> None:
    assert pyrage.passphrase.decrypt(encrypted(key), PASSPHRASE) == REPORT
    assert b"ada" not in encrypted(key)


def test_each_holder_of_a_public_key_opens_it_and_nobody_else() -> None:
    ada, eve, other = (pyrage.x25519.Identity.generate() for _ in range(3))
    sealed = encrypted(f"{ada.to_public()}\n {eve.to_public()}\n")
    for identity in (ada, eve):
        assert pyrage.decrypt(sealed, [identity]) == REPORT
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [other])


def test_a_changed_byte_is_found_out() -> None:
    ada = pyrage.x25519.Identity.generate()
    sealed = bytearray(encrypted(str(ada.to_public())))
    sealed[-5] ^= 1
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(bytes(sealed), [ada])


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("short", "can be guessed"),
        ("a" * 40, "can be guessed"),
        ("0123456789abcde", "can be guessed"),
        ("a passphrase of\ntwo whole lines", "several lines"),
        ("AGE-SECRET-KEY-1QQPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGP", "a secret key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk", "a secret key"),
        ("age1notakey", "number 1"),
        (WEAK, "nothing can be encrypted with"),
        ("0123456789abcdef\udcff of somebody", "not UTF-8"),
        ("ssh-ed25519 AAAAB3NzaX", "number 1"),
    ],
)
def test_a_key_of_no_use_is_refused_and_never_shown(key: str, said: str) -> None:
    with pytest.raises(SendbatchError, match=said) as refused:
        encryption_of({REPORT_KEY: key})
    assert key not in str(refused.value)
    assert key[-8:] not in str(refused.value)


@pytest.mark.parametrize("environ", [{}, {REPORT_KEY: ""}, {REPORT_KEY: " \n"}])
def test_without_a_key_nothing_is_encrypted_and_who_asks_for_it_is_told(environ: dict[str, str]) -> None:
    assert encryption_of(environ) is None
    with pytest.raises(SendbatchError, match="not set, or empty"):
        needed_encryption(environ)


def test_the_files_that_people_read_lie_encrypted_beside_those_of_a_run(record, tmp_path: Path) -> None:
    record.add(Status.ACCEPTED, email="jürgen@example.com")
    ada = pyrage.x25519.Identity.generate()
    write_files(record.report(), tmp_path, encryption_of({REPORT_KEY: str(ada.to_public())}))
    for name in ("report.csv", "report.html"):
        sealed = tmp_path / f"{name}.age"
        assert pyrage.decrypt(sealed.read_bytes(), [ada]) == (tmp_path / name).read_bytes()
        assert sealed.stat().st_mode & 0o077 == 0
    drop_outdated(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.csv", "report.json"]


def test_age_itself_opens_what_has_a_public_key(needs: Needs, tmp_path: Path) -> None:
    age = needs("age", "it opens reports")
    ada = pyrage.x25519.Identity.generate()
    identity = tmp_path / "key.txt"
    identity.write_text(f"{ada}\n")
    opened = subprocess.run(
        [age, "--decrypt", "--identity", str(identity)],
        input=encrypted(str(ada.to_public())),
        capture_output=True,
        check=True,
    )
    assert opened.stdout == REPORT


def test_age_itself_opens_what_has_a_passphrase(needs: Needs, tmp_path: Path) -> None:
    age = needs("age", "it opens reports")
    sealed, opened = tmp_path / "report.csv.age", tmp_path / "report.csv"
    sealed.write_bytes(encrypted(PASSPHRASE))
    child, terminal = pty.fork()
    if child == 0:
        os.execv(age, [age, "--decrypt", "--output", str(opened), str(sealed)])
    asked = b""
    while b"passphrase" not in asked:
        asked += os.read(terminal, 1024)
    os.write(terminal, f"{PASSPHRASE}\n".encode())
    _, ended = os.waitpid(child, 0)
    os.close(terminal)
    assert ended == 0
    assert opened.read_bytes() == REPORT
