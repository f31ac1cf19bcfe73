"""A repository as a host keeps it: bare, with clones, and served over HTTP by `git http-backend` on loopback.

What the host does to who asks is a test's to say, also while a run talks to it: see `Manners`.
"""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

_IDENTITY = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")


class Manners(Enum):
    """To pushes alone: REFUSES answers 403, LATE does what is asked and answers when it is told to, BREAKS
    does it and never answers. To everything: AWAY hangs up."""

    WELL = "well"
    AWAY = "away"
    REFUSES = "refuses"
    LATE = "late"
    BREAKS = "breaks"


def git(*words: str, at: Path) -> str:
    """What git says on standard output. Raises CalledProcessError."""
    environ = os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *_IDENTITY, *words], cwd=at, env=environ, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@dataclass
class GitHost:
    """`bare` is the repository; `url` how it is reached, if it is served. `pushes` counts those that were
    asked for, whatever became of them."""

    bare: Path
    url: str = ""
    manners: Manners = Manners.WELL
    token: str | None = None  # who has it not is asked for a login
    push_token: str | None = None  # the one that pushes need, where `token` may only read
    pushes: int = 0
    answering: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)  # a push was, whoever heard of it

    def clone(self, folder: Path, *words: str) -> Path:
        """A clone with a commit in it, pushed."""
        git("clone", "-q", *words, self.url or str(self.bare), str(folder), at=self.bare.parent)
        return folder

    def refs(self) -> dict[str, str]:
        lines = git("for-each-ref", "--format=%(refname) %(objectname)", "refs/sendbatch", at=self.bare)
        return dict(line.split(" ") for line in lines.splitlines())

    def show(self, ref: str, name: str) -> str:
        return git("show", f"{ref}:{name}", at=self.bare)

    def hook(self, script: str) -> None:
        path = self.bare / "hooks" / "pre-receive"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)


def repository(folder: Path) -> GitHost:
    """A bare one with two commits in it."""
    bare = folder / "host" / "shop.git"
    bare.mkdir(parents=True)
    git("init", "-q", "--bare", "-b", "main", at=bare)
    git("config", "http.receivepack", "true", at=bare)
    tree = git("hash-object", "-t", "tree", "-w", "/dev/null", at=bare)
    first = git("commit-tree", "-m", "first", tree, at=bare)
    second = git("commit-tree", "-p", first, "-m", "second", tree, at=bare)
    git("update-ref", "refs/heads/main", second, at=bare)
    return GitHost(bare)


@contextlib.contextmanager
def served(host: GitHost) -> Iterator[GitHost]:
    """Over HTTP, until the block ends."""
    handler = type("Handler", (_Handler,), {"host": host})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        serving.start()
        host.url = f"http://127.0.0.1:{server.server_port}/{host.bare.name}"
        try:
            yield host
        finally:
            host.answering.set()
            server.shutdown()
            serving.join()


class _Handler(BaseHTTPRequestHandler):
    host: GitHost
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        host = self.host
        length = int(self.headers.get("Content-Length") or 0)
        body = self._chunked() if self.headers.get("Transfer-Encoding") else self.rfile.read(length)
        is_push = "git-receive-pack" in self.path
        is_doing = is_push and self.command == "POST"
        host.pushes += is_doing
        if host.manners is Manners.AWAY:
            return
        needed = host.push_token if is_push and host.push_token is not None else host.token
        shown = self._token()
        if needed is not None and shown not in (needed, host.token):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()
            return
        if is_push and (host.manners is Manners.REFUSES or shown != needed):
            self.send_error(403)
            return
        answer = self._asked(body)
        if is_doing:
            host.done.set()
            if host.manners is Manners.LATE:
                host.answering.wait(30)
            if host.manners is Manners.BREAKS:
                return
        with contextlib.suppress(OSError):  # who asked may have gone
            self.wfile.write(answer)

    def _token(self) -> str | None:
        """What stands as a password, whoever it is said to be of."""
        scheme, _, login = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        return base64.b64decode(login).decode().partition(":")[2]

    def _asked(self, body: bytes) -> bytes:
        """The answer of the real thing, as CGI gives it (git-http-backend(1))."""
        parts = urlsplit(self.path)
        environ = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.host.bare.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_USER": "somebody",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=environ, capture_output=True, check=False
        )
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        status = next(
            (line.split(b" ", 1)[1] for line in head.split(b"\r\n") if line.startswith(b"Status:")), b"200 OK"
        )
        return b"HTTP/1.0 " + status + b"\r\n" + head + b"\r\n\r\n" + rest

    def _chunked(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body

    def log_message(self, format: str, *args: object) -> None:
        """Tests say what they want to know."""
