"""An approval of a plan: a person's name and a time, signed together with the plan's digest.

It stands in plan.json, beside what the digest is over, so that a plan with its approvals is one file, and
several may approve one after another. It is signed by an HMAC under SENDBATCH_APPROVAL_KEY, by which
whoever has that key may have written any name; or by an SSH key, which a file of allowed signers gives to
the name. """

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sendbatch.campaign.secrets import secret_of
from sendbatch.errors import CampaignError, GuardError, SendbatchError, one_line, shell_line, shown
from sendbatch.ledger.approvals import LONGEST_NAME, Approved
from sendbatch.planning.plan_file import PlanFile
from sendbatch.runtime import ssh_keygen

APPROVAL_KEY = "SENDBATCH_APPROVAL_KEY"
NAMESPACE = "sendbatch-plan"  # what an SSH key signs is of no use elsewhere
MOST = 20  # approvals of one plan
MOST_TOLD = 5  # of which it is said why they do not count
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_HEX = re.compile(r"[0-9a-f]{16,64}")


class Approval(NamedTuple):
    """One as it stands in the file. `mac` by a key that is `known_by`, or the `ssh` signature."""

    by: str
    at: str
    digest: str
    mac: str = ""
    known_by: str = ""
    ssh: str = ""

    @property
    def written(self) -> dict[str, str]:
        """As JSON has it."""
        return {name: value for name, value in self._asdict().items() if value}

    @property
    def key(self) -> str:
        """By which key it says it is: that has to be looked at."""
        if self.ssh:
            return f"SSH key {ssh_keygen.fingerprint(self.ssh) or 'unknown'}"
        return f"{APPROVAL_KEY} {self.known_by[:8]}"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose approvals count: by `secret`, what SENDBATCH_APPROVAL_KEY holds, or of whom `signers` names, a
    file of allowed signers. `environ` is what ssh-keygen is run with."""

    secret: bytes | None
    signers: Path | None
    environ: Mapping[str, str]


def trust_of(environ: Mapping[str, str], signers: Path | None) -> Trust:
    """Raises GuardError where nobody is trusted, CampaignError where the key or the file cannot be used."""
    secret = secret_of(environ, APPROVAL_KEY)
    if secret is None and signers is None:
        raise GuardError(
            f"nothing here says whose approvals count: {APPROVAL_KEY} is not set",
            hint=f"set {APPROVAL_KEY}, or name a file with the SSH keys of those who may approve: "
            "--allowed-signers FILE",
        )
    if signers is not None:
        try:
            with signers.open("rb") as file:
                file.read(1)
        except OSError as error:
            said = f"--allowed-signers {shown(signers)}: cannot be read: {error.strerror}"
            raise CampaignError(said) from None
    return Trust(secret, signers, environ)


def named(by: str) -> str:
    """The name of whoever approves. Raises SendbatchError where it is none that can be shown."""
    if not _is_name(by):
        raise SendbatchError(
            f"--by {shell_line(one_line(by, 120))}: a name has 1 to {LONGEST_NAME} characters on one line, "
            "no blanks at its ends, and no control characters",
            hint="write a name or an address, such as --by ann@example.com",
        )
    return by


def _is_name(by: str) -> bool:
    return 0 < len(by) <= LONGEST_NAME and by.isprintable() and by == by.strip()


def statement(by: str, at: str, digest: str) -> bytes:
    """What is signed: no part of it can be moved into another."""
    return json.dumps({"approved by": by, "at": at, "plan": digest}, sort_keys=True).encode("ascii")


def by_secret(by: str, at: str, digest: str, secret: bytes) -> Approval:
    return Approval(by, at, digest, _mac(secret, statement(by, at, digest)), _known_by(secret))


def by_ssh(by: str, at: str, digest: str, key: Path, environ: Mapping[str, str]) -> Approval:
    """Raises SendbatchError where ssh-keygen is missing, or does not sign with this key."""
    try:
        made = ssh_keygen.sign(statement(by, at, digest), key, NAMESPACE, environ)
    except ssh_keygen.Missing as missing:
        raise SendbatchError(
            f"--ssh-key {shown(key)}: {missing}", hint=f"install OpenSSH's client, or sign by {APPROVAL_KEY}"
        ) from None
    except ssh_keygen.Refused as refused:
        raise SendbatchError(
            f"--ssh-key {shown(key)}: it cannot be signed with: {refused}",
            hint="name a private key, or the .pub file of one that your ssh-agent holds",
        ) from None
    return Approval(by, at, digest, ssh=made)


def _mac(secret: bytes, said: bytes) -> str:
    return hmac.digest(secret, b"sendbatch plan.json: approval\0" + said, "sha256").hex()


def _known_by(secret: bytes) -> str:
    return hmac.digest(secret, b"sendbatch plan.json: which approval key\0", "sha256")[:8].hex()


def approvals_in(plan: PlanFile) -> list[Approval | None]:
    """Those in the file, whether they count or not; None stands for what is none."""
    return [_read(one) for one in plan.approvals[:MOST]]


def _read(written: object) -> Approval | None:
    """None also where a name would drive a terminal, or is not on one line: `approve` writes no such."""
    if not isinstance(written, dict) or not all(isinstance(one, str) for one in written.values()):
        return None
    try:
        found = Approval(**written)
    except TypeError:
        return None
    is_sound = _is_name(found.by) and _AT.fullmatch(found.at) and _HEX.fullmatch(found.digest)
    by_key = _HEX.fullmatch(found.mac) and _HEX.fullmatch(found.known_by) and not found.ssh
    signed = ssh_keygen.is_signature(found.ssh) and not found.mac and not found.known_by
    return found if is_sound and (by_key or signed) else None


def with_approval(plan: PlanFile, approval: Approval) -> list[object]:
    """The plan's approvals with this one, in the place of an earlier one by the same name and key."""
    kept = [
        written
        for written in plan.approvals
        if (one := _read(written)) is None or (one.by, one.key) != (approval.by, approval.key)
    ]
    if len(kept) >= MOST:
        raise CampaignError(f"the plan has {len(kept)} approvals already, and more are not read")
    return [*kept, approval.written]


