"""Which answers ask for a lower rate."""

from __future__ import annotations

import pytest

from sendbatch.delivery.slow_down import SlowDown
from sendbatch.delivery.verdict import verdict
from sendbatch.smtp.facts import ENDED, released
from sendbatch.smtp.replies import clean_reply
from sendbatch.values import Outcome, Reply
from tests.kit.handing import answered

# As people quote them, from presets and from nobody's.
REPLIES_TO_THE_HASTY = (
    "421 4.4.2 Message submission rate for this client has exceeded the configured limit",
    "450 4.7.1 <END-OF-MESSAGE>: End-of-data rejected: Number messages per hour exceeded. Error:RATE_MSG",
    "450 Too many recipient attempts",
    "450 Requested mail action not taken: mailbox unavailable Mail send limit exceeded.",
    "450 4.7.1 sorry, max 400 requests per 3600 seconds",
    "450 4.7.1 <END-OF-MESSAGE>: End-of-data rejected: Policy rejection; Message count quota exceeded",
    "452 Too many recipients received this hour",
    "451 4.7.1 too many mails, please try again later",
    "421 Too many concurrent SMTP connections; please try again later",
    "451 Ratelimit exceeded",
    "454 4.7.1 Error: too many mails from 192.0.2.1",
    "454 Throttling failure: Maximum sending rate exceeded",
    "432 4.3.2 Concurrent connections limit exceeded.",
    "451 4.7.500 Server busy. Please try again later",
    "550 Domain example.com has exceeded the max emails per hour (100/100 (100%)) allowed.",
    "550 spam mail rejected: exceeded hour limit",
    "550 5.4.6 Unusual sending activity detected. Please try after sometime",
)


def said(code: int, text: str, command: str, enhanced: str | None = None) -> Outcome:
    return verdict(answered(Reply(code, text, command, enhanced)))


PATTERNS = ("too many (messages|connections)", r"\brate\b", "^421 4.7.28")


def test_it_reads_code_enhanced_code_and_text_in_any_case() -> None:
    asks = SlowDown(PATTERNS)
    assert asks(said(454, "Throttling: Maximum sending Rate exceeded", "MESSAGE"))
    assert asks(said(421, "unusual", "MAIL", "4.7.28"))
    assert asks(said(550, "TOO MANY MESSAGES today", "RCPT"))


def test_other_answers_ask_for_nothing() -> None:
    asks = SlowDown(PATTERNS)
    assert not asks(said(451, "moderate delay, greylisted", "RCPT"))
    assert not asks(said(250, "rate is fine", "MESSAGE"))
    assert not SlowDown(PATTERNS)(verdict(released(ENDED)))


def test_what_all_servers_say_needs_no_preset() -> None:
    assert SlowDown(())(said(454, "slow down", "MAIL"))
    assert not SlowDown(())(said(451, "local error", "MAIL"))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(450, "The user you are trying to contact is receiving mail at a rate that …", "RCPT"),
        Reply(451, "Greylisted, the rate is fine", "RCPT", "4.7.1"),
    ],
)
def test_a_mailbox_that_gets_too_much_and_greylisting_ask_for_nothing(reply: Reply) -> None:
    assert not SlowDown(PATTERNS)(verdict(answered(reply)))


@pytest.mark.parametrize("reply", REPLIES_TO_THE_HASTY)
def test_what_servers_say_to_those_who_send_too_fast_is_known(reply: str) -> None:
    code, _, text = reply.partition(" ")
    assert SlowDown(())(verdict(answered(clean_reply(int(code), [text], "MESSAGE"))))
