"""MAIL, RCPT and DATA at once, and behind the dot of the message before: without a socket.

Every row of the contract's table of outcomes, and every case of RFC 2920 §3.1.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.smtp.actions import Drop, MakeDurable, SendBody, Settle, Write
from sendbatch.smtp.attempt import LARGE
from sendbatch.smtp.facts import ENDED, State
from sendbatch.smtp.levels import BEHIND, GROUP, SINGLE, Levels
from sendbatch.smtp.offers import Offers, read_offers
from sendbatch.smtp.transaction import Transaction
from sendbatch.smtp.transport import QUIT, Break, Cause
from sendbatch.values import Status
from tests.kit.handing import Ended, ended
from tests.kit.scripted import a_message

pytestmark = pytest.mark.usefixtures("reading")

OFFERS = read_offers(["PIPELINING"])
OK, GO = b"250 ok\r\n", b"354 go\r\n"
NO, BUSY, BYE = b"550 no\r\n", b"450 busy\r\n", b"421 bye\r\n"
BAD = b"503 bad sequence\r\n"
BODY = b"Hello.\r\n"
BIG = b"x\r\n" * LARGE


def envelope(to: str) -> bytes:
    return b"MAIL FROM:<news@example.com>\r\nRCPT TO:<%s@example.net>\r\nDATA\r\n" % to.encode()


class Conversation:
    """Messages a, b, c … for one transaction; each goes along with the dot before it where it may."""

    def __init__(
        self, levels: Levels | None = None, offers: Offers = OFFERS, data: bytes = BODY
    ) -> None:
        self.levels = levels or Levels(BEHIND)
        self.transaction = Transaction(offers, self.levels)
        self.messages = {n: a_message(data, to=f"{n}@example.net") for n in "abcdef"}
        self.writes: list[bytes] = []
        self.outcomes: dict[str, Ended] = {}
        self.dropped = False
        self.durable_asked = 0
        self.sent_bodies = 0
        self._current = ""

    def _does(self, actions) -> None:
        for action in actions:
            if isinstance(action, Write):
                assert not self.dropped
                self.writes.append(action.data)
            elif isinstance(action, Settle):
                assert self._current not in self.outcomes
                self.outcomes[self._current] = ended(action.fact)
            elif isinstance(action, MakeDurable):
                self.durable_asked += 1
            elif isinstance(action, SendBody):
                self.sent_bodies += 1
            else:
                assert action == Drop()
                self.dropped = True
        assert not (self.dropped and self.transaction.awaited), "nothing more will be heard"

    def start(self, name: str) -> Conversation:
        self._current = name
        self._does(self.transaction.start(self.messages[name]))
        return self

    def hears(self, *replies: bytes) -> Conversation:
        self._does(self.transaction.receive(b"".join(replies)))
        return self

    def durable(self, along: str | None = None) -> Conversation:
        if along == "QUIT":
            self._does(self.transaction.durable(QUIT))
        elif along is None:
            self._does(self.transaction.durable())
        else:
            assert self.transaction.can_follow
            self._does(self.transaction.durable(self.messages[along]))
        return self

    def ends(self) -> Conversation:
        self._does(self.transaction.end(ENDED))
        return self

    def meets(self, event: str) -> Conversation:
        transaction = self.transaction
        if event == "abandon":
            self._does(transaction.abandon())
        elif event == "quit" and self._current in self.outcomes:
            self._does(transaction.quit())
        elif event == "silent":
            self._does(transaction.silent(Cause(Break.SILENT, "30 MAIL")))
        elif event == "end":
            self.ends()
        return self

    def verdict(self, name: str) -> tuple[Status, int | None, str | None]:
        outcome = self.outcomes[name]
        return (
            outcome.status,
            outcome.reply and outcome.reply.code,
            outcome.reply and outcome.reply.command,
        )

    def status(self, name: str) -> Status:
        return self.outcomes[name].status


def behind() -> Conversation:
    """The dot of a and the envelope of b have left, nothing is answered yet."""
    return Conversation().start("a").hears(OK, OK, GO).durable("b")


# the second level


def test_the_envelope_is_one_write() -> None:
    talk = Conversation().start("a")
    assert talk.writes == [envelope("a")]
    talk.hears(OK, OK, GO).durable()
    assert talk.writes[1:] == [BODY + b".\r\n"]
    assert talk.hears(OK).verdict("a") == (Status.ACCEPTED, 250, "MESSAGE")


def test_without_pipelining_nothing_goes_in_a_group() -> None:
    talk = Conversation(offers=Offers()).start("a")
    assert talk.writes == [b"MAIL FROM:<news@example.com>\r\n"]
    talk.hears(OK).hears(OK).hears(GO)
    assert not talk.transaction.can_follow


def test_at_the_first_level_nothing_goes_in_a_group_though_it_is_offered() -> None:
    talk = Conversation(Levels(SINGLE)).start("a").hears(OK)
    assert len(talk.writes) == 2
    talk.hears(OK).hears(GO)
    assert not talk.transaction.can_follow


REFUSED_GROUPS = [
    # replies to MAIL, RCPT, DATA; what it stands for; how the next write begins, None: dropped
    ((NO, NO, NO), (Status.DEFERRED, 550, "MAIL"), b"RSET"),
    ((NO, OK, NO), (Status.DEFERRED, 550, "MAIL"), b"RSET"),
    ((BUSY, BAD, BAD), (Status.DEFERRED, 450, "MAIL"), b"RSET"),
    ((BAD, BAD, BAD), (Status.DEFERRED, 503, "MAIL"), b"RSET"),
    ((OK, NO, BAD), (Status.REJECTED, 550, "RCPT"), b"RSET"),
    ((OK, NO, b"554 no valid recipients\r\n"), (Status.REJECTED, 550, "RCPT"), b"RSET"),
    ((OK, BUSY, BUSY), (Status.DEFERRED, 450, "RCPT"), b"RSET"),
    ((OK, OK, BUSY), (Status.DEFERRED, 450, "DATA"), b"RSET"),
    ((OK, OK, NO), (Status.DEFERRED, 550, "DATA"), b"RSET"),
    # RFC 2920 §3.1: DATA accepted though RCPT was refused
    ((OK, NO, GO), (Status.REJECTED, 550, "RCPT"), b".\r\nRSET"),
    ((OK, BUSY, GO), (Status.DEFERRED, 450, "RCPT"), b".\r\nRSET"),
    # 354 after any other refusal
    ((NO, NO, GO), (Status.DEFERRED, 550, "MAIL"), None),
    ((NO, OK, GO), (Status.DEFERRED, 550, "MAIL"), None),
    ((BUSY, OK, GO), (Status.DEFERRED, 450, "MAIL"), None),
    # what does not fit behind the first refusal
    ((OK, NO, OK), (Status.REJECTED, 550, "RCPT"), None),
    ((OK, NO, BYE), (Status.REJECTED, 550, "RCPT"), None),
    ((NO, GO, OK), (Status.DEFERRED, 550, "MAIL"), None),
    ((OK, NO, b"what\r\n"), (Status.REJECTED, 550, "RCPT"), None),
]


@pytest.mark.parametrize(("replies", "verdict", "begins"), REFUSED_GROUPS)
def test_the_first_refusal_alone_decides(replies, verdict, begins: bytes | None) -> None:
    talk = Conversation().start("a")
    for number, reply in enumerate(replies):
        assert not talk.outcomes or talk.dropped, f"settled before reply {number}"
        talk.hears(reply)
    assert talk.verdict("a") == verdict
    assert talk.dropped is (begins is None)
    assert talk.outcomes["a"].lost is (begins is None)
    if begins is None:
        assert len(talk.writes) == 1
    else:
        assert talk.start("b").writes[-1] == begins + b"\r\n" + envelope("b")


@pytest.mark.parametrize(("replies", "verdict", "begins"), REFUSED_GROUPS)
def test_it_decides_behind_a_dot_as_well(replies, verdict, begins: bytes | None) -> None:
    talk = behind().hears(OK, *replies).start("b")
    assert talk.status("a") is Status.ACCEPTED
    if verdict[1] == 503 and verdict[2] == "MAIL":  # out of step, as Haraka says it
        assert talk.verdict("b") == (Status.PENDING, None, None)
        return
    assert talk.verdict("b") == verdict
    assert talk.dropped is (begins is None)
    if begins is not None:
        assert talk.start("c").writes[-1] == begins + b"\r\n" + envelope("c")


@pytest.mark.parametrize("answer", [OK, NO, BUSY, b"554 no valid recipients\r\n"])
def test_the_reply_to_the_lone_dot_is_discarded(answer: bytes) -> None:
    talk = Conversation().start("a").hears(OK, NO, GO).start("b")
    talk.hears(answer, OK, OK, OK, GO).durable().hears(OK)
    assert talk.status("b") is Status.ACCEPTED
    assert talk.start("c").writes[-1] == envelope("c")


def test_the_lone_dot_goes_alone_where_the_level_was_lowered_meanwhile() -> None:
    talk = Conversation(Levels()).start("a").hears(OK, NO, GO)
    talk.levels.lower(GROUP)
    talk.start("b").hears(NO).hears(OK).hears(OK)
    assert talk.writes[1:4] == [b".\r\n", b"RSET\r\n", b"MAIL FROM:<news@example.com>\r\n"]


@pytest.mark.parametrize("reply", [BYE, GO, b"what\r\n"])
def test_what_does_not_fit_the_lone_dot_releases_the_next_message(reply: bytes) -> None:
    talk = Conversation().start("a").hears(OK, NO, GO).start("b").hears(reply)
    assert (talk.status("b"), talk.dropped) == (Status.PENDING, True)


def test_a_lone_dot_is_never_left_as_the_last_word() -> None:
    talk = Conversation().start("a").hears(OK, NO, GO)
    talk._does(talk.transaction.quit())
    assert talk.dropped
    assert len(talk.writes) == 1


@pytest.mark.parametrize("refusal", [NO, BUSY, BYE])
def test_a_refused_rset_in_a_group_releases_and_ends_the_connection(refusal: bytes) -> None:
    talk = Conversation().start("a").hears(OK, OK, NO).start("b").hears(refusal, OK, OK, GO)
    assert talk.verdict("b") == (Status.PENDING, int(refusal[:3]), "RSET")
    assert talk.dropped
    assert talk.durable_asked == 0


@pytest.mark.parametrize("before", [[], [OK], [OK, OK]])
@pytest.mark.parametrize("how", ["end", "421", "garbage"])
def test_the_end_in_a_group_releases(before: list[bytes], how: str) -> None:
    talk = Conversation().start("a").hears(*before)
    talk.ends() if how == "end" else talk.hears({"421": BYE, "garbage": b"?\r\n"}[how])
    assert talk.status("a") is Status.PENDING
    assert talk.outcomes["a"].lost
    assert talk.levels.group == (SINGLE if how == "garbage" else GROUP)


@pytest.mark.parametrize(
    "replies", [(OK, BAD), (OK, OK, BAD), (GO,), (OK, GO), (OK, OK, OK), (OK, b"500 what\r\n")]
)
def test_a_group_that_is_answered_out_of_step_lowers_the_level_and_blames_no_row(replies) -> None:
    talk = Conversation().start("a").hears(*replies)
    assert talk.verdict("a") == (Status.PENDING, None, None)
    assert (talk.dropped, talk.levels.group, talk.levels.learned) == (True, SINGLE, SINGLE)
    assert talk.transaction.mishandled


def test_silence_in_the_middle_of_a_group_lowers_the_level() -> None:
    talk = Conversation().start("a").hears(OK)
    talk._does(talk.transaction.silent(Cause(Break.SILENT, "30 MAIL")))
    assert (talk.status("a"), talk.levels.group) == (Status.PENDING, SINGLE)


def test_silence_before_any_of_it_says_nothing_about_groups() -> None:
    talk = Conversation().start("a")
    talk._does(talk.transaction.silent(Cause(Break.SILENT, "30 MAIL")))
    assert (talk.status("a"), talk.levels.group) == (Status.PENDING, GROUP)


@pytest.mark.parametrize("early", [OK, BUSY, NO, BYE])
@pytest.mark.parametrize("data", [BODY, BIG], ids=["small", "big"])
def test_a_reply_before_the_dot_holds_it_back_at_every_level(early: bytes, data: bytes) -> None:
    talk = Conversation(data=data).start("a").hears(OK, OK, GO, early).durable()
    assert len(talk.writes) == 1
    assert talk.dropped
    status = Status.PENDING if early is BYE and data is BODY else Status.DEFERRED
    assert talk.status("a") is status


# the third level


def test_the_next_envelope_goes_in_the_write_of_the_dot() -> None:
    talk = behind()
    assert talk.writes == [envelope("a"), BODY + b".\r\n" + envelope("b")]
    talk.hears(OK).start("b").hears(OK, OK, GO).durable("c")
    assert talk.writes[2:] == [BODY + b".\r\n" + envelope("c")]
    talk.hears(OK, OK, OK, GO).start("c").durable().hears(OK)
    assert [talk.status(n) for n in "abc"] == [Status.ACCEPTED] * 3
    assert talk.durable_asked == 3
    assert len(talk.writes) == 4


def test_a_large_body_goes_ahead_of_its_dot_and_never_before_its_message_is_started() -> None:
    talk = Conversation(data=BIG).start("a").hears(OK, OK, GO)
    assert talk.sent_bodies == 1
    talk.durable("b").hears(OK, OK, OK, GO)
    assert talk.writes[1:] == [b".\r\n" + envelope("b")]
    assert (talk.sent_bodies, talk.durable_asked) == (1, 1)
    talk.start("b")
    assert (talk.sent_bodies, talk.durable_asked) == (2, 2)


def test_quit_goes_in_the_write_of_the_last_dot() -> None:
    talk = Conversation().start("a").hears(OK, OK, GO).durable("QUIT")
    assert talk.writes[-1] == BODY + b".\r\nQUIT\r\n"
    talk.hears(OK)
    assert talk.status("a") is Status.ACCEPTED
    assert talk.transaction.state is State.QUIT
    assert talk.transaction.quit() == []
    assert talk.hears(b"221 bye\r\n").dropped


@pytest.mark.parametrize(
    ("reply", "status"),
    [(OK, Status.ACCEPTED), (NO, Status.REJECTED), (BUSY, Status.DEFERRED)],
)
def test_after_an_answer_the_next_goes_on_by_its_own_replies(reply: bytes, status: Status) -> None:
    talk = behind().hears(reply, OK, OK, GO)
    assert talk.status("a") is status
    talk.start("b").durable().hears(OK)
    assert talk.verdict("b") == (Status.ACCEPTED, 250, "MESSAGE")


def test_421_after_the_dot_defers_and_releases_the_next() -> None:
    talk = behind().hears(BYE).start("b")
    assert talk.verdict("a") == (Status.DEFERRED, 421, "MESSAGE")
    assert (talk.verdict("b"), talk.dropped) == ((Status.PENDING, None, None), True)


@pytest.mark.parametrize("how", ["end", "silence", "354", "garbage", "half"])
def test_anything_else_before_the_answer_is_doubt_and_releases_the_next(how: str) -> None:
    talk = behind()
    if how == "silence":
        talk._does(talk.transaction.silent(Cause(Break.SILENT, "30 MAIL")))
    elif how in ("end", "half"):
        talk.hears(b"25" if how == "half" else b"").ends()
    else:
        talk.hears(GO if how == "354" else b"250-a\r\n550 b\r\n")
    talk.start("b")
    assert talk.verdict("a") == (Status.IN_DOUBT, None, None)
    assert talk.verdict("b") == (Status.PENDING, None, None)
    assert talk.dropped
    assert len(talk.writes) == 2


@pytest.mark.parametrize("before", [[], [OK], [OK, OK], [OK, OK, GO]])
@pytest.mark.parametrize("started", [True, False])
def test_answered_and_then_the_end_releases_the_next(before: list[bytes], started: bool) -> None:
    talk = behind().hears(OK)
    talk = (
        talk.start("b").hears(*before).ends() if started else talk.hears(*before).ends().start("b")
    )
    assert talk.status("a") is Status.ACCEPTED
    assert talk.verdict("b") == (Status.PENDING, None, None)
    assert talk.outcomes["b"].lost


@pytest.mark.parametrize(
    ("before", "command"),
    [([], "MAIL"), ([OK], "RCPT"), ([OK, OK], "DATA"), ([OK, OK, GO], "DATA")],
)
def test_answered_and_then_421_releases_the_next(before: list[bytes], command: str) -> None:
    talk = behind().hears(OK, *before, BYE).start("b")
    assert talk.status("a") is Status.ACCEPTED
    assert talk.verdict("b") == (Status.PENDING, 421, command)
    assert talk.levels.group == GROUP
    assert talk.levels.is_open(object())  # it has worked, and this was an answer


def test_the_end_with_the_body_of_the_next_partly_sent_defers_it() -> None:
    talk = Conversation(data=BIG).start("a").hears(OK, OK, GO).durable("b").hears(OK, OK, OK, GO)
    talk.start("b").ends()
    assert (talk.status("a"), talk.verdict("b")) == (
        Status.ACCEPTED,
        (Status.DEFERRED, None, None),
    )


@pytest.mark.parametrize(
    ("early", "verdict"),
    [
        (OK, (Status.DEFERRED, None, None)),
        (NO, (Status.DEFERRED, 550, "DATA")),
        (BUSY, (Status.DEFERRED, 450, "DATA")),
    ],
)
@pytest.mark.parametrize("started", [True, False])
def test_a_reply_before_the_dot_of_the_next_is_never_doubt(early, verdict, started: bool) -> None:
    talk = behind().hears(OK, OK, OK, GO)
    talk = talk.start("b").hears(early) if started else talk.hears(early).start("b")
    assert talk.durable().verdict("b") == verdict
    assert talk.dropped
    assert len(talk.writes) == 2


def test_giving_up_with_an_envelope_ahead_is_doubt_for_one_and_nothing_for_the_next() -> None:
    talk = behind()
    talk._does(talk.transaction.abandon())
    talk.start("b")
    assert (talk.status("a"), talk.status("b")) == (Status.IN_DOUBT, Status.PENDING)
    assert talk.levels.is_open(object())


def test_what_cannot_be_sent_fails_and_nothing_of_it_goes_along() -> None:
    talk = Conversation()
    talk.messages["b"] = a_message(b"no end")
    talk.start("a").hears(OK, OK, GO).durable("b")
    assert talk.writes[-1] == BODY + b".\r\n"
    talk.hears(OK).start("b")
    assert (talk.status("a"), talk.status("b")) == (Status.ACCEPTED, Status.FAILED)
    assert talk.start("c").writes[-1] == envelope("c")


def test_another_message_than_the_one_that_went_ahead_is_a_mistake() -> None:
    talk = behind().hears(OK)
    with pytest.raises(RuntimeError, match="went ahead"):
        talk.start("c")


def test_nothing_is_written_between_a_dot_and_its_reply() -> None:
    talk = Conversation().start("a").hears(OK, OK, GO).durable()
    with pytest.raises(RuntimeError, match="MESSAGE"):
        talk.start("b")


# the level lowered


def test_503_to_each_command_behind_the_dot_ends_in_groups_and_blames_nobody() -> None:
    """Haraka 3.3."""
    talk = Conversation(Levels()).start("a").hears(OK, OK, GO).durable("b").hears(OK, BAD, BAD, BAD)
    talk.start("b")
    assert talk.status("a") is Status.ACCEPTED
    assert talk.verdict("b") == (Status.PENDING, None, None)
    assert talk.transaction.mishandled
    assert (talk.levels.group, talk.levels.learned) == (GROUP, GROUP)
    again = Conversation(talk.levels).start("b").hears(OK, OK, GO)
    assert not again.transaction.can_follow


def test_silence_behind_the_dot_ends_in_groups_and_blames_nobody() -> None:
    """chasquid 1.11 reads the commands away."""
    talk = Conversation(Levels()).start("a").hears(OK, OK, GO).durable("b")
    assert talk.transaction.patience is None
    talk.hears(OK)
    assert talk.transaction.patience == 10
    talk._does(talk.transaction.silent(Cause(Break.SILENT, "30 MAIL")))
    talk.start("b")
    assert (talk.status("a"), talk.verdict("b")) == (
        Status.ACCEPTED,
        (Status.PENDING, None, None),
    )
    assert (talk.levels.group, talk.levels.learned) == (GROUP, GROUP)


def test_once_it_has_worked_silence_may_last_longer() -> None:
    assert behind().hears(OK).transaction.patience == 30
    assert behind().hears(OK, OK).transaction.patience is None


@pytest.mark.parametrize("odd", [NO, BUSY, BAD])
def test_while_it_is_new_any_refusal_of_mail_behind_a_dot_is_held_to_be_its_place(odd) -> None:
    talk = Conversation(Levels()).start("a").hears(OK, OK, GO).durable("b").hears(OK, odd).start("b")
    assert talk.verdict("b") == (Status.PENDING, None, None)
    assert talk.levels.group == GROUP
    assert not talk.levels.is_open(talk.transaction)


@pytest.mark.parametrize("replies", [(OK, OK, GO), (OK, NO, BAD), (OK, BUSY, GO), (OK, OK, NO)])
def test_four_replies_prove_it(replies) -> None:
    talk = Conversation(Levels()).start("a").hears(OK, OK, GO).durable("b").hears(OK, *replies)
    assert talk.levels.proven
    assert talk.levels.is_open(object())


@pytest.mark.parametrize("answered", [b"", OK, OK + OK])
def test_a_try_that_is_cut_off_is_not_made_again_in_this_run(answered: bytes) -> None:
    talk = Conversation(Levels()).start("a").hears(OK, OK, GO).durable("b").hears(answered).ends()
    assert not talk.levels.is_open(object())
    assert talk.levels.learned is None


# whatever happens


_piece = st.sampled_from([OK, GO, BUSY, NO, BAD, BYE, b"25", b"0 ok\r\n", b"x\r\n", b"250-a\r\n"])
_event = st.one_of(_piece, st.sampled_from(["durable", "end", "abandon", "silent", "quit"]))


@given(
    st.lists(_event, max_size=30),
    st.sampled_from([SINGLE, GROUP, BEHIND, None]),
    st.booleans(),
    st.booleans(),
)
def test_each_message_is_settled_once_and_a_dot_needs_its_354(
    events: list[bytes | str], known: int | None, big: bool, greedy: bool
) -> None:
    talk = Conversation(Levels(known), data=BIG if big else BODY)
    names = iter("abcdef")
    current, ahead = next(names), ""
    talk.start(current)
    for event in events:
        if current in talk.outcomes and not (current := ahead or next(names, "")):
            break
        if current not in talk.outcomes and talk._current != current:
            if talk.transaction.state is State.QUIT:
                break
            ahead = ""
            talk.start(current)
        before = len(talk.writes)
        if isinstance(event, bytes):
            talk.hears(event)
            assert not any(b"\r\n.\r\n" in b"\r\n" + w for w in talk.writes[before:])
        elif event == "durable":
            if greedy and talk.transaction.can_follow and (ahead := next(names, "")):
                talk.durable(ahead)
            else:
                talk.durable()
        else:
            talk.meets(event)
    talk.ends()
    assert current in talk.outcomes or not current or talk.transaction.state is State.GONE
    if ahead and talk._current != ahead:
        talk.start(ahead)
        assert ahead in talk.outcomes


class Answers:
    """A server that answers each command by the next of its `choices`, once it has read it."""

    CHOICES = (
        (b"MAIL", (OK, OK, OK, NO, BUSY, BYE, BAD)),
        (b"RCPT", (OK, OK, OK, NO, BUSY, BYE, BAD)),
        (b"DATA", (GO, GO, NO, BUSY, BYE)),
        (b"RSET", (OK, OK, OK, NO)),
        (b".", (OK, OK, b"250-two\r\n250 lines\r\n", NO, BUSY, BYE)),
    )

    def __init__(self, choices: list[int]) -> None:
        self.choices = iter(choices)
        self.said = b""
        self._in_data = False

    def reads(self, data: bytes) -> None:
        for talk in data.split(b"\r\n")[:-1]:
            if self._in_data and talk != b".":
                continue
            self._in_data = False
            verb = talk[:4]
            replies = dict(self.CHOICES)[verb]
            reply = replies[next(self.choices, 0) % len(replies)]
            self._in_data = verb == b"DATA" and reply is GO
            self.said += reply


@given(
    st.lists(st.integers(0, 41), max_size=40),
    st.lists(st.integers(1, 40), max_size=60),
    st.sampled_from([SINGLE, GROUP, BEHIND, None]),
)
def test_however_the_bytes_are_split_the_outcomes_are_the_same(
    choices: list[int], pieces: list[int], known: int | None
) -> None:
    assert _served(choices, pieces, known) == _served(choices, [], known)


def _served(choices: list[int], pieces: list[int], known: int | None) -> list[object]:
    """Six messages, one after the other, to a server whose replies come in pieces of these lengths."""
    server, talk, lengths = Answers(choices), Conversation(Levels(known)), iter(pieces)
    names, read = list("abcdef"), 0
    ahead = ""
    while names or ahead:
        current = ahead or names.pop(0)
        ahead = ""
        talk.start(current)
        while current not in talk.outcomes:
            if talk.transaction.state is State.READY:
                ahead = names.pop(0) if names and talk.transaction.can_follow else ""
                talk.durable(ahead or None)
            for written in talk.writes[read:]:
                server.reads(written)
            read = len(talk.writes)
            if current in talk.outcomes:
                break
            piece, server.said = _cut(server.said, next(lengths, None))
            talk.hears(piece) if piece else talk.ends()
    return [sorted(talk.outcomes.items()), talk.writes, talk.levels.highest]


def _cut(data: bytes, length: int | None) -> tuple[bytes, bytes]:
    return (data, b"") if length is None else (data[:length], data[length:])
