"""A server that refuses: at each point, for now and for good, with and without enhanced codes."""

from __future__ import annotations

import pytest

from tests.hostile.campaign import House, held_to_its_record
from tests.hostile.conftest import StartServer
from tests.kit.server import OFFERS, Answer, Script, Visit
from tests.kit.thoroughness import thoroughly

P0, P1, P2 = (f"p{n}@example.net" for n in range(3))
ALL = {P0: "accepted", P1: "accepted", P2: "accepted"}


def second(moment: str, script: Script) -> Answer:
    """Only the first connection's second message meets this; all else is decent."""
    met: list[Visit] = []

    def answer(visit: Visit, at: str) -> Script:
        if at != moment or visit.mails != 2 or met:
            return None
        met.append(visit)
        return script

    return answer


def always(moment: str, script: Script) -> Answer:
    return lambda visit, at: script if at == moment else None


@pytest.mark.one_in(3)
@pytest.mark.parametrize("enhanced", ["", ".7.1 "], ids=["plain", "enhanced"])
@pytest.mark.parametrize(
    ("moment", "code", "status"),
    [
        ("RCPT", 450, "deferred"),
        ("RCPT", 550, "rejected"),
        ("DATA", 451, "deferred"),
        ("DATA", 554, "deferred"),  # it speaks about us
        ("MAIL", 550, "deferred"),  # and so does this, unless it went behind a dot for once
        ("MESSAGE", 451, "deferred"),
        ("MESSAGE", 554, "rejected"),
        ("MESSAGE", 421, "deferred"),
    ],
)
def test_a_refusal_is_recorded_with_its_code_and_the_others_get_their_mail(
    house: House,
    hostile: StartServer,
    moment: str,
    code: int,
    status: str,
    enhanced: str,
    way: tuple[str, ...],
) -> None:
    short = f"{code // 100}{enhanced}" if enhanced else ""
    said = f"{code} {short}we would rather not\r\n".encode()
    server = hostile(second(moment, said), offers=OFFERS[1:] if moment == "MAIL" else way)
    ended = house.write(server.port).send()
    assert ended.statuses == ALL | {P1: status}
    row = ended.rows[P1]
    assert (row["code"], row["enhanced_code"]) == (code, short.strip() or None)
    assert row["reply"] == "we would rather not"
    assert (row["attempts"], row["reason"] is not None) == (1, True)
    assert ended.code == 1
    held_to_its_record(ended, server)


@pytest.mark.parametrize("moment", ["MAIL", "RCPT", "DATA"])
def test_421_before_the_message_touches_no_row(
    house: House, hostile: StartServer, moment: str, way: tuple[str, ...]
) -> None:
    server = hostile(second(moment, b"421 4.3.2 going down\r\n"), offers=way)
    ended = house.write(server.port).send()
    assert (ended.code, ended.statuses) == (0, ALL)
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    assert len(server.visits) == 2
    held_to_its_record(ended, server)


def test_4xx_to_mail_after_accepted_messages_is_a_limit_of_the_connection(
    house: House, hostile: StartServer, way: tuple[str, ...]
) -> None:
    server = hostile(second("MAIL", b"452 4.5.3 enough\r\n"), offers=way)
    ended = house.write(server.port).send()
    assert (ended.code, ended.statuses) == (0, ALL)
    assert len(server.visits) == 2


def test_4xx_to_the_first_mail_of_every_connection_defers(
    house: House, hostile: StartServer
) -> None:
    server = hostile(always("MAIL", b"451 4.3.0 not today\r\n"))
    ended = house.write(server.port).send()
    assert (ended.code, ended.counts()) == (1, {"deferred": 3})
    assert {row["attempts"] for row in ended.rows.values()} == {1}


