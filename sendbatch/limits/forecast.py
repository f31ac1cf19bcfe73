"""When a run will be done, from its limits alone: the server's own speed is not known before."""

from __future__ import annotations

from collections.abc import Callable

from sendbatch.campaign.model import Rate
from sendbatch.limits.pace import QUOTA_FROM
from sendbatch.limits.quota import quotas_of


def seconds_needed(
    messages: int, rates: tuple[Rate, ...], used: Callable[[Rate], int] = lambda rate: 0
) -> float | None:
    """Seconds that `messages` take under all `rates` together; None where nothing limits them.

    `used(rate)` says how much of a quota is used already. Each quota is taken to be used as fast as
    the smooth limits allow, then a window is waited for.
    """
    if messages <= 0 or not rates:
        return None if messages > 0 else 0.0
    smooth = [rate for rate in rates if rate.seconds < QUOTA_FROM]
    needed = max((messages * rate.seconds / rate.count for rate in smooth), default=0.0)
    for rate in quotas_of(rates):
        over = messages - max(0, rate.count - used(rate))
        if over > 0:
            windows = -(-over // rate.count)
            needed = max(needed, windows * rate.seconds)
    return needed
