"""A host's list of comments on loopback, as far as `comment` asks for it; it answers as GitHub does."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

BOT = "github-actions[bot]"


class Api(ThreadingHTTPServer):
    """`comments` of the pull request 7; `answer` is a code that it gives to all that writes; `elsewhere`
    redirects everything to that address."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.comments: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.tokens: set[str | None] = set()
        self.answer = 0
        self.elsewhere = ""
        self.is_removed = False  # what was listed is gone when it is to be changed

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, author: str, body: str) -> None:
        number = len(self.comments) + 1
        self.comments.append({"id": number, "user": {"login": author}, "body": body})


class Answering(BaseHTTPRequestHandler):
    server: Api

    def log_message(self, *_: object) -> None:
        """It says nothing."""

    def do_GET(self) -> None:
        found = re.search(r"/issues/7/comments\?per_page=100&page=(\d+)$", self.path)
        page = int(found[1]) if found else 0
        self._reply(200, self.server.comments[100 * page - 100 : 100 * page])

    def do_POST(self) -> None:
        body = self._body()
        if not self.server.answer:
            self.server.add(BOT, body)
        self._reply(self.server.answer or 201, {})

    def do_PATCH(self) -> None:
        body, number = self._body(), int(self.path.rpartition("/")[2])
        there = [one for one in self.server.comments if one["id"] == number]
        if self.server.is_removed:
            there = []
        if there and not self.server.answer:
            there[0]["body"] = body
        self._reply(self.server.answer or 200 if there else 404, {})

    def _body(self) -> str:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return str(told["body"])

    def _reply(self, code: int, told: object) -> None:
        self.server.asked.append(f"{self.command} {self.path.partition('?')[0]}")
        self.server.tokens.add(self.headers["Authorization"])
        self.send_response(302 if self.server.elsewhere else code)
        if self.server.elsewhere:
            self.send_header("Location", self.server.elsewhere)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
