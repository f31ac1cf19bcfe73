"""Trying a profile step by step, its server and its keys that sign; nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sendbatch.campaign.model import Campaign, Dkim, Profile
from sendbatch.campaign.profiles import load_profile
from sendbatch.campaign.secrets import Commands, read_credentials
from sendbatch.errors import CampaignError, ProfileError
from sendbatch.message.dkim.declared import Signing, read_key
from sendbatch.published.asking import Asking
from sendbatch.published.keys import Published, look_up
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.loop import Loop, unless_stopped
from sendbatch.runtime.stop import Stop
from sendbatch.runtime.threads import aside
from sendbatch.session.notifying import tested
from sendbatch.session.online import found_online
from sendbatch.smtp.probe import Step
from sendbatch.smtp.probe import probe as probe_server
from sendbatch.smtp.server import server_of

STEP, SENDER = "dkim", "sender"


def probe(
    profile: str,
    folder: Path,
    tell: Callable[[Step], None],
    *,
    campaign: Campaign | None,
    sender: Campaign | None,
    stop: Stop,
    edge: Edge,
) -> bool:
    """Connect, secure, log in, look whether each key that signs is published as ours, post a test to the
    webhooks of the campaign and the profile, ask the DNS about the `sender` of one, and tell each step.
    Returns whether all went well.

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
        for one in found.dkim:
            for step in await aside(_published, one, found, edge.environ):
                tell(step)
                well = well and step.ok
        if sender is not None:
            for step in await aside(_of_sender, sender, edge.environ):
                tell(step)
                well = well and step.ok
        if campaign is not None:
            for step in await aside(lambda: list(tested(campaign, found, edge.environ))):
                tell(step)
                well = well and step.ok
        return well

    with Loop() as loop, Commands() as commands:
        return loop.run(unless_stopped(steps(commands), stop))


def _published(one: Dkim, profile: Profile, environ: Mapping[str, str]) -> list[Step]:
    """What is wrong with a key that signs, else what the DNS says of it."""
    try:
        signing = read_key(one, profile, environ)
    except ProfileError as error:
        return [Step(STEP, False, found.message, found.hint) for found in error.findings]
    doubts = [Step(STEP, True, found.message, found.hint) for found in signing.warnings]
    found = look_up(_wanted(signing), Asking())
    return [*doubts, Step(STEP, found.ok is True, found.text, found.hint)]


def _of_sender(campaign: Campaign, environ: Mapping[str, str]) -> list[Step]:
    """What the DNS says of who sends. An error fails the probe; what is doubtful is told."""
    found = found_online(campaign, environ, lambda: None, Asking())
    steps = [
        Step(SENDER, one.severity != "error", f"{one.severity}: {one.message}", one.hint) for one in found
    ]
    return steps or [Step(SENDER, True, "SPF, DKIM and DMARC are as mailboxes ask for")]


def _wanted(signing: Signing) -> Published:
    kind = signing.key.algorithm.partition("-")[0]
    return Published(signing.declared.selector, signing.declared.domain, kind, signing.key.public)
