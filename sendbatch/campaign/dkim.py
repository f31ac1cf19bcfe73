"""The keys that sign mail, as a profile declares them: for whom they may sign, and what their files hold.

What they hold is read by those that connect alone. It is a secret: no value of it is in any finding.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from sendbatch.campaign.model import Campaign, Dkim, Profile
from sendbatch.campaign.secrets import filled, filled_if_set
from sendbatch.campaign.written.hosts import ascii_domain, is_signed_by
from sendbatch.campaign.written.values import PRIVATE_KEY
from sendbatch.errors import ProfileError, shell_line, shown
from sendbatch.findings import Finding, Rule
from sendbatch.runtime.paths import absolute, problem, spelled
from sendbatch.words import listed

_LONGEST_PATH = 1000  # characters; what is longer may be a key in base64
_MOST = 64 * 1024  # bytes of a key; one of 16,384 bits has 13,000


class KeyText(NamedTuple):
    """What a key is said to be, and how its file is kept, if that is doubtful."""

    data: bytes
    warnings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        return "KeyText()"


def misaligned(profile: Profile, senders: Iterable[str]) -> Iterator[Finding]:
    """One for each signature that counts for none of the senders' addresses, and for each sender for whom
    none counts: each message is signed by those of its own."""
    addresses = [one for one in dict.fromkeys(senders) if _has_domain(one)]
    foreign = [
        one for one in profile.dkim if not any(is_signed_by(to, one.domain) for to in addresses)
    ]
    if not addresses:
        return
    for one in foreign:
        whose = addresses[0] if len(addresses) == 1 else "any of senders"
        said = f"dkim: {one.domain} is not the domain of {whose}, nor one above it"
        hint = (
            f"sign by {_domain(addresses[0])}; campaigns of other senders have a profile of their own"
        )
        yield Rule.FOREIGN_SIGNATURE.finding(said, one.place, hint)
    if len(foreign) == len(profile.dkim):
        return
    for address in addresses:
        if not any(is_signed_by(address, one.domain) for one in profile.dkim):
            said = f"dkim: no signature is of the domain of {address}, or of one above it"
            hint = (
                f"add one of {_domain(address)}, in a profile that campaigns of other senders do not use: "
                "each message is signed by those of its sender"
            )
            yield Rule.FOREIGN_SIGNATURE.finding(said, profile.dkim[0].place, hint)


def _has_domain(address: str) -> bool:
    """Whether it has one that is understood; else it is refused for that."""
    try:
        return bool(_domain(address))
    except ValueError:
        return False


def _domain(address: str) -> str:
    return ascii_domain(address.rpartition("@")[2])


def signed_by(profile: Profile) -> str:
    """Whom its mail is signed by: each domain with its selectors, "" where nobody is."""
    found: dict[str, list[str]] = {}
    for one in profile.dkim:
        found.setdefault(one.domain, []).append(one.selector)
    named = [f"{domain} ({', '.join(sorted(found[domain]))})" for domain in sorted(found)]
    return listed(named, len(named))


def key_paths(campaign: Campaign, environ: Mapping[str, str]) -> list[Path]:
    """The files of all keys that are declared, as far as the environment says where they are."""
    found = [(filled_if_set(written, file, environ), file) for written, file in campaign.key_files]
    return [
        absolute(spelled(file.parent / written.replace("\0", "")))
        for written, file in found
        if written is not None and not PRIVATE_KEY.search(written)
    ]


def key_text(one: Dkim, profile: Profile, environ: Mapping[str, str]) -> KeyText:
    """What holds the key of a signature. Raises ProfileError where it cannot be had, and where others could
    put a key of theirs in its place."""
    if one.key is not None:
        found = filled(one.key, profile, environ, one.key_place)
        return KeyText(found.encode("utf-8", "surrogateescape"))
    assert one.key_file is not None
    written = filled(one.key_file, profile, environ, one.key_place)
    path = _path(written.replace("\0", ""), profile)
    if (wrong := problem(path)) is not None:
        hint = "the path is relative to the file that names it"
        if PRIVATE_KEY.search(written) or len(written) > _LONGEST_PATH:
            hint = "it holds the key itself: write key: in place of key_file:"
        raise ProfileError(
            Rule.UNREADABLE_FILE.finding(
                f"dkim.key_file: {wrong}: {_shown(one)}", one.key_place, hint
            )
        )
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            around = path.resolve().parent.stat().st_mode
            data = file.read(_MOST + 1)
    except OSError as error:
        said = f"dkim.key_file: cannot be read ({error.strerror}): {_shown(one)}"
        raise ProfileError(Rule.UNREADABLE_FILE.finding(said, one.key_place)) from None
    if len(data) > _MOST:
        said = f"dkim.key_file: larger than any key: {_shown(one)}"
        raise ProfileError(Rule.FILE_TOO_LARGE.finding(said, one.key_place))
    return KeyText(data, tuple(_kept(one, path, mode, around)))


def _kept(one: Dkim, path: Path, mode: int, around: int) -> Iterator[Finding]:
    """How the file is kept, of this mode, in a folder of the mode `around`. Raises ProfileError where others
    than its owner can write it."""
    hint = f"chmod 600 {shell_line(shown(path))}"  # no key by mistake: there is such a file
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        said = f"dkim.key_file: others can write it, and sign with a key of theirs: {_shown(one)}"
        raise ProfileError(Rule.WRITABLE_KEY.finding(said, one.key_place, hint))
    if mode & stat.S_IROTH:
        said = f"dkim.key_file: all users of this machine can read it, and sign: {_shown(one)}"
        yield Rule.READABLE_KEY.finding(said, one.key_place, hint)
    if around & stat.S_IWOTH and not around & stat.S_ISVTX:
        said = f"dkim.key_file: all users of this machine can put another in its place: {_shown(one)}"
        hint = f"chmod go-w {shell_line(shown(path.parent))}"
        yield Rule.READABLE_KEY.finding(said, one.key_place, hint)


def _path(written: str, profile: Profile) -> Path:
    folder = profile.source.parent if profile.source is not None else Path.cwd()
    return absolute(spelled(folder / written))


def _shown(one: Dkim) -> str:
    """As the profile says it: what a variable holds may be the key itself, put there by mistake."""
    return one.key_file or ""
