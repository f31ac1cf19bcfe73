"""The conversation without a socket: every row of the contract's table for command by command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.smtp.actions import Drop, MakeDurable, SendBody, Settle, Write
from sendbatch.smtp.attempt import LARGE
from sendbatch.smtp.facts import ENDED, State
from sendbatch.smtp.levels import Levels
from sendbatch.smtp.offers import Offers, read_offers
from sendbatch.smtp.transaction import Transaction
from sendbatch.values import Status
from tests.kit.handing import Ended, ended
from tests.kit.scripted import a_message

pytestmark = pytest.mark.usefixtures("reading")

OFFERS = read_offers(["SIZE 1000000", "8BITMIME", "SMTPUTF8"])
MAIL = b"MAIL FROM:<news@example.com> SIZE=26\r\n"
RCPT = b"RCPT TO:<jane@example.net>\r\n"
BODY = b"Subject: hello\r\n\r\nHello.\r\n"
BIG = b"Subject: big\r\n\r\n" + b"x\r\n" * LARGE

OK, GO = b"250 ok\r\n", b"354 go\r\n"


class Played:
    """A transaction that was told events, and all it wanted done."""

    def __init__(self, message=None, offers: Offers = OFFERS) -> None:
        self.transaction = Transaction(offers, Levels())
        self.actions = list(self.transaction.start(message or a_message(BODY)))

    def hears(self, *pieces: bytes) -> Played:
        for piece in pieces:
            self.actions += self.transaction.receive(piece)
        return self

    def durable(self) -> Played:
        self.actions += self.transaction.durable()
        return self

    def ends(self) -> Played:
        self.actions += self.transaction.end(ENDED)
        return self

    def again(self) -> Played:
        self.actions += self.transaction.start(a_message(BODY))
        return self

    @property
    def written(self) -> list[bytes]:
        return [a.data for a in self.actions if isinstance(a, Write)]

    @property
    def outcomes(self) -> list[Ended]:
        return [ended(a.fact) for a in self.actions if isinstance(a, Settle)]

    @property
    def outcome(self) -> Ended:
        (outcome,) = self.outcomes
        return outcome

    @property
    def dropped(self) -> bool:
        return Drop() in self.actions and self.transaction.state is State.GONE

    @property
    def verdict(self) -> tuple[Status, int | None, str | None, bool]:
        reply = self.outcome.reply
        return (
            self.outcome.status,
            reply and reply.code,
            reply and reply.command,
            self.outcome.lost,
        )


def at(step: str) -> Played:
    """Played up to the command whose reply is outstanding, or READY."""
    replies = {"MAIL": [], "RCPT": [OK], "DATA": [OK, OK], "READY": [OK, OK, GO]}
    replies["MESSAGE"] = replies["READY"]
    played = Played().hears(*replies[step])
    return played.durable() if step == "MESSAGE" else played


def test_a_message_goes_command_by_command_and_the_dot_waits_for_the_intent() -> None:
    played = Played()
    assert played.written == [MAIL]
    assert played.hears(OK).written == [MAIL, RCPT]
    assert played.hears(OK).written == [MAIL, RCPT, b"DATA\r\n"]
    assert played.hears(GO).actions[-1] == MakeDurable()
    assert len(played.written) == 3
    assert played.durable().written[-1] == BODY + b".\r\n"
    assert played.transaction.awaited[0] == "MESSAGE"
    assert played.hears(b"250 2.0.0 queued\r\n").verdict == (Status.ACCEPTED, 250, "MESSAGE", False)
    assert played.transaction.state is State.IDLE


def test_a_large_body_goes_before_the_intent_and_its_dot_after() -> None:
    played = Played(a_message(BIG)).hears(OK, OK, GO)
    assert played.actions[-2:] == [SendBody(BIG), MakeDurable()]
    assert played.durable().written[-1] == b".\r\n"


def test_dots_at_the_start_of_lines_are_doubled() -> None:
    played = Played(a_message(b".a\r\n..b\r\n.\r\nc.\r\n")).hears(OK, OK, GO).durable()
    assert played.written[-1] == b"..a\r\n...b\r\n..\r\nc.\r\n.\r\n"


def test_251_to_rcpt_is_a_success() -> None:
    assert at("RCPT").hears(b"251 forwarded\r\n").written[-1] == b"DATA\r\n"


@pytest.mark.parametrize(
    ("step", "reply", "verdict"),
    [
        ("MAIL", 450, (Status.DEFERRED, 450, "MAIL", False)),
        ("MAIL", 550, (Status.DEFERRED, 550, "MAIL", False)),
        ("RCPT", 450, (Status.DEFERRED, 450, "RCPT", False)),
        ("RCPT", 550, (Status.REJECTED, 550, "RCPT", False)),
        ("DATA", 450, (Status.DEFERRED, 450, "DATA", False)),
        ("DATA", 554, (Status.DEFERRED, 554, "DATA", False)),
        ("MESSAGE", 250, (Status.ACCEPTED, 250, "MESSAGE", False)),
        ("MESSAGE", 450, (Status.DEFERRED, 450, "MESSAGE", False)),
        ("MESSAGE", 554, (Status.REJECTED, 554, "MESSAGE", False)),
        ("MAIL", 421, (Status.PENDING, 421, "MAIL", True)),
        ("RCPT", 421, (Status.PENDING, 421, "RCPT", True)),
        ("DATA", 421, (Status.PENDING, 421, "DATA", True)),
        ("READY", 421, (Status.PENDING, 421, "DATA", True)),
        ("MESSAGE", 421, (Status.DEFERRED, 421, "MESSAGE", True)),
    ],
)
def test_what_each_reply_means(step: str, reply: int, verdict: tuple) -> None:
    played = at(step).hears(b"%d so\r\n" % reply)
    assert played.verdict == verdict
    assert played.dropped is verdict[3]


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "READY"])
def test_the_end_before_anything_was_handed_over_releases(step: str) -> None:
    played = at(step).ends()
    assert played.verdict == (Status.PENDING, None, None, True)
    assert played.dropped


def test_the_end_after_the_dot_leaves_it_in_doubt() -> None:
    assert at("MESSAGE").ends().verdict == (Status.IN_DOUBT, None, None, True)


def test_the_end_with_the_body_partly_sent_defers() -> None:
    played = Played(a_message(BIG)).hears(OK, OK, GO).ends()
    assert played.verdict == (Status.DEFERRED, None, None, True)


@pytest.mark.parametrize("garbage", [b"hello\r\n", b"250 bare\n", b"\xff\xfe\r\n", b"199 x\r\n"])
@pytest.mark.parametrize(
    ("step", "status"),
    [
        ("MAIL", Status.PENDING),
        ("RCPT", Status.PENDING),
        ("DATA", Status.PENDING),
        ("READY", Status.PENDING),
        ("MESSAGE", Status.IN_DOUBT),
    ],
)
def test_garbage_ends_the_connection(step: str, status: Status, garbage: bytes) -> None:
    played = at(step).hears(garbage)
    assert played.verdict == (status, None, None, True)
    assert played.dropped


@pytest.mark.parametrize(
    ("step", "reply", "status"),
    [
        ("MAIL", GO, Status.PENDING),
        ("RCPT", GO, Status.PENDING),
        ("DATA", OK, Status.PENDING),
        ("MESSAGE", GO, Status.IN_DOUBT),
    ],
)
def test_a_reply_that_does_not_fit_ends_the_connection_without_a_byte(
    step: str, reply: bytes, status: Status
) -> None:
    played = at(step)
    before = played.written
    assert played.hears(reply).verdict == (status, None, None, True)
    assert played.dropped
    assert played.written == before


@pytest.mark.parametrize("early", [OK, b"450 no\r\n", b"552 too big\r\n"])
@pytest.mark.parametrize("body", [BODY, BIG])
def test_no_dot_leaves_once_a_reply_has_come_since_the_354(early: bytes, body: bytes) -> None:
    played = Played(a_message(body)).hears(OK, OK, GO, early).durable()
    assert played.outcome.status is Status.DEFERRED
    assert played.outcome.lost
    assert len(played.written) == 3
    assert played.dropped


def test_no_dot_leaves_once_a_part_of_a_reply_has_come_since_the_354() -> None:
    played = at("READY").hears(b"55").durable()
    assert played.verdict == (Status.PENDING, None, None, True)
    assert len(played.written) == 3


def test_a_reply_before_the_dot_in_the_same_piece_as_the_354_counts_too() -> None:
    played = at("DATA").hears(GO + b"552 too big\r\n").durable()
    assert played.verdict == (Status.DEFERRED, 552, "DATA", True)
    assert len(played.written) == 3


def test_an_early_421_with_the_body_partly_sent_defers() -> None:
    played = Played(a_message(BIG)).hears(OK, OK, GO, b"421 bye\r\n")
    assert played.verdict == (Status.DEFERRED, 421, "DATA", True)


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
@pytest.mark.parametrize("more", [OK, GO, b"2"])
def test_more_replies_than_commands_end_the_connection(step: str, more: bytes) -> None:
    played = at(step)
    before = played.written
    assert played.hears(OK + more).verdict == (Status.PENDING, None, None, True)
    assert played.written == before


@pytest.mark.parametrize("more", [OK, b"421 bye\r\n", b"4", b"x\r\n"])
def test_a_message_answered_keeps_its_answer_whatever_comes_behind(more: bytes) -> None:
    played = at("MESSAGE").hears(OK + more)
    assert played.outcome.status is Status.ACCEPTED
    assert played.dropped


@pytest.mark.parametrize("unasked", [OK, b"421 idle\r\n", b"\n", b"4"])
def test_anything_said_while_nothing_is_outstanding_ends_the_connection(unasked: bytes) -> None:
    transaction = Transaction(OFFERS, Levels())
    assert transaction.receive(unasked) == [Drop()]
    (settle,) = transaction.start(a_message())
    assert isinstance(settle, Settle)
    found = ended(settle.fact)
    assert (found.status, found.lost) == (Status.PENDING, True)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_after_a_refused_envelope_rset_goes_before_the_next_mail(step: str) -> None:
    played = at(step).hears(b"550 no\r\n").again()
    assert played.written[-1] == b"RSET\r\n"
    assert played.hears(OK).written[-1] == MAIL
    played.hears(OK, OK, GO).durable().hears(OK)
    assert played.outcomes[-1].status is Status.ACCEPTED
    assert played.again().written[-1] == MAIL


@pytest.mark.parametrize("reply", [b"450 no\r\n", b"554 no\r\n"])
def test_after_a_refused_message_no_rset_is_needed(reply: bytes) -> None:
    assert at("MESSAGE").hears(reply).again().written[-1] == MAIL


@pytest.mark.parametrize("reply", [b"450 no\r\n", b"554 too many\r\n", b"421 bye\r\n"])
def test_a_refused_rset_releases_the_message_and_ends_the_connection(reply: bytes) -> None:
    played = at("RCPT").hears(b"550 no\r\n").again().hears(reply)
    outcome = played.outcomes[-1]
    assert (outcome.status, outcome.lost) == (Status.PENDING, True)
    assert outcome.reply is not None
    assert outcome.reply.command == "RSET"
    assert played.dropped


@pytest.mark.parametrize(
    ("step", "status"),
    [
        ("MAIL", Status.PENDING),
        ("DATA", Status.PENDING),
        ("READY", Status.PENDING),
        ("MESSAGE", Status.IN_DOUBT),
    ],
)
def test_giving_up_ourselves_is_in_doubt_only_after_the_dot(step: str, status: Status) -> None:
    played = at(step)
    played.actions += played.transaction.abandon()
    assert played.verdict == (status, None, None, True)


def test_giving_up_in_the_middle_of_a_body_releases_it() -> None:
    played = Played(a_message(BIG)).hears(OK, OK, GO)
    played.actions += played.transaction.abandon()
    assert played.verdict == (Status.PENDING, None, None, True)
    assert played.transaction.durable() == []


def test_quit_waits_for_its_reply_and_then_drops() -> None:
    transaction = Transaction(OFFERS, Levels())
    assert transaction.quit() == [Write(b"QUIT\r\n")]
    assert transaction.awaited[0] == "QUIT"
    assert transaction.receive(b"221 bye\r\n") == [Drop()]


@pytest.mark.parametrize(
    ("message", "offers", "word"),
    [
        (a_message(smtputf8=True, to="jö@example.net"), Offers(), "the address needs SMTPUTF8"),
        (a_message(smtputf8=True, sender="jö@e.net"), Offers(), "the sender jö@e.net needs SMTPUTF8"),
        (a_message(smtputf8=True), Offers(), "an address in the headers needs SMTPUTF8"),
        (a_message(BODY), Offers(size=10), "at most 10"),
        (a_message(to="jane@example.net>\r\nDATA"), OFFERS, "characters"),
        (a_message(to="a> SIZE=1@example.net"), OFFERS, "characters"),
        (a_message(to="jö@example.net"), OFFERS, "characters"),
        (a_message(b"a\r\nb\n.\nc\r\n"), OFFERS, "CR LF"),
        (a_message(b"a\rb\r\n"), OFFERS, "CR LF"),
        (a_message(b"no end"), OFFERS, "CR LF"),
        (a_message("jö\r\n".encode()), OFFERS, "7-bit"),
    ],
)
def test_what_cannot_be_sent_fails_before_a_byte_of_it(message, offers, word: str) -> None:
    played = Played(message, offers)
    assert played.outcome.status is Status.FAILED
    assert word in played.outcome.reason
    assert not played.outcome.lost
    assert played.written == []
    assert played.transaction.state is State.IDLE


def test_smtputf8_is_asked_for_only_where_an_address_needs_it() -> None:
    message = a_message("jö\r\n".encode(), to="jö@example.net", smtputf8=True)
    played = Played(message).hears(OK)
    assert played.written[0].endswith(b" SIZE=5 BODY=8BITMIME SMTPUTF8\r\n")
    assert played.written[1] == "RCPT TO:<jö@example.net>\r\n".encode()


def test_size_is_said_only_where_it_is_offered() -> None:
    assert Played(offers=Offers()).written == [b"MAIL FROM:<news@example.com>\r\n"]
    assert b" SIZE=26" in Played(offers=read_offers(["SIZE"])).written[0]


def test_offers_are_read_from_ehlo() -> None:
    offers = read_offers(
        ["PIPELINING", "SIZE 0", "AUTH PLAIN LOGIN", "AUTH=LOGIN", "LIMITS MAILMAX=100 RCPTMAX=9"]
    )
    assert offers.pipelining
    assert offers.size is None
    assert offers.auth == ("plain", "login")
    assert offers.mailmax == 100


@pytest.mark.parametrize(
    "odd", ["SIZE x", "SIZE -1", "SIZE ١٢", "LIMITS MAILMAX=", "SIZE " + "9" * 5000]
)
def test_odd_offers_are_no_limits(odd: str) -> None:
    offers = read_offers([odd])
    assert (offers.size, offers.mailmax) == (None, None)


_event = st.one_of(
    st.sampled_from(
        [OK, GO, b"450 a\r\n", b"550 b\r\n", b"421 c\r\n", b"25", b"0 x\r\n", b"x\r\n"]
    ),
    st.sampled_from(["durable", "end", "abandon", "start"]),
)


@given(st.lists(_event, max_size=25), st.booleans())
def test_whatever_happens_each_message_is_settled_once_and_a_dot_needs_its_354(
    events: list[bytes | str], big: bool
) -> None:
    transaction = Transaction(OFFERS, Levels())
    started = settled = 0
    ready = False
    for event in events:
        if event == "start":
            if started > settled:
                continue
            started += 1
            actions = transaction.start(a_message(BIG if big else BODY))
        elif isinstance(event, bytes):
            actions = transaction.receive(event)
        else:
            ready = transaction.state is State.READY
            actions = {
                "durable": transaction.durable,
                "end": lambda: transaction.end(ENDED),
                "abandon": transaction.abandon,
            }[event]()
        settled += sum(isinstance(action, Settle) for action in actions)
        for action in actions:
            if (
                isinstance(action, Write)
                and action.data.endswith(b".\r\n")
                and b":" not in action.data[:5]
            ):
                assert ready
                assert event == "durable"
        assert settled <= started
    transaction.end(ENDED)
    assert transaction.state is State.GONE
    assert transaction.receive(OK) == []


def test_a_server_that_knows_no_ehlo_offers_nothing() -> None:
    assert Offers() == read_offers([])
    nothing = Offers()
    assert (nothing.pipelining, nothing.smtputf8) == (False, False)
