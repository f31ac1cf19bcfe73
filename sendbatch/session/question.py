"""What a person is asked before mail goes out, and who may say yes in their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sendbatch.errors import SendbatchError, one_line
from sendbatch.limits.account import Allowance
from sendbatch.message.checks.ignored import ignoring_of
from sendbatch.planning.guards import confirmed, nobody_is_meant
from sendbatch.planning.preparing import Prepared
from sendbatch.session.job import Job
from sendbatch.session.overview import Overview, overview_of

TYPED_ABOVE = 1000  # recipients


@dataclass(frozen=True, slots=True)
class Question:
    """`must_type` means that the number of recipients has to be typed."""

    plan: Overview
    must_type: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """`yes` was said when the run was called; else `ask`, where there is somebody to ask, is what a person
    says."""

    yes: bool
    ask: Callable[[Question], bool] | None

    def sought(self, job: Job, prepared: Prepared, allowance: Allowance) -> bool:
        """Show the plan where there is something to tell, and ask where that is needed. Returns whether a
        person was asked, who may have taken a while.

        Raises GuardError where nobody says yes.
        """
        ignoring = ignoring_of(job.campaign, prepared.content.bundles)
        worth_telling = prepared.planned or prepared.notices or ignoring.kept(prepared.warnings)
        if not (prepared.sendable or worth_telling):
            return False  # nothing to send, and nothing that a person should know
        plan = overview_of(job, prepared, allowance)
        job.observer.planned(plan)
        if not prepared.sendable:
            if self.yes and job.options.plan is None:
                rows = sum(prepared.counts.totals.values())
                nobody_is_meant(prepared.warnings, job.campaign.expect, rows)
            return False
        return confirmed(
            delivers=job.profile.delivers,
            yes=self.yes,
            approved=job.options.plan is not None,
            ask=self._asking(Question(plan, prepared.sendable > TYPED_ABOVE)),
        )

    def _asking(self, question: Question) -> Callable[[], bool] | None:
        ask = self.ask
        return None if ask is None else lambda: _truth(ask(question))


def _truth(answer: object) -> bool:
    """What a program's function says is not known to be a bool, and "no" would be taken for yes."""
    if not isinstance(answer, bool):
        said = f"ask= returned {one_line(repr(answer), 80)}: return True or False; nothing was sent"
        raise SendbatchError(said)
    return answer
