"""A server that goes without a word: closes, resets or falls silent, at each point."""

from __future__ import annotations

import os
import time

import pytest

from sendbatch.delivery import sender
from sendbatch.session.question import Question
from tests.hostile.campaign import HASTY, Ended, House, held_to_its_record
from tests.hostile.conftest import StartServer
from tests.hostile.test_refusals import ALL, P0, P1, P2, always, second
from tests.kit.clock import FastClock
from tests.kit.server import End, Script, Step, Visit
from tests.kit.watcher import Watcher

HOWS = [End.CLOSE, End.RESET, End.SILENCE]
GONE = [End.CLOSE, End.RESET]


def name_of(how: object) -> str | None:
    return how.name.lower() if isinstance(how, End) else None


@pytest.mark.one_in(3)
@pytest.mark.parametrize("how", HOWS, ids=name_of)
@pytest.mark.parametrize("moment", ["MAIL", "RCPT", "DATA"])
def test_before_the_message_no_row_is_touched(
    house: House, hostile: StartServer, moment: str, how: End, way: tuple[str, ...]
) -> None:
    server = hostile(second(moment, [how]), offers=way)
    ended = house.write(server.port, timeouts=HASTY).send()
    assert (ended.code, ended.statuses) == (0, ALL)
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    held_to_its_record(ended, server)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("how", HOWS, ids=name_of)
@pytest.mark.parametrize("moment", ["BODY", "MESSAGE"])
def test_once_the_dot_has_left_it_is_in_doubt(
    house: House, hostile: StartServer, moment: str, how: End, way: tuple[str, ...]
) -> None:
    server = hostile(second(moment, [how]), offers=way)
    ended = house.write(server.port, timeouts=HASTY).send()
    assert ended.statuses == ALL | {P1: "in_doubt"}
    assert "may have been delivered" in ended.rows[P1]["reason"]
    assert ended.code == 1
    if moment == "MESSAGE":
        held_to_its_record(ended, server)


@pytest.mark.parametrize("how", GONE, ids=name_of)
def test_in_the_middle_of_a_large_message_it_is_deferred_and_nothing_was_delivered(
    house: House, hostile: StartServer, how: End
) -> None:
    """More than all buffers on the way hold, so that the dot cannot have left."""
    server = hostile(second("BODY", [how]), narrow=True)
    (house.folder / "large.bin").write_bytes(os.urandom(9_000_000))
    house.write(server.port, more="attachments: [large.bin]\n", timeouts="{connect: 5s, final: 5s}")
    ended = house.send()
    assert ended.statuses == ALL | {P1: "deferred"}
    assert "before the message was whole" in ended.rows[P1]["reason"]
    assert (ended.rows[P1]["attempts"], ended.code) == (1, 1)
    held_to_its_record(ended, server)


def test_a_server_that_takes_no_byte_of_a_large_message_is_given_up(
    house: House, hostile: StartServer
) -> None:
    server = hostile(second("BODY", [End.SILENCE]), narrow=True, deaf=True)
    (house.folder / "large.bin").write_bytes(os.urandom(9_000_000))
    house.write(server.port, more="attachments: [large.bin]\n", timeouts="{connect: 1s, final: 5s}")
    ended = house.send()
    assert ended.statuses == ALL | {P1: "deferred"}
    assert "took nothing for" in ended.rows[P1]["reason"]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("how", HOWS, ids=name_of)
