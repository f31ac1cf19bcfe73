"""A workflow for GitHub: a pull request is shown, what is merged is planned, approved and sent.

Each campaign has one of its own."""

from __future__ import annotations

import os
from pathlib import Path

from sendbatch.campaign.pipelines.written import (
    Pipeline,
    hold_repository,
    keeping_in_git,
    name_of,
    paths_of,
    place_in,
    record_secrets_of,
    secrets_of,
    texts_in,
)
from sendbatch.runtime.datafiles import text_of

WORKFLOW = Path(".github/workflows/sendbatch.yml")
ENVIRONMENT = "sendbatch"
_INDENT = 10  # columns at which a step's variables stand
_PLANNING = 6  # and a job's
_PUSHING = "contents: write # the receipts: refs/sendbatch/…\n"
_IN_GIT = (
    "  Secrets and variables, Actions: SENDBATCH_RECEIPT_KEY and SENDBATCH_PLAN_KEY, each as printed by",
    "    openssl rand -hex 32",
    "  keep a copy of the first where you keep passwords: GitHub shows it to nobody, and whoever settles",
    "    somebody in doubt, or sends from another place, needs it",
)
_IN_DATABASE = (
    "  Secrets and variables, Actions: SENDBATCH_PLAN_KEY, as printed by",
    "    openssl rand -hex 32",
)


def pipeline(campaign: Path, root: Path) -> Pipeline:
    """The workflow for this campaign in the repository `root`."""
    hold_repository(root, "github")
    place, secrets = place_in(root, campaign), secrets_of(campaign)
    text = text_of("sendbatch.campaign.pipelines", "github.yml")
    filters = "".join(f'      - "{one}"\n' for one in paths_of(campaign, root))
    kept = record_secrets_of(campaign)
    handed = _handed(secrets, _INDENT)
    file = _file(root, campaign, place)
    text = text.replace('      - "@PATHS@"\n', filters).replace("@CAMPAIGN@", place)
    text = text.replace("@FILE@", file.as_posix())
    text = text.replace(f"{' ' * _INDENT}SECRETS: here\n", handed)
    text = text.replace(f"{' ' * _PLANNING}RECORD: here\n", _handed(kept, _PLANNING))
    if kept:
        text = text.replace(_PUSHING, "contents: read\n")
    own = tuple(name for name in secrets if name not in kept)
    return Pipeline(root, {file: text}, (*keeping_in_git(campaign), *_advice(file, own, kept)))


def _handed(secrets: tuple[str, ...], indent: int) -> str:
    return "".join(f"{' ' * indent}{name}: ${{{{ secrets.{name} }}}}\n" for name in secrets)


def _file(root: Path, campaign: Path, place: str) -> Path:
    """Where its workflow goes: beside another campaign's, which stays."""
    if not os.path.lexists(root / WORKFLOW) or place in texts_in(root / WORKFLOW):
        return WORKFLOW
    return WORKFLOW.with_name(f"{WORKFLOW.stem}-{name_of(campaign)}{WORKFLOW.suffix}")


def _advice(file: Path, secrets: tuple[str, ...], kept: tuple[str, ...]) -> tuple[str, ...]:
    own = (f"  its secrets: {', '.join(secrets)}",) if secrets else ()
    return (
        f"in {file}, replace OWNER/sendbatch@v1 by where sendbatch lies, best by a commit",
        "in the repository's settings, before you merge it:",
        f"  Environments: make {ENVIRONMENT}, with required reviewers, for the default branch only",
        *own,
        *(_IN_DATABASE if kept else _IN_GIT),
        *((f"  and there, for the jobs that plan and send: {', '.join(kept)}",) if kept else ()),
        "  and SENDBATCH_REPORT_KEY (age1…, or a passphrase) where the report is to be had, encrypted",
    )
