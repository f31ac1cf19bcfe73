"""A server whose replies are none, or too many, or come too late: the record stays right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.hostile.campaign import FINAL, HASTY, House, held_to_its_record
from tests.hostile.conftest import StartServer
from tests.hostile.test_refusals import ALL, P0, P1, P2, always, second
from tests.kit.server import DECENT, End, Script, Visit, byte_by_byte

MEGABYTE = 2**20
NO_REPLIES = {
    "no CR": b"250 ok\n",
    "a bare CR": b"250 ok\r250 ok\r\n",
    "no code": b"ok\r\n",
    "an empty line": b"\r\n",
    "a code below 200": b"150 wait\r\n",
    "a code above 599": b"650 what\r\n",
    "mixed codes": b"250-first\r\n451 second\r\n",
    "a line of 1 MB": b"250 " + b"x" * MEGABYTE + b"\r\n",
    "1 MB without an end": b"250 " + b"x" * MEGABYTE,
    "endless continuation": b"250-more\r\n" * 20_000,
    "binary": bytes(range(256)) + b"\r\n",
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "NUL before the code": b"\0250 ok\r\n",
}


def no_reply(test: Callable[..., None]) -> Callable[..., None]:
    return pytest.mark.parametrize("said", NO_REPLIES.values(), ids=NO_REPLIES.keys())(test)


@pytest.mark.one_in(3)
@no_reply
def test_no_reply_to_the_dot_is_in_doubt(
    house: House, hostile: StartServer, said: bytes, way: tuple[str, ...]
) -> None:
    server = hostile(second("MESSAGE", said), offers=way)
    ended = house.write(server.port).send()
    if said == NO_REPLIES["a bare CR"]:  # text it is, if a strange one
        assert ended.statuses == ALL
    else:
        assert ended.statuses == ALL | {P1: "in_doubt"}
        assert ended.code == 1
        assert ended.rows[P1]["reason"].isprintable()
    assert [server.whole[p] for p in (P0, P1, P2)] == [1, 1, 1]


@pytest.mark.one_in(3)
@no_reply
@pytest.mark.parametrize("moment", ["MAIL", "RCPT"])
def test_no_reply_before_the_dot_ends_the_connection_alone(
    house: House, hostile: StartServer, moment: str, said: bytes
) -> None:
    server = hostile(second(moment, said))
    ended = house.write(server.port).send()
    assert (ended.code, ended.statuses) == (0, ALL)
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    held_to_its_record(ended, server)


@no_reply
def test_what_is_no_greeting_sends_nothing(house: House, hostile: StartServer, said: bytes) -> None:
    server = hostile(always("GREETING", said.replace(b"250", b"220")))
    ended = house.write(server.port, timeouts="{connect: 500ms, greeting: 500ms}").send()
    if said == NO_REPLIES["a bare CR"]:
        assert ended.code == 0
    else:
        assert ended.code in (2, 3)
        assert f"127.0.0.1:{server.port}" in ended.said
        assert not server.asked


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("moment", "said", "status"),
    [
        ("MAIL", b"354 go on\r\n", "accepted"),  # released, and taken on another connection
        ("RCPT", b"334 VXNlcg==\r\n", "accepted"),
        ("DATA", b"250 ok\r\n", "accepted"),
        ("DATA", b"220 ready\r\n", "accepted"),
        ("RCPT", b"251 will forward\r\n", "accepted"),
        ("MESSAGE", b"220 fine\r\n", "accepted"),
        ("MESSAGE", b"354 go on\r\n", "in_doubt"),
        ("MESSAGE", b"334 VXNlcg==\r\n", "in_doubt"),
    ],
)
def test_the_wrong_code_is_classed_by_its_first_digit(
    house: House, hostile: StartServer, moment: str, said: bytes, status: str, way: tuple[str, ...]
) -> None:
    server = hostile(second(moment, said), offers=way)
    ended = house.write(server.port).send()
    assert ended.statuses == ALL | {P1: status}
    assert ended.code == (1 if status == "in_doubt" else 0)
    held_to_its_record(ended, server)


@pytest.mark.parametrize("tail", [b"", b"\r\n"], ids=["an unfinished", "an empty"])
def test_a_reply_where_the_dot_is_held_back_never_leads_to_doubt(
    house: House, hostile: StartServer, tail: bytes
) -> None:
    server = hostile(second("DATA", b"354 go on\r\n250 2.0.0 tak" + tail))
    ended = house.write(server.port).send()
    assert ended.statuses[P0] == ended.statuses[P2] == "accepted"
    assert ended.statuses[P1] in ("accepted", "deferred")
    assert server.whole[P1] == (1 if ended.statuses[P1] == "accepted" else 0)
    held_to_its_record(ended, server)


@pytest.mark.parametrize(
    ("early", "status"),
    [
        (b"250 2.0.0 taken\r\n", "deferred"),
        (b"550 5.7.1 no\r\n", "deferred"),
        (b"451 4.7.1 later\r\n", "deferred"),
        (b"421 4.3.2 bye\r\n", "accepted"),
    ],
)
def test_a_reply_before_our_dot_is_never_doubt(
    house: House, hostile: StartServer, early: bytes, status: str, way: tuple[str, ...]
) -> None:
    server = hostile(second("DATA", b"354 go on\r\n" + early), offers=way)
    ended = house.write(server.port).send()
    assert ended.statuses == ALL | {P1: status}
    held_to_its_record(ended, server)


def test_replies_in_single_bytes_are_replies(
    house: House, hostile: StartServer, way: tuple[str, ...]
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        # the client's TLS would begin before this server's own is ready for it
        return byte_by_byte(DECENT[at]) if at in DECENT and at != "STARTTLS" else None

    server = hostile(answer, offers=way)
    ended = house.write(server.port).send()
    assert (ended.code, ended.statuses) == (0, ALL)
    assert len(server.visits) == 1
    held_to_its_record(ended, server)


def test_replies_of_many_lines_are_replies(
    house: House, hostile: StartServer, way: tuple[str, ...]
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        if at not in DECENT:
            return None
        code = DECENT[at][:3]
        return b"".join(code + b"-and so on\r\n" for _ in range(90)) + DECENT[at]

    server = hostile(answer, offers=way)
    ended = house.write(server.port).send()
    assert (ended.code, ended.statuses) == (0, ALL)
    assert len(server.visits) == 1


def test_replies_to_several_commands_in_one_burst_end_the_connection(
    house: House, hostile: StartServer
) -> None:
    """To commands never sent: the next one must not be paired with a reply that was there before."""
    burst = DECENT["MAIL"] + DECENT["RCPT"] + DECENT["DATA"] + DECENT["MESSAGE"]
    server = hostile(second("MAIL", burst), offers=["8BITMIME"])  # not in a group: one by one
    ended = house.write(server.port).send()
    assert (ended.code, ended.statuses) == (0, ALL)
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    held_to_its_record(ended, server)


def test_a_server_that_always_answers_in_bursts_gets_nothing_and_nobody_is_lost(
    house: House, hostile: StartServer
) -> None:
    burst = DECENT["MAIL"] + DECENT["RCPT"] + DECENT["DATA"] + DECENT["MESSAGE"]
    server = hostile(always("MAIL", burst))
    ended = house.write(server.port).send()
    assert (ended.code, ended.counts()) == (1, {"deferred": 3})
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    assert not server.whole


@pytest.mark.parametrize("pause", [0.0, 0.03])
def test_a_reply_to_nothing_ends_the_connection_and_nothing_else(
    house: House, hostile: StartServer, pause: float
) -> None:
    server = hostile(
        second("MESSAGE", [b"250 2.0.0 taken\r\n", pause, b"250 2.0.0 and this too\r\n"])
    )
    house.clock = type(house.clock)(5.0)
    ended = house.write(server.port, rate="1/s").send()
    assert (ended.code, ended.statuses) == (0, ALL)
    assert len(server.visits) == 2
    held_to_its_record(ended, server)


@pytest.mark.parametrize(
    ("moment", "said", "statuses"),
    [
        ("MAIL", b"550 5.7.1 not you\r\n", {"accepted", "deferred"}),
        ("MAIL", b"451 4.3.0 later\r\n", {"accepted", "deferred"}),
        ("RCPT", b"550 5.1.1 nobody\r\n", {"rejected"}),
        ("RCPT", b"450 4.2.1 busy\r\n", {"deferred"}),
    ],
)
@pytest.mark.parametrize("offers", [["PIPELINING"], []], ids=["in a group", "one by one"])
def test_354_whatever_was_refused_before_delivers_no_empty_mail(
    house: House,
    hostile: StartServer,
    moment: str,
    said: bytes,
    statuses: set[str],
    offers: list[str],
) -> None:
    server = hostile(second(moment, said), forgiving=True, offers=offers)
    ended = house.write(server.port).send()
    assert ended.statuses[P0] == ended.statuses[P2] == "accepted"
    assert ended.statuses[P1] in statuses
    assert all(len(body) > 100 for bodies in server.bodies.values() for body in bodies)
    held_to_its_record(ended, server)


def test_354_with_no_valid_recipient_gets_no_dot(
    house: House, hostile: StartServer, way: tuple[str, ...]
) -> None:
    server = hostile(second("RCPT", b"550 5.1.1 nobody\r\n354 go on\r\n"), offers=way)
    ended = house.write(server.port).send()
    assert ended.statuses == ALL | {P1: "rejected"}
    assert server.whole[P1] == 0
    held_to_its_record(ended, server)


@pytest.mark.parametrize(
    "text",
    [
        b"\x1b[2J\x1b[31mred\x07",
        b"nul \0 inside",
        b"\xff\xfe not UTF-8 \xc3",
        "übergroß \N{RIGHT-TO-LEFT OVERRIDE}gnol".encode(),
        b"x" * 4000,
        b"<script>alert(1)</script> =cmd|' /C calc'!A0",
        b"5.1.1" * 100,
    ],
)
def test_whatever_a_reply_says_its_code_decides_and_its_text_is_harmless(
    house: House, hostile: StartServer, text: bytes
) -> None:
    server = hostile(second("RCPT", b"550 " + text + b"\r\n"))
    ended = house.write(server.port).send()
    assert ended.statuses == ALL | {P1: "rejected"}
    reply = ended.rows[P1]["reply"]
    assert reply.isprintable()
    assert 0 < len(reply) <= 500
    report = (house.ledger.parent / "report.csv").read_bytes()
    assert not set(report) & (set(range(32)) - set(b"\r\n"))
    assert b",=cmd" not in report


def test_replies_injected_before_tls_end_it(house: House, hostile: StartServer, tls) -> None:
    server = hostile(always("STARTTLS", b"220 go\r\n250 injected\r\n"), context=tls)
    ended = house.write(server.port, security="starttls").send()
    assert ended.code == 2
    assert "more than it was asked for" in ended.said
    assert not server.asked


def test_replies_injected_into_the_handshake_end_it(
    house: House, hostile: StartServer, tls
) -> None:
    script = [b"220 go\r\n", 0.05, b"250-injected\r\n250 AUTH PLAIN\r\n"]
    server = hostile(always("STARTTLS", script), context=tls)
    ended = house.write(server.port, security="starttls").send()
    assert ended.code in (2, 3)
    assert not server.asked


@pytest.mark.parametrize("moment", ["GREETING", "EHLO", "AUTH"])
def test_replies_to_commands_never_sent_end_the_opening(
    house: House, hostile: StartServer, moment: str
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        usual = DECENT.get(at, b"250-hostile\r\n250 AUTH PLAIN\r\n")
        return usual + b"250 2.1.0 ok\r\n" if at == moment else None

    server = hostile(answer, offers=["AUTH PLAIN"])
    house.environ = {"PASSWORD": "s3cret"}
    ended = house.write(server.port, username="ada", password="${PASSWORD}").send()
    assert ended.code in (2, 3)
    assert not server.asked
    assert ended.statuses == {}


def late(said: bytes) -> Script:
    return [FINAL * 1.5, said]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("moment", ["MAIL", "RCPT", "DATA"])
def test_a_reply_past_its_time_is_not_paired_with_the_next_command(
    house: House, hostile: StartServer, moment: str, way: tuple[str, ...]
) -> None:
    server = hostile(second(moment, late(DECENT[moment])), offers=way)
    ended = house.write(server.port, timeouts=HASTY).send()
    assert (ended.code, ended.statuses) == (0, ALL)
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    held_to_its_record(ended, server)


@pytest.mark.parametrize("said", [b"250 2.0.0 taken\r\n", b"550 5.7.1 no\r\n"])
def test_a_reply_to_the_dot_past_its_time_leaves_doubt(
    house: House, hostile: StartServer, said: bytes, way: tuple[str, ...]
) -> None:
    server = hostile(second("MESSAGE", late(said)), offers=way)
    ended = house.write(server.port, timeouts=HASTY).send()
    assert ended.statuses == ALL | {P1: "in_doubt"}
    assert "did not answer" in ended.rows[P1]["reason"]
    assert f"{FINAL} s" in ended.rows[P1]["reason"]
    assert ended.code == 1


def test_a_server_always_too_late_gets_nothing_and_nobody_is_lost(
    house: House, hostile: StartServer
) -> None:
    server = hostile(always("RCPT", [FINAL * 1.2, DECENT["RCPT"], DECENT["DATA"], End.SILENCE]))
    ended = house.write(server.port, people=1, timeouts=HASTY).send()
    assert (ended.code, ended.counts()) == (1, {"deferred": 1})
    assert not server.whole