@pytest.mark.parametrize("moment", ["GREETING", "EHLO", "STARTTLS", "AUTH"])
def test_on_the_first_connection_nothing_is_sent(
    house: House, hostile: StartServer, tls, moment: str, how: End
) -> None:
    server = hostile(always(moment, [how]), offers=["AUTH PLAIN"], context=tls)
    house.environ = {"PASSWORD": "s3cret"}
    house.write(
        server.port,
        security="starttls",
        username="ada",
        password="${PASSWORD}",
        timeouts="{connect: 1s, greeting: 1s}",
    )
    ended = house.send()
    assert ended.code == 3
    assert f"127.0.0.1:{server.port}" in ended.said
    assert ended.statuses == {}
    assert not server.asked


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("moment", "script"),
    [
        (moment, script)
        for moment in ("GREETING", "EHLO", "STARTTLS", "AUTH")
        for script in ([End.CLOSE], [End.RESET], b"421 later\r\n", b"554 no\r\n")
        if (moment, script) != ("AUTH", b"554 no\r\n")  # a refused login is another matter
    ],
)
def test_on_a_later_connection_it_is_opened_again(
    house: House, hostile: StartServer, tls, moment: str, script: Script
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        if at == "MAIL" and visit.number == 0 and visit.mails == 2:
            return [End.CLOSE]
        return script if at == moment and visit.number in (1, 2) else None

    server = hostile(answer, offers=["AUTH PLAIN"], context=tls)
    house.environ = {"PASSWORD": "s3cret"}
    house.write(server.port, security="starttls", username="ada", password="${PASSWORD}")
    ended = house.send()
    assert (ended.code, ended.statuses) == (0, ALL)
    assert ended.notices[-1] == "the server is back" or (moment, script) == ("EHLO", b"554 no\r\n")
    held_to_its_record(ended, server)


def test_a_run_does_not_wait_for_a_connection_it_no_longer_needs(
    house: House, hostile: StartServer
) -> None:
    """The others have sent everything while one still waits for its greeting."""
    server = hostile(lambda visit, at: [End.SILENCE] if at == "GREETING" and visit.number else None)
    house.clock = type(house.clock)(1.0)
    house.write(server.port, people=60, connections=3, timeouts="{connect: 9s, greeting: 9s}")
    ended = house.send(longest=8.0)
    assert (ended.code, ended.counts()) == (0, {"accepted": 60})


def test_taken_and_never_answered_it_is_in_doubt_and_stays_so(
    house: House, hostile: StartServer
) -> None:
    server = hostile(always("MESSAGE", [End.SILENCE]))
    ended = house.write(server.port, connections=3, timeouts=HASTY).send()
    assert ended.statuses == {P0: "in_doubt", P1: "in_doubt", P2: "in_doubt"}
    assert ended.code == 1
    server.answer = lambda visit, at: None
    again = house.send()
    assert (again.code, again.counts()) == (1, {"in_doubt": 3})
    assert set(server.whole.values()) == {1}


@pytest.mark.parametrize("people", [3, 40])
def test_250_and_the_end_while_our_loop_is_busy(
    house: House, hostile: StartServer, people: int, way: tuple[str, ...]
) -> None:
    """The server closes with our next envelope unread, and so resets: the 250 is read all the same."""

    def answer(visit: Visit, at: str) -> Script:
        return [b"250 2.0.0 taken\r\n", End.RESET] if at == "MESSAGE" else None

    server = hostile(answer, offers=way)
    watcher = Watcher(on_move=lambda: time.sleep(0.003))
    ended = house.write(server.port, people=people).send(watcher=watcher)
    doubt = ended.counts().get("in_doubt", 0)
    assert ended.counts().get("accepted", 0) + doubt == people
    held_to_its_record(ended, server, connections=people)


def test_250_and_the_end_with_our_next_bytes_unread(
    house: House, hostile: StartServer, way: tuple[str, ...]
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        return [b"250 2.0.0 taken\r\n", End.CLOSE] if at == "MESSAGE" else None

    server = hostile(answer, offers=way)
    watcher = Watcher(on_move=lambda: time.sleep(0.003))
    ended = house.write(server.port, people=40).send(watcher=watcher)
    assert (ended.code, ended.counts()) == (0, {"accepted": 40})
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    held_to_its_record(ended, server)


LATE = [b"421 4.4.2 idle too long\r\n", End.RESET, End.CLOSE]


def asked(house: House, thought: float) -> tuple[Ended, Watcher]:
    """A run whose question a person thought about for so many seconds of the house's clock."""
    watcher = Watcher()

    def says_yes(question: Question) -> bool:
        until = house.clock.steady() + thought
        while house.clock.steady() < until:
            time.sleep(0.005)
        return True

    return house.send(watcher=watcher, ask=says_yes), watcher


@pytest.mark.parametrize("late", LATE, ids=str)
def test_the_first_connection_is_not_used_after_a_long_thought_about_the_question(
    house: House, hostile: StartServer, late: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "IDLE", 30.0)

    def answer(visit: Visit, at: str) -> Script:
        return [late] if at == "MAIL" and visit.number == 0 else None

    server = hostile(answer)
    house.write(server.port, people=40, connections=4)
    ended, watcher = asked(house, 60)
    assert (ended.code, ended.counts()) == (0, {"accepted": 40})
    assert server.visits[0].said[-1] == "QUIT"
    assert server.visits[0].mails == 0
    assert watcher.notices == []


@pytest.mark.parametrize("late", LATE, ids=str)
def test_the_end_of_the_first_connection_during_the_question_takes_no_connections_away(
    house: House, hostile: StartServer, late: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        return [late] if at == "MAIL" and visit.number == 0 else None

    monkeypatch.setattr(sender, "RESTED", 0.1)  # of the machine's own seconds
    server = hostile(answer)
    house.clock = FastClock(50.0)
    house.write(server.port, people=40, connections=4)
    ended, watcher = asked(house, 8)
    assert (ended.code, ended.counts()) == (0, {"accepted": 40})
    assert server.visits[0].mails == 1
    assert watcher.notices == []
    assert {row["attempts"] for row in ended.rows.values()} == {1}


def test_the_end_of_the_first_connection_without_a_question_is_a_word_about_connections(
    house: House, hostile: StartServer
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        return b"421 4.7.0 too many\r\n" if at == "MAIL" and visit.number == 0 else None

    server = hostile(answer)
    house.clock = FastClock(5.0)
    watcher = Watcher()
    ended = house.write(server.port, people=40, connections=4).send(watcher=watcher)
    assert (ended.code, ended.counts()) == (0, {"accepted": 40})
    assert "fewer connections" in watcher.notices[0]


@pytest.mark.parametrize("last", [b"421 4.4.2 idle too long\r\n", b""])
def test_421_or_the_end_on_an_idle_connection_has_no_effect(
    house: House, hostile: StartServer, last: bytes
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        if at == "MESSAGE" and visit.number == 0:
            return [b"250 2.0.0 taken\r\n", 0.05, last, End.CLOSE]
        return None

    server = hostile(answer)
    house.clock = type(house.clock)(5.0)
    ended = house.write(server.port, rate="1/s").send()  # one in 200 ms of the machine's time
    assert (ended.code, ended.statuses) == (0, ALL)
    assert ended.notices == []
    assert {row["attempts"] for row in ended.rows.values()} == {1}
