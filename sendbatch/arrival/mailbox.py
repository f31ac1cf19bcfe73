"""The mailbox that a proof is to arrive in: asked over IMAP (RFC 3501), always through TLS but on this
machine, and left as it is: nothing in it is marked as read.

Only what came since the mailbox was opened is looked at, in its folder and where junk goes. A mail is known
by its Message-ID; where a relay writes another, as Amazon SES does, by what the relay called it when it took
it, else by subject and recipient.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import getaddresses
from functools import partial
from threading import Event
from time import monotonic
from typing import Any, TypeAlias

from sendbatch.arrival.address import Address
from sendbatch.arrival.bounded import OverTls, Plain
from sendbatch.arrival.reading import LARGEST, Arrived, mail_of
from sendbatch.campaign.secrets import Credentials, scrubbed
from sendbatch.campaign.written.hosts import is_loopback
from sendbatch.errors import CampaignError, SendbatchError, one_line
from sendbatch.findings import Rule

TIMEOUT = 30.0  # seconds for one answer
PAUSE = 3.0  # seconds between two looks
_MOST_NEW = 200  # mails of one folder that are looked at in one look
_LARGEST_HEAD = 500_000  # bytes
_FLAGS = re.compile(rb'\((?P<flags>[^)]*)\) (?:"(?:[^"\\]|\\.)*"|NIL) (?P<name>.+)')
_NEXT = re.compile(rb"UIDNEXT (\d{1,10})(?!\d)")  # RFC 3501 §9: numbers have 32 bits
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,10})(?!\d)")
_NUMBER = re.compile(rb"\d{1,10}")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{15,}")
Client: TypeAlias = Plain | OverTls


@dataclass(frozen=True, slots=True)
class Sought:
    """A mail that is waited for: as it was sent, to whom, and what the relay said when it took it. `others`
    are the Message-IDs of those that were sent with it, which may look the same."""

    sent: Arrived
    to: str
    reply: str
    others: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """It arrived, in this folder. `is_junk`: where junk goes."""

    mail: Arrived
    folder: str
    is_junk: bool


class Mailbox:
    """One that was opened and logged in to: `opened` makes it, `close` ends it."""

    def __init__(self, client: Client, address: Address, password: str) -> None:
        self._client = client
        self._address = address
        self._password = password  # which no message shows, should the server repeat it
        self._ends_at = 0.0
        self._next: dict[str, int] = {}  # by folder: which of the mails is the first that is new
        self._junk: list[str] = []

    def close(self) -> None:
        self._client.rest()
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            self._client.shutdown()

    def begin(self) -> None:
        """From now on a mail is new. Raises SendbatchError where the folder is not there."""
        own = on_the_wire(self._address.folder)
        self._junk = [name for name in self._junk_folders() if name != own]
        for name in (own, *self._junk):
            found = self._said("STATUS", partial(self._client.status, _quoted(name), "(UIDNEXT)"))
            known = _NEXT.search(_joined(found))
            if known is not None:
                self._next[name] = int(known[1])
            elif name == own and found is not None:
                said = f"{self._address.shown} does not say which mails will be new (UIDNEXT)"
                raise _unusable(said, "save the mail as it arrived, and have it read by sendbatch inspect")
            elif name == own:
                said = f"{self._address.shown} has no folder {one_line(self._address.folder, 100)}"
                raise _unusable(said, "it stands behind the host: imaps://user@host/Folder; else it is INBOX")

    def wait(self, sought: Sought, seconds: float, over: Event) -> Found | None:
        """Looks until it is there, the time is up (None) or `over` is set."""
        self._ends_at = monotonic() + seconds
        looks = max(1, round(seconds / PAUSE))
        for _ in range(looks):
            for folder in self._next:
                if (mail := self._look(folder, sought)) is not None:
                    return Found(mail, folder, folder in self._junk)
            if monotonic() >= self._ends_at or over.wait(PAUSE):
                return None
        return None

    def _junk_folders(self) -> list[str]:
        """RFC 6154 §2; a server that knows no such marks has a folder of one of the usual names."""
        listed = self._said("LIST", lambda: self._client.list()) or []
        found = []
        for line in listed:
            known = _FLAGS.match(line) if isinstance(line, bytes) else None
            if known is None or not known["name"].isascii():
                continue
            name = known["name"].decode("ascii", "replace").strip().strip('"')
            usual = name.rpartition("/")[2].rpartition(".")[2].lower() in ("junk", "spam")
            if rb"\junk" in known["flags"].lower() or usual:
                found.append(name)
        return found[:5]

    def _look(self, folder: str, sought: Sought) -> Arrived | None:
        if self._said("SELECT", lambda: self._client.select(_quoted(folder), readonly=True)) is None:
            return None
        first = self._next[folder]
        found = self._said("SEARCH", lambda: self._client.uid("SEARCH", f"UID {first}:*"))
        words = _joined(found).split()
        numbers = sorted(int(word) for word in words if _NUMBER.fullmatch(word))  # the last one always
        for number in [one for one in numbers if one >= first][:_MOST_NEW]:
            if monotonic() >= self._ends_at:
                return None
            head = self._fetched(number, f"BODY.PEEK[HEADER]<0.{_LARGEST_HEAD}>")
            if head is not None and is_sought(head, sought):
                whole = self._fetched(number, "BODY.PEEK[]")
                return mail_of(whole, self._address.title(folder)) if whole is not None else None
            self._next[folder] = number + 1
        return None

    def _fetched(self, number: int, what: str) -> bytes | None:
        size = self._said("FETCH", lambda: self._client.uid("FETCH", str(number), "(RFC822.SIZE)"))
        known = _SIZE.search(_joined(size))
        if known is None or int(known[1]) > LARGEST:
            return None
        found = self._said("FETCH", lambda: self._client.uid("FETCH", str(number), f"({what})"))
        parts = (one[1] for one in found or () if isinstance(one, tuple))
        return next((one for one in parts if isinstance(one, bytes)), None)

    def _said(self, command: str, ask: Callable[[], tuple[str, list[Any]]]) -> list[Any] | None:
        """What the server answers, None where it says no. Raises SendbatchError."""
        with _told(self._address, command, self._password):
            self._client.begin()
            status, found = ask()
        self._client.rest()
        return found if status == "OK" else None


def _joined(found: list[Any] | None) -> bytes:
    """An answer in one piece; a server may send any word of it as a literal."""
    pieces = (one if isinstance(one, tuple) else (one,) for one in found or ())
    return b" ".join(piece for some in pieces for piece in some if isinstance(piece, bytes))


def is_sought(head: bytes, sought: Sought) -> bool:
    """Whether these are the headers of the mail that is waited for."""
    try:
        mail = mail_of(head, "")
    except CampaignError:
        return False
    ours, theirs = (one.first("message-id") for one in (sought.sent, mail))
    if ours is not None and theirs is not None:
        if ours.value == theirs.value:
            return True
        if theirs.value in sought.others:
            return False
        # In its first half: the other one, the relay's name, it gives to every mail.
        named = theirs.value.partition("@")[0]
        if any(token in named for token in _TOKEN.findall(sought.reply)):
            return True
    people = {address.lower() for _, address in getaddresses([mail.shown.to])}
    same = " ".join(mail.shown.subject.split()) == " ".join(sought.sent.shown.subject.split())
    return same and sought.to.lower() in people


def opened(address: Address, password: str) -> Mailbox:
    """Connected, logged in, and with what is new told from what was there. Raises SendbatchError where it
    cannot be reached, trusted, logged in to or read."""
    client = _connected(address)
    mailbox = Mailbox(client, address, password)
    try:
        with _told(address, "LOGIN", password):
            client.begin()
            _log_in(client, address, password)
        mailbox.begin()
    except BaseException:
        mailbox.close()
        raise
    return mailbox


def _log_in(client: Client, address: Address, password: str) -> None:
    """By LOGIN, whose words are ASCII, only where the server knows nothing else."""
    try:
        if "AUTH=PLAIN" in client.capabilities:
            client.authenticate("PLAIN", lambda _: f"\0{address.user}\0{password}".encode())
        elif (address.user + password).isascii():
            client.login(address.user, password)
        else:
            said = f"{address.shown} takes no password with letters that are not ASCII (no AUTH=PLAIN)"
            raise _unusable(said, "choose another password")
    except imaplib.IMAP4.error as error:
        said = one_line(scrubbed(str(error), Credentials(address.user, password)), 200)
        if isinstance(error, imaplib.IMAP4.abort):
            raise imaplib.IMAP4.abort(said) from None
        hint = "many providers want an app password here, and IMAP to be switched on"
        raise _unusable(f"{address.shown} refused the login: {said}", hint) from None


def _connected(address: Address) -> Client:
    context = ssl.create_default_context()
    with _told(address, "connect"):
        if address.is_tls:
            return OverTls(address.host, address.port, ssl_context=context, timeout=TIMEOUT)
        client = Plain(address.host, address.port, timeout=TIMEOUT)
    if "STARTTLS" not in client.capabilities:
        if is_loopback(address.host):
            return client
        client.shutdown()
        said = f"{address.shown} offers no TLS, and a password is not sent in the open"
        raise _unusable(said, "write imaps://")
    with _told(address, "STARTTLS"):
        client.begin()
        client.starttls(context)
    return client


@contextlib.contextmanager
def _told(address: Address, command: str, password: str = "") -> Iterator[None]:
    """What goes wrong on the way, in words."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        said = f"the certificate of {address.shown} is not trusted: {one_line(error.verify_message, 200)}"
        raise _unusable(said, "is it the right host? SSL_CERT_FILE names other authorities") from None
    except ssl.SSLError as error:
        said = f"{address.shown} does not speak TLS as it must: {one_line(str(error.reason or error), 100)}"
        raise _unusable(said, "imaps:// begins with TLS (993), imap:// asks for STARTTLS (143)") from None
    except TimeoutError:
        said = f"{address.shown} did not answer within {TIMEOUT:g} s ({command})"
        raise _unusable(said, "is it the port of IMAP? usual are 993 (imaps) and 143 (imap)") from None
    except OSError as error:
        said = f"{address.shown} cannot be reached: {one_line(error.strerror or str(error), 100)}"
        raise _unusable(said, "check host and port") from None
    except (imaplib.IMAP4.error, ValueError, IndexError) as error:
        heard = scrubbed(str(error), Credentials(address.user, password)) if password else str(error)
        said = f"{address.shown} does not go on ({command}): {one_line(heard, 200)}"
        raise _unusable(said, "is it an IMAP server?") from None


def _unusable(said: str, hint: str) -> SendbatchError:
    return SendbatchError(Rule.MAILBOX_UNUSABLE.finding(said, hint=hint))


def _quoted(name: str) -> str:
    """Of a name as it goes on the wire; one with a quote in it comes as another kind of word."""
    return '"' + name.replace("\\", "\\\\") + '"'


def on_the_wire(folder: str) -> str:
    """The name of a folder in modified UTF-7 (RFC 3501 §5.1.3)."""
    def coded(found: re.Match[str]) -> str:
        if found[0] == "&":
            return "&-"
        raw = b64encode(found[0].encode("utf-16-be")).decode("ascii")
        return "&" + raw.rstrip("=").replace("/", ",") + "-"

    return re.sub(r"&|[^\x20-\x7e]+", coded, folder)
