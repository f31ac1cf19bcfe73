"""Whether a provider's idempotency key still makes it drop a repetition: asked as the message leaves.

Who was in doubt when a run began is sent to again by itself while the key holds. Slots, quotas, retries or a
night's sleep may lie between, and then they are in doubt again, and not mailed twice.
"""

from __future__ import annotations

from sendbatch.runtime.clock import Onward
from sendbatch.values import Recipient

# Seconds before its end that a key is no longer relied on: for the way to the provider, and its clock.
MARGIN = 60.0


class Expired(Exception):
    """The key of a message that was on its way holds no more; no dot of it may leave."""


class Keys:
    """Those of one run; they hold for `holds` seconds. `onward` began with the run, so that a clock set back
    since makes no key younger. `expired` counts who was left in doubt."""

    def __init__(self, holds: float, onward: Onward) -> None:
        self._holds = holds
        self._onward = onward
        self.expired = 0

    def dated_after(self) -> float:
        """What was first built before that is relied on no more."""
        return self._onward.now() - self._holds + MARGIN

    def hold_for(self, recipient: Recipient) -> bool:
        """Whether this message may leave: it is no repetition, or the provider will know it for one."""
        if not recipient.doubted:
            return True
        dated_at = recipient.dated_at
        return dated_at is not None and self.dated_after() < dated_at <= self._onward.now()
