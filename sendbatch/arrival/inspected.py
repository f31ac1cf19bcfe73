"""All that is said of one mail as it arrived."""

from __future__ import annotations

from dataclasses import dataclass

from sendbatch.arrival.authentication import Verdict, verdict_of
from sendbatch.arrival.comparing import added_headers, changes
from sendbatch.arrival.judging import judged
from sendbatch.arrival.reading import Arrived
from sendbatch.arrival.signatures import Signature, signatures_of
from sendbatch.findings import Finding


@dataclass(frozen=True, slots=True)
class Inspected:
    """A mail, what its last server says of it, its signatures, and what is wrong or doubtful. `added` are the
    headers that the way has added, known where it was compared with what was sent."""

    mail: Arrived
    verdict: Verdict | None
    signatures: tuple[Signature, ...]
    findings: tuple[Finding, ...]
    added: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 where a mailbox would refuse it, or take it for junk."""
        return 1 if any(finding.severity == "error" for finding in self.findings) else 0


def inspected(mail: Arrived, sent: Arrived | None = None) -> Inspected:
    """`sent` is the same mail as it left, to be compared with."""
    verdict = verdict_of(mail)
    signatures = tuple(signatures_of(mail, verdict))
    findings = judged(mail, verdict, signatures)
    if sent is None:
        return Inspected(mail, verdict, signatures, tuple(findings))
    changed = changes(sent, mail)
    return Inspected(
        mail, verdict, signatures, (*findings, *changed), tuple(added_headers(sent, mail))
    )
