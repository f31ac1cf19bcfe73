"""A declared profile and its provider's preset become one way to a server; explicit keys win."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sendbatch.campaign.declared import DeclaredProfile, DeclaredTimeouts
from sendbatch.campaign.declaring import label
from sendbatch.campaign.document.nodes import Document, Trail
from sendbatch.campaign.fields import domain
from sendbatch.campaign.files import Files, absolute
from sendbatch.campaign.model import Mailbox, Profile, SecretSource, Timeouts
from sendbatch.campaign.names import guess
from sendbatch.campaign.providers import Provider, common_slow_down, named, names, presets
from sendbatch.errors import Fault
from sendbatch.words import listed

MOST_OF_CA = 10_000_000  # bytes of a file with certificates that are looked through
CONNECTIONS = 4  # where neither the profile nor the preset says fewer
WELL_KNOWN: Mapping[int, str] = {465: "tls", 587: "starttls", 2525: "starttls", 25: "starttls"}
USUAL_PORT = {"tls": 465, "starttls": 587, "none": 25}


@dataclass(frozen=True)
class _Blame:
    """Adds faults to a profile's keys."""

    document: Document
    trail: Trail
    faults: list[Fault]

    def __call__(self, key: str | None, message: str, hint: str | None = None) -> None:
        trail = (*self.trail, key) if key else self.trail
        place = self.document.at(trail) if key else self.document.at_key(trail)
        self.faults.append(Fault(f"{label(trail)}: {message}", place, hint))

    def told(self, key: str) -> bool:
        """Whether the key stands in the file, be its value usable or not."""
        return (*self.trail, key) in self.document.values


def merge(
    name: str | None,
    declared: DeclaredProfile,
    document: Document,
    trail: Trail,
    file: Path,
    faults: list[Fault],
) -> Profile | None:
    """The resolved profile, or None with faults added. `name` is None for one written inline."""
    blame = _Blame(document, trail, faults)
    before = len(faults)
    preset = _preset(declared, blame)
    host = declared.host or (preset.host if preset else None)
    if host is None and not blame.told("host") and (preset or not blame.told("provider")):
        hint = preset.note if preset else "write host:, or provider: for a preset"
        blame(None, "host is missing", hint)
    port, security = _way(declared, preset, host, blame)
    _check_credentials(declared, preset, blame)
    ca = _authorities(declared, security, Files(document, file.parent, faults), blame)
    if host is not None and preset is not None:
        _hold_to_keeping(declared, preset, host, port, blame)
    if host is None or len(faults) > before:
        return None
    own = Profile(
        name=name or _slug(preset.name if preset else host),
        host=host,
        port=port,
        security=security,
        provider=preset.name if preset else None,
        username=SecretSource(template=declared.username) if declared.username else None,
        password=_password(declared),
        auth=declared.auth or "auto",
        rates=tuple(declared.rate or ()),
        domains={domain: tuple(rates) for domain, rates in (declared.domains or {}).items()},
        timeouts=_timeouts(declared),
        delivers=declared.delivers is not False,
        helo=declared.helo,
        ca=ca,
        fingerprint=declared.fingerprint,
        server_name=declared.server_name,
        usage=absolute(file.parent / declared.usage) if declared.usage else None,
        slow_down=preset.slow_down if preset else common_slow_down(),
        source=file,
        place=document.at_key(trail),
    )
    return _limited(own, declared, preset)


def greeting(profile: Profile, sender: Mailbox) -> Profile:
    """With the sender's domain to say in EHLO, where the provider wants one of ours and none is named."""
    preset = named(profile.provider) if profile.provider and profile.helo is None else None
    if preset is None or preset.helo != "sender":
        return profile
    return replace(profile, helo=domain(sender.address.rpartition("@")[2]))


def _limited(own: Profile, declared: DeclaredProfile, preset: Provider | None) -> Profile:
    """With the preset's limits where the profile sets none."""
    most = preset.connections if preset else None
    limited = replace(
        own,
        connections=declared.connections or min(CONNECTIONS, most or CONNECTIONS),
        messages_per_connection=declared.messages_per_connection,
    )
    if preset is None:
        return limited
    return replace(
        limited,
        messages_per_connection=declared.messages_per_connection or preset.messages_per_connection,
        rates=own.rates or preset.rates,
        delivers=preset.delivers if declared.delivers is None else declared.delivers,
        idempotency=preset.idempotency,
        size_limit=preset.size,
    )


def _hold_to_keeping(
    declared: DeclaredProfile, preset: Provider, host: str, port: int, blame: _Blame
) -> None:
    """That a preset keeps the mail is known of its own server alone. Another may deliver it, to everybody,
    unasked, and again after each change of the text: so a person has to say."""
    if preset.delivers or declared.delivers is not None or blame.told("delivers"):
        return
    own = preset.host or ""
    local = is_loopback(host) and is_loopback(own)
    if (local and port in preset.ports) or (not local and _bare(host) == _bare(own)):
        return
    blame(
        "host" if blame.told("host") else "port",
        f"{preset.title} keeps the mail at {own}; whether {host}:{port} does is not known",
        "write delivers: false if it keeps all mail too, delivers: true if not",
    )


