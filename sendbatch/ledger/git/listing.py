"""Which records a repository has, by the names of their refs."""

from __future__ import annotations

from sendbatch.ledger.git.finding import refs_of
from sendbatch.ledger.git.names import records_among
from sendbatch.ledger.git.place import Place
from sendbatch.ledger.git.record import remote_of


def records_of(place: Place) -> list[str]:
    """The names of this project's. Raises LedgerError, RecordStopped where the repository is away."""
    refs = refs_of(remote_of(place, None), place)
    return [
        record for project, record in records_among(list(refs)) if project == place.project.casefold()
    ]
