"""Which server, and how it is spoken to."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from sendbatch.campaign.model import Profile, Timeouts
from sendbatch.campaign.written.hosts import is_loopback


@dataclass(frozen=True, slots=True)
class Server:
    """A way to a server, without secrets.

    `security` is starttls, tls or none; `auth` auto, plain, login, cram-md5 or xoauth2; `context`
    replaces the system's trust roots; `provider` is the preset's name, for hints only. `ca`, `fingerprint`
    and `server_name` are the profile's.
    """

    host: str
    port: int
    security: str
    auth: str = "auto"
    helo: str | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    context: ssl.SSLContext | None = None
    provider: str | None = None
    ca: Path | None = None
    fingerprint: str | None = None
    server_name: str | None = None

    @property
    def name(self) -> str:
        """What its certificate must bear."""
        return self.server_name or self.host

    @property
    def is_local(self) -> bool:
        """Whether the host is this machine, by its name or address alone."""
        return is_loopback(self.host)


def server_of(profile: Profile) -> Server:
    """The server that a profile names."""
    return Server(
        host=profile.host,
        port=profile.port,
        security=profile.security,
        auth=profile.auth,
        helo=profile.helo,
        timeouts=profile.timeouts,
        provider=profile.provider,
        ca=profile.ca,
        fingerprint=profile.fingerprint,
        server_name=profile.server_name,
    )