@dataclass(frozen=True, slots=True)
class Verified:
    """Who has approved the plan, as far as their keys are trusted; and why others do not count, if any."""

    approved: tuple[Approved, ...]
    others: tuple[str, ...] = ()


def hold_approved(plan: PlanFile, path: Path, trust: Trust) -> Verified:
    """Raises GuardError, with who did sign and why that does not count, where nobody trusted has approved
    it."""
    approved: list[Approved] = []
    others: list[str] = []
    for one in approvals_in(plan):
        why = _why_not(one, plan, trust)
        if one is not None and why is None:
            approved.append(Approved(one.by, one.at, one.key, plan.digest))
        elif why is not None:
            others.append(why)
    if approved:
        return Verified(tuple(approved), tuple(others))
    approve = shell_line("sendbatch", "approve", shown(path))
    if not plan.approvals:
        said = f"{shown(path)}: nobody has approved this plan ({plan.digest[:16]})"
    else:
        said = f"{shown(path)}: no approval of this plan ({plan.digest[:16]}) counts"
    lines = "".join(f"\n  {one}" for one in _bounded(others))
    hint = f"whoever may approve it looks at it, and signs it:  {approve} --by NAME"
    raise GuardError(said + lines, hint=hint)


def _bounded(lines: list[str]) -> Iterator[str]:
    yield from lines[:MOST_TOLD]
    if len(lines) > MOST_TOLD:
        yield f"and {len(lines) - MOST_TOLD:,} more"


def _why_not(one: Approval | None, plan: PlanFile, trust: Trust) -> str | None:
    """Why this does not count; None where it does."""
    if one is None:
        return "an entry that is no approval: `sendbatch approve` did not write it as it stands there"
    who = f"by {one.by} on {one.at} ({one.key})"
    if one.digest != plan.digest:
        return f"{who}: approves another plan, {one.digest[:16]}"
    said = statement(one.by, one.at, one.digest)
    why = _by_ssh(one, said, trust) if one.ssh else _by_secret(one, said, trust.secret)
    return None if why is None else f"{who}: {why}"


def _by_secret(one: Approval, said: bytes, secret: bytes | None) -> str | None:
    if secret is None:
        return f"{APPROVAL_KEY} is not set here, so it cannot be looked at"
    if one.known_by != _known_by(secret):
        return f"unknown here: it is by another {APPROVAL_KEY} ({_known_by(secret)[:8]} here)"
    if not hmac.compare_digest(one.mac, _mac(secret, said)):
        return "its name or time was changed after it was signed"
    return None


def _by_ssh(one: Approval, said: bytes, trust: Trust) -> str | None:
    if trust.signers is None:
        return "no --allowed-signers FILE says whose SSH keys count"
    try:
        if not ssh_keygen.is_whole(said, one.ssh, NAMESPACE, trust.environ):
            return "its name or time was changed after it was signed, or it signs something else"
        if ssh_keygen.is_by(one.by, said, one.ssh, trust.signers, NAMESPACE, trust.environ):
            return None
        names = ssh_keygen.names_of(one.ssh, trust.signers, trust.environ)
    except ssh_keygen.Missing as missing:
        return f"it cannot be looked at: {missing}"
    except ssh_keygen.Refused as refused:
        return f"not taken: {refused}"
    file = shown(trust.signers)
    if names:
        return f"{file} gives this key to {', '.join(names)}, not to that name"
    return f"unknown here: {file} has no such key"
