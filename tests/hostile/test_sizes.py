"""What a server says it takes (SIZE): now, it counts; what it said last week warns."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch import api
from sendbatch.limits.known_servers import KnownServers
from sendbatch.limits.usage_file import UsageFile
from sendbatch.runtime.edge import Edge
from tests.hostile.campaign import House
from tests.hostile.conftest import StartServer

OWN = "attachments: ['bills/{{ name }}.pdf']\n"
SHARED = "attachments: ['bills/P0.pdf']\n"
DAY = 86400.0


@pytest.fixture
def bills(house: House) -> Path:
    """Three bills: of two megabytes, of one, of nothing much."""
    folder = house.folder / "bills"
    folder.mkdir()
    for name, size in (("P0", 2_000_000), ("P1", 1_000_000), ("P2", 10)):
        (folder / f"{name}.pdf").write_bytes(b"%PDF" + bytes(size))
    return folder


def seen(house: House, size: int, days_ago: float = 0.0) -> None:
    """An earlier run was told so."""
    servers = KnownServers(UsageFile(house.folder / "state" / "usage.sqlite"))
    servers.found_size("127.0.0.1", size, house.clock.wall() - days_ago * DAY)


@pytest.mark.usefixtures("bills")
def test_rows_too_large_for_this_server_refuse_the_run_before_anything_is_sent(
    house: House, hostile: StartServer
) -> None:
    server = hostile(offers=["SIZE 1200000"])
    ended = house.write(server.port, more=OWN).send()
    assert ended.code == 2
    assert "people.csv:2: error: its files make a message of 2,7" in ended.said
    assert "the server takes 1,200,000" in ended.said
    assert "people.csv:3: error" in ended.said
    assert "people.csv:4" not in ended.said
    assert not ended.statuses
    assert not server.whole


@pytest.mark.usefixtures("bills")
def test_rows_too_large_fail_alone_where_the_campaign_says_so(
    house: House, hostile: StartServer
) -> None:
    server = hostile(offers=["SIZE 1200000"])
    own = "attachments: {file: 'bills/{{ name }}.pdf', missing: fail}\n"
    ended = house.write(server.port, more=own).send()
    assert (ended.code, ended.counts()) == (1, {"failed": 2, "accepted": 1}), ended.said
    assert len(server.whole) == 1


@pytest.mark.usefixtures("bills")
def test_a_file_for_everybody_that_is_too_large_is_told_of_before_anything_is_sent(
    house: House, hostile: StartServer
) -> None:
    server = hostile(offers=["SIZE 1200000"])
    ended = house.write(server.port, more=SHARED).send()
    assert ended.code == 2
    assert "people.csv:2: error: the message has 2,7" in ended.said
    assert not server.whole


@pytest.mark.usefixtures("bills")
def test_a_size_remembered_keeps_nobody_from_a_server_that_takes_more_by_now(
    house: House, hostile: StartServer
) -> None:
    server = hostile(offers=["SIZE 30000000"])
    house.write(server.port, more=OWN)
    seen(house, 1_200_000)
    ended = house.send()
    assert (ended.code, ended.counts()) == (0, {"accepted": 3}), ended.said


@pytest.mark.usefixtures("bills")
@pytest.mark.parametrize(("days_ago", "warned"), [(0.0, [2, 3]), (6.9, [2, 3]), (7.1, [])])
def test_a_plan_warns_of_a_size_remembered_for_a_week(
    house: House, days_ago: float, warned: list[int]
) -> None:
    house.write(1, more=OWN)
    seen(house, 1_200_000, days_ago)
    plan = api.plan(
        api.load(house.folder / "campaign.yaml"),
        edge=Edge(clock=house.clock, state=house.folder / "state"),
    )
    assert [fault.place.line for fault in plan.warnings if fault.place] == warned
    assert {fault.severity for fault in plan.warnings} <= {"warning"}


@pytest.mark.usefixtures("bills")
def test_the_size_that_a_server_names_in_a_run_is_what_a_plan_warns_of_afterwards(
    house: House, hostile: StartServer
) -> None:
    server = hostile(offers=["SIZE 1200000"])
    assert house.write(server.port).send().code == 0
    house.write(server.port, more=OWN)
    plan = api.plan(
        api.load(house.folder / "campaign.yaml"),
        record=house.folder / "another",  # where nobody has the mail yet
        edge=Edge(clock=house.clock, state=house.folder / "state"),
    )
    said = [fault for fault in plan.warnings if "1,200,000" in fault.message]
    assert [fault.place.line for fault in said if fault.place] == [2, 3]


@pytest.mark.usefixtures("bills")
def test_a_check_warns_of_it_and_fails_nobody(house: House) -> None:
    house.write(1, more=SHARED)
    seen(house, 1_200_000)
    found = api.check(
        api.load(house.folder / "campaign.yaml"),
        edge=Edge(clock=house.clock, state=house.folder / "state"),
    )
    assert found.exit_code == 0
    assert "the server takes 1,200,000" in found.warnings[0].message
