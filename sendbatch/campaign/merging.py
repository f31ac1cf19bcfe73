"""A declared profile and its provider's preset become one way to a server; explicit keys win."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sendbatch.campaign.combinations import notifications
from sendbatch.campaign.files import find_source
from sendbatch.campaign.keys.profiles import ProfileKeys
from sendbatch.campaign.model import Dkim, Mailbox, Profile, SecretSource
from sendbatch.campaign.names import guess
from sendbatch.campaign.providers import Provider, common_slow_down, named, names, presets
from sendbatch.campaign.spots import Spot
from sendbatch.campaign.table import fields_of
from sendbatch.campaign.written.hosts import ascii_domain, domain, is_loopback
from sendbatch.findings import Rule
from sendbatch.runtime.paths import absolute
from sendbatch.words import listed

MOST_OF_CA = 10_000_000  # bytes of a file with certificates that are looked through
MOST_SIGNATURES = 4  # an RSA one costs 0.3 ms a message
CONNECTIONS = 4  # where neither the profile nor the preset says fewer
WELL_KNOWN: Mapping[int, str] = {465: "tls", 587: "starttls", 2525: "starttls", 25: "starttls"}
USUAL_PORT = {"tls": 465, "starttls": 587, "none": 25}


def merge(
    name: str | None,
    declared: ProfileKeys,
    spot: Spot,
    file: Path,
) -> Profile | None:
    """The resolved profile, or None with findings added. `name` is None for one written inline."""
    findings = spot.reading.findings
    before = len(findings)
    preset = _preset(declared, spot)
    host = declared.host or (preset.host if preset else None)
    if host is None and not spot.has("host") and (preset or not spot.has("provider")):
        hint = preset.note if preset else "write host:, or provider: for a preset"
        spot.blame(Rule.MISSING_KEY, "host is missing", hint, key=True)
    port, security = _way(declared, preset, host, spot)
    _check_credentials(declared, preset, spot)
    ca = _authorities(declared, security, spot)
    dkim = _signatures(declared, spot)
    notify = notifications(spot.at("notify"), declared.notify, [file.parent])
    if spot.has("only_to") and not spot.at("only_to").data and spot.at("only_to").data is not None:
        hint = "leave it out, or write whom it may reach: [\"@example.com\"]"
        spot.at("only_to").blame(Rule.MISSING_KEY, "has nobody in it", hint)
    if host is not None and preset is not None:
        _hold_to_keeping(declared, preset, host, port, spot)
    if host is None or len(findings) > before:
        return None
    own = Profile(
        **fields_of(declared),
        name=name or _slug(preset.name if preset else host),
        host=host,
        port=port,
        security=security,
        provider=preset.name if preset else None,
        username=SecretSource(template=declared.username) if declared.username else None,
        password=_password(declared),
        rates=declared.rate or (),
        delivers=declared.delivers is not False,
        ca=ca,
        dkim=dkim,
        notify=notify,
        usage=absolute(file.parent / declared.usage) if declared.usage else None,
        slow_down=preset.slow_down if preset else common_slow_down(),
        source=file,
        place=spot.key_place,
    )
    if declared.timeout is not None and not spot.at("timeouts").has("connect"):
        own = replace(own, timeouts=replace(own.timeouts, connect=declared.timeout))
    return _limited(own, declared, preset)


def greeting(profile: Profile, sender: Mailbox) -> Profile:
    """With the sender's domain to say in EHLO, where the provider wants one of ours and none is named."""
    preset = named(profile.provider) if profile.provider and profile.helo is None else None
    if preset is None or preset.helo != "sender":
        return profile
    return replace(profile, helo=domain(sender.address.rpartition("@")[2]))


def _limited(own: Profile, declared: ProfileKeys, preset: Provider | None) -> Profile:
    """With the preset's limits where the profile sets none."""
    most = preset.connections if preset else None
    limited = replace(
        own,
        connections=declared.connections or min(CONNECTIONS, most or CONNECTIONS),
        messages_per_connection=declared.messages_per_connection,
    )
    if preset is None:
        return _redirected(limited)
    return _redirected(replace(
        limited,
        messages_per_connection=declared.messages_per_connection or preset.messages_per_connection,
        rates=own.rates or preset.rates,
        delivers=preset.delivers if declared.delivers is None else declared.delivers,
        idempotency=preset.idempotency,
        size_limit=preset.size,
        mailing=preset.mailing,
    ))


def _redirected(profile: Profile) -> Profile:
    """Where all goes to one address, what its domain takes limits all, and no other domain gets any."""
    if profile.redirect_to is None:
        return profile
    own = profile.domains.get(ascii_domain(profile.redirect_to.rpartition("@")[2]), ())
    return replace(profile, rates=(*profile.rates, *own), domains={})


def _hold_to_keeping(
    declared: ProfileKeys, preset: Provider, host: str, port: int, spot: Spot
) -> None:
    """That a preset keeps the mail is known of its own server alone. Another may deliver it, to everybody,
    unasked, and again after each change of the text: so a person has to say."""
    if preset.delivers or declared.delivers is not None or spot.has("delivers"):
        return
    own = preset.host or ""
    local = is_loopback(host) and is_loopback(own)
    if (local and port in preset.ports) or (not local and _bare(host) == _bare(own)):
        return
    spot.at("host" if spot.has("host") else "port").blame(
        Rule.UNCLEAR_DELIVERY,
        f"{preset.title} keeps the mail at {own}; whether {host}:{port} does is not known",
        "write delivers: false if it keeps all mail too, delivers: true if not",
    )


def _bare(host: str) -> str:
    return host.lower().rstrip(".")


def _preset(declared: ProfileKeys, spot: Spot) -> Provider | None:
    if declared.provider is None:
        return None
    found = named(declared.provider)
    if found is None:
        spot.at("provider").blame(
            Rule.UNKNOWN_PROVIDER, f"no preset for {declared.provider}", _meant(declared.provider)
        )
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
    declared: ProfileKeys, preset: Provider | None, host: str | None, spot: Spot
) -> tuple[int, str]:
    """Port and security: as written, else the preset's, else what the port stands for."""
    port = declared.port or _port(declared, preset, host)
    security = declared.security or (preset.ports.get(port) if preset else None)
    local = host is not None and is_loopback(host)
    if security is None:
        unnamed = local and declared.port is None
        security = "none" if unnamed else WELL_KNOWN.get(port, "none" if local else "")
    if not security and not spot.has("security"):
        spot.at("port").blame(
            Rule.UNCLEAR_SECURITY,
            f"{port} does not tell how it is secured",
            "write security: starttls or tls",
        )
    plain = security == "none" and not local and not declared.allow_plaintext
    if plain and host is not None:
        hint = "write starttls or tls, or allow_plaintext: true"
        spot.at("security").blame(
            Rule.PLAINTEXT, f"none would send mail and password in the open to {host}", hint
        )
    return port, security


def _port(declared: ProfileKeys, preset: Provider | None, host: str | None) -> int:
    wanted = declared.security
    if preset is not None:
        fitting = [port for port, security in preset.ports.items() if security == wanted]
        return fitting[0] if wanted and fitting and preset.security != wanted else preset.port
    if wanted is not None:
        return USUAL_PORT[wanted]
    return USUAL_PORT["none" if host is not None and is_loopback(host) else "starttls"]


def _check_credentials(declared: ProfileKeys, preset: Provider | None, spot: Spot) -> None:
    ways = [key for key in ("password", "password_command", "keyring") if spot.has(key)]
    if len(ways) > 1:
        spot.at(ways[1]).blame(
            Rule.CONFLICTING_KEYS, f"stands beside {ways[0]}", "keep one of them"
        )
    if ways and not spot.has("username"):
        hint = f"at {preset.title} it is: {preset.username}" if preset else None
        spot.at(ways[0]).blame(Rule.INCOMPLETE_LOGIN, "there is no username to go with it", hint)
    if declared.username is not None and not ways:
        hint = "write password: ${SMTP_PASSWORD}, password_command or keyring"
        spot.at("username").blame(Rule.INCOMPLETE_LOGIN, "there is no password to go with it", hint)


def _authorities(declared: ProfileKeys, security: str, spot: Spot) -> Path | None:
    """The file of `ca`, looked into; and whether the keys about certificates go together."""
    keys = [key for key in ("ca", "fingerprint", "server_name") if spot.has(key)]
    if keys and security == "none":
        spot.at(keys[0]).blame(
            Rule.CONFLICTING_KEYS,
            "there is no certificate with security: none",
            "write starttls or tls",
        )
    if declared.fingerprint is not None and "ca" in keys:
        spot.at("ca").blame(
            Rule.CONFLICTING_KEYS,
            "stands beside fingerprint, which alone is compared",
            "keep one of them",
        )
    if declared.ca is None:
        return None
    findings = spot.reading.findings
    before = len(findings)
    path = find_source(spot.at("ca"), declared.ca, spreadsheets=True)
    if len(findings) == before and not _holds_certificates(path):
        hint = "PEM is wanted; of DER it is made by: openssl x509 -inform der -in FILE -out ca.pem"
        spot.at("ca").blame(
            Rule.NO_CERTIFICATE, f"no certificate in this file: {declared.ca}", hint
        )
    return path


def _signatures(declared: ProfileKeys, spot: Spot) -> tuple[Dkim, ...]:
    """Those declared, with their places. A key is not looked for: only who connects needs it."""
    found: list[Dkim] = []
    seen: set[tuple[str, str]] = set()
    if spot.has("dkim") and not spot.at("dkim").data:
        spot.at("dkim").blame(Rule.MISSING_KEY, "has no signature in it", "leave it out, or write one")
    for number, one in enumerate(declared.dkim or ()):
        there = spot.at("dkim", number)
        if (one.domain, one.selector) in seen:
            said = f"{one.selector}._domainkey.{one.domain} is one key, and signs once"
            there.at("selector").blame(Rule.CONFLICTING_KEYS, said, "give each key a selector of its own")
        seen.add((one.domain, one.selector))
        key = there.at("key" if one.key_file is None else "key_file")
        found.append(replace(one, place=there.at("domain").place, key_place=key.place))
    if len(found) > MOST_SIGNATURES:
        spot.at("dkim").blame(Rule.WRONG_VALUE, f"at most {MOST_SIGNATURES} signatures", "take one away")
    return tuple(found)


def _holds_certificates(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b"-----BEGIN CERTIFICATE-----" in file.read(MOST_OF_CA)
    except OSError:
        return False


def _password(declared: ProfileKeys) -> SecretSource | None:
    if declared.password is not None:
        return SecretSource(template=declared.password)
    if declared.password_command is not None:
        return SecretSource(command=declared.password_command)
    return SecretSource(keyring=declared.keyring) if declared.keyring is not None else None


def _slug(text: str) -> str:
    slug = re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
    return f"{slug}-inline" if slug in ("", "sandbox") else slug
