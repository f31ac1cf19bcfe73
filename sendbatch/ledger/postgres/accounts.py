"""What all runs that share a database have of an account together: its paces, its quotas, its connections."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg

from sendbatch.errors import LedgerError
from sendbatch.ledger.postgres.brief import Brief
from sendbatch.ledger.postgres.clocks import onward
from sendbatch.ledger.postgres.connecting import lease_seconds, opened, refused
from sendbatch.ledger.postgres.heartbeat import Watch
from sendbatch.ledger.postgres.leases import PostgresLeases
from sendbatch.ledger.postgres.line import Waiting
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.postgres.schema import hold_version
from sendbatch.ledger.postgres.senders import PostgresRegister
from sendbatch.ledger.postgres.usage import PostgresUse


@dataclass(frozen=True, slots=True)
class Accounts:
    """`sender` is this run among those on an account. A connection that is leased lapses after `lease`
    seconds by `onward`."""

    brief: Brief
    use: PostgresUse
    sender: str
    campaign: str
    lease: float

    onward = staticmethod(onward)

    def leases(self, account: str) -> PostgresLeases:
        return PostgresLeases(self.brief, account, self.sender)

    def register(self, account: str) -> PostgresRegister:
        return PostgresRegister(self.brief, account)


@contextmanager
def accounts_in(place: Place, *, looking: bool) -> Iterator[Accounts | None]:
    """None where there is nothing to be looked at yet; otherwise the tables are there, as the record is open.
    Raises LedgerError."""
    address = place.address
    if looking and not _has_tables(place):
        yield None
        return
    waiting = None if looking else Waiting(address, place.offline, place.told, place.stop)
    brief = Brief(address, waiting)
    campaign = f"{place.project}/{place.name}@{place.edition}.{place.profile}"
    watch = Watch(brief)
    watch.start()
    try:
        yield Accounts(brief, PostgresUse(brief), secrets.token_hex(8), campaign, lease_seconds())
    finally:
        brief.close()
        watch.stop()


def _has_tables(place: Place) -> bool:
    address = place.address
    with closing(opened(address)) as connection:
        try:
            return hold_version(connection, address)
        except psycopg.Error as error:
            found = refused(error, address)
    raise LedgerError(found.findings)
