"""Calls from end to end work in a folder of their own, and never in the user's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sendbatch.campaign.model import Campaign
from sendbatch.runtime.edge import Edge
from tests.kit.campaigns import PEOPLE, YAML, campaign
from tests.kit.clock import START, FakeClock
from tests.kit.command import desk, environ  # noqa: F401
from tests.kit.mailhost import MailHost, mailhost  # noqa: F401

Declare = Callable[..., Campaign]


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    """A machine on which nothing was sent yet, at a time that stands still."""
    return Edge(clock=FakeClock(START), environ={}, state=tmp_path / "state", holder="a test")


@pytest.fixture
def live(tmp_path: Path, mailhost: MailHost) -> Declare:  # noqa: F811
    """live(people=…, profile=…, more=…): a campaign that goes through a server which delivers."""

    def declared(
        people: str = PEOPLE, profile: str = "", more: str = "", **changes: Any
    ) -> Campaign:
        (tmp_path / "profiles.yaml").write_text(mailhost.profiles + profile)
        yaml = YAML.replace("smtp: sandbox", "smtp: live")
        for old, new in changes.items():
            yaml = yaml.replace(old, new)
        return campaign(tmp_path, people=people, yaml=yaml, more=more)

    return declared
