"""The keys that sign a profile's mail, read where a verb connects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sendbatch.campaign.dkim import key_text
from sendbatch.campaign.model import Dkim, Profile
from sendbatch.campaign.written.parsing import Wrong
from sendbatch.errors import ProfileError
from sendbatch.findings import Finding, Rule
from sendbatch.message.dkim.keys import (
    GOOD_BITS,
    MOST_BITS,
    RSA,
    PrivateKey,
    SigningKey,
    private_key,
)
from sendbatch.session.job import Job


class Signing(NamedTuple):
    """One signature that a profile declares, with its key, and what is doubtful about that."""

    declared: Dkim
    key: PrivateKey
    warnings: tuple[Finding, ...]


def keys_of(job: Job) -> tuple[SigningKey, ...]:
    """Those that sign the messages of a call, none where its profile declares none. Raises ProfileError with
    all that cannot be used; what is doubtful is told."""
    signings = read_keys(job.profile, job.edge.environ)
    for one in signings:
        for warning in one.warnings:
            job.observer.notice(_noticed(warning))
    return tuple(
        SigningKey(one.declared.domain, one.declared.selector, one.key.algorithm, one.key.der)
        for one in signings
    )


def _noticed(warning: Finding) -> str:
    """A warning as one line."""
    place = warning.place
    where = f"{place.file}:{place.line}:{place.column}: " if place is not None else ""
    return f"{where}{warning.severity}: {warning.message}; {warning.hint}"


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
