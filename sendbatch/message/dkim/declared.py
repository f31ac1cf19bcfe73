"""The keys that a profile declares, with what they hold: read by whoever sends, and by whoever looks where
that takes no secret of the environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sendbatch.campaign.dkim import key_text
from sendbatch.campaign.model import Dkim, Profile
from sendbatch.campaign.written.parsing import Wrong
from sendbatch.campaign.written.values import has_references
from sendbatch.errors import ProfileError
from sendbatch.findings import Finding, Rule
from sendbatch.message.dkim.keys import (
    GOOD_BITS,
    MOST_BITS,
    RSA,
    PrivateKey,
    private_key,
)


class Signing(NamedTuple):
    """One signature that a profile declares, with its key, and what is doubtful about that."""

    declared: Dkim
    key: PrivateKey
    warnings: tuple[Finding, ...]


def read_keys(profile: Profile, environ: Mapping[str, str]) -> list[Signing]:
    """The keys of a profile, in the order declared. Raises ProfileError with all that cannot be used."""
    found: list[Signing] = []
    findings: list[Finding] = []
    for one in profile.dkim:
        try:
            found.append(read_key(one, profile, environ))
        except ProfileError as error:
            findings += error.findings
    if findings:
        raise ProfileError(findings)
    return found


def read_key(one: Dkim, profile: Profile, environ: Mapping[str, str]) -> Signing:
    """The key of one signature. Raises ProfileError."""
    text = key_text(one, profile, environ)
    named = f"dkim.key: {one.key}" if one.key is not None else f"dkim.key_file: {one.key_file}"
    try:
        key = private_key(text.data)
    except Wrong as wrong:
        said = f"{named} cannot sign: {wrong}"
        raise ProfileError(Rule.UNUSABLE_KEY.finding(said, one.key_place, wrong.hint)) from None
    return Signing(one, key, (*text.warnings, *_doubts(one, key)))


def _doubts(one: Dkim, key: PrivateKey) -> list[Finding]:
    if key.algorithm != RSA or GOOD_BITS <= key.bits <= MOST_BITS:
        return []
    if key.bits < GOOD_BITS:
        said = f"the key of {one.selector} has {key.bits} bits: some mailboxes take it for none"
    else:
        said = f"the key of {one.selector} has {key.bits} bits: not every mailbox verifies so many"
    hint = (
        f"make one of {GOOD_BITS} beside it, and publish it under another selector before you name it here: "
        f"openssl genrsa -out dkim-new.pem {GOOD_BITS}"
    )
    return [Rule.SHORT_KEY.finding(f"dkim: {said}", one.key_place, hint)]


def doubtful_keys(profile: Profile) -> Iterator[Finding]:
    """Warnings of keys that a run would refuse, or warn of, as far as their files are to be had without the
    environment: whoever only looks needs none."""
    for one in profile.dkim:
        if one.key_file is None or has_references(one.key_file):
            continue
        try:
            yield from read_key(one, profile, {}).warnings
        except ProfileError as error:
            for found in error.findings:
                said = f"{found.message}: a run refuses it, and sends nothing"
                yield Rule.MISSING_SIGNING_KEY.finding(said, found.place, found.hint)
