"""What was found as JSON, as check.schema.json has it (`sendbatch schema --check`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sendbatch.cli import log
from sendbatch.cli.checked import Checked
from sendbatch.cli.plan_document import by_fallback, found, versions
from sendbatch.errors import as_json

SCHEMA = Path(__file__).parents[1] / "check.schema.json"


def document(checks: Sequence[Checked]) -> str:
    return as_json([_of_one(done) for done in checks], indent=2)


def _of_one(done: Checked) -> dict[str, object]:
    plan = done.overview
    return {
        "file": log.masked(str(done.file)),
        "exit_code": done.code,
        "totals": dict(plan.totals) if plan is not None else None,
        "sendable": plan.sendable if plan is not None else None,
        "versions": log.masked(versions(plan)) if plan is not None else None,
        "by_fallback": log.masked(list(by_fallback(plan))) if plan is not None else None,
        "ignored": plan.heard().number if plan is not None else None,
        "faults": [found(finding) for finding in done.findings],
    }
