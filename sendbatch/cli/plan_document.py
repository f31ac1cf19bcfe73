"""A plan for programs: what `plan --format json` prints, and what a log in JSON tells of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sendbatch.cli.log import moment
from sendbatch.cli.plan_text import to_send
from sendbatch.runtime.masking import finding_for_log, masks

if TYPE_CHECKING:
    from sendbatch.errors import Finding
    from sendbatch.session.overview import Overview


def headline(plan: Overview) -> str:
    """The plan in one line."""
    kept = "" if plan.campaign.profile.delivers else ", which keeps the mail and delivers none"
    reach = f"; {plan.campaign.profile.reach}" if plan.campaign.profile.reach else ""
    return f"{plan.campaign.title}: {plan.sendable:,} {to_send(plan)} through {plan.server}{kept}{reach}"


def whole(plan: Overview) -> dict[str, object]:
    """All of it, in which addresses are to be masked; `compared` is with the edition before."""
    findings = [found(finding_for_log(finding)) for finding in plan.findings]
    compared = None if plan.compared is None else plan.compared.document()
    return {**document(plan), "compared": compared, "findings": findings, "notices": list(plan.notices)}


def document(plan: Overview) -> dict[str, object]:
    """All of it but what was found, `findings` and `notices`."""
    campaign, difference = plan.campaign, plan.difference
    return {
        "campaign": campaign.name,
        "edition": campaign.run,
        "exit_code": plan.exit_code,
        "sendable": plan.sendable,
        "left_over": plan.left_over,
        "totals": dict(plan.totals),
        "since_the_last_plan": None
        if difference is None
        else dict(zip(("added", "removed", "corrected"), difference, strict=True)),
        "no_longer_sent_to": plan.counts.missing,
        "server": plan.server,
        "account": plan.route.account,
        "delivers": campaign.profile.delivers,
        "reach": campaign.profile.reach or None,
        "quotas": [
            {"messages": rate.count, "seconds": rate.seconds, "used": used}
            for rate, used in plan.route.quotas
        ],
        "seconds": plan.done_in,
        "done_at": None if plan.done_in is None else moment(time.time() + plan.done_in),
        "subjects": list(plan.declared_subjects if masks(os.environ) else plan.subjects),
        "versions": versions(plan),
        "by_fallback": list(by_fallback(plan)),
        "digest": plan.digest,
    }


def versions(plan: Overview) -> dict[str, dict[str, int]]:
    """How many get which, by the key that tells them apart."""
    return {axis.what: {one.name: one.number for one in axis.shares} for axis in plan.versions}


def by_fallback(plan: Overview) -> Iterator[dict[str, object]]:
    """The commonest values that lead to no file, so that the fallback's are taken."""
    for axis in plan.versions:
        if axis.asked is not None:
            for values, number in axis.asked.values:
                asked = dict(zip(axis.asked.expressions, values, strict=True))
                yield {"asked": asked, "rows": number}


def found(finding: Finding) -> dict[str, object]:
    place = finding.place
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "hint": finding.hint,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }
