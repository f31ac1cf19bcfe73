"""Ending the run of a campaign from elsewhere: all who send it are asked, and it is waited until they have
ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sendbatch.campaign.model import Campaign
from sendbatch.errors import GuardError, shell_line, shown
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.records import are_alive, hold_not_moved, is_under_way_here, stop_runs
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.notebook import Shown, Told
from sendbatch.runtime.stop import Stop

EVERY = 0.25  # seconds between two looks at whether they have ended


@dataclass(frozen=True, slots=True, repr=False)
class StopResult(Shown):
    """How many were `asked` to end, and how many of them are `left`: 0 once all have ended."""

    title: str
    asked: int
    left: int

    def told(self) -> Told:
        return Told(f"stop of {self.title}", {"asked to end": f"{self.asked:,}", "left": f"{self.left:,}"})


def stop_run(
    campaign: Campaign,
    folder: RecordFolder,
    edge: Edge,
    *,
    wait: bool,
    told: Callable[[int], None],
    leave: Stop,
) -> StopResult:
    """Ask all who send from the record to end, wherever they are; with `wait`, until they have, or until
    `leave` is asked. `told` hears how many there are. Each ends as by Ctrl-C: what is under way is completed.

    Raises LedgerError where nobody can be asked, GuardError where a run is under way elsewhere, or the
    record has moved.
    """
    folder.refuse_links()
    asked = stop_runs(folder, edge.holder)
    if not asked:
        _hold_nobody(folder)
    told(len(asked))
    left = list(asked)
    while wait and left and not leave.is_soon:
        time.sleep(EVERY)
        left = are_alive(folder, left)
    return StopResult(campaign.title, len(asked), len(left))


def _hold_nobody(folder: RecordFolder) -> None:
    """Nobody sends from this record; that does not say that nobody sends the campaign."""
    if not folder.is_here and is_under_way_here(folder):
        line = shell_line("sendbatch", "stop", *folder.campaign, "--record", shown(folder.base))
        raise GuardError(
            f"{shown(folder.path)}: a run is under way with a record on this disk, and not with the one that "
            "is meant",
            hint=f"end that one:  {line}",
        )
    hold_not_moved(folder)
    if (gone := folder.lost()) is not None:
        raise gone
