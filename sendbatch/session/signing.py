"""The keys that sign a call's mail, read where a verb connects."""

from __future__ import annotations

from sendbatch.findings import Finding
from sendbatch.message.dkim.declared import read_keys
from sendbatch.message.dkim.keys import SigningKey
from sendbatch.session.job import Job


def keys_of(job: Job) -> tuple[SigningKey, ...]:
    """Those that sign the messages of a call, none where its profile declares none. Raises ProfileError with
    all that cannot be used; what is doubtful is told."""
    signings = read_keys(job.profile, job.edge.environ)
    for one in signings:
        for warning in one.warnings:
            job.observer.notice(_noticed(warning))
    return tuple(
        SigningKey(one.declared.domain, one.declared.selector, one.key.algorithm, one.key.der)
        for one in signings
    )


def _noticed(warning: Finding) -> str:
    """A warning as one line."""
    place = warning.place
    where = f"{place.file}:{place.line}:{place.column}: " if place is not None else ""
    return f"{where}{warning.severity}: {warning.message}; {warning.hint}"
