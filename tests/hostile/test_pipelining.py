"""A server that announces PIPELINING and swallows what stands behind a dot: found out once."""

from __future__ import annotations

import pytest

from sendbatch.limits.known_servers import KnownServers
from sendbatch.limits.usage_file import UsageFile
from tests.hostile.campaign import House, held_to_its_record
from tests.hostile.conftest import StartServer
from tests.kit.server import End, Script, ScriptedServer, Visit


def level(house: House, server: ScriptedServer) -> int | None:
    servers = KnownServers(UsageFile(house.folder / "state" / "usage.sqlite"))
    return servers.level_of(f"127.0.0.1:{server.port}", house.clock.wall())


@pytest.mark.parametrize("connections", [1, 3])
def test_what_works_is_remembered(house: House, hostile: StartServer, connections: int) -> None:
    server = hostile()
    # not each envelope finds a dot to go with
    ended = house.write(server.port, people=60, connections=connections).send()
    assert (ended.code, ended.counts()) == (0, {"accepted": 60})
    assert level(house, server) == 3
    held_to_its_record(ended, server, connections)


def test_503_behind_a_dot_costs_one_connection_and_is_remembered(
    house: House, hostile: StartServer
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        refused = visit.behind and at in ("MAIL", "RCPT", "DATA")
        return b"503 5.5.1 bad sequence\r\n" if refused else None

    server = hostile(answer)
    ended = house.write(server.port, people=40).send()  # not each envelope finds a dot to go with
    assert (ended.code, ended.counts()) == (0, {"accepted": 40})
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    assert ended.notices == []
    assert (len(server.visits), level(house, server)) == (2, 2)
    held_to_its_record(ended, server)


def test_without_pipelining_nothing_is_learned(house: House, hostile: StartServer) -> None:
    server = hostile(offers=["8BITMIME"])
    ended = house.write(server.port, people=12).send()
    assert (ended.code, ended.counts()) == (0, {"accepted": 12})
    assert level(house, server) is None
    held_to_its_record(ended, server)


@pytest.mark.parametrize("connections", [1, 3])
@pytest.mark.parametrize("end", [End.CLOSE, End.RESET])
def test_a_firewall_that_cuts_off_groups_is_spoken_to_one_by_one(
    house: House, hostile: StartServer, end: End, connections: int
) -> None:
    server = hostile(lambda visit, at: [end] if at == "MAIL" and visit.more else None)
    ended = house.write(server.port, people=12, connections=connections).send()
    assert (ended.code, ended.counts()) == (0, {"accepted": 12})
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    assert (
        sum(visit.mails == 1 and not visit.accepted for visit in server.visits) <= 1 + connections
    )
    assert level(house, server) == 1
    held_to_its_record(ended, server, connections)


def test_a_server_that_ends_single_commands_too_teaches_nothing_of_groups(
    house: House, hostile: StartServer
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        return [End.CLOSE] if at == "RCPT" and visit.recipient == "p0@example.net" else None

    server = hostile(answer)
    ended = house.write(server.port, people=12).send()
    assert ended.counts() == {"accepted": 11, "deferred": 1}
    assert server.asked["p0@example.net"] == 3
    assert level(house, server) == 3
    held_to_its_record(ended, server)
