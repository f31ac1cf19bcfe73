"""The plan as one comment of a pull request, over a host on loopback that answers as GitHub does."""

from __future__ import annotations

import importlib.util
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

SCRIPT = Path(__file__).parents[2] / "comment/comment.py"
BOT = "github-actions[bot]"
TOKEN = "ghs_stand_in"

Said = Callable[..., str]


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


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("comment", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan/output").write_text("**12** to send\n")
    return tmp_path / "plan"


@pytest.fixture
def said(
    api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Said:
    """The script, as the action calls it; what it says."""

    def call(campaign: str = "news/campaign.yaml", number: str = "7") -> str:
        for name, value in {
            "GITHUB_API_URL": api.address,
            "GITHUB_REPOSITORY": "example/letters",
            "CAMPAIGN": campaign,
            "FOLDER": str(folder),
            "NUMBER": number,
            "TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        assert script().main() == 0
        out, err = capsys.readouterr()
        assert TOKEN not in out + err
        return out + err

    return call


def test_a_plan_is_commented_once_and_the_comment_is_updated_from_then_on(
    api: Api, folder: Path, said: Said
) -> None:
    for number in range(250):
        api.add("ada", f"comment {number}")
    assert said() == ""
    (folder / "output").write_text("**11** to send\n")
    assert said() == ""
    assert said(campaign="other.yaml") == ""
    ours = [one["body"] for one in api.comments if one["user"]["login"] == BOT]
    assert [body.split("\n", 1)[1] for body in ours] == ["**11** to send\n"] * 2
    assert len({body.split("\n", 1)[0] for body in ours}) == 2
    assert all(re.match(r"<!-- sendbatch [0-9a-f]{16} -->\n", body) for body in ours)
    assert api.tokens == {f"Bearer {TOKEN}"}


def test_a_persons_comment_with_our_mark_is_left_alone(api: Api, folder: Path, said: Said) -> None:
    said()
    (theirs,) = api.comments
    theirs["user"]["login"] = "eve"
    before = dict(theirs)
    said()
    assert api.comments[0] == before
    assert len(api.comments) == 2


def test_a_comment_that_is_removed_meanwhile_is_made_anew(api: Api, folder: Path, said: Said) -> None:
    said()
    api.is_removed = True
    said()
    assert [one.split()[0] for one in api.asked] == ["GET", "POST", "GET", "PATCH", "POST"]


@pytest.mark.parametrize("code", [403, 404, 500])
def test_a_host_that_refuses_makes_no_job_fail(api: Api, said: Said, code: int) -> None:
    api.answer = code
    assert said().startswith(f"::warning title=sendbatch::no comment was written: HTTP Error {code}")


def test_nobody_else_is_given_the_token(api: Api, folder: Path, said: Said) -> None:
    with Api() as other:
        api.elsewhere = f"{other.address}/repos/example/letters/issues/7/comments?per_page=100&page=1"
        assert "no comment was written" in said()
        assert other.asked == []


@pytest.mark.parametrize("number", ["", "7/../8", "x"])
def test_what_is_no_number_is_asked_of_nobody(api: Api, said: Said, number: str) -> None:
    assert "no comment was written" in said(number=number)
    assert api.asked == []


@pytest.mark.parametrize("text", [None, "", "\n"])
def test_where_there_is_no_plan_it_says_so(
    api: Api, folder: Path, said: Said, text: str | None
) -> None:
    (folder / "output").unlink()
    if text is not None:
        (folder / "output").write_text(text)
    said()
    assert "cannot be planned" in api.comments[0]["body"]


@given(st.lists(st.sampled_from(["| a | b |", "```", "text", "x" * 90]), max_size=60), st.integers(200, 2000))
def test_a_long_plan_is_cut_after_a_line_and_leaves_no_block_open(lines: list[str], most: int) -> None:
    text, fitted = "\n".join(lines), script().fitted
    cut = fitted(text, most)
    assert len(cut) <= most
    if len(text) > most:
        assert "Cut here" in cut
        kept = cut[: cut.index("\n\n*Cut here")].splitlines()
        assert kept.count("```") % 2 == 0
        assert set(kept) <= set(lines) | {"```"}
