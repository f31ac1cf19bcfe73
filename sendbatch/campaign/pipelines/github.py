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
    secrets_of,
    texts_in,
)
from sendbatch.runtime.datafiles import text_of

WORKFLOW = Path(".github/workflows/sendbatch.yml")
ENVIRONMENT = "sendbatch"
_INDENT = 10  # columns at which a step's variables stand


def pipeline(campaign: Path, root: Path) -> Pipeline:
    """The workflow for this campaign in the repository `root`."""
    hold_repository(root, "github")
    place, secrets = place_in(root, campaign), secrets_of(campaign)
    text = text_of("sendbatch.campaign.pipelines", "github.yml")
    filters = "".join(f'      - "{one}"\n' for one in paths_of(campaign, root))
    handed = "".join(f"{' ' * _INDENT}{name}: ${{{{ secrets.{name} }}}}\n" for name in secrets)
    file = _file(root, campaign, place)
    text = text.replace('      - "@PATHS@"\n', filters).replace("@CAMPAIGN@", place)
    text = text.replace("@FILE@", file.as_posix())
    text = text.replace(f"{' ' * _INDENT}SECRETS: here\n", handed)
    return Pipeline(root, {file: text}, (*keeping_in_git(campaign), *_advice(file, secrets)))


def _file(root: Path, campaign: Path, place: str) -> Path:
    """Where its workflow goes: beside another campaign's, which stays."""
    if not os.path.lexists(root / WORKFLOW) or place in texts_in(root / WORKFLOW):
        return WORKFLOW
    return WORKFLOW.with_name(f"{WORKFLOW.stem}-{name_of(campaign)}{WORKFLOW.suffix}")


def _advice(file: Path, secrets: tuple[str, ...]) -> tuple[str, ...]:
    own = (f"  its secrets: {', '.join(secrets)}",) if secrets else ()
    return (
        f"in {file}, replace OWNER/sendbatch@v1 by where sendbatch lies, best by a commit",
        "in the repository's settings, before you merge it:",
        f"  Environments: make {ENVIRONMENT}, with required reviewers, for the default branch only",
        *own,
        "  Secrets and variables, Actions: SENDBATCH_RECEIPT_KEY and SENDBATCH_PLAN_KEY, each as printed by",
        "    openssl rand -hex 32",
        "  keep a copy of the first where you keep passwords: GitHub shows it to nobody, and whoever settles",
        "    somebody in doubt, or sends from another place, needs it",
        "  and SENDBATCH_REPORT_KEY (age1…, or a passphrase) where the report is to be had, encrypted",
    )
