"""Who may look at a live preview: its own page, by the names of this machine, and nobody else."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from urllib.request import urlopen

import pytest

from sendbatch.errors import SendbatchError
from sendbatch.preview.live.serving import listening, served
from sendbatch.preview.live.source import Standing

TOKEN = "a-token-nobody-guesses"


class Fixed:
    """A source with fixed answers that can be told to change."""

    def __init__(self) -> None:
        self.now = Standing(version=1)
        self.heard: list[Callable[[], None]] = []
        self.fault: Exception | None = None

    def standing(self) -> Standing:
        return self.now

    def listen(self, heard: Callable[[], None]) -> Callable[[], None]:
        self.heard.append(heard)
        return lambda: self.heard.remove(heard)

    def page(self) -> str:
        return "<!doctype html><p>the page</p>"

    def document(self) -> str:
        return '{"recipients": []}'

    def entry(self, key: str, row: int | None) -> str:
        return json.dumps([key, row])

    def rows(self, text: str) -> str:
        if text == "fault":
            raise ZeroDivisionError(text)
        return json.dumps(text)

    def failed(self, error: Exception) -> None:
        self.fault = error

    def change(self, version: int) -> None:
        self.now = Standing(version=version, files=("spring.html",))
        for heard in self.heard:
            heard()


@pytest.fixture
def source() -> Fixed:
    return Fixed()


@pytest.fixture
def port(source: Fixed) -> Iterator[int]:
    bound = listening(0)
    with served(source, bound, TOKEN) as address:
        number = int(address.split(":")[2].partition("/")[0])
        assert address == f"http://127.0.0.1:{number}/{TOKEN}/"
        yield number


def ask(
    port: int, path: str = f"/{TOKEN}/", method: str = "GET", **headers: str
) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.putrequest(method, path, skip_host="Host" in sent)
    for name, value in sent.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, answer.read().decode(), {k.lower(): v for k, v in answer.getheaders()}
    connection.close()
    return found


def test_the_page_is_there_for_whoever_has_its_address(port: int) -> None:
    status, text, headers = ask(port)

    assert (status, text) == (200, "<!doctype html><p>the page</p>")
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert not any(name.startswith("access-control-") for name in headers)
    assert "server" not in headers


def test_localhost_is_this_machine_too(port: int) -> None:
    assert ask(port, Host=f"localhost:{port}")[0] == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/document", "/a-token-nobody-guesse/", f"/{TOKEN}x/", "/%61-token/", "//", "/%C3%A9/", "/%FF/"],
)
def test_without_the_token_nothing_is_there(port: int, path: str) -> None:
    assert ask(port, path)[:2] == (404, "not found")


@pytest.mark.parametrize(
    "host", ["evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", ""]
)
def test_a_name_that_leads_here_from_elsewhere_is_refused(port: int, host: str) -> None:
    assert ask(port, Host=host.format(port=port))[0] == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_another_page_of_the_browser_is_refused(port: int, headers: dict[str, str]) -> None:
    assert ask(port, **headers)[0] == 403


def test_its_own_page_may_ask(port: int) -> None:
    asked = ask(port, Origin=f"http://127.0.0.1:{port}", Sec_Fetch_Site="same-origin")

    assert asked[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_changed(port: int, method: str) -> None:
    assert ask(port, method=method)[0] == 405


def test_what_is_asked_for_comes_back_as_it_was_typed(port: int) -> None:
    assert json.loads(ask(port, f"/{TOKEN}/entry?key=a%26b%2F&row=12")[1]) == ["a&b/", 12]
    assert json.loads(ask(port, f"/{TOKEN}/entry?key=x&row=-1")[1]) == ["x", None]
    assert json.loads(ask(port, f"/{TOKEN}/rows?q=%C3%BC%00")[1]) == "ü\0"
    assert ask(port, f"/{TOKEN}/rows?q={'x' * 5000}")[0] == 414


def test_a_fault_of_ours_is_told_to_whoever_serves(port: int, source: Fixed) -> None:
    assert ask(port, f"/{TOKEN}/rows?q=fault")[0] == 500
    assert isinstance(source.fault, ZeroDivisionError)


def test_every_page_that_is_open_hears_of_a_change(port: int, source: Fixed) -> None:
    streams = [urlopen(f"http://127.0.0.1:{port}/{TOKEN}/events", timeout=10) for _ in range(2)]
    for stream in streams:
        assert stream.getheader("content-type", "").startswith("text/event-stream")
        assert b"retry" in stream.readline()
        assert _next(stream)["version"] == 1

    source.change(2)

    for stream in streams:
        assert _next(stream) == {**source.now.as_json(), "version": 2}
        stream.close()


def _next(stream: http.client.HTTPResponse) -> dict[str, object]:
    while not (line := stream.readline()).startswith(b"data:"):
        assert line
    return json.loads(line[5:])


def test_a_stream_ends_with_the_preview(source: Fixed) -> None:
    with served(source, listening(0), TOKEN) as address:
        port = int(address.split(":")[2].partition("/")[0])
        stream = urlopen(f"{address}events", timeout=10)
        _next(stream)

    assert b"data:" not in stream.read()
    stream.close()
    assert source.heard == []
    with pytest.raises(OSError):  # noqa: PT011 - refused
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_port_in_use_says_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(SendbatchError, match=f"--port {taken} is in use") as raised:
            listening(taken)
    assert "leave --port out" in (raised.value.hint or "")


def test_it_listens_on_loopback_alone() -> None:
    with listening(0) as bound:
        assert bound.getsockname()[0] == "127.0.0.1"
