"""What each fact means for its recipient: every row of the table, and what words and earlier runs add."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sendbatch
from sendbatch.delivery.verdict import (
    A_DAY,
    MEANINGS,
    OF_US,
    TABLE,
    UNFIT,
    Refusal,
    judge,
    speaks_of_us,
    unbuilt,
    verdict,
)
from sendbatch.reasons import OURS, reason_of
from sendbatch.smtp import facts
from sendbatch.smtp.facts import ENDED
from sendbatch.smtp.meanings import About, meaning
from sendbatch.smtp.transport import Break, Cause, End, Fact, Step, Unfit
from sendbatch.values import Outcome, Recipient, Reply, Status, Unbuildable, Whom, Why
from tests.kit.handing import answered

AT = 1_800_000_000.0
HOUSE = Path(sendbatch.__file__).parent
NEVER = Reply(550, "go away", "RCPT")
NOBODY = Reply(550, "no such user", "RCPT", "5.1.1")
RELAY = Reply(554, "Relay access denied", "RCPT", "5.7.1")

# Replies whose words nobody knows, to each command, and what becomes of the message.
ROWS = [
    ("MESSAGE", 250, Status.ACCEPTED, Whom.RECIPIENT, None, ""),
    ("RSET", 450, Status.PENDING, Whom.CONNECTION, Why.REFUSED, "next"),
    ("RSET", 550, Status.PENDING, Whom.CONNECTION, Why.REFUSED, "next"),
    ("RSET", 421, Status.PENDING, Whom.CONNECTION, Why.CLOSED, ""),
    ("MAIL", 450, Status.DEFERRED, Whom.SENDER, Why.REFUSED, "sender"),
    ("MAIL", 550, Status.DEFERRED, Whom.SENDER, Why.REFUSED, "sender"),
    ("MAIL", 421, Status.PENDING, Whom.CONNECTION, Why.CLOSED, ""),
    ("RCPT", 450, Status.DEFERRED, Whom.RECIPIENT, Why.REFUSED, "recipient"),
    ("RCPT", 550, Status.REJECTED, Whom.RECIPIENT, Why.REFUSED, "recipient"),
    ("RCPT", 421, Status.PENDING, Whom.CONNECTION, Why.CLOSED, ""),
    ("DATA", 450, Status.DEFERRED, Whom.ACCOUNT, Why.REFUSED, "body"),
    ("DATA", 550, Status.DEFERRED, Whom.ACCOUNT, Why.REFUSED, "body"),
    ("DATA", 421, Status.PENDING, Whom.CONNECTION, Why.CLOSED, ""),
    ("MESSAGE", 450, Status.DEFERRED, Whom.MESSAGE, Why.REFUSED, "message"),
    ("MESSAGE", 550, Status.REJECTED, Whom.MESSAGE, Why.REFUSED, "message"),
    ("MESSAGE", 421, Status.DEFERRED, Whom.CONNECTION, Why.CLOSED, ""),
]
# What no reply decided, and what came before the message was whole.
OTHER_ROWS = [
    (facts.released(ENDED), Status.PENDING, Whom.CONNECTION, Why.RELEASED, "ended"),
    (facts.unfinished(ENDED), Status.DEFERRED, Whom.CONNECTION, Why.UNFINISHED, "ended"),
    (
        facts.unanswered(Cause(Break.SILENT, "600 the message")),
        Status.IN_DOUBT,
        Whom.CONNECTION,
        Why.UNANSWERED,
        "silent 600 the message",
    ),
    (
        facts.early(Reply(250, "ok", "DATA"), body_sent=False),
        Status.DEFERRED,
        Whom.CONNECTION,
        Why.EARLY,
        "",
    ),
    (
        facts.early(Reply(450, "no", "DATA"), body_sent=False),
        Status.DEFERRED,
        Whom.ACCOUNT,
        Why.REFUSED,
        "early",
    ),
    (
        facts.early(Reply(550, "no", "DATA"), body_sent=True),
        Status.DEFERRED,
        Whom.ACCOUNT,
        Why.REFUSED,
        "early",
    ),
    (
        facts.early(Reply(421, "no", "DATA"), body_sent=True),
        Status.DEFERRED,
        Whom.ACCOUNT,
        Why.REFUSED,
        "early",
    ),
    (
        facts.early(Reply(421, "no", "DATA"), body_sent=False),
        Status.PENDING,
        Whom.CONNECTION,
        Why.CLOSED,
        "",
    ),
]
WORDS = {
    About.MAILBOX: "no such user",
    About.MESSAGE: "message size exceeds fixed limit",
    About.CONNECTION: "too many messages in this session",
    About.GREYLISTING: "greylisted",
    About.RATE: "slow down",
    About.QUOTA: "daily quota exceeded",
    About.SENDER: "sender address rejected",
    About.ACCOUNT: "your account has been suspended",
    About.SET_UP: "relay access denied",
}


@pytest.mark.parametrize(("command", "code", "status", "whom", "why", "detail"), ROWS)
def test_each_reply_by_what_it_answers(
    command: str, code: int, status: Status, whom: Whom, why: Why | None, detail: str
) -> None:
    reply = Reply(code, "so", command)
    assert verdict(answered(reply)) == Outcome(status, reply, whom, why, detail)


@pytest.mark.parametrize(("fact", "status", "whom", "why", "detail"), OTHER_ROWS)
def test_each_end_that_no_reply_decided_or_that_came_early(
    fact: Fact, status: Status, whom: Whom, why: Why, detail: str
) -> None:
    assert verdict(fact) == Outcome(status, fact.reply, whom, why, detail)


def test_every_row_of_the_table_is_held_here() -> None:
    held = [answered(Reply(code, "so", command)) for command, code, *_ in ROWS]
    held += [fact for fact, *_ in OTHER_ROWS]
    rows = {(f.end, f.step, f.reply.code // 100 if f.reply else 0) for f in held}
    assert rows == set(TABLE)


def test_only_the_recipient_and_the_whole_message_are_refused_for_good() -> None:
    rejecting = [row for row, found in TABLE.items() if found.status is Status.REJECTED]
    assert rejecting == [
        (End.REFUSED, Step.RECIPIENT, 5),
        (End.REFUSED, Step.MESSAGE, 5),
    ]


@pytest.mark.parametrize("about", list(About))
@pytest.mark.parametrize("code", [450, 550])
def test_words_to_the_recipient_say_whom_it_is_about_and_why(about: About, code: int) -> None:
    reply = Reply(code, WORDS[about], "RCPT")
    assert meaning(reply) is about
    found = verdict(answered(reply))
    assert (found.whom, found.why) == MEANINGS[about]
    assert found.status is (Status.REJECTED if code == 550 else Status.DEFERRED)


@pytest.mark.parametrize("about", list(About))
@pytest.mark.parametrize(("command", "whom"), [("MAIL", Whom.SENDER), ("DATA", Whom.ACCOUNT)])
def test_to_the_sender_or_the_body_no_words_are_about_the_recipient(
    about: About, command: str, whom: Whom
) -> None:
    found = verdict(answered(Reply(550, WORDS[about], command)))
    of, why = MEANINGS[about]
    assert found.why is why
    assert found.whom is (whom if of in (Whom.RECIPIENT, Whom.MESSAGE) else of)
    assert speaks_of_us(found)
    assert found.status is Status.DEFERRED


@pytest.mark.parametrize("about", list(About))
def test_no_words_make_a_message_accepted_or_change_its_status(about: About) -> None:
    for command, code, status, *_ in ROWS:
        assert verdict(answered(Reply(code, WORDS[about], command))).status is status


def test_the_announced_end_keeps_what_it_speaks_of_and_says_that_it_was_the_end() -> None:
    found = verdict(answered(Reply(421, "daily quota exceeded", "MAIL")))
    assert (found.whom, found.why, found.detail) == (Whom.ACCOUNT, Why.QUOTA, "closed")
    assert reason_of(found) == "the server closed the connection"


@pytest.mark.parametrize("unfit", list(Unfit))
def test_what_cannot_be_handed_over_failed_and_is_about_the_message(unfit: Unfit) -> None:
    found = verdict(facts.unfit(Cause(unfit, "9 8")))
    assert found == Outcome(Status.FAILED, None, Whom.MESSAGE, UNFIT[unfit], "9 8")


def test_what_could_not_be_built_failed_in_the_builders_words() -> None:
    found = unbuilt(Unbuildable("no such file"))
    assert found == Outcome(Status.FAILED, None, Whom.MESSAGE, Why.UNBUILDABLE, "no such file")


def test_what_speaks_of_us_has_its_words() -> None:
    assert set(OURS) == set(OF_US)


@pytest.mark.parametrize("step", list(Step))
def test_what_was_refused_has_its_words(step: Step) -> None:
    words = reason_of(Outcome(Status.DEFERRED, None, Whom.SENDER, Why.REFUSED, str(step)))
    assert words.startswith("the server refused")


@pytest.mark.parametrize("how", list(Break))
def test_however_a_conversation_breaks_there_are_words_for_it(how: Break) -> None:
    found = verdict(facts.released(Cause(how, "354 MAIL")))
    assert reason_of(found).startswith(("the connection", "the server", "sending was stopped"))


def test_nothing_above_the_verdict_knows_a_command_or_the_code_of_an_announced_end() -> None:
    rooms = (
        "cli",
        "api.py",
        "session",
        "planning",
        "delivery",
        "preview",
        "reports",
        "limits",
        "rendering",
    )
    of_smtp = {"MAIL", "RCPT", "DATA", "RSET", "MESSAGE", 421}
    found = set()
    for room in rooms:
        path = HOUSE / room
        for module in [path] if path.is_file() else path.rglob("*.py"):
            said = {
                node.value
                for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
                if isinstance(node, ast.Constant) and isinstance(node.value, str | int)
            }
            found |= {module.name} if said & of_smtp else set()
    assert found == set()


def judged(
    reply: Reply,
    told: Reply | None = None,
    since: float | None = None,
    *,
    its_own: bool = False,
) -> Refusal:
    recipient = Recipient(1, 1, "p1", "", (), refused=told, refusal_is_its_own=its_own)
    return judge(verdict(answered(reply)), recipient, "example.org", since, AT)


class TestOnePermanentRefusal:
    @pytest.mark.parametrize("command", ["RCPT", "MESSAGE"])
    def test_to_the_recipient_or_the_message_it_is_open(self, command: str) -> None:
        found = judged(Reply(550, "no", command))
        assert (found.outcome.status, found.ours, found.since) == (Status.DEFERRED, False, None)

    @pytest.mark.parametrize("command", ["MAIL", "DATA"])
    def test_to_mail_or_data_it_speaks_about_us(self, command: str) -> None:
        found = judged(Reply(550, "no such user", command, "5.1.1"))
        assert (found.ours, found.since) == (True, None)

    def test_known_to_speak_about_us_it_says_of_what(self) -> None:
        found = judged(RELAY)
        assert found.ours
        assert reason_of(found.outcome) == (
            "the server refused the recipient, and speaks of our set-up"
        )

    @pytest.mark.parametrize(
        ("told", "since", "status"),
        [
            (NOBODY, AT - A_DAY, Status.REJECTED),
            (NOBODY, AT - A_DAY + 60, Status.DEFERRED),
            (NOBODY, None, Status.DEFERRED),
            (RELAY, AT - 9 * A_DAY, Status.DEFERRED),  # it was something else that it was told then
            (None, AT - 9 * A_DAY, Status.DEFERRED),
        ],
    )
    def test_of_the_mailbox_twice_a_day_apart_it_is_final(
        self, told: Reply | None, since: float | None, status: Status
    ) -> None:
        assert judged(NOBODY, told, since).outcome.status is status

    @pytest.mark.parametrize("reply", [NEVER, RELAY])
    def test_met_again_what_does_not_speak_of_the_mailbox_condemns_nobody(
        self, reply: Reply
    ) -> None:
        assert judged(reply, reply, AT - 9 * A_DAY).outcome.status is Status.DEFERRED
