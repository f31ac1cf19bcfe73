"""`sendbatch preview --serve` as a command: what it says, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sendbatch.campaign.starter import write_starter


def command(folder: Path, *more: str) -> subprocess.Popen[str]:
    env = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "TMPDIR": str(folder / "tmp")}
    (folder / "tmp").mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "sendbatch", "preview", "campaign.yaml", *more],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ask_oddly(address: str) -> None:
    """What no page asks: no HTTP at all, and a web socket."""
    where = urlsplit(address)
    host = where.netloc.encode()
    asked = b"GET " + where.path.encode() + b" HTTP/1.1\r\nHost: " + host
    for raw in (b"\0\r\n\r\n", asked + b"\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"):
        with socket.create_connection((where.hostname, where.port), timeout=30) as asking:
            asking.sendall(raw)
            assert asking.recv(100).startswith(b"HTTP/1.1 ")


@pytest.mark.own_workers
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_and_nothing_is_left(tmp_path: Path, number: signal.Signals) -> None:
    write_starter(tmp_path)
    with command(tmp_path, "--serve") as served:
        assert served.stderr is not None
        line = served.stderr.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/\S+/", line)
        assert address is not None, line
        with urllib.request.urlopen(f"{address[0]}events", timeout=30) as stream:
            stream.readline()
            ask_oddly(address[0])
            served.send_signal(number)
            out, said = served.communicate(timeout=30)

    assert served.returncode == 0
    assert out == ""
    assert "Traceback" not in said
    assert address[0].split("/")[3] not in said
    assert re.fullmatch(r".*nothing was sent\.?\n", said, re.DOTALL), said
    for word in ("pip install", "HTTP request", "pgrade", "uvicorn"):
        assert word not in said
    assert [*(tmp_path / "tmp").iterdir()] == []
    assert not (tmp_path / "reports").exists()


def test_a_port_in_use_and_one_without_serve_are_errors(tmp_path: Path) -> None:
    write_starter(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        with command(tmp_path, "--serve", "--port", port) as served:
            _, said = served.communicate(timeout=60)
    assert served.returncode == 2
    assert f"--port {port} is in use" in said

    with command(tmp_path, "--port", "8000") as served:
        _, said = served.communicate(timeout=60)
    assert served.returncode == 2
    assert "--port is for --serve" in said
