"""A record that is to be told of or settled, wherever it is. One in a repository knows nobody by name: whom
its receipts are about is found by planning, as a run would, on a copy that is thrown away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from sendbatch.campaign.model import Campaign
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.records import open_copy_of_record, read_record
from sendbatch.ledger.store import Record, Snapshot
from sendbatch.planning.options import Options
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.observer import Observer
from sendbatch.runtime.stop import Stop


@contextlib.contextmanager
def recorded(campaign: Campaign, folder: RecordFolder, edge: Edge) -> Iterator[Snapshot]:
    """The record, which is there, to be read. Raises LedgerError; of one in a repository also as a plan
    does."""
    with read_record(folder) as found:
        if found is not None:
            yield found
            return
    with open_copy_of_record(folder, edge.clock.wall()) as copy:
        copy.recover(edge.clock.wall())
        plan_anew(campaign, folder, copy, edge)
        yield copy


def plan_anew(campaign: Campaign, folder: RecordFolder, record: Record, edge: Edge) -> None:
    """Make the rows of the CSV the record's, so that its deliveries have names. Raises as a plan does."""
    # planning is loaded where it is needed: most records are on this disk
    from sendbatch.limits.account import allowance_of
    from sendbatch.planning.preparing import prepare
    from sendbatch.session.job import Job
    from sendbatch.session.preparation import content_of, means_of, request_of, workers_of

    job = Job(replace(campaign, expect=None), Options(), folder, edge, Observer(), Stop())
    with workers_of(job) as workers:
        allowance = allowance_of(job.campaign, edge, looking=True)
        request = request_of(job, allowance, content_of(job), looking=True)
        with record.draft() as draft:
            prepare(draft, request, means_of(job, workers))
            draft.merge()
