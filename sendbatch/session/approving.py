"""Approving a plan.json: it is shown, somebody says yes, and their name is signed with its digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sendbatch.campaign.secrets import secret_of
from sendbatch.errors import GuardError, SendbatchError, one_line, shown
from sendbatch.planning.approval import (
    APPROVAL_KEY,
    Approval,
    approvals_in,
    by_secret,
    by_ssh,
    named,
    with_approval,
)
from sendbatch.planning.plan_file import PlanFile, Said, add_approval, read_plan
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.notebook import Shown, Told


@dataclass(frozen=True, slots=True, repr=False)
class ApprovedPlan(Shown):
    """A plan that `by` approves, `at` this time (RFC 3339), by `key`, which are "" before they have.
    `earlier` are those whose approvals stand in the file, as they say of themselves: by whose keys they
    are, a run finds out."""

    path: Path
    said: Said
    recipients: int
    digest: str
    by: str
    at: str = ""
    key: str = ""
    earlier: tuple[str, ...] = ()

    def told(self) -> Told:
        facts = {
            "campaign": self.said.campaign,
            "edition": self.said.run,
            "recipients": f"{self.recipients:,}",
            "through": self.said.server,
            "digest": self.digest,
            "approved by": f"{self.by} on {self.at} ({self.key})" if self.at else "nobody yet",
        }
        return Told(f"plan in {shown(self.path)}", {name: fact for name, fact in facts.items() if fact})


def approve(
    path: Path,
    by: str,
    *,
    ssh_key: Path | None,
    ask: Callable[[ApprovedPlan], bool] | None,
    edge: Edge,
) -> ApprovedPlan:
    """Sign the plan in the name of `by`, by this SSH key, else by SENDBATCH_APPROVAL_KEY. `ask` is shown
    what is approved and says yes or no; None: it was said before.

    Raises SendbatchError where there is no key or it cannot be used, CampaignError where the file is no
    plan, GuardError where the answer is no. """
    by, plan = named(by), read_plan(path)
    secret = None if ssh_key is not None else _secret(edge.environ)
    asked = ApprovedPlan(
        path, plan.said, len(plan.marks), plan.digest, by, earlier=_earlier(plan)
    )
    if ask is not None and not ask(asked):
        raise GuardError("declined: nothing was approved")
    at = f"{datetime.fromtimestamp(edge.clock.wall(), UTC):%Y-%m-%dT%H:%M:%SZ}"
    if ssh_key is not None:
        made = by_ssh(by, at, plan.digest, ssh_key, edge.environ)
    else:
        assert secret is not None
        made = by_secret(by, at, plan.digest, secret)
    add_approval(path, plan, with_approval(read_plan(path), made))  # others may have approved it meanwhile
    return ApprovedPlan(path, plan.said, len(plan.marks), plan.digest, by, at, made.key, asked.earlier)


def _secret(environ: Mapping[str, str]) -> bytes:
    secret = secret_of(environ, APPROVAL_KEY)
    if secret is None:
        raise SendbatchError(
            f"nothing to sign with: {APPROVAL_KEY} is not set",
            hint=f"name an SSH key, --ssh-key ~/.ssh/id_ed25519, or set {APPROVAL_KEY} (make one: "
            "openssl rand -base64 32)",
        )
    return secret


def _earlier(plan: PlanFile) -> tuple[str, ...]:
    return tuple(_told(one, plan) for one in approvals_in(plan))


def _told(one: Approval | None, plan: PlanFile) -> str:
    if one is None:
        return "an entry that is no approval"
    other = "" if one.digest == plan.digest else f", of another plan, {one.digest[:16]}"
    return one_line(f"{one.by} on {one.at} ({one.key}){other}", 320)
