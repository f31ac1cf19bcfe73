"""The embedded server keeps what it is sent, whole, and only says so once it is on the disk."""

from __future__ import annotations

import base64
import errno
import os
import smtplib
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sendbatch.sandbox import MOST_BYTES, Sandbox

MAIL = b"Subject: hello\r\n\r\n.dot\r\nHello.\r\n"


def send(sandbox: Sandbox, data: bytes = MAIL, to: str = "jane@example.net") -> None:
    with smtplib.SMTP(sandbox.host, sandbox.port, timeout=60) as client:
        options = ["SMTPUTF8", "BODY=8BITMIME"] if not to.isascii() else []
        client.ehlo()
        client.login(sandbox.login.username, sandbox.login.password)
        client.sendmail("news@example.com", [to], data, options)


def test_a_message_becomes_a_private_file_of_exactly_its_bytes(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "mail") as sandbox:
        send(sandbox)
        (kept,) = (tmp_path / "mail").iterdir()
        assert kept.name == "000001.eml"
        assert kept.read_bytes() == MAIL
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_numbers_go_on_from_what_the_folder_has(tmp_path: Path) -> None:
    (tmp_path / "000041.eml").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"")
    with Sandbox(tmp_path) as sandbox:
        send(sandbox)
    with Sandbox(tmp_path) as sandbox:
        send(sandbox)
    assert sorted(p.name for p in tmp_path.glob("*.eml")) == [
        "000041.eml",
        "000042.eml",
        "000043.eml",
    ]


def test_two_sandboxes_on_one_folder_overwrite_nothing(tmp_path: Path) -> None:
    with Sandbox(tmp_path) as one, Sandbox(tmp_path) as two:
        send(one, b"one\r\n")
        send(two, b"two\r\n")
        send(one, b"three\r\n")
    assert sorted(p.read_bytes() for p in tmp_path.iterdir()) == [
        b"one\r\n",
        b"three\r\n",
        b"two\r\n",
    ]


def test_many_connections_at_once_lose_nothing(tmp_path: Path) -> None:
    with Sandbox(tmp_path) as sandbox, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: send(sandbox, b"%d\r\n" % n), range(40)))
    assert sorted(int(p.read_bytes()) for p in tmp_path.glob("*.eml")) == list(range(40))


def test_it_offers_smtputf8_and_a_size_and_listens_on_loopback(tmp_path: Path) -> None:
    with Sandbox(tmp_path) as sandbox:
        assert sandbox.host == "127.0.0.1"
        with smtplib.SMTP(sandbox.host, sandbox.port, timeout=60) as client:
            client.ehlo()
            assert client.has_extn("smtputf8")
            assert client.esmtp_features["size"] == str(MOST_BYTES)
        send(sandbox, "Subject: jö\r\n\r\nHello.\r\n".encode(), "jö@example.net")
    assert len(list(tmp_path.iterdir())) == 1


def test_it_takes_no_mail_from_who_does_not_know_its_login(tmp_path: Path) -> None:
    with (
        Sandbox(tmp_path / "other") as other,
        Sandbox(tmp_path / "mail") as sandbox,
        smtplib.SMTP(sandbox.host, sandbox.port, timeout=60) as stranger,
    ):
        stranger.ehlo()
        assert stranger.mail("eve@example.com")[0] == 530
        with pytest.raises(smtplib.SMTPAuthenticationError):
            stranger.login(other.login.username, other.login.password)
        for words in ("", "=", "\0\0", "LOGIN"):
            assert stranger.docmd("AUTH", f"PLAIN {words}")[0] >= 400
        assert stranger.mail("eve@example.com")[0] == 530
        assert stranger.rcpt("jane@example.net")[0] == 503
        assert stranger.docmd("DATA")[0] == 503
    assert list((tmp_path / "mail").iterdir()) == []


def test_its_login_is_another_each_time_and_shows_nowhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with Sandbox(tmp_path) as one, Sandbox(tmp_path) as other:
        send(one)
        assert one.login.password != other.login.password
        password = one.login.password
        hidden = base64.b64encode(f"\0{one.login.username}\0{password}".encode()).decode()
        said = caplog.text + "".join(capfd.readouterr()) + repr(one.login)
    assert password not in said
    assert hidden not in said
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


def _fails_with(code: int):
    def fsync(handle: int) -> None:
        raise OSError(code, os.strerror(code))

    return fsync


@pytest.mark.parametrize(("code", "reply"), [(errno.ENOSPC, 452), (errno.EIO, 451)])
def test_what_cannot_be_kept_is_refused_for_now_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, reply: int
) -> None:
    monkeypatch.setattr("sendbatch.runtime.files.os.fsync", _fails_with(code))
    with Sandbox(tmp_path) as sandbox, pytest.raises(smtplib.SMTPDataError) as caught:
        send(sandbox)
    assert caught.value.smtp_code == reply
    assert list(tmp_path.iterdir()) == []


def test_file_and_name_are_on_the_disk_before_the_250(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    fsync = os.fsync

    def watched(handle: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(handle).st_mode))
        fsync(handle)

    monkeypatch.setattr("sendbatch.runtime.files.os.fsync", watched)
    with Sandbox(tmp_path) as sandbox:
        send(sandbox)
        assert synced == [False, True]


def test_stopping_with_a_connection_open_leaves_no_thread_and_no_noise(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    before = threading.active_count()
    sandbox = Sandbox(tmp_path)
    sandbox.start()
    with smtplib.SMTP(sandbox.host, sandbox.port, timeout=60) as client:
        client.ehlo()
        sandbox.stop()
        client.close()
    sandbox.stop()
    assert threading.active_count() == before
    assert capfd.readouterr().err == ""
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_a_connection_torn_down_in_the_middle_keeps_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Sandbox(tmp_path) as sandbox:
        client = smtplib.SMTP(sandbox.host, sandbox.port, timeout=60)
        client.ehlo()
        client.login(sandbox.login.username, sandbox.login.password)
        client.mail("news@example.com")
        client.rcpt("jane@example.net")
        client.docmd("DATA")
        client.send(b"Subject: half")
        client.close()
        send(sandbox)
    assert [p.name for p in tmp_path.iterdir()] == ["000001.eml"]
    assert (tmp_path / "000001.eml").read_bytes() == MAIL
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
