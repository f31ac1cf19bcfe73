"""What servers were found to take, and how long that is believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.limits.known_servers import KnownServers
from sendbatch.limits.usage_file import UsageFile

DAY = 86400
NOW = 1_800_000_000.0


@pytest.fixture
def servers(tmp_path: Path) -> KnownServers:
    return KnownServers(UsageFile(tmp_path / "state" / "usage.sqlite"))


def test_the_greatest_message_of_a_host_is_what_it_last_said(servers: KnownServers) -> None:
    assert servers.size_of("smtp.example.com", NOW) is None

    servers.found_size("smtp.example.com", 10, NOW)
    servers.found_size("smtp.example.com", 20, NOW + 1)
    servers.found_size("smtp.example.org", None, NOW + 1)

    assert servers.size_of("smtp.example.com", NOW + 1) == 20
    assert servers.size_of("smtp.example.org", NOW + 1) is None


def test_the_size_of_a_host_is_believed_for_a_week(servers: KnownServers) -> None:
    servers.found_size("smtp.example.com", 10, NOW)

    assert servers.size_of("smtp.example.com", NOW + 7 * DAY - 1) == 10
    assert servers.size_of("smtp.example.com", NOW + 7 * DAY) is None


def test_the_level_a_server_takes_is_kept_for_a_week(servers: KnownServers) -> None:
    assert servers.level_of("smtp.example.com:587", NOW) is None

    servers.found_level("smtp.example.com:587", 3, NOW - 10)
    servers.found_level("smtp.example.com:587", 2, NOW)

    assert servers.level_of("smtp.example.com:587", NOW + 7 * DAY - 1) == 2
    assert servers.level_of("smtp.example.com:587", NOW + 7 * DAY) is None
    assert servers.level_of("smtp.example.com:465", NOW) is None
