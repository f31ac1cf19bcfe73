"""Whether an answer asks for a lower rate. No I/O and no clock.

It never decides what becomes of a message: a recipient who is refused with such words is deferred or rejected
as with any others. How much less is sent, and until when, is the back-off's to say.
"""

from __future__ import annotations

import re

from sendbatch.smtp.replies import said
from sendbatch.values import Outcome, Why

_NO_PACE = (Why.MAILBOX, Why.GREYLISTING, Why.CONNECTION)


class SlowDown:
    """Whether a reply asks for a lower rate, by the preset's patterns or by what is known of all servers'
    words. What is said of the mailbox, of one connection, or while greylisting, is no such thing."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        joined = "|".join(f"(?:{pattern})" for pattern in patterns)
        self._pattern = re.compile(joined, re.IGNORECASE) if joined else None

    def __call__(self, outcome: Outcome) -> bool:
        reply = outcome.reply
        if reply is None or reply.code < 400:
            return False
        if outcome.why in (Why.RATE, Why.QUOTA):  # a quota is no reason to hurry either
            return True
        if self._pattern is None or outcome.why in _NO_PACE:
            return False
        return self._pattern.search(said(reply)) is not None
