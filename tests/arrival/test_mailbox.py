"""Proofs found in a real mailbox, and what mailboxes do that go wrong."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sendbatch.arrival import bounded
from sendbatch.arrival import mailbox as room
from sendbatch.arrival.address import Address, address_of
from sendbatch.arrival.mailbox import Found, Sought, is_sought, on_the_wire, opened
from sendbatch.arrival.reading import mail_of
from sendbatch.errors import SendbatchError
from tests.kit.dovecot import PASSWORD, USER, Dovecot, dovecot

from .conftest import WELL, changed

SENT = WELL[WELL.index("From: =?") :]
OURS = Sought(mail_of(SENT.encode(), "sent"), "jane@gmail.example", "2.0.0 Ok: queued")


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as server:
        yield server


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PAUSE", 0.02)


@pytest.fixture
def trusted(server: Dovecot, monkeypatch: pytest.MonkeyPatch) -> Dovecot:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    return server


def waited(server: Dovecot, *mails: tuple[str, str], sought: Sought = OURS) -> Found | None:
    """What is found of (mail, folder), laid in once the mailbox was opened."""
    box = opened(address_of(server.url()), PASSWORD)
    try:
        for mail, folder in mails:
            server.deliver(mail.encode(), folder)
        return box.wait(sought, 20 * room.PAUSE if not mails else 600, threading.Event())
    finally:
        box.close()


def test_a_mail_is_found_by_its_id_and_left_unread(trusted: Dovecot) -> None:
    other = changed(("<1@example.com>", "<2@example.com>"), ("Subject: Hello", "Subject: Else"))
    found = waited(trusted, (other, ""), (WELL, ""))
    assert found is not None
    assert (found.folder, found.is_junk) == ("INBOX", False)
    assert found.mail.first("message-id") is not None
    assert found.mail.file == "localhost/INBOX"
    assert not [*(trusted.folder / "mail" / "cur").glob("*,S")]


def test_what_was_there_before_is_not_it(trusted: Dovecot) -> None:
    trusted.deliver(WELL.encode())
    assert waited(trusted) is None


def test_a_mail_in_the_folder_for_junk_is_found_there(trusted: Dovecot) -> None:
    found = waited(trusted, (WELL, ".Junk"))
    assert found is not None
    assert (found.folder, found.is_junk) == ("Junk", True)


def test_over_starttls_too(trusted: Dovecot) -> None:
    address = Address("localhost", trusted.starttls, USER, "INBOX", is_tls=False)
    opened(address, PASSWORD).close()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"folder": "Nowhere"}, "has no folder Nowhere"),
        ({"password": "wrong ä"}, "refused the login"),
    ],
)
def test_what_a_real_server_refuses_is_told(
    trusted: Dovecot, changes: dict[str, str], says: str
) -> None:
    address = replace_folder(address_of(trusted.url()), changes.get("folder", "INBOX"))
    with pytest.raises(SendbatchError) as error:
        opened(address, changes.get("password", PASSWORD))
    assert says in error.value.message
    assert "wrong" not in str(error.value)


def replace_folder(address: Address, folder: str) -> Address:
    return address._replace(folder=folder)


def test_a_certificate_that_nobody_vouches_for_is_refused(server: Dovecot) -> None:
    with pytest.raises(SendbatchError, match="is not trusted"):
        opened(address_of(server.url()), PASSWORD)


def scripted(says: bytes) -> tuple[Address, threading.Thread]:
    """A server that says this once somebody connects, and then hears them out."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.sendall(says)
            while connection.recv(1000):
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    return Address("127.0.0.1", listener.getsockname()[1], "u", "INBOX", is_tls=False), thread


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        (b"", "did not answer within"),
        (b"* OK ready\r\n", "did not answer within"),
        (b"220 smtp.example ESMTP\r\n", "does not go on"),
        (b"* BYE busy\r\n", "does not go on"),
        (b"* OK " + b"x" * 2_000_000, "does not go on"),
        (b"* OK {99999999999}\r\n", "does not go on"),
        (b"\x16\x03\x01\x02", "did not answer within"),
    ],
)
def test_a_server_that_is_none_is_told_in_bounded_time(
    monkeypatch: pytest.MonkeyPatch, says: bytes, expected: str
) -> None:
    monkeypatch.setattr(room, "TIMEOUT", 0.2)
    address, thread = scripted(says)
    with pytest.raises(SendbatchError) as error:
        opened(address, "secret")
    thread.join()
    assert expected in error.value.message
    assert len(error.value.message) < 400


