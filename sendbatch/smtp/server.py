"""Which server, and how it is spoken to."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass, field

from sendbatch.campaign.model import Profile, Timeouts


@dataclass(frozen=True, slots=True)
class Server:
    """A way to a server, without secrets.

    `security` is starttls, tls or none; `auth` auto, plain, login, cram-md5 or xoauth2; `context`
    replaces the system's trust roots; `provider` is the preset's name, for hints only.
    """

    host: str
    port: int
    security: str
    auth: str = "auto"
    helo: str | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    context: ssl.SSLContext | None = None
    provider: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether the host is this machine, by its name or address alone."""
        if self.host.lower().rstrip(".") == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


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
    )
