"""Digests of what a plan is made from: unchanged inputs need no new plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from sendbatch.audience.rules import Rules
from sendbatch.campaign.model import REFUSE, Attachment, Campaign
from sendbatch.campaign.written.hosts import comparable
from sendbatch.errors import AudienceError, shown
from sendbatch.findings import Rule
from sendbatch.message.content import Content
from sendbatch.message.pictures.shown import shown_to_some

READ_AT_ONCE = 1 << 20  # bytes


def inputs_digest(
    campaign: Campaign, heed: Callable[[], None] = lambda: None, content: Content | None = None
) -> str:
    """Over the CSV, the suppression files and how they are read, `recipients:`, the variables, the files and
    the senders that rows may be led to in the `content`, all of it where not everybody is shown all its
    pictures, and the checks' version. `heed` is called now and then; what it raises ends it."""
    digest = hashlib.sha256()
    section = asdict(campaign.recipients) | {"file": campaign.recipients.file.name}
    if campaign.recipients.columns is None:
        del section["columns"]
    declared: dict[str, object] = {
        "checks": Rules.version,
        "recipients": section,
        "variables": dict(campaign.variables),
        "attachments": [_attachment(one) for one in campaign.attachments],
        "suppress": [asdict(replace(one, file=Path())) for one in campaign.suppress],
    }
    if content is not None and content.by_row is not None:
        paths = {key: path.written for key, path in content.paths.items()}
        declared["templates"] = [paths, dict(content.by_row.fallback), sorted(content.by_row.files)]
    if content is not None and (senders := content.senders) is not None:
        boxes = sorted(comparable(box.address) for box in senders.boxes)
        subjects = len(content.variants.subjects) if content.variants is not None else 1
        declared["senders"] = [senders.address, boxes, subjects]
    if content is not None and shown_to_some(content):  # each row's message is looked at for them
        declared["shown"] = content.digest
    if campaign.profile.only_to:
        declared["only_to"] = sorted(campaign.profile.only_to)
    if isinstance(campaign.invite, str):  # whether a row has its file decides what becomes of it
        declared["invite"] = campaign.invite
    digest.update(_stable(declared))
    lists = (one.file for one in campaign.suppress)
    for path in (campaign.recipients.file, *lists):
        digest.update(_file_digest(path, heed))
    return digest.hexdigest()


def _attachment(one: Attachment) -> object:
    """What of it decides whether a row can be sent to."""
    if one.name is not None:
        return [one.file, one.missing, one.name]
    return one.file if one.missing == REFUSE else [one.file, one.missing]


def _stable(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, sort_keys=True, default=str, ensure_ascii=True).encode()


def _file_digest(path: Path, heed: Callable[[], None]) -> bytes:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(READ_AT_ONCE):
                digest.update(block)
                heed()
    except OSError as error:
        said = f"{shown(path)}: cannot be read: {error.strerror}"
        raise AudienceError(Rule.UNREADABLE_FILE.finding(said)) from None
    return digest.digest()
