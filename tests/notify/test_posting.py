"""Posting to a webhook: a real server on loopback that takes it, and others that do all but that."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable

import pytest
import trustme

from sendbatch.notify.posting import Message, post
from sendbatch.notify.reaching import is_meant
from sendbatch.notify.webhook import NotTold, webhook_of
from tests.kit.webhook import OK, Webhook, says, webhook

MESSAGE = Message('{"text": "björk"}'.encode(), "application/json")
SOON = 0.2  # seconds: for what never answers
LONG = 30.0
SECRETS = ("s3cr3t", "s1gn4ture", "T000")


def post_to(hook: Webhook, patience: float = LONG) -> None:
    post(webhook_of(hook.url), MESSAGE, patience, {})


def refused(hook: Webhook, patience: float = LONG) -> str:
    """Why it was not told; and nothing of its address is in that."""
    with pytest.raises(NotTold) as why:
        post_to(hook, patience)
    said = str(why.value)
    assert not any(secret in said for secret in SECRETS)
    return said


def test_a_message_is_posted_as_it_is_to_the_path_and_query() -> None:
    with webhook() as hook:
        post_to(hook)
    (posted,) = hook.posted
    assert posted.target == "/services/T000/B000/s3cr3t-token-of-the-hook?sig=s1gn4ture"
    assert posted.body == MESSAGE.body
    assert posted.headers["content-type"] == "application/json; charset=utf-8"
    assert posted.headers["host"] == f"127.0.0.1:{hook.port}"


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "204 No Content"])
def test_whoever_takes_it_in_whatever_way_is_told(status: str) -> None:
    with webhook(says(status)) as hook:
        post_to(hook)
    assert len(hook.posted) == 1


def test_what_a_service_says_is_wrong_is_told_where_it_is_a_word_of_its_interface() -> None:
    with webhook(says("404 Not Found", body="channel_is_archived")) as hook:
        assert refused(hook) == "it answered 404 Not Found (channel_is_archived)"


@pytest.mark.parametrize(
    "body",
    [
        "Cannot POST /services/T000/B000/s3cr3t-token-of-the-hook",
        "\x1b[2Jjane@example.com",
        "s1gn4ture",
        "x" * 1000,
    ],
)
def test_nothing_else_of_an_answer_is_repeated(body: str) -> None:
    with webhook(says("400 s3cr3t-token-of-the-hook", body=body)) as hook:
        assert refused(hook) == "it answered 400 Bad Request"


def test_a_word_that_is_a_part_of_the_address_is_not_repeated() -> None:
    with webhook(says("403 No", body="a_secret_of_letters")) as hook:
        there = webhook_of(f"http://127.0.0.1:{hook.port}/A_secret_of_letters")
        with pytest.raises(NotTold, match=r"it answered 403 Forbidden$"):
            post(there, MESSAGE, LONG, {})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_not_followed(status: int) -> None:
    with (
        webhook() as other,
        webhook(says(f"{status} Elsewhere", f"Location: {other.url}")) as hook,
    ):
        assert f"it redirects ({status}), which is not followed" in refused(hook)
    assert other.posted == []
    assert len(hook.posted) == 1


def hangs_before_an_answer(connection: socket.socket, hook: Webhook) -> None:
    hook.over.wait()


def hangs_in_the_status(connection: socket.socket, hook: Webhook) -> None:
    connection.sendall(b"HTTP/1.1 20")
    hook.over.wait()


def hangs_in_the_headers(connection: socket.socket, hook: Webhook) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Never-")
    hook.over.wait()


def drips(connection: socket.socket, hook: Webhook) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not hook.over.wait(0.01):
        connection.sendall(b"x")


def goes_on_and_on(connection: socket.socket, hook: Webhook) -> None:
    """Each of its answers is whole, and none is the last."""
    while not hook.over.wait(0.001):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


Misbehaving = Callable[[socket.socket, Webhook], None]


@pytest.mark.parametrize(
    "how", [hangs_before_an_answer, hangs_in_the_status, hangs_in_the_headers, drips, goes_on_and_on]
)
def test_whoever_never_comes_to_an_answer_is_left_after_the_time_given(how: Misbehaving) -> None:
    hook = Webhook()
    hook.answer = lambda connection, _: how(connection, hook)
    with hook:
        assert refused(hook, SOON) == f"it did not answer within {SOON:g} s"
        hook.over.set()
    assert len(hook.posted) == 1


def test_whoever_does_not_even_accept_is_left_after_the_time_given() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = []
        try:
            for _ in range(8):  # until the system queues no more of them
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", port))
                waiting.append(one)
            with pytest.raises(NotTold, match="did not answer within"):
                post(webhook_of(f"http://127.0.0.1:{port}/x"), MESSAGE, SOON, {})
        finally:
            for one in waiting:
                one.close()


def test_of_an_answer_no_more_is_read_than_matters() -> None:
    """The server could send 100 MB, and finds out how much of that was wanted."""
    sent = []

    def floods(connection: socket.socket, _: int) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        for _ in range(1000):
            sent.append(connection.send(b"x" * 100_000))

    with webhook(floods) as hook:
        post_to(hook)
    assert sum(sent) < 20_000_000  # what the two systems hold for a reader who has left


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 10_000_000, b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 2_000_000],
    ids=["one line", "many lines"],
)
def test_headers_without_an_end_are_not_read_to_it(answer: bytes) -> None:
    with webhook(answer) as hook:
        assert refused(hook) == "what answers there speaks no HTTP"


def test_a_fault_with_a_body_that_never_comes_is_told_all_the_same() -> None:
    hook = Webhook()

    def hangs_in_the_body(connection: socket.socket, _: int) -> None:
        connection.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nno_se")
        hook.over.wait()

    hook.answer = hangs_in_the_body
    with hook:
        assert refused(hook, SOON) == "it answered 403 Forbidden"
        hook.over.set()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_who_asks_for_it_is_posted_to_once_more(status: int) -> None:
    def recovers(connection: socket.socket, number: int) -> None:
        connection.sendall(OK if number else says(f"{status} Busy", "Retry-After: 0"))

    with webhook(recovers) as hook:
        post_to(hook)
    assert len(hook.posted) == 2


def test_and_no_more_than_once() -> None:
    with webhook(says("503 Busy", "Retry-After: 0")) as hook:
        assert refused(hook) == "it answered 503 Service Unavailable"
    assert len(hook.posted) == 2


def test_a_pause_that_is_longer_than_the_time_left_is_not_waited_for() -> None:
    with webhook(says("429 Slow down", "Retry-After: 3600")) as hook:
        assert refused(hook) == "it asks to be left alone for 3,600 s"


def test_a_connection_that_closes_without_an_answer_is_tried_once_more() -> None:
    def recovers(connection: socket.socket, number: int) -> None:
        if number:
            connection.sendall(OK)

    with webhook(recovers) as hook:
        post_to(hook)
    assert len(hook.posted) == 2
    with webhook(b"") as hook:
        assert refused(hook) == "it closes the connection without an answer"


def test_nobody_there_and_no_http_are_told_apart() -> None:
    with webhook() as hook:
        gone = hook.url
    with pytest.raises(NotTold, match=r"no connection \(Connection refused\)"):
        post(webhook_of(gone), MESSAGE, LONG, {})
    with webhook(b"220 mail.example.com ESMTP\r\n") as hook:
        assert refused(hook) == "what answers there speaks no HTTP"


# Where it may go


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "no address"),
        ("hooks.slack.com/services/s3cr3t", "begins with https://"),
        ("ftp://chat.example.com/s3cr3t", "begins with https://"),
        ("https://chat.example.com/s3cr3t with blanks", "without blanks"),
        ("https://chat.example.com/s3cr3t\r\nX: y", "without blanks"),
        ("https://chat.example.com:port/s3cr3t", "no address"),
        ("https://[::1/s3cr3t", "no address"),
        ("https:///s3cr3t", "begins with https://"),
        ("https://user:s3cr3t@chat.example.com/", "user name"),
        ("http://chat.example.com/s3cr3t", "needs https://"),
        ("http://192.0.2.1/s3cr3t", "needs https://"),
        ("https://chat.example.com/" + "s3cr3t" * 1000, "no address"),
    ],
)
def test_what_is_no_address_to_post_to_is_refused_without_showing_it(url: str, said: str) -> None:
    with pytest.raises(NotTold, match=said) as why:
        webhook_of(url)
    assert "s3cr3t" not in str(why.value)


def test_an_address_never_shows_more_than_its_host() -> None:
    there = webhook_of("https://chat.example.com:8443/hooks/s3cr3t?sig=s1gn4ture")
    assert there.name == "chat.example.com:8443"
    assert "s3cr3t" not in repr(there)
    assert "s1gn4ture" not in repr(there)


@pytest.mark.parametrize(
    ("host", "address", "meant"),
    [
        ("hooks.slack.com", "203.0.113.7", False),  # of documentation, and nobody's
        ("hooks.slack.com", "3.68.124.95", True),
        ("hooks.slack.com", "127.0.0.1", False),
        ("hooks.slack.com", "10.0.0.7", False),
        ("hooks.slack.com", "169.254.169.254", False),
        ("hooks.slack.com", "::ffff:127.0.0.1", False),
        ("x.api.powerplatform.com", "fd00::1", False),
        ("chat.example.com", "3.68.124.95", True),
        ("chat.example.com", "10.0.0.7", True),  # a company's own, within its network
        ("chat.example.com", "fd00::1", True),
        ("chat.example.com", "127.0.0.1", False),
        ("chat.example.com", "::1", False),
        ("chat.example.com", "::ffff:169.254.169.254", False),
        ("chat.example.com", "169.254.169.254", False),
        ("chat.example.com", "fe80::1%eth0", False),
        ("chat.example.com", "0.0.0.0", False),
        ("chat.example.com", "224.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("localhost", "::1", True),
        ("10.0.0.7", "10.0.0.7", True),
    ],
)
def test_a_name_leads_only_where_its_author_may_have_meant_it_to(
    host: str, address: str, meant: bool
) -> None:
    assert is_meant(address, host) is meant


def test_a_name_that_leads_back_to_this_machine_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with webhook() as hook:
        here = socket.getaddrinfo("127.0.0.1", hook.port, type=socket.SOCK_STREAM)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
        with pytest.raises(NotTold, match=r"its name leads to 127\.0\.0\.1, which cannot be meant"):
            post(webhook_of("https://chat.example.com/x"), MESSAGE, LONG, {})
    assert hook.posted == []


# TLS and proxies


@pytest.fixture
def authority(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """One that this machine trusts."""
    authority = trustme.CA()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return authority


def secured(hook: Webhook, authority: trustme.CA, name: str) -> Webhook:
    hook.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(hook.context)
    return hook


def test_a_certificate_that_is_trusted_and_bears_the_name_is_posted_to(
    authority: trustme.CA,
) -> None:
    with secured(Webhook(), authority, "localhost") as hook:
        post(webhook_of(f"https://localhost:{hook.port}/x"), MESSAGE, LONG, {})
    assert hook.posted[0].body == MESSAGE.body


def test_another_name_or_another_authority_is_not(authority: trustme.CA) -> None:
    for whose, name in ((authority, "other.example"), (trustme.CA(), "localhost")):
        with (
            secured(Webhook(), whose, name) as hook,
            pytest.raises(NotTold, match="its certificate is not trusted"),
        ):
            post(webhook_of(f"https://localhost:{hook.port}/x"), MESSAGE, LONG, {})
        assert hook.posted == []


def test_a_server_without_tls_is_told_from_one_that_is_not_trusted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def answer() -> None:
            connection, _ = plain.accept()
            with connection:
                connection.sendall(says("400 This is HTTP"))
                connection.recv(65536)

        talking = threading.Thread(target=answer)
        talking.start()
        there = webhook_of(f"https://127.0.0.1:{plain.getsockname()[1]}/x")
        with pytest.raises(NotTold, match=r"no secure connection \("):
            post(there, MESSAGE, LONG, {})
        talking.join()


def tunnels_to(port: int) -> Callable[[socket.socket, int], None]:
    def pump(source: socket.socket, sink: socket.socket) -> None:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)

    def answer(connection: socket.socket, _: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as inner:
            connection.sendall(b"HTTP/1.1 200 Go on\r\nVia: a proxy\r\n\r\n")
            back = threading.Thread(target=pump, args=(inner, connection), daemon=True)
            back.start()
            pump(connection, inner)
            back.join()

    return answer


def test_a_proxy_of_the_environment_is_gone_through_and_sees_no_path(authority: trustme.CA) -> None:
    with (
        secured(Webhook(), authority, "chat.example.com") as hook,
        webhook(tunnels_to(hook.port)) as proxy,
    ):
        environ = {"HTTPS_PROXY": f"http://me:pass%40word@127.0.0.1:{proxy.port}"}
        post(webhook_of("https://chat.example.com/hooks/s3cr3t"), MESSAGE, LONG, environ)
    (asked,) = proxy.posted
    assert asked.target == "chat.example.com:443"
    assert asked.headers["proxy-authorization"] == "Basic bWU6cGFzc0B3b3Jk"
    (posted,) = hook.posted
    assert (posted.target, posted.headers["host"]) == ("/hooks/s3cr3t", "chat.example.com")


def test_a_proxy_that_refuses_is_told_as_one() -> None:
    with webhook(says("407 Login, please")) as proxy:
        environ = {"https_proxy": f"127.0.0.1:{proxy.port}"}
        with pytest.raises(NotTold, match="the proxy answered 407"):
            post(webhook_of("https://chat.example.com/x"), MESSAGE, LONG, environ)


def test_a_proxy_of_another_kind_is_refused_without_showing_its_login() -> None:
    environ = {"HTTPS_PROXY": "socks5://me:s3cr3t@127.0.0.1:1"}
    with pytest.raises(NotTold, match=r"not of the form http://host:port") as why:
        post(webhook_of("https://chat.example.com/x"), MESSAGE, LONG, environ)
    assert "s3cr3t" not in str(why.value)


@pytest.mark.parametrize("spared", ["example.com", "*", "other.example, chat.example.com"])
def test_who_is_spared_is_reached_without_the_proxy(
    spared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: object, **__: object) -> list[object]:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    environ = {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": spared}
    with pytest.raises(NotTold, match="no such host"):
        post(webhook_of("https://chat.example.com/x"), MESSAGE, LONG, environ)
