"""What a worker does with bytes: checks rows, builds messages. It opens no template and no record.

Per-recipient attachments are the one kind of file it reads, from the folder that the author's
own part of their path names.
"""

from __future__ import annotations

import pickle
from dataclasses import replace

from sendbatch.audience.checks import Checker
from sendbatch.message.compose import Composer
from sendbatch.rendering.setup import Survey, setup_from
from sendbatch.values import Checked, Recipient, Row, Status


class Worker:
    """Made from `Setup.to_bytes()`. Each method takes and returns one pickled batch."""

    def __init__(self, setup: bytes) -> None:
        self._setup = setup_from(setup)
        rules = self._setup.rules
        self._checker = Checker(rules) if rules is not None else None
        self._composer = Composer(self._setup.content, self._setup.columns, self._setup.salt)

    def check(self, batch: bytes) -> bytes:
        """list[Row] in, list[Survey] out. Raises AudienceError where `where` fails on a row."""
        assert self._checker is not None
        rows: list[Row] = pickle.loads(batch)  # noqa: S301 - our own process wrote it
        return pickle.dumps([self._survey(self._checker.check(row)) for row in rows], protocol=5)

    def render(self, batch: bytes) -> bytes:
        """(list[Recipient], now) in, list[Message | Unbuildable] out."""
        recipients: list[Recipient]
        recipients, now = pickle.loads(batch)  # noqa: S301 - our own process wrote it
        built = [self._composer.compose(recipient, now) for recipient in recipients]
        return pickle.dumps(built, protocol=5)

    def _survey(self, checked: Checked) -> Survey:
        """A row that may be sent to, with the files it asks for looked at."""
        if checked.status is not Status.PENDING or not self._composer.has_own_attachments:
            return Survey(checked)
        found, reason = self._composer.survey(checked.cells)
        paths = tuple(str(path) for path, _ in found)
        size = sum(size for _, size in found)
        limit = self._setup.size_limit
        if reason is None and limit is not None and encoded(size) > limit:
            reason = f"its attachments make a message of {encoded(size):,} bytes; the server takes {limit:,}"
        return Survey(replace(checked, attachments=paths), reason)


def encoded(size: int) -> int:
    """Bytes on the wire for `size` bytes in base64, 76 characters a line (RFC 2045 §6.8)."""
    return -(-size // 57) * 78