def test_where_nobody_listens_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(SendbatchError, match="cannot be reached"):
        opened(Address("127.0.0.1", port, "u", "INBOX", is_tls=True), "secret")


def test_a_relay_that_writes_another_id_is_known_by_its_reply_or_by_the_subject() -> None:
    ses = "0100018f-abcd-ef01-2345-6789abcdef01-000000"
    ids = ("<1@example.com>", f"<{ses}@email.amazonses.com>")
    renamed = changed(ids, ("Subject: Hello", "Subject: Changed"))
    assert is_sought(renamed.encode(), replace(OURS, reply=f"Ok {ses}"))
    assert not is_sought(renamed.encode(), OURS)
    assert is_sought(changed(("<1@example.com>", "<2@relay.example>")).encode(), OURS)
    others = changed(("<1@example.com>", "<2@relay.example>"), ("To: jane@", "To: tom@"))
    assert not is_sought(others.encode(), OURS)
    assert not is_sought(b"nonsense", OURS)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("imaps://u@h.example", Address("h.example", 993, "u", "INBOX", True)),
        ("imap://u%40x@h.example/Some%20Folder/", Address("h.example", 143, "u@x", "Some Folder", False)),
        ("IMAP://u@h.example:993/a/b", Address("h.example", 993, "u", "a/b", True)),
        ("imaps://u@bücher.example", Address("xn--bcher-kva.example", 993, "u", "INBOX", True)),
    ],
)
def test_the_address_of_a_mailbox_is_read(written: str, expected: Address) -> None:
    assert address_of(written) == expected


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("imaps://u:hunter2@h.example", "has a password in it"),
        ("https://u@h.example", "neither imaps:// nor imap://"),
        ("u@h.example", "neither imaps:// nor imap://"),
        ("imaps://h.example", "names no user"),
        ("imaps://u@/x", "names no host"),
        ("imaps://u@h.example:x", "no address of a mailbox"),
        ("imaps://u@h.example/INBOX?x", "nothing may stand behind"),
        ("imaps://u@h.example/a%0d%0ab", "hold what none can"),
        ("imaps://u@[h", "no address of a mailbox"),
        ("", "neither imaps:// nor imap://"),
    ],
)
def test_an_address_that_is_none_is_refused_and_shows_no_password(written: str, says: str) -> None:
    with pytest.raises(SendbatchError) as error:
        address_of(written)
    assert says in str(error.value)
    assert "hunter2" not in str(error.value)


def test_folders_are_named_as_the_protocol_has_them() -> None:
    assert on_the_wire("Entwürfe & mehr") == "Entw&APw-rfe &- mehr"


ANSWERS = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n%t OK done\r\n",
    "LIST": b'* LIST (\\Junk) "/" Junk\r\n%t OK done\r\n',
    "STATUS": b"* STATUS x (UIDNEXT 1)\r\n%t OK done\r\n",
    "SEARCH": b"* SEARCH 1\r\n%t OK done\r\n",
    "FETCH": b"* 1 FETCH (RFC822.SIZE 10)\r\n%t OK done\r\n",
}


@contextlib.contextmanager
def talking(answers: dict[str, bytes]) -> Iterator[Address]:
    """A server that answers each command so; `%t` is the command's tag, and what has none never ends."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection, connection.makefile("rb") as lines:
            connection.sendall(b"* OK hello\r\n")
            with contextlib.suppress(OSError):
                for line in lines:
                    tag, _, command = line.strip().partition(b" ")
                    name = command.removeprefix(b"UID ").split()[0].decode()
                    if name == "AUTHENTICATE" and name not in answers:
                        connection.sendall(b"+ \r\n")
                        tag += lines.readline()[:0]
                    says = (ANSWERS | answers).get(name, b"%t OK done\r\n")
                    connection.sendall(says.replace(b"%t", tag))
                    while b"%t" not in says and name != "AUTHENTICATE":
                        connection.sendall(says)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield Address("127.0.0.1", listener.getsockname()[1], "joe", "INBOX", is_tls=False)
    thread.join(30)


def heard(answers: dict[str, bytes]) -> str:
    """What is said once this server was waited for a mail."""
    over = threading.Event()
    over.set()  # after one look
    with talking(answers) as address:
        try:
            box = opened(address, "hunter2")
        except SendbatchError as error:
            return str(error)
        try:
            assert box.wait(OURS, 600, over) is None
        except SendbatchError as error:
            return str(error)
        finally:
            box.close()
    return ""


@pytest.mark.parametrize(
    "answers",
    [
        {"STATUS": b"* STATUS {1}\r\nx (UIDNEXT 1)\r\n%t OK done\r\n"},
        {"SEARCH": b"* SEARCH {1}\r\n1\r\n%t OK done\r\n"},
        {"SEARCH": b"* SEARCH " + b"9" * 5000 + b"\r\n%t OK done\r\n"},
        {"FETCH": b"* 1 FETCH (RFC822.SIZE " + b"9" * 5000 + b")\r\n%t OK done\r\n"},
        {"FETCH": b"%t OK done\r\n"},
        {"LIST": b'* LIST (\\Junk) "/" J\xff\r\n%t OK done\r\n'},
        {"EXAMINE": b"%t NO gone\r\n"},
    ],
)
def test_whatever_a_server_answers_the_mail_is_only_not_found(answers: dict[str, bytes]) -> None:
    assert heard(answers) == ""


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"STATUS": b"* STATUS x (UIDNEXT " + b"9" * 5000 + b")\r\n%t OK done\r\n"}, "not say which"),
        ({"FETCH": b"* 1 FETCH (BODY[] {99999999999}\r\n%t"}, "announced more than"),
        ({"SEARCH": b"ZZZZ9 OK done%t\r\n"}, "does not go on (SEARCH)"),
        ({"LIST": b'* LIST () "/" a\r\n' * 1000}, "its answer "),
        ({"LIST": b"* OK x\r\n" * 1000}, "its answer "),
        ({"LIST": b"x"}, "its answer did not end within"),
        ({"FETCH": b"* 1 FETCH (BODY[] {9}\r\n123456789)\r\n" * 1000}, "its answer "),
    ],
)
def test_a_server_that_lies_is_told_in_bounded_time_and_room(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, bytes], says: str
) -> None:
    monkeypatch.setattr(bounded, "LONGEST", 0.5)
    monkeypatch.setattr(bounded, "MOST_OF_LINES", 100_000)
    assert says in heard(answers)


@pytest.mark.parametrize("command", ["STATUS", "SEARCH", "FETCH"])
def test_what_a_server_repeats_of_the_login_later_on_is_not_shown(command: str) -> None:
    login = base64.b64encode(b"\0joe\0hunter2")
    for says in (b"* BYE hunter2 %b %%t\r\n" % login, b"%%t BAD hunter2 %b\r\n" % login):
        told = heard({command: says})
        assert "***" in told
        assert "hunter2" not in told
        assert login.decode() not in told


def test_another_proof_that_looks_the_same_is_not_the_one_that_is_waited_for() -> None:
    other = changed(("<1@example.com>", "<2@example.com>")).encode()
    assert is_sought(other, OURS)
    assert not is_sought(other, replace(OURS, others=frozenset(["<2@example.com>"])))


def test_the_relays_own_name_in_its_reply_makes_no_mail_the_proof() -> None:
    stranger = changed(("<1@example.com>", "<7@relay-01.example.net>"), ("Subject: Hello", "Subject: Else"))
    assert not is_sought(stranger.encode(), replace(OURS, reply="Ok: queued by relay-01.example.net"))


def test_what_a_server_repeats_of_the_login_is_not_shown() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection, connection.makefile("rb") as lines:
            connection.sendall(b"* OK hello\r\n")
            for line in lines:
                tag, _, command = line.strip().partition(b" ")
                if command.startswith(b"CAPABILITY"):
                    connection.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n%b OK done\r\n" % tag)
                elif command.startswith(b"AUTHENTICATE"):
                    connection.sendall(b"+ \r\n")
                    connection.sendall(b"%b NO what is %b for\r\n" % (tag, lines.readline().strip()))
                else:
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with pytest.raises(SendbatchError) as error:
        opened(Address("127.0.0.1", listener.getsockname()[1], "joe", "INBOX", is_tls=False), "hunter2")
    thread.join(30)
    assert "hunter2" not in str(error.value)
    assert base64.b64encode(b"\0joe\0hunter2").decode() not in str(error.value)
    assert "***" in str(error.value)