def _bare(host: str) -> str:
    return host.lower().rstrip(".")


def _preset(declared: DeclaredProfile, blame: _Blame) -> Provider | None:
    if declared.provider is None:
        return None
    found = named(declared.provider)
    if found is None:
        blame("provider", f"no preset for {declared.provider}", _meant(declared.provider))
    return found


def _meant(provider: str) -> str:
    """A guess at the preset that was meant: by its host, or a name that is near."""
    host = provider.lower()
    near = next((name for name, known in presets().items() if known.host == host), None)
    if near or (near := guess(provider, names())):
        meant = named(near)
        which = f", which is {meant.name}" if meant is not None and meant.name != near else ""
        return f"did you mean {near}{which}?"
    return f"without one, write host: and port:; presets are {listed(list(presets()), 12)}"


def _way(
    declared: DeclaredProfile, preset: Provider | None, host: str | None, blame: _Blame
) -> tuple[int, str]:
    """Port and security: as written, else the preset's, else what the port stands for."""
    port = declared.port or _port(declared, preset, host)
    security = declared.security or (preset.ports.get(port) if preset else None)
    local = host is not None and is_loopback(host)
    if security is None:
        unnamed = local and declared.port is None
        security = "none" if unnamed else WELL_KNOWN.get(port, "none" if local else "")
    if not security and not blame.told("security"):
        blame("port", f"{port} does not tell how it is secured", "write security: starttls or tls")
    plain = security == "none" and not local and not declared.allow_plaintext
    if plain and host is not None:
        hint = "write starttls or tls, or allow_plaintext: true"
        blame("security", f"none would send mail and password in the open to {host}", hint)
    return port, security


def _port(declared: DeclaredProfile, preset: Provider | None, host: str | None) -> int:
    wanted = declared.security
    if preset is not None:
        fitting = [port for port, security in preset.ports.items() if security == wanted]
        return fitting[0] if wanted and fitting and preset.security != wanted else preset.port
    if wanted is not None:
        return USUAL_PORT[wanted]
    return USUAL_PORT["none" if host is not None and is_loopback(host) else "starttls"]


def is_loopback(host: str) -> bool:
    """Whether mail to this host never leaves the machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")  # RFC 6761 §6.3


def _check_credentials(declared: DeclaredProfile, preset: Provider | None, blame: _Blame) -> None:
    ways = [key for key in ("password", "password_command", "keyring") if blame.told(key)]
    if len(ways) > 1:
        blame(ways[1], f"stands beside {ways[0]}", "keep one of them")
    if ways and not blame.told("username"):
        hint = f"at {preset.title} it is: {preset.username}" if preset else None
        blame(ways[0], "there is no username to go with it", hint)
    if declared.username is not None and not ways:
        hint = "write password: ${SMTP_PASSWORD}, password_command or keyring"
        blame("username", "there is no password to go with it", hint)


def _authorities(
    declared: DeclaredProfile, security: str, files: Files, blame: _Blame
) -> Path | None:
    """The file of `ca`, looked into; and whether the keys about certificates go together."""
    keys = [key for key in ("ca", "fingerprint", "server_name") if blame.told(key)]
    if keys and security == "none":
        blame(keys[0], "there is no certificate with security: none", "write starttls or tls")
    if declared.fingerprint is not None and "ca" in keys:
        blame("ca", "stands beside fingerprint, which alone is compared", "keep one of them")
    if declared.ca is None:
        return None
    known = len(files.faults)
    path = files.find((*blame.trail, "ca"), declared.ca, sheets=True)
    if len(files.faults) == known and not _holds_certificates(path):
        hint = "PEM is wanted; of DER it is made by: openssl x509 -inform der -in FILE -out ca.pem"
        blame("ca", f"no certificate in this file: {declared.ca}", hint)
    return path


def _holds_certificates(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b"-----BEGIN CERTIFICATE-----" in file.read(MOST_OF_CA)
    except OSError:
        return False


def _password(declared: DeclaredProfile) -> SecretSource | None:
    if declared.password is not None:
        return SecretSource(template=declared.password)
    if declared.password_command is not None:
        return SecretSource(command=declared.password_command)
    return SecretSource(keyring=declared.keyring) if declared.keyring is not None else None


def _timeouts(declared: DeclaredProfile) -> Timeouts:
    asked = (declared.timeouts or DeclaredTimeouts()).model_dump(exclude_none=True)
    if declared.timeout is not None:
        asked.setdefault("connect", declared.timeout)
    return Timeouts(**asked)


def _slug(text: str) -> str:
    slug = re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
    return f"{slug}-inline" if slug in ("", "sandbox") else slug
