"""Runs alive on one account at the same time share its rate and its connections in equal parts.

Each looks now and then who else is there. One that begins is seen by the others with their next look, and
logs in only after that: until then all of the account is theirs. What one that ends leaves free is taken
with the next look after its last connection was closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sendbatch.limits.peers import Peers
from sendbatch.limits.usage import Account, Usage
from sendbatch.runtime.clock import Clock

LOOK = 5.0  # seconds between two looks at who else sends through the account
MOMENT = 0.1  # seconds between two looks whether there is one
NOTICED = LOOK + 1.0  # seconds after which every other run has looked, and given up a part


async def wait_for_share(
    usage: Usage, account: Account, joined_at: float, *, clock: Clock, notice: Callable[[str], None]
) -> None:
    """Until the others know of the run that joined them at this steady time; at once where it is alone."""
    seconds = joined_at + NOTICED - clock.steady()
    if seconds <= 0 or await asyncio.to_thread(usage.runs, account) == 1:
        return
    notice(f"another run sends through this account: waiting {seconds:.0f} s for a part of it")
    await clock.wait(asyncio.Event(), seconds)


async def wait_for_connection(peers: Peers, *, clock: Clock, notice: Callable[[str], None]) -> None:
    """Until one of the account's connections is this run's: those that others have, they give up first."""
    told, never = False, asyncio.Event()
    while peers.beside().connections < 1:
        if not told and peers.beside().parts > 1:
            told = True
            notice("other runs have all connections of this account: waiting until one of them is free")
        await clock.wait(never, MOMENT)
