"""Trying a profile's server step by step; nothing is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sendbatch.campaign.profiles import load_profile
from sendbatch.campaign.secrets import Commands, read_credentials
from sendbatch.errors import CampaignError
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.loop import Loop, unless_stopped
from sendbatch.runtime.stop import Stop
from sendbatch.smtp.probe import Step
from sendbatch.smtp.probe import probe as probe_server
from sendbatch.smtp.server import server_of


def probe(
    profile: str, folder: Path, tell: Callable[[Step], None], *, stop: Stop, edge: Edge
) -> bool:
    """Connect, secure, log in, and tell each step. Returns whether all went well.

    `folder` is where profiles.yaml is looked for, upward from there. Raises Interrupted once `stop` is asked.
    """
    found = load_profile(profile, start=folder)
    if found.name == "sandbox":
        raise CampaignError("the sandbox runs inside a run: there is nothing to probe")

    async def steps(commands: Commands) -> bool:
        well = True
        async for step in probe_server(
            server_of(found), lambda: read_credentials(found, edge.environ, commands=commands)
        ):
            tell(step)
            well = well and step.ok
        return well

    with Loop() as loop, Commands() as commands:
        return loop.run(unless_stopped(steps(commands), stop))