@pytest.mark.parametrize("refused", [b"503 no\r\n", b"421 no\r\n", b"451 no\r\n"])
def test_a_refusal_of_rset_blames_no_row(
    house: House, hostile: StartServer, refused: bytes, way: tuple[str, ...]
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        if at == "RSET":
            return refused
        return b"550 5.1.1 nobody\r\n" if at == "RCPT" and visit.recipient == P0 else None

    server = hostile(answer, offers=way)
    ended = house.write(server.port).send()
    assert ended.statuses == ALL | {P0: "rejected"}
    assert {row["attempts"] for row in ended.rows.values()} == {1}
    assert len(server.visits) == 2


@pytest.mark.parametrize("refused", [b"421 too many errors\r\n", b"550 too many errors\r\n"])
def test_a_refusal_of_mail_on_a_connection_with_refused_recipients_blames_no_row(
    house: House, hostile: StartServer, refused: bytes
) -> None:
    def answer(visit: Visit, at: str) -> Script:
        if at == "MAIL" and visit.refused:
            return refused
        return b"550 5.1.1 nobody\r\n" if at == "RCPT" and visit.recipient == P0 else None

    server = hostile(answer)
    ended = house.write(server.port).send()
    assert ended.statuses == ALL | {P0: "rejected"}
    assert {row["attempts"] for row in ended.rows.values()} == {1}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("enhanced", ["", "{}.3.0 "], ids=["plain", "enhanced"])
@pytest.mark.parametrize(
    ("moment", "code", "exit_code"),
    [
        ("GREETING", 421, 3),
        ("GREETING", 554, 2),
        ("EHLO", 421, 3),
        ("EHLO", 451, 3),
        ("STARTTLS", 454, 3),
        ("STARTTLS", 501, 2),
        ("AUTH", 454, 3),
        ("AUTH", 535, 2),
        ("AUTH", 534, 2),
        ("AUTH", 421, 3),
    ],
)
def test_refused_on_the_first_connection_nothing_is_sent(
    house: House, hostile: StartServer, tls, moment: str, code: int, exit_code: int, enhanced: str
) -> None:
    said = f"{code} {enhanced.format(code // 100)}not you"
    server = hostile(always(moment, f"{said}\r\n".encode()), offers=["AUTH PLAIN"], context=tls)
    house.environ = {"PASSWORD": "s3cret"}
    house.write(
        server.port, security="starttls", host="localhost", username="ada", password="${PASSWORD}"
    )
    ended = house.send()
    assert ended.code == exit_code
    assert said in ended.said
    assert "s3cret" not in ended.said
    assert ended.statuses == {}
    assert not server.asked


@pytest.mark.parametrize("code", [500, 502, 550, 554])
def test_refused_ehlo_it_falls_back_to_helo(house: House, hostile: StartServer, code: int) -> None:
    server = hostile(always("EHLO", f"{code} what?\r\n".encode()))
    ended = house.write(server.port).send()
    assert (ended.code, ended.statuses) == (0, ALL)
    assert [line.split()[0] for line in server.visits[0].said[:3]] == ["EHLO", "HELO", "MAIL"]
    assert "SIZE" not in server.visits[0].said[2]
    held_to_its_record(ended, server)


def test_helo_alone_leaves_no_way_to_tls(house: House, hostile: StartServer, tls) -> None:
    server = hostile(always("EHLO", b"502 what?\r\n"), context=tls)
    ended = house.write(server.port, security="starttls").send()
    assert ended.code == 2
    assert "does not offer STARTTLS" in ended.said
    assert "refuses EHLO" in ended.said
    assert not server.asked


def test_helo_alone_leaves_no_way_to_log_in(house: House, hostile: StartServer) -> None:
    server = hostile(always("EHLO", b"502 what?\r\n"))
    house.environ = {"PASSWORD": "s3cret"}
    ended = house.write(server.port, username="ada", password="${PASSWORD}").send()
    assert ended.code == 2
    assert "does not offer a login" in ended.said
    assert "refuses EHLO" in ended.said
    assert not server.asked


def test_refused_helo_too_it_says_so(house: House, hostile: StartServer) -> None:
    server = hostile(lambda visit, at: b"550 go away\r\n" if at in ("EHLO", "HELO") else None)
    ended = house.write(server.port).send()
    assert ended.code == 2
    assert "refused our greeting: 550 go away" in ended.said


def test_nobody_listens(house: House, hostile: StartServer) -> None:
    server = hostile()
    server.goes()
    ended = house.write(server.port).send()
    assert ended.code == 2
    assert "nobody listens" in ended.said
    assert ended.statuses == {}


def test_no_such_host(house: House) -> None:
    ended = house.write(25, host="no-such-host.invalid").send()
    assert ended.code in (2, 3)  # 3 where there is no resolver to say so
    assert "no-such-host.invalid" in ended.said


def test_a_certificate_that_nobody_trusts_sends_nothing(
    house: House, hostile: StartServer, tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ssl

    monkeypatch.setattr("sendbatch.smtp.opening._trusting_the_system", ssl.create_default_context)
    server = hostile(context=tls)
    ended = house.write(server.port, security="starttls").send()
    assert ended.code == 2
    assert "certificate" in ended.said
    assert not server.asked


def test_refused_in_a_first_run_of_one_the_recipient_is_not_condemned(
    house: House, hostile: StartServer
) -> None:
    """Nobody was ever accepted here: it may be the set-up."""
    server = hostile(always("RCPT", b"550 5.1.1 no such user\r\n"))
    ended = house.write(server.port, people=1).send()
    assert (ended.code, ended.statuses) == (1, {P0: "deferred"})
    assert (ended.rows[P0]["code"], ended.rows[P0]["reply"]) == (550, "no such user")
    server.answer = lambda visit, at: None
    assert house.send().statuses == {P0: "accepted"}


def test_three_dead_mailboxes_among_a_hundred_are_rejected(
    house: House, hostile: StartServer
) -> None:
    dead = {"p0@example.net", "p50@example.net", "p99@example.net"}

    def answer(visit: Visit, at: str) -> Script:
        return b"550 5.1.1 no such user\r\n" if at == "RCPT" and visit.recipient in dead else None

    server = hostile(answer)
    ended = house.write(server.port, people=100).send()
    assert ended.code == 1
    assert {email for email, status in ended.statuses.items() if status == "rejected"} == dead
    assert ended.counts() == {"accepted": 97, "rejected": 3}
    held_to_its_record(ended, server)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("moment", ["RCPT", "MESSAGE"])
@pytest.mark.parametrize(
    "said",
    [
        "554 5.7.1 Relay access denied",
        "550 Domain example.com has exceeded the max emails per hour (100/100 (100%)) allowed.",
        "550 5.7.1 in words that nobody knows",
        *thoroughly(
            "553 5.7.1 Sender address rejected: not owned by user ada",
            "530 5.7.0 Authentication required",
            "504 5.5.2 Helo command rejected: need fully-qualified hostname",
            "554 Message rejected: Email address is not verified.",
            "550 5.4.5 Daily user sending limit exceeded.",
        ),
    ],
)
def test_a_fault_of_ours_said_to_twelve_people_loses_nobody_once_it_is_mended(
    house: House, hostile: StartServer, said: str, moment: str
) -> None:
    server = hostile(always(moment, f"{said}\r\n".encode()))
    domains = ("a.example", "b.example", "c.example")
    house.write(server.port, people=12, domains=domains, connections=2)
    for _ in range(2):
        ended = house.send()
        assert ended.code in (1, 3)
        assert set(ended.statuses.values()) <= {"deferred", "pending"}
    server.answer = lambda visit, at: None
    again = house.send()
    assert (again.code, again.counts()) == (0, {"accepted": 12})
    held_to_its_record(again, server, 2)
