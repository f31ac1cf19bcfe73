"""The meanings of refusals: the data keeps the rules it states, and false friends are told apart."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.reasons import OURS
from sendbatch.smtp.meanings import About, Entry, entries, meaning
from sendbatch.smtp.replies import clean_reply
from sendbatch.values import Reply

ENTRIES = entries()
EACH = pytest.mark.parametrize("entry", ENTRIES, ids=[entry["reply"][:60] for entry in ENTRIES])


def read(line: str) -> Reply:
    """As it comes from the wire."""
    code, _, text = line.partition(" ")
    return clean_reply(int(code), [text], "RCPT")


@EACH
def test_each_entry_stands_beside_a_reply_that_comes_out_so_and_the_page_that_shows_it(
    entry: Entry,
) -> None:
    assert set(entry) == {"about", "pattern", "reply", "source"}
    assert entry["source"].startswith("https://")
    assert meaning(read(entry["reply"])) == entry["about"]
    assert meaning(read(entry["reply"].upper())) == entry["about"]


@EACH
def test_each_pattern_finds_its_own_reply_and_captures_nothing(entry: Entry) -> None:
    said = re.sub(r"<[^<>]*@[^<>]*>|\S+@\S+", "<>", entry["reply"])
    assert re.search(entry["pattern"], said, re.IGNORECASE)
    assert re.compile(entry["pattern"]).groups == 0


@pytest.mark.parametrize(
    "line",
    [
        "554 5.7.1 <p1@example.net>: Relay access denied",
        "550 5.7.1 <ada@example.org>... Relaying denied",
        "550 relay not permitted",
        "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
        "550 5.7.64 TenantAttribution; Relay Access Denied",
        "553 5.7.1 <news@example.com>: Sender address rejected: not owned by user user",
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
        "530 5.7.0 Authentication required",
        "503 5.5.4 Error: send AUTH command first",
        "504 5.5.2 <laptop>: Helo command rejected: need fully-qualified hostname",
        "550 Domain example.com has exceeded the max emails per hour (100/100 (100%)) allowed.",
        "554 Message rejected: Email address is not verified.",
        "550 5.4.5 Daily user sending limit exceeded. - gsmtp",
        "550 5.7.232 Your message can't be sent because your trial tenant has exceeded its daily limit for "
        "sending email to external recipients (tenant external recipient rate limit)",
        "550 5.7.1 You are not allowed to send to the outside",
        "550 5.7.25 The IP address sending this message does not have a PTR record setup",
        "550 5.7.26 This mail is unauthenticated, which poses a security risk",
        "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed",
        "550 5.1.90 Your message can't be sent",
        "550 5.7.515 Access denied, sending domain does not meet the required authentication level",
        "552 5.2.2 user has exceeded daily sending limit",
        "550 Too many messages. Try again in 92 seconds.",
        "550 5.1.8 Access denied, bad outbound sender",
        "554 5.1.8 Sender Address Blocked",
        "554 5.7.1 Your account has been suspended",
        "451 You've exceeded your messaging limits",
        "554 5.7.0 Your message could not be sent. The limit on the number of allowed outgoing messages "
        "was exceeded. Try again later.",
        "550 5.7.1 Monthly sending quota exceeded",
        "550 5.1.0 <news@example.com>: Sender address rejected: User unknown in virtual mailbox table",
        "421 4.7.26 This mail has been rate limited because the sender is unauthenticated.",
        "421 4.7.40 rate limited: there is no DMARC record",
        "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent (S3140).",
        "550 SC-001 (COL004-MC1F5) Unfortunately, messages from 192.0.2.1 weren't sent.",
        "550 DY-001 (COL004) We generally do not accept email from dynamic IP's",
        "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1",
        "554 5.7.9 Message not accepted for policy reasons.",
        "421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred",
        "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints",
        "554 gmx.net (mxgmx104) No SMTP service IP address is block listed.",
    ],
)
def test_what_speaks_about_the_sender_account_quota_or_set_up_speaks_about_us(line: str) -> None:
    assert meaning(read(line)) in OURS


@pytest.mark.parametrize(
    "line",
    [
        "550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown in relay recipient table",
        "550 5.1.1 <relay.denied@example.org>: user unknown",
        "550 No such user here",
        "550 User unknown",
        "550 5.2.1 The email account that you tried to reach is disabled.",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound",
        "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
        "550 5.7.134 RESOLVER.RST.SenderNotAuthenticatedForMailbox; authentication required",
        "550 Unroutable address",
        "550 sorry, no mailbox here by that name. (#5.1.1)",
        "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)",
        "554 delivery error: dd This user doesn't have a yahoo.com account",
        "552 5.2.2 mailbox quota exceeded",
        "552 over quota: user mailbox full",
        "550 5.2.2 user quota exceeded",
        "550 Quota exceeded",
        "550 Mailbox quota limit exceeded",
        "552 Requested mail action aborted: exceeded storage allocation",
        "452 4.2.2 The recipient's mailbox is over its storage limit",
        "450 4.2.1 The user you are trying to contact is receiving mail too quickly.",
        "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)",
    ],
)
def test_what_speaks_about_the_mailbox_is_not_taken_for_a_word_about_us(line: str) -> None:
    assert meaning(read(line)) is About.MAILBOX


@pytest.mark.parametrize(
    "line",
    [
        "550 no",
        "550 5.7.1 message rejected",
        "554 5.7.1 spam",
        "550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized",
        "550 5.7.1 <relay denied@example.org>: Recipient address rejected",
        "550 5.7.1 sender-rejected@example.org is not welcome",
        "550 Requested action not taken: mailbox unavailable",
        "550 Account suspended",  # whose?
        "550 5.7.1 You are not allowed to send mail to this group",
        "550 Invalid recipient",  # OpenSMTPD says so for relaying and for unknown users
        "451 4.3.0 Temporary lookup failure",
    ],
)
def test_what_may_mean_either_means_nothing(line: str) -> None:
    assert meaning(read(line)) is None


@pytest.mark.parametrize(
    "line",
    [
        "552 5.3.4 Message size exceeds fixed limit",
        "552 message exceeds the maximum size allowed for this session",
        "452 4.5.3 Domain policy size per transaction exceeded",
    ],
)
def test_a_limit_of_the_message_is_no_limit_of_ours(line: str) -> None:
    assert meaning(read(line)) is About.MESSAGE


@pytest.mark.parametrize(
    "line",
    [
        "421 too many messages in this connection",
        "421 #4.x.2 Too many messages for this session",
        "452 4.5.3 Too many recipients in this session",
        "550 5.7.0 maximum number of messages per connection exceeded",
        "421 4.7.0 message limit per session reached",
        "554 5.7.1 You can send only 50 messages per session",
        "451 No more messages on this connection",
    ],
)
def test_what_one_connection_may_carry_is_told_from_rates_and_quotas(line: str) -> None:
    assert meaning(read(line)) is About.CONNECTION


@pytest.mark.parametrize(
    "line",
    [
        "450 too many messages per hour in this session",
        "550 too many messages per connection per hour",
        "450 4.7.1 Error: too much mail from 192.0.2.1",
        "451 4.7.1 message rate limit exceeded for this connection",
        "421 Too many concurrent sessions",
        "421 4.7.0 Too many bad commands in this session",
        "421 too many errors in this session",
        "530 Authentication required on this connection",
        "550 message content rejected in this session",
    ],
)
def test_a_rate_an_error_or_a_login_is_not_taken_for_what_one_connection_may_carry(
    line: str,
) -> None:
    assert meaning(read(line)) is not About.CONNECTION


@given(st.integers(400, 599), st.text(max_size=500))
def test_whatever_a_server_says_is_read_without_an_error(code: int, text: str) -> None:
    about = meaning(clean_reply(code, [text], "RCPT"))
    assert about is None or about in About
