"""plan.json: what was reviewed, in a form that a later run can be held to.

It names nobody: for each who holds a key it has 16 bytes of an HMAC over key, address and cells
under a random salt, with the digest of the content and the server. Everyone in a later plan must
be in it; who is missing since breaks nothing and is counted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sendbatch.errors import CampaignError, GuardError, one_line
from sendbatch.runtime.files import is_regular, replacing
from sendbatch.values import Recipient, Status

VERSION = 1
MOST_NAMED = 5  # rows named in a refusal
DONE = (Status.ACCEPTED, Status.IN_DOUBT)
UNSIGNED = "not signed"
MARK = 16  # bytes of the HMAC kept for each recipient


@dataclass(frozen=True, slots=True)
class Approval:
    """`marks` has one entry for each recipient approved. `signed_by` are the domains and selectors that sign,
    "" where none does; None in a plan of before they were written down."""

    campaign: str
    run: str
    content: str
    server: str
    salt: bytes
    marks: frozenset[bytes]
    signed_by: str | None = None


def mark(salt: bytes, recipient: Recipient) -> bytes:
    """What stands for one recipient: key, address and every cell, in the plan's order."""
    content = json.dumps([recipient.key, recipient.email, *recipient.cells], ensure_ascii=True)
    return hmac.digest(salt, content.encode(), "sha256")[:MARK]


def approve(
    campaign: str,
    run: str,
    content: str,
    server: str,
    salt: bytes,
    holders: Iterable[Recipient],
    signed_by: str = "",
) -> Approval:
    marks = frozenset(mark(salt, r) for r in holders)
    return Approval(campaign, run, content, server, salt, marks, signed_by)


def write_approval(approval: Approval, path: Path) -> str:
    """Write plan.json, whole or not at all, readable by its owner only; returns its digest.

    Raises CampaignError, also where a link or anything else but a file stands there.
    """
    body = {
        "version": VERSION,
        "campaign": approval.campaign,
        "run": approval.run,
        "content": approval.content,
        "server": approval.server,
        "signed_by": approval.signed_by,
        "count": len(approval.marks),
        "salt": approval.salt.hex(),
        "recipients": base64.b64encode(b"".join(sorted(approval.marks))).decode(),
    }
    digest = _digest(body)
    text = json.dumps({"digest": digest, **body}, indent=2) + "\n"
    if os.path.lexists(path) and not is_regular(path):
        what = "a link" if path.is_symlink() else "a folder" if path.is_dir() else "no file"
        raise CampaignError(
            f"{path}: the plan cannot be written: it is {what}",
            hint="name a file that the plan may replace, or one that is not there yet",
        )
    try:
        with replacing(path) as out:
            out.write(text.encode())
    except OSError as error:
        raise CampaignError(f"{path}: the plan cannot be written: {error.strerror}") from None
    return digest


def read_approval(path: Path) -> Approval:
    """Raises CampaignError where the file is no plan, or was changed after it was written."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        digest = body.pop("digest")
        if body["version"] != VERSION:
            version = one_line(str(body["version"]), 20)
            raise CampaignError(
                f"{path}: this plan has version {version}; this sendbatch reads {VERSION}"
            )
        if digest != _digest(body):
            raise CampaignError(
                f"{path}: the plan was changed after it was written",
                hint="write it again with `sendbatch plan … --out`",
            )
        marks = base64.b64decode(body["recipients"], validate=True)
        return Approval(
            body["campaign"],
            body["run"],
            body["content"],
            body["server"],
            bytes.fromhex(body["salt"]),
            frozenset(marks[i : i + MARK] for i in range(0, len(marks), MARK)),
            body.get("signed_by"),
        )
    except OSError as error:
        raise CampaignError(f"{path}: the plan cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CampaignError(f"{path}: this is no plan that `sendbatch plan --out` wrote") from None


@dataclass(frozen=True, slots=True)
class Held:
    """How a plan compares with the approved one: how many approved are missing now."""

    missing: int


def hold_to(
    approval: Approval,
    *,
    campaign: str,
    run: str,
    content: str,
    server: str,
    holders: Iterable[Recipient],
    signed_by: str = "",
) -> Held:
    """Raises GuardError where anything would go out that was not approved."""
    wrong = []
    for what, approved, now in (
        ("campaign", approval.campaign, campaign),
        ("edition", approval.run, run),
        ("server", approval.server, server),
    ):
        if approved != now:
            planned = one_line(str(approved), 200)
            wrong.append(f"the plan is for {what} {planned or '(none)'}, this is {now or '(none)'}")
    if approval.content != content:
        wrong.append("the text, subject, headers or attachments changed since the plan was made")
    if approval.signed_by not in (None, signed_by):
        planned = one_line(f"signed by {approval.signed_by}" if approval.signed_by else UNSIGNED, 200)
        current = f"signed by {signed_by}" if signed_by else UNSIGNED
        wrong.append(f"the plan is {planned}, this is {current}")
    present = strangers = 0
    rows: list[str] = []
    for recipient in holders:
        # Nothing goes out to those done with: a correction of their row in the CSV changes nothing.
        if recipient.status in DONE or mark(approval.salt, recipient) in approval.marks:
            present += 1
            continue
        strangers += 1
        if len(rows) < MOST_NAMED:
            rows.append(str(recipient.row))
    if strangers:
        wrong.append(_added_or_changed(strangers, rows))
    if wrong:
        raise GuardError(
            "this is not what was planned: " + "; ".join(wrong),
            hint="review it again: sendbatch plan … --out",
        )
    return Held(len(approval.marks) - present)


def _added_or_changed(strangers: int, rows: list[str]) -> str:
    if strangers == 1:
        return f"1 recipient was added or changed since (row {rows[0]})"
    more = ", …" if strangers > MOST_NAMED else ""
    return f"{strangers:,} recipients were added or changed since (rows {', '.join(rows)}{more})"


def _digest(body: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
