"""The account of a run whose record is in a database: its limits are those of all runs that share the
database, whatever their campaign and on whatever machine. What is kept in the user's state folder does not
count then: another machine does not see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from sendbatch.errors import LedgerError
from sendbatch.ledger.records import accounts_in
from sendbatch.ledger.store import Record
from sendbatch.limits.account import Allowance, allowance_of
from sendbatch.limits.peers import Peers
from sendbatch.limits.shared_usage import SharedUsage, shared_account
from sendbatch.runtime.clock import Ahead
from sendbatch.session.job import Job
from sendbatch.words import duration

OFF = 60.0  # seconds by which a clock is worth a word
SHARED = "the limits of the account are those of all runs that share the database of the record"


@contextmanager
def sending_allowance(job: Job, own: Allowance) -> Iterator[Allowance]:
    """What this run may send, and has its part of; `own` is what this machine knows. The record is open.
    Raises LedgerError where that cannot be kept."""
    place = job.record.database
    if place is None or not _is_counted(job):
        yield own
        return
    profile = job.profile
    with accounts_in(place, looking=False) as accounts:
        assert accounts is not None
        account = shared_account(accounts.use, profile.host, own.username)
        peers = Peers(
            accounts.register(account.user),
            accounts.sender,
            accounts.campaign,
            profile.connections,
            accounts.lease,
            accounts.onward,
        )
        yield replace(
            own,
            account=account,
            usage=SharedUsage(accounts.use, peers),
            unread=None,
            peers=peers,
            leases=accounts.leases(account.user),
            campaign=accounts.campaign,
        )


@contextmanager
def looking_allowance(job: Job, *, spending: bool) -> Iterator[Allowance]:
    """What a run might send; what cannot be read is not known, unless quota is spent. Raises LedgerError."""
    place = job.record.database
    own = allowance_of(job.campaign, job.edge, looking=place is not None or not spending)
    if place is None or not _is_counted(job):
        yield own
        return
    bare = replace(own, usage=None, unread=None)
    if not job.record.is_read:
        yield replace(bare, unread=LedgerError("the database of the record was not read"))
        return
    with ExitStack() as stack:
        try:
            accounts = stack.enter_context(accounts_in(place, looking=not spending))
            if accounts is None:
                found = bare
            else:
                account = shared_account(accounts.use, job.profile.host, own.username)
                found = replace(bare, account=account, usage=SharedUsage(accounts.use))
        except LedgerError as unread:
            if spending:
                raise
            found = replace(bare, unread=unread)
        yield found


def _is_counted(job: Job) -> bool:
    return job.profile.name != "sandbox"


def tell_shared(job: Job, allowance: Allowance) -> None:
    """Say whose the limits are, where there are any and others may use them too."""
    if job.record.database is not None and _is_counted(job) and allowance.rates:
        job.observer.notice(SHARED)


def by_its_clock(job: Job, record: Record) -> Job:
    """This call, by the clock of the record, where it has one: what is written down there, and told of it, is
    of one time on all machines. Nothing that is promised rests on it. One that is far off is told of."""
    if (now := record.own_time()) is None:
        return job
    off = job.now() - now
    if abs(off) >= OFF:
        which = "ahead of" if off > 0 else "behind"
        job.observer.notice(
            f"this machine's clock is {duration(abs(off))} {which} the database's: the run goes by the "
            "database's, and so do the times that are told; set it by the network (NTP)"
        )
    return replace(job, edge=replace(job.edge, clock=Ahead(job.edge.clock, -off)))
