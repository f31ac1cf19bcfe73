"""Proofs that are waited for in their reviewer's mailbox, and read as they arrive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as NotYet
from contextlib import closing
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from sendbatch.arrival.address import VARIABLE, address_of
from sendbatch.arrival.inspected import Inspected, inspected
from sendbatch.arrival.mailbox import Found, Mailbox, Sought, opened
from sendbatch.arrival.reading import mail_of
from sendbatch.campaign.secrets import read_mailbox_password
from sendbatch.errors import Interrupted, SendbatchError
from sendbatch.findings import Rule
from sendbatch.runtime.threads import in_thread
from sendbatch.session.job import Job
from sendbatch.values import Status
from sendbatch.words import count, duration

if TYPE_CHECKING:
    from sendbatch.session.proof import Proofed

WAIT = 300.0  # seconds for a mail to arrive: greylisting takes as long, as a rule
_MOMENT = 0.1  # seconds between two looks at whether a person asks to end
T = TypeVar("T")


def awaited(job: Job, written: str, send: Callable[[], list[Proofed]]) -> list[Proofed]:
    """What `send` gives, the first that was accepted with how it arrived. The mailbox is opened before
    anything is sent. Raises SendbatchError where it cannot be used; with proofs out, errors say so."""
    address = address_of(written)
    password = read_mailbox_password(
        VARIABLE, address.user, address.host, job.profile, job.edge.environ
    )
    with closing(_heeding(lambda: opened(address, password), job)) as mailbox:
        proofs = send()
        at, first = next(
            ((at, one) for at, one in enumerate(proofs) if one.outcome.status is Status.ACCEPTED), (0, None)
        )
        if first is None:
            return proofs
        job.observer.notice(
            f"{count(len(proofs), 'proof')} went out; the first is waited for in {address.host}, "
            f"for {duration(WAIT)} at most"
        )
        found = _waited(mailbox, first, job, proofs)
    if found is not None:
        proofs[at] = replace(first, inspected=_inspected(first, found))
    return proofs


def _waited(mailbox: Mailbox, first: Proofed, job: Job, proofs: Sequence[Proofed]) -> Found | None:
    assert first.message is not None
    sent = len(proofs)
    others = (one.message for one in proofs if one is not first)
    reply = first.outcome.reply
    sought = Sought(
        mail_of(first.message.data, "the proof"),
        first.reviewer,
        reply.text if reply is not None else "",
        frozenset(one.message_id for one in others if one is not None),
    )
    over = Event()
    answer = in_thread(lambda: mailbox.wait(sought, WAIT, over))
    while True:
        try:
            return answer.result(_MOMENT)
        except NotYet:
            if answer.done():
                raise
        except SendbatchError as error:
            said = f"{count(sent, 'proof')} went out, and how they arrived is not known: {error.message}"
            raise SendbatchError(Rule.MAILBOX_UNUSABLE.finding(said, hint=error.hint)) from None
        if job.stop.is_soon:
            over.set()
            raise Interrupted(f"{job.stop.reason}; {count(sent, 'proof')} went out, and none was read")


def _inspected(first: Proofed, found: Found) -> Inspected:
    assert first.message is not None
    seen = inspected(found.mail, mail_of(first.message.data, "the proof"))
    if not found.is_junk:
        return seen
    said = "it arrived in the folder for junk"
    hint = "what else is found may say why; a filter also goes by the text and by who sends"
    junk = Rule.ARRIVED_AS_JUNK.finding(said, found.mail.place(), hint)
    return replace(seen, findings=(junk, *seen.findings))


def _heeding(work: Callable[[], T], job: Job) -> T:
    """The answer of `work`, unless a person asks to end before."""
    answer = in_thread(work)
    while True:
        try:
            return answer.result(_MOMENT)
        except NotYet:
            if answer.done():
                raise
            job.stop.heed()
