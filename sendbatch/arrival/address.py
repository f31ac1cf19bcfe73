"""Where a mailbox is, as RFC 5092 writes it: imaps://user@host/folder. Never its password."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from sendbatch.campaign.written.hosts import ascii_domain
from sendbatch.errors import SendbatchError, one_line

VARIABLE = "IMAP_PASSWORD"
_PORTS = {"imaps": 993, "imap": 143}
_HOW = "write imaps://USER@HOST/FOLDER, as in imaps://jane%40example.com@imap.example.com"


class Address(NamedTuple):
    """`is_tls` says that the connection begins with TLS; else STARTTLS is asked for."""

    host: str
    port: int
    user: str
    folder: str
    is_tls: bool

    @property
    def shown(self) -> str:
        return f"{self.host}:{self.port}"

    def title(self, folder: str) -> str:
        """What a mail in this folder is called."""
        return f"{self.host}/{one_line(folder, 100)}"


def address_of(written: str) -> Address:
    """Raises SendbatchError, in whose words there is no password."""
    try:
        found = urlsplit(written.strip())
        scheme, host, port = found.scheme.lower(), found.hostname or "", found.port
    except ValueError:
        raise SendbatchError("--inspect: this is no address of a mailbox", hint=_HOW) from None
    if found.password is not None:
        raise SendbatchError(
            "--inspect: the address has a password in it, which everybody on this machine can see in the "
            "list of processes; nothing was sent",
            hint=f"leave it out, and set {VARIABLE} in the environment or in .env beside profiles.yaml",
        )
    if scheme not in _PORTS:
        raise SendbatchError("--inspect: it begins with neither imaps:// nor imap://", hint=_HOW)
    if not host or not found.username:
        missing = "host" if not host else "user"
        raise SendbatchError(f"--inspect: the address names no {missing}", hint=_HOW)
    if found.query or found.fragment:
        raise SendbatchError("--inspect: nothing may stand behind the folder (? or #)", hint=_HOW)
    user, folder = unquote(found.username), unquote(found.path.strip("/")) or "INBOX"
    if not (user + folder).isprintable() or '"' in folder:
        raise SendbatchError("--inspect: user or folder hold what none can", hint=_HOW)
    try:
        host = ascii_domain(host) if not host.isascii() else host
    except ValueError:
        raise SendbatchError(f"--inspect: {one_line(host, 100)} is no host", hint=_HOW) from None
    port = port or _PORTS[scheme]
    return Address(host, port, user, folder, scheme == "imaps" or port == _PORTS["imaps"])
