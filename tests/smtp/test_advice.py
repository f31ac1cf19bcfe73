"""What refusals mean and what to do: the data keeps the rules it states, and the well-known codes come out as
the registry has them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.reasons import OURS
from sendbatch.smtp.advice import UNKNOWN, Advice, Entry, advice, entries
from sendbatch.smtp.meanings import About
from sendbatch.smtp.replies import clean_reply

ENTRIES = entries()
EACH = pytest.mark.parametrize("entry", ENTRIES, ids=[entry["reply"][:60] for entry in ENTRIES])
NEVER_OF_US = re.compile(r"suppression list|off the list|leave (?:it|them) out", re.IGNORECASE)


def advised(line: str) -> Advice:
    """Of a reply as it comes from the wire."""
    code, _, text = line.partition(" ")
    reply = clean_reply(int(code), [text], "RCPT")
    return advice(reply.code, reply.enhanced, reply.text)


@EACH
def test_each_entry_decides_for_the_reply_beside_it(entry: Entry) -> None:
    assert set(entry) <= {"about", "pattern", "reply", "means", "do", "source"}
    assert advised(entry["reply"]) == Advice(entry["means"], entry["do"], entry.get("source", ""))
    assert entry.get("about", UNKNOWN) in {UNKNOWN, *About}
    assert entry.get("source", "https://").startswith("https://")


@EACH
def test_each_says_one_sentence_of_what_it_means_and_at_most_two_of_what_to_do(entry: Entry) -> None:
    for words, most in ((entry["means"], 1), (entry["do"], 2)):
        assert words[0].isupper() or words[0] == "`"
        assert words.endswith(".")
        assert 1 <= len(re.findall(r"[.?!](?= |$)", words)) <= most


@EACH
def test_nobody_is_taken_off_a_list_for_a_fault_of_ours(entry: Entry) -> None:
    if entry.get("about") in OURS:
        assert not NEVER_OF_US.search(entry["do"])


def test_whatever_is_not_known_is_at_the_end() -> None:
    assert ["about" in entry for entry in ENTRIES[-2:]] == [False, False]
    assert "pattern" not in ENTRIES[-1]


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("421 4.7.32 Your email has been rate limited because the From: header is not aligned", "to Gmail"),
        ("550 5.7.27 SPF authentication didn't pass", "to Gmail"),
        ("550 5.7.25 The IP address sending this message does not have a PTR record setup", "reverse name"),
        ("550 5.7.29 TLS required for RCPT domain", "encrypted connection"),
        ("550 5.7.28 Gmail has detected an unusual rate of unsolicited mail", "thinks little of it"),
        ("421 4.7.28 Gmail has detected an unusual rate of unsolicited mail", "called spam"),
        ("550 5.7.515 Access denied, sending domain E.COM does not meet the required authentication level.",
         "Outlook.com takes mail"),
        ("550 5.7.1 Unfortunately, messages weren't sent (S3150).", "Microsoft's own block list"),
        ("550 SC-001 (COL004-MC1F5) Unfortunately, messages weren't sent.", "Microsoft's own block list"),
        ("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred", "Yahoo takes less"),
        ("554 5.7.9 Message not accepted for policy reasons.", "Yahoo does not take"),
        ("550 5.7.1 [CS01] Message rejected due to local policy.", "iCloud"),
        ("550 5.1.1 <relay.denied@example.org>: User unknown", "no mailbox of this name"),
        ("550 No such user here", "no mailbox of this name"),
        ("452 4.2.2 Over quota", "mailbox is full"),
        ("552 5.2.2 mailbox quota exceeded", "mailbox is full, and"),
        ("552 5.3.4 Message too big for system", "larger than the server takes"),
        ("552 message size exceeds fixed maximum message size", "larger than the server takes"),
        ("450 4.2.0 Greylisted for 300 seconds", "greylisting"),
        ("451 4.7.1 Greylisting in action", "greylisting"),
        ("450 4.7.1 too much mail from 192.0.2.1", "faster than the server allows"),
        ("421 4.7.0 Try again later, closing connection", "refuses for now, by a rule of its own"),
        ("421 Service not available", "ends the connection for now"),
        ("451 4.3.0 Temporary lookup failure", "a fault of its own"),
        ("450 mailbox unavailable", "refuses for now"),
        ("550 5.7.1 Message rejected", "a rule of its own"),
        ("554 5.7.1 spam", "takes the message for spam"),
        ("550 5.7.25 no PTR", "reverse name service"),
        ("550 5.7.23 SPF validation failed", "SPF, DKIM or DMARC"),
        ("554 5.7.1 Relay access denied", "relaying"),
        ("550 mailbox unavailable", "does not take mail to this address"),
        ("554 Transaction failed", "refuses for good"),
    ],
)
def test_the_well_known_ones_are_told_in_words(line: str, means: str) -> None:
    assert means in advised(line).means


@given(st.integers(400, 599), st.none() | st.text(max_size=12), st.text(max_size=500))
def test_there_is_something_to_say_of_whatever_a_server_says(
    code: int, enhanced: str | None, text: str
) -> None:
    assert all(advice(code, enhanced, text)[:2])
