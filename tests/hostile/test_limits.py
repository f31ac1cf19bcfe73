"""A server with limits it does not announce: the run finds them, keeps to them, and blames nobody."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from sendbatch.limits.local_usage import LocalUsage
from sendbatch.limits.usage_file import UsageFile
from sendbatch.planning.options import Options
from tests.hostile.campaign import House, held_to_its_record
from tests.hostile.conftest import StartServer
from tests.kit.clock import FastClock
from tests.kit.server import End, Script, ScriptedServer, Visit
from tests.kit.watcher import Watcher

QUITE_SLOW = 5.0  # times as fast as the machine's clock


def accepted(house: House, number: int) -> dict[str, str]:
    return {f"p{n}@example.net": "accepted" for n in range(number)}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("said", [b"421 4.7.0 five are enough\r\n", b"452 4.5.3 five\r\n"])
def test_five_messages_a_connection_are_learned(
    house: House, hostile: StartServer, said: bytes, connections: int, way: tuple[str, ...]
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        if at != "MAIL" or visit.mails <= 5:
            return None
        return [said, End.CLOSE] if said.startswith(b"421") else said

    server = hostile(answer, offers=way)
    house.write(server.port, people=60, connections=connections, rate="100/s")
    ended = house.send()
    assert (ended.code, ended.statuses) == (0, accepted(house, 60))
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    assert ended.notices.count("the server takes 5 messages a connection") == 1
    # On a busy machine the first envelope behind a dot may be the sixth: its refusal is held against the dot.
    assert sum(visit.mails > 5 for visit in server.visits) <= 2 * connections + 1
    held_to_its_record(ended, server, connections)


@pytest.mark.parametrize("moment", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    "said",
    [
        b"452 4.5.3 too many messages in this session\r\n",
        b"550 5.7.0 only 5 messages per connection\r\n",
    ],
)
def test_a_limit_said_of_the_session_is_learned_at_once_and_blames_nobody(
    house: House, hostile: StartServer, moment: str, said: bytes
) -> None:
    server = hostile(lambda visit, at: said if at == moment and visit.accepted >= 5 else None)
    house.known_level = 3  # else a refusal of what is tried behind a dot says nothing of the session
    ended = house.write(server.port, people=23).send()
    assert (ended.code, ended.statuses) == (0, accepted(house, 23))
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    assert ended.notices == ["the server takes 5 messages a connection"]
    assert [visit.mails for visit in server.visits] == [6, 5, 5, 5, 3]
    held_to_its_record(ended, server)


def test_a_rate_said_after_a_few_messages_is_not_taken_for_a_limit_of_the_connection(
    house: House, hostile: StartServer
) -> None:
    said = b"450 4.7.1 Error: too much mail from 127.0.0.1\r\n"
    server = hostile(
        lambda visit, at: said if at == "MAIL" and visit.mails in (6, 7, 14, 15) else None
    )
    retry = "{attempts: 9, first_delay: 10s, max_delay: 20s}"
    ended = house.write(server.port, people=20, rate="100/s", retry=retry).send()
    assert (ended.code, ended.statuses) == (0, accepted(house, 20))
    assert not [notice for notice in ended.notices if "a connection" in notice]
    assert any("asks for less" in notice for notice in ended.notices)
    held_to_its_record(ended, server)


def test_421_right_behind_the_fifth_reply_is_learned_too(
    house: House, hostile: StartServer, way: tuple[str, ...]
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        if at == "MESSAGE" and visit.mails == 5:
            return [b"250 2.0.0 taken\r\n421 4.7.0 five are enough\r\n", End.CLOSE]
        return None

    server = hostile(answer, offers=way)
    ended = house.write(server.port, people=23).send()
    assert (ended.code, ended.statuses) == (0, accepted(house, 23))
    assert ended.notices == ["the server takes 5 messages a connection"]
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    held_to_its_record(ended, server)


@pytest.mark.parametrize(
    "refusal",
    [[b"421 4.7.0 two are enough\r\n", End.CLOSE], [b"554 no\r\n", End.CLOSE], [End.CLOSE]],
)
def test_two_connections_are_allowed_and_the_third_is_refused(
    house: House, hostile: StartServer, refusal: Script
) -> None:
    server: ScriptedServer

    def answer(visit: Visit, at: str) -> Script:
        return refusal if at == "GREETING" and server.open_now > 2 else None

    server = hostile(answer)
    house.clock = FastClock(QUITE_SLOW)
    house.write(server.port, people=120, connections=6, rate="60/s")
    ended = house.send()
    assert (ended.code, ended.statuses) == (0, accepted(house, 120))
    assert "the server takes fewer connections: 3 now" in ended.notices
    assert max(visit.number for visit in server.visits) < 60
    held_to_its_record(ended, server, 6)


def test_421_to_the_first_message_of_a_connection_halves_them(
    house: House, hostile: StartServer, way: tuple[str, ...]
) -> None:
    served: list[Visit] = []

    def answer(visit: Visit, at: str) -> Script:
        if at != "MAIL" or visit in served:
            return None
        if sum(other.is_open for other in served) >= 2:
            return [b"421 4.3.2 too busy\r\n", End.CLOSE]
        served.append(visit)
        return None

    server = hostile(answer, offers=way)
    house.clock = FastClock(QUITE_SLOW)
    house.write(server.port, people=60, connections=6, rate="60/s")
    ended = house.send()
    assert (ended.code, ended.statuses) == (0, accepted(house, 60))
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    assert "the server takes fewer connections: 3 now" in ended.notices
    held_to_its_record(ended, server, 6)


def test_greylisted_for_a_minute_everybody_gets_it_in_the_end(
    house: House, hostile: StartServer
) -> None:
    first: dict[str, float] = {}

    def answer(visit: Visit, at: str) -> Script:
        if at != "RCPT":
            return None
        now = house.clock.steady()
        seen = first.setdefault(visit.recipient, now)
        return b"451 4.7.1 greylisted, come back in a minute\r\n" if now - seen < 60 else None

    server = hostile(answer)
    retry = "{attempts: 5, first_delay: 20s, max_delay: 80s}"
    ended = house.write(server.port, people=50, connections=3, retry=retry).send()
    assert (ended.code, ended.statuses) == (0, accepted(house, 50))
    assert all(2 <= row["attempts"] <= 5 for row in ended.rows.values())
    held_to_its_record(ended, server, 3)


def test_a_deferred_recipient_never_blocks_the_others(house: House, hostile: StartServer) -> None:
    at_the_end: list[int] = []

    def answer(visit: Visit, at: str) -> Script:
        if at == "RCPT" and visit.recipient == "p0@example.net":
            at_the_end.append(len(server.taken))
            return b"451 4.2.1 busy\r\n" if len(at_the_end) < 3 else None
        return None

    server = hostile(answer)
    retry = "{attempts: 5, first_delay: 2m}"
    ended = house.write(server.port, people=30, retry=retry).send()
    assert (ended.code, ended.statuses) == (0, accepted(house, 30))
    assert at_the_end == [0, 29, 29]
    assert ended.rows["p0@example.net"]["attempts"] == 3


def test_slow_down_to_the_tenth_message_a_second_finds_a_rate_that_holds(
    house: House, hostile: StartServer
) -> None:
    seconds: Counter[int] = Counter()
    refused: list[float] = []

    def answer(visit: Visit, at: str) -> Script:
        if at != "MAIL":
            return None
        now = house.clock.steady()
        seconds[int(now)] += 1
        if seconds[int(now)] >= 10:
            refused.append(now)
            return b"451 4.7.1 slow down, please\r\n"
        return None

    server = hostile(answer)
    house.clock = FastClock(10.0)  # a pause of a busy machine is no second of this one
    retry = "{attempts: 10, first_delay: 10s, max_delay: 20s}"
    ended = house.write(server.port, people=80, rate="25/s", retry=retry).send()
    assert (ended.code, ended.statuses) == (0, accepted(house, 80))
    asked = [notice for notice in ended.notices if "asks for less" in notice]
    assert 1 <= len(asked) <= 6
    held_to_its_record(ended, server)


def test_every_tenth_recipient_refused_is_rejected_and_no_other(
    house: House, hostile: StartServer, way: tuple[str, ...]
) -> None:
    dead = {f"p{n}@example.net" for n in range(0, 200, 10)}

    def answer(visit: Visit, at: str) -> Script:
        return b"550 5.1.1 nobody\r\n" if at == "RCPT" and visit.recipient in dead else None

    server = hostile(answer, offers=way)
    ended = house.write(server.port, people=200, connections=4).send()
    assert ended.code == 1
    assert {email for email, status in ended.statuses.items() if status == "rejected"} == dead
    assert ended.counts() == {"accepted": 180, "rejected": 20}
    held_to_its_record(ended, server, 4)


ONES_OWN = "refusals in a row that speak about us"


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("moment", "said", "why", "burnt"),
    [
        ("MAIL", "550 not today", ONES_OWN, 5),
        ("DATA", "554 not today", ONES_OWN, 5),
        ("RCPT", "554 5.7.1 Relay access denied", ONES_OWN, 5),
        ("MESSAGE", "550 5.7.60 not as this sender", ONES_OWN, 5),
        ("RCPT", "550 5.7.1 not today", "20 permanent refusals in a row", 20),
        ("MESSAGE", "554 not today", "20 permanent refusals in a row", 20),
    ],
)
def test_a_server_that_refuses_everybody_burns_a_few_and_not_all(
    house: House, hostile: StartServer, moment: str, said: str, why: str, burnt: int
) -> None:
    server = hostile(lambda visit, at: f"{said}\r\n".encode() if at == moment else None)
    ended = house.write(server.port, people=100).send()
    assert ended.code == 3
    assert why in ended.said
    assert said in ended.said
    deferred = ended.counts()["deferred"]
    assert deferred in (burnt, burnt + 1)  # an envelope may have been on its way already
    assert ended.counts() == {"deferred": deferred, "pending": 100 - deferred}
    server.answer = lambda visit, at: None
    again = house.send()
    assert (again.code, again.statuses) == (0, accepted(house, 100))
    held_to_its_record(again, server)


def test_a_daily_quota_answered_with_550_stops_the_run_and_rejects_nobody(
    house: House, hostile: StartServer
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        spent = at == "RCPT" and len(server.taken) >= 30
        return b"550 5.4.5 daily sending quota exceeded\r\n" if spent else None

    server = hostile(answer)
    ended = house.write(server.port, people=100).send()
    assert ended.code == 3
    assert ended.counts() == {"accepted": 30, "deferred": 5, "pending": 65}
    held_to_its_record(ended, server)


@pytest.mark.thorough
def test_a_quota_said_with_4xx_costs_a_few_tens_of_refusals_and_the_next_run_asks_once(
    house: House, hostile: StartServer
) -> None:
    full = [True]

    def answer(visit: Visit, at: str) -> Script:
        return b"451 4.7.1 quota exceeded\r\n" if at == "RCPT" and full[0] else None

    server = hostile(answer)
    house.clock = FastClock(1000.0)
    house.write(server.port, people=1000, retry="{}", domains=("a.example", "b.example"))
    ended = house.send()
    assert ended.code == 3
    assert "451 4.7.1 quota exceeded" in ended.said
    assert "worth trying again from" in ended.said
    assert sum(server.asked.values()) <= 20 + 6 + 2
    assert house.send(options=Options(no_wait=True)).code == 3
    assert sum(server.asked.values()) <= 20 + 6 + 2 + 1
    full[0] = False
    again = house.send()
    assert (again.code, again.counts()) == (0, {"accepted": 1000})
    held_to_its_record(again, server)


@pytest.mark.thorough
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "MESSAGE"])
def test_a_quota_said_with_421_costs_no_more_logins_than_that(
    house: House, hostile: StartServer, command: str
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        return [b"421 4.7.0 quota exceeded\r\n", End.CLOSE] if at == command else None

    server = hostile(answer)
    house.clock = FastClock(1000.0)
    house.write(server.port, people=100, retry="{}", domains=("a.example", "b.example"))
    ended = house.send()
    assert ended.code == 3
    assert "worth trying again from" in ended.said
    assert len(server.visits) <= 20 + 6 + 4
    held_to_its_record(ended, server)


def test_messages_that_cannot_be_built_stop_the_run(house: House, hostile: StartServer) -> None:
    server = hostile()
    letter = "{% if name in ('P0', 'P50') %}fine{% else %}{{ 1 // 0 }}{% endif %}\n"
    ended = house.write(server.port, people=100, letter=letter).send()
    assert ended.code == 3
    assert "could not be built" in ended.said
    assert ended.counts()["failed"] >= 20
    held_to_its_record(ended, server)


def test_an_expired_token_is_read_again(house: House, hostile: StartServer) -> None:
    import base64

    token = house.folder / "token.txt"
    token.write_text("old\n")
    right = ["old"]

    def answer(visit: Visit, at: str) -> Script:
        if at == "AUTH":
            password = base64.b64decode(visit.login.split()[2]).split(b"\0")[2].decode()
            return None if password == right[0] else b"535 5.7.8 expired\r\n"
        if at == "MESSAGE" and visit.number == 0 and visit.mails == 3:
            right[0] = "new"
            token.write_text("new\n")
            return [b"250 2.0.0 taken\r\n", End.CLOSE]
        return None

    server = hostile(answer, offers=["AUTH PLAIN"])
    house.write(server.port, people=10, username="ada", password_command=f"cat {token}")
    ended = house.send()
    assert (ended.code, ended.statuses) == (0, accepted(house, 10))


def test_a_login_refused_later_ends_the_run_and_keeps_its_record(
    house: House, hostile: StartServer
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        if at == "AUTH" and visit.number > 0:
            return b"535 5.7.8 locked\r\n"
        if at == "MESSAGE" and visit.mails == 3:
            return [b"250 2.0.0 taken\r\n", End.CLOSE]
        return None

    server = hostile(answer, offers=["AUTH PLAIN"])
    house.environ = {"PASSWORD": "s3cret"}
    house.write(server.port, people=10, username="ada", password="${PASSWORD}")
    ended = house.send()
    assert ended.code == 3
    assert "no longer accepts the login" in ended.said
    assert ended.counts() == {"accepted": 3, "pending": 7}
    assert len(server.visits) == 3  # the first, the refused one, one more try


class Absence:
    """The server goes after so many messages, and is back so many seconds of the clock later."""

    def __init__(
        self, server: ScriptedServer, house: House, after: int, seconds: float | None
    ) -> None:
        self._server, self._house, self._after, self._seconds = server, house, after, seconds
        self._gone = threading.Event()
        self.watcher = Watcher(self._look)

    def _look(self) -> None:
        if len(self._server.taken) >= self._after and not self._gone.is_set():
            self._gone.set()
            self._server.goes()
            if self._seconds is not None:
                timer = threading.Timer(self._seconds / FACTOR, self._server.comes_back)
                timer.start()


FACTOR = 100.0


def test_gone_for_a_minute_in_the_middle_of_a_run_it_is_waited_for(
    house: House, hostile: StartServer
) -> None:
    server = hostile()
    house.clock = FastClock(FACTOR)
    house.write(server.port, people=100, connections=4)
    watcher = Absence(server, house, 30, 60.0).watcher
    ended = house.send(watcher=watcher)
    doubt = ended.counts().get("in_doubt", 0)
    assert ended.counts()["accepted"] + doubt == 100
    assert ended.code == (1 if doubt else 0)
    assert any("waiting for it up to 30 min" in notice for notice in ended.notices)
    assert "the server is back" in ended.notices
    held_to_its_record(ended, server, 4)


def test_gone_for_good_the_run_ends_and_the_next_goes_on(
    house: House, hostile: StartServer
) -> None:
    server = hostile()
    house.clock = FastClock(FACTOR)
    house.write(server.port, people=60, connections=3, retry="{attempts: 1, offline: 90s}")
    ended = house.send(watcher=Absence(server, house, 20, None).watcher)
    assert ended.code == 3
    assert "the server is gone" in ended.said
    counts = ended.counts()
    assert counts["pending"] > 0
    assert "sending" not in counts
    server.comes_back()
    again = house.send()
    assert again.counts().get("accepted", 0) + again.counts().get("in_doubt", 0) == 60
    held_to_its_record(again, server, 3)


def test_a_run_that_begins_beside_another_logs_in_once_that_one_has_seen_it(
    house: House, hostile: StartServer
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        if at == "GREETING":
            opened.append(house.clock.steady())
        return None

    opened: list[float] = []
    server = hostile(answer)
    house.clock = FastClock(2.0)
    house.write(server.port, people=20, connections=6)
    usage = LocalUsage(UsageFile(house.folder / "state" / "usage.sqlite"))
    began = house.clock.steady()
    with usage.alive(usage.account("127.0.0.1", "")):
        ended = house.send()
    assert (ended.code, ended.counts()) == (0, {"accepted": 20})
    assert opened[0] - began >= 6
    assert server.most_open <= 3


def test_a_message_that_kills_every_connection_does_not_loop(
    house: House, hostile: StartServer, tmp_path: Path
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        return [End.RESET] if at == "RCPT" and visit.recipient == "p1@example.net" else None

    server = hostile(answer)
    ended = house.write(server.port, people=5).send()
    assert ended.statuses == accepted(house, 5) | {"p1@example.net": "deferred"}
    assert ended.rows["p1@example.net"]["attempts"] == 1
    assert server.asked["p1@example.net"] == 3
    held_to_its_record(ended, server)


@pytest.mark.parametrize("connections", [1, 3])
def test_a_limit_of_the_session_in_words_that_nobody_knows_rejects_nobody(
    house: House, hostile: StartServer, connections: int, way: tuple[str, ...]
) -> None:
    """Others are accepted on other connections meanwhile: that says nothing of whom this one refused."""

    def answer(visit: Visit, at: str) -> Script:
        return b"554 5.7.0 it is enough\r\n" if at == "RCPT" and visit.accepted >= 5 else None

    server = hostile(answer, offers=way)
    house.write(server.port, people=40, connections=connections, rate="100/s")
    for _ in range(12):
        ended = house.send()
        assert "rejected" not in ended.counts()
        if ended.counts() == {"accepted": 40}:
            break
    assert (ended.code, ended.statuses) == (0, accepted(house, 40))
    held_to_its_record(ended, server, connections)
