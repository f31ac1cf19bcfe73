"""Handing messages over to servers of every temper, over real sockets."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from sendbatch.smtp.connection import Connection, open_connection
from sendbatch.values import Status
from tests.kit.clock import LeapingLoop, leap_with
from tests.kit.handing import Ended, hand_over
from tests.kit.scripted import QUICK, Script, Talk, a_message, hand_over_to, scripted

pytestmark = pytest.mark.usefixtures("reading")

OK = b"250 ok\r\n"
GO = b"354 go\r\n"
BIG = b"Subject: big\r\n\r\n" + (b"x" * 998 + b"\r\n") * 10_000  # 10 MB: more than buffers take


def outcome_of(script: Script, *messages, **options) -> Ended:
    outcomes, _ = asyncio.run(hand_over_to(script, *messages, **options))
    return outcomes[-1]


async def takes(talk: Talk, answer: bytes = OK) -> bytes:
    await talk.answers(OK, OK, GO)
    body = await talk.hears_body()
    await talk.says(answer)
    return body


def test_messages_go_one_after_the_other_over_one_connection() -> None:
    bodies: list[bytes] = []

    async def takes_two(talk: Talk) -> None:
        await talk.opens()
        bodies.extend([await takes(talk), await takes(talk)])
        await talk.hears_the_rest()

    messages = [a_message(b"one\r\n.dot\r\n"), a_message(b"two\r\n")]
    outcomes, connection = asyncio.run(hand_over_to(takes_two, *messages))
    assert [outcome.status for outcome in outcomes] == [Status.ACCEPTED] * 2
    assert bodies == [b"one\r\n..dot\r\n", b"two\r\n"]
    assert connection.accepted == 2
    assert connection.round_trip > 0


def test_a_message_larger_than_all_buffers_arrives_whole() -> None:
    bodies: list[bytes] = []

    async def takes_it(talk: Talk) -> None:
        await talk.opens(b"250 there\r\n")
        bodies.append(await takes(talk))
        await talk.hears_the_rest()

    assert outcome_of(takes_it, a_message(BIG)).status is Status.ACCEPTED
    assert bodies == [BIG]


def test_replies_that_come_byte_by_byte_are_understood() -> None:
    async def dribbles(talk: Talk) -> None:
        await talk.opens()
        for reply in (b"250-2.1.0 yes\r\n250 2.1.0 sure\r\n", OK, GO):
            await talk.hears()
            for byte in reply:
                await talk.says(bytes([byte]))
        await talk.hears_body()
        await talk.says(b"250 2.0.0 queued\r\n")
        await talk.hears_the_rest()

    assert outcome_of(dribbles).status is Status.ACCEPTED


def test_the_intent_is_durable_before_the_dot_leaves() -> None:
    seen: list[str] = []

    async def watches(talk: Talk) -> None:
        await talk.opens()
        await talk.answers(OK, OK, GO)
        await talk.hears_body()
        seen.append("dot")
        await talk.says(OK)
        await talk.hears_the_rest()

    async def intent() -> None:
        seen.append("durable")

    assert outcome_of(watches, intent=intent).status is Status.ACCEPTED
    assert seen == ["durable", "dot"]


@pytest.mark.parametrize("body", [b"small\r\n", BIG], ids=["small", "big"])
def test_an_intent_that_fails_aborts_the_connection_and_no_dot_is_sent(body: bytes) -> None:
    rest: list[bytes] = []

    async def listens(talk: Talk) -> None:
        await talk.opens(b"250 there\r\n")
        await talk.answers(OK, OK, GO)
        rest.append(await talk.hears_the_rest())

    async def intent() -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        outcome_of(listens, a_message(body), intent=intent)
    assert not rest[0].endswith(b"\r\n.\r\n")


def test_a_cancelled_hand_over_aborts_the_connection() -> None:
    async def waits(talk: Talk) -> None:
        await talk.opens()
        await talk.answers(OK, OK, GO)
        assert await talk.hears_the_rest() == b""

    async def cancelling() -> Connection:
        async with scripted(waits) as server:
            connection = await open_connection(server, None)
            reached = asyncio.Event()

            async def intent() -> None:
                reached.set()
                await asyncio.Event().wait()

            task = asyncio.create_task(hand_over(connection, a_message(), intent))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not connection.usable
            await connection.quit()
            return connection

    assert not asyncio.run(cancelling()).usable


def test_a_refused_recipient_is_followed_by_rset_and_the_next_message() -> None:
    talks: list[Talk] = []

    async def refuses_one(talk: Talk) -> None:
        talks.append(talk)
        await talk.opens()
        await talk.answers(OK, b"550 5.1.1 no such user\r\n", OK)
        await takes(talk)
        await talk.hears_the_rest()

    outcomes, connection = asyncio.run(hand_over_to(refuses_one, a_message(), a_message()))
    assert [o.status for o in outcomes] == [Status.REJECTED, Status.ACCEPTED]
    assert outcomes[0].reply is not None
    assert outcomes[0].reply.enhanced == "5.1.1"
    assert (connection.accepted, connection.refused_recipients) == (1, 1)
    assert [line.split()[0] for line in talks[0].heard] == [
        b"EHLO", b"MAIL", b"RCPT", b"RSET", b"MAIL", b"RCPT", b"DATA", b"."
    ]  # fmt: skip


def test_a_354_that_no_accepted_recipient_precedes_gets_no_byte() -> None:
    async def invites(talk: Talk) -> None:
        await talk.opens()
        await talk.answers(OK, GO)
        assert await talk.hears_the_rest() == b""

    outcome = outcome_of(invites)
    assert (outcome.status, outcome.lost) == (Status.PENDING, True)


@pytest.mark.parametrize(
    ("before", "status"),
    [([], Status.PENDING), ([OK], Status.PENDING), ([OK, OK], Status.PENDING)],
)
def test_the_end_before_the_354_releases(before: list[bytes], status: Status) -> None:
    async def leaves(talk: Talk) -> None:
        await talk.opens()
        await talk.answers(*before)
        await talk.hears()

    outcome = outcome_of(leaves)
    assert (outcome.status, outcome.reply, outcome.lost) == (status, None, True)


def test_a_connection_closed_while_idle_releases_the_next_message() -> None:
    async def leaves(talk: Talk) -> None:
        await talk.opens()
        await takes(talk)
        await talk.says(b"421 4.4.2 idle too long\r\n")

    async def sending() -> tuple[Ended, Ended, bool]:
        async with scripted(leaves) as server:
            connection = await open_connection(server, None)
            first = await hand_over(connection, a_message())
            while connection.usable:
                await asyncio.sleep(0)
            second = await hand_over(connection, a_message())
            await connection.quit()
            return first, second, connection.usable

    first, second, usable = asyncio.run(sending())
    assert first.status is Status.ACCEPTED
    assert (second.status, second.reply, second.lost) == (Status.PENDING, None, True)
    assert not usable


def test_the_end_after_the_dot_leaves_it_in_doubt() -> None:
    async def leaves(talk: Talk) -> None:
        await talk.opens()
        await talk.answers(OK, OK, GO)
        await talk.hears_body()

    outcome = outcome_of(leaves)
    assert (outcome.status, outcome.lost) == (Status.IN_DOUBT, True)
    assert "may have been delivered" in outcome.reason


@pytest.mark.parametrize("said", [b"what\r\n", b"250 bare\n", b"250-half\r\n", b"x" * 9000])
def test_garbage_after_the_dot_leaves_it_in_doubt(said: bytes) -> None:
    async def babbles(talk: Talk) -> None:
        await talk.opens()
        await takes(talk, said)

    assert outcome_of(babbles).status is Status.IN_DOUBT


def test_silence_after_the_dot_leaves_it_in_doubt() -> None:
    async def is_silent(talk: Talk) -> None:
        await talk.opens()
        await takes(talk, b"")
        await talk.hears_the_rest()

    outcome = outcome_of(is_silent, timeouts=replace(QUICK, final=0.05))
    assert (outcome.status, outcome.lost) == (Status.IN_DOUBT, True)
    assert "within 0.05 s" in outcome.reason


@pytest.mark.parametrize(("step", "before"), [("mail", []), ("rcpt", [OK]), ("data", [OK, OK])])
def test_each_command_has_its_limit_of_time(step: str, before: list[bytes]) -> None:
    async def is_silent(talk: Talk) -> None:
        await talk.opens()
        await talk.answers(*before)
        await talk.hears_the_rest()

    outcome = outcome_of(is_silent, timeouts=replace(QUICK, **{step: 0.05}))
    assert (outcome.status, outcome.lost) == (Status.PENDING, True)
    assert step.upper() in outcome.reason


def test_a_limit_of_time_holds_also_after_a_rest_in_which_it_passed() -> None:
    asked = asyncio.Event()

    async def has_enough_of_one(talk: Talk) -> None:
        await talk.opens()
        await takes(talk)
        await talk.hears()
        asked.set()
        await talk.hears_the_rest()

    async def sends(loop: LeapingLoop) -> Ended:
        async with scripted(has_enough_of_one) as server:
            connection = await open_connection(server, None)
            await hand_over(connection, a_message())
            loop.ahead += 60  # nothing is awaited meanwhile
            await asyncio.sleep(0.001)
            second = asyncio.create_task(hand_over(connection, a_message()))
            await asked.wait()
            loop.ahead += 60
            return await asyncio.wait_for(second, 60)

    outcome = leap_with(sends)
    assert (outcome.status, outcome.lost) == (Status.PENDING, True)
    assert "within 5 s" in outcome.reason


def test_a_reply_received_with_the_end_still_counts() -> None:
    async def answers_and_leaves(talk: Talk) -> None:
        await talk.opens()
        await takes(talk, b"250 2.0.0 queued\r\n")
        talk.closes()

    outcome = outcome_of(answers_and_leaves)
    assert outcome.status is Status.ACCEPTED


def test_a_reply_behind_the_answer_makes_the_connection_unusable() -> None:
    async def says_too_much(talk: Talk) -> None:
        await talk.opens()
        await takes(talk, OK + b"421 bye\r\n")
        await talk.hears_the_rest()

    outcome = outcome_of(says_too_much)
    assert (outcome.status, outcome.lost) == (Status.ACCEPTED, True)


def test_a_refusal_in_the_middle_of_the_body_is_never_followed_by_a_dot() -> None:
    rest: list[bytes] = []

    async def has_enough(talk: Talk) -> None:
        await talk.opens(b"250 there\r\n")
        await talk.answers(OK, OK, GO)
        await talk.reader.readexactly(1000)
        await talk.says(b"552 5.3.4 too big\r\n")
        rest.append(await talk.hears_the_rest())

    outcome = outcome_of(has_enough, a_message(BIG))
    assert (outcome.status, outcome.lost) == (Status.DEFERRED, True)
    assert outcome.reply is not None
    assert outcome.reply.code == 552
    assert not rest[0].endswith(b"\r\n.\r\n")


def test_the_end_in_the_middle_of_the_body_defers() -> None:
    async def leaves(talk: Talk) -> None:
        await talk.opens(b"250 there\r\n")
        await talk.answers(OK, OK, GO)
        await talk.reader.readexactly(1000)

    outcome = outcome_of(leaves, a_message(BIG))
    assert (outcome.status, outcome.reply, outcome.lost) == (Status.DEFERRED, None, True)


def test_a_server_that_takes_no_more_of_the_body_is_given_up() -> None:
    async def stalls(talk: Talk) -> None:
        await talk.opens(b"250 there\r\n")
        await talk.answers(OK, OK, GO)
        await given_up.wait()

    given_up = asyncio.Event()

    async def sending() -> Ended:
        async with scripted(stalls) as server:
            connection = await open_connection(server, None)
            connection._timeouts = replace(QUICK, connect=0.1)
            outcome = await hand_over(connection, a_message(BIG))
            given_up.set()
            await connection.quit()
            return outcome

    outcome = asyncio.run(sending())
    assert (outcome.status, outcome.lost) == (Status.DEFERRED, True)
    assert "took nothing for 0.1 s" in outcome.reason


@pytest.mark.parametrize(
    ("dot", "status"), [(False, Status.PENDING), (True, Status.IN_DOUBT)], ids=["before", "after"]
)
def test_our_own_abort_gives_the_outcome_at_once(dot: bool, status: Status) -> None:
    reached = asyncio.Event()

    async def waits(talk: Talk) -> None:
        await talk.opens()
        await talk.answers(OK)
        if dot:
            await talk.answers(OK, GO)
            await talk.hears_body()
        reached.set()
        await talk.hears_the_rest()

    async def aborting() -> Ended:
        async with scripted(waits) as server:
            connection = await open_connection(server, None)
            task = asyncio.create_task(hand_over(connection, a_message()))
            await reached.wait()
            connection.abort()
            outcome = await task
            await connection.quit()
            return outcome

    outcome = asyncio.run(aborting())
    assert (outcome.status, outcome.lost) == (status, True)


def test_the_end_while_the_intent_is_made_durable_holds_the_dot_back() -> None:
    gone = asyncio.Event()

    async def leaves(talk: Talk) -> None:
        await talk.opens()
        await talk.answers(OK, OK, GO)
        talk.closes()
        await talk.writer.wait_closed()
        gone.set()

    async def sending() -> Ended:
        async with scripted(leaves) as server:
            connection = await open_connection(server, None)

            async def intent() -> None:
                await gone.wait()
                while connection.usable:
                    await asyncio.sleep(0)

            outcome = await hand_over(connection, a_message(), intent)
            await connection.quit()
            return outcome

    outcome = asyncio.run(sending())
    assert (outcome.status, outcome.lost) == (Status.PENDING, True)


def test_quit_says_goodbye_and_waits_for_the_answer() -> None:
    talks: list[Talk] = []

    async def says_bye(talk: Talk) -> None:
        talks.append(talk)
        await talk.opens()
        await talk.answers(b"221 bye\r\n")
        assert await talk.hears_the_rest() == b""

    async def leaving() -> bool:
        async with scripted(says_bye) as server:
            connection = await open_connection(server, None)
            await connection.quit()
            await connection.quit()
            return connection.usable

    assert not asyncio.run(leaving())
    assert talks[0].heard[-1] == b"QUIT\r\n"


def test_a_message_that_does_not_fit_the_offers_leaves_the_connection_usable() -> None:
    async def takes_small(talk: Talk) -> None:
        await talk.opens(b"250-there\r\n250 SIZE 20\r\n")
        await takes(talk)
        await talk.hears_the_rest()

    messages = [a_message(b"x" * 30 + b"\r\n"), a_message(b"small\r\n")]
    outcomes, _ = asyncio.run(hand_over_to(takes_small, *messages))
    assert [(o.status, o.lost) for o in outcomes] == [
        (Status.FAILED, False),
        (Status.ACCEPTED, False),
    ]
