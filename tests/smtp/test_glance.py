"""The usual replies, known at one glance: an abbreviation of the table, which nobody can tell from it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sendbatch.smtp.actions import Action, Settle
from sendbatch.smtp.facts import State
from sendbatch.smtp.levels import BEHIND, GROUP, SINGLE, Levels
from sendbatch.smtp.offers import read_offers
from sendbatch.smtp.replies import MOST_BYTES, ReplyParser
from sendbatch.smtp.transaction import Transaction
from sendbatch.values import Status
from tests.kit.handing import ended
from tests.kit.reading import reply_by_reply
from tests.kit.scripted import a_message
from tests.kit.thoroughness import examples

OFFERS = read_offers(["PIPELINING"])
OK, GO = b"250 2.1.0 Ok\r\n", b"354 End data with <CR><LF>.<CR><LF>\r\n"
TAKEN = b"250 2.0.0 Ok: queued as 4F2\r\n"


class Talk:
    """Message after message over one transaction, each with the next one behind its dot where it may."""

    def __init__(self, known: int | None = BEHIND) -> None:
        self.levels = Levels(known)
        self.transaction = Transaction(OFFERS, self.levels)
        self.actions: list[Action] = []
        self._messages = [a_message(to=f"p{number}@example.net") for number in range(40)]
        self._does(self.transaction.start(self._messages.pop(0)))

    def hears(self, data: bytes) -> Sequence[Action]:
        heard = self.transaction.receive(data)
        self._does(heard)
        return heard

    def durable(self) -> None:
        if self.transaction.can_follow:
            self._does(self.transaction.durable(self._messages[0]))
        else:
            self._does(self.transaction.durable())

    def next(self) -> None:
        """Start another message, where the one before it has ended."""
        settled = sum(isinstance(action, Settle) for action in self.actions)
        if len(self._messages) == 40 - settled and self._messages:
            self._does(self.transaction.start(self._messages.pop(0)))

    def _does(self, actions: Sequence[Action]) -> None:
        self.actions += actions

    @property
    def stands(self) -> tuple[object, ...]:
        """All that what comes next depends on."""
        transaction = self.transaction
        levels = dict(vars(self.levels), _trying=self.levels._trying is transaction)
        return (
            self.actions, transaction.state, list(transaction.awaited), transaction.can_follow,
            transaction.patience, transaction.mishandled, transaction.gone, levels,
            transaction._parser.has_rest, transaction._is_new, transaction._needs_reset,
        )  # fmt: skip


def test_the_usual_replies_are_read_without_a_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    def parses(parser: ReplyParser, data: bytes) -> None:
        raise AssertionError(f"{data!r} was read reply by reply")

    monkeypatch.setattr(ReplyParser, "feed", parses)
    talk = Talk()
    talk.hears(OK + OK + GO)
    for _ in range(3):
        talk.durable()
        (settled,) = talk.hears(TAKEN + OK + OK + GO)
        assert isinstance(settled, Settle)
        reply = ended(settled.fact).reply
        assert ended(settled.fact).status is Status.ACCEPTED
        assert reply is not None
        assert (reply.code, reply.enhanced, reply.text, reply.command) == (
            250, "2.0.0", "Ok: queued as 4F2", "MESSAGE"
        )  # fmt: skip
        talk.next()
        assert talk.transaction.state is State.READY


def test_an_envelope_whose_replies_come_behind_the_answer_is_granted_at_one_glance_too() -> None:
    talk = Talk()
    talk.hears(OK + OK + GO)
    talk.durable()
    talk.hears(TAKEN)
    talk.next()
    talk.hears(OK + OK + GO)
    assert talk.transaction.state is State.READY


_longest = b"250 " + b"x" * (MOST_BYTES - len("250 \r\n")) + b"\r\n"
_odd = st.sampled_from([
    b"250\r\n", b"251 2.1.5 elsewhere\r\n", b"299 \r\n", b"300 odd\r\n", b"355 odd\r\n", b"200 2\r\n",
    b"250 \xff\x00\x1b[31m\r\n", b"250 5.0.0 other class\r\n", b"250-two\r\n250 lines\r\n",
    b"421 bye\r\n", b"450 busy\r\n", b"550 5.1.1 nobody\r\n", b"503 order\r\n", b"250 bare\n",
    b"25 two digits\r\n", b"2500 four\r\n",
    b"2", b"25", b"250", b"\r\n", b"\n", b"x\r\n", b"", _longest, b"x" + _longest,
    _longest[:-2] + b"x\r\n",
])  # fmt: skip


def _replies(*usual: bytes) -> st.SearchStrategy[bytes]:
    """These, one or two of which may be something else."""
    changed = st.dictionaries(st.integers(0, len(usual)), _odd, max_size=2)
    return changed.map(lambda c: b"".join(c.get(n, one) for n, one in enumerate((*usual, b""))))


_group = _replies(OK, OK, GO)
_dot_and_group = _replies(TAKEN, OK, OK, GO)
_packet = st.one_of(_dot_and_group, _dot_and_group, _group, _replies(TAKEN), _odd)


@settings(max_examples=examples(2000))
@given(
    st.one_of(st.just(OK + OK + GO), _group),
    st.lists(st.tuples(_packet, st.booleans()), max_size=8),
    st.lists(st.integers(1, 120), max_size=4),
    st.sampled_from([SINGLE, GROUP, BEHIND, BEHIND, None, None]),
)
@example(OK + OK + GO, [(TAKEN + OK + OK + GO, True), (TAKEN, True)], [], None)
@example(OK + OK + GO, [(b"2", True), (TAKEN + OK + OK + GO, True)], [], BEHIND)
@example(OK + OK + GO, [(TAKEN + OK + _longest + GO, True)], [], BEHIND)
@example(OK + OK + GO, [(TAKEN + OK + _longest[:-2] + b"x\r\n" + GO, True)], [], BEHIND)
def test_whatever_a_server_says_however_split_means_the_same_without_it(
    first: bytes, packets: list[tuple[bytes, bool]], cuts: list[int], known: int | None
) -> None:
    """`first` answers the first envelope; behind each packet, where that is so, the intent is durable as soon
    as it may be, and the next message is started."""
    glancing, plodding = Talk(known), Talk(known)
    for packet, goes_on in [(first, True), *packets]:
        for piece in _cut(packet, cuts):
            glancing.hears(piece)
            with reply_by_reply():
                plodding.hears(piece)
            assert glancing.stands == plodding.stands
        for talk in (glancing, plodding):
            if goes_on:
                talk.next()
                talk.durable()
        assert glancing.stands == plodding.stands


def _cut(data: bytes, lengths: list[int]) -> list[bytes]:
    """In pieces of these lengths, and what is left as one."""
    pieces = []
    for length in lengths:
        piece, data = data[:length], data[length:]
        pieces.append(piece)
    return [piece for piece in (*pieces, data) if piece]
