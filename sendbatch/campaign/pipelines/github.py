"""A workflow for GitHub: a pull request is shown, what is merged is planned, approved and sent."""

from __future__ import annotations

from pathlib import Path

from sendbatch.campaign.pipelines.written import (
    Pipeline,
    hold_repository,
    paths_of,
    place_in,
    secrets_of,
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
    text = text.replace('      - "@PATHS@"\n', filters).replace("@CAMPAIGN@", place)
    text = text.replace(f"{' ' * _INDENT}SECRETS: here\n", handed)
    return Pipeline(root, {WORKFLOW: text}, _advice(secrets))


def _advice(secrets: tuple[str, ...]) -> tuple[str, ...]:
    return (
        "in the workflow, replace OWNER/sendbatch@v1 by where sendbatch lies, best by a commit",
        "in the repository's settings, before you merge it:",
        f"  Environments: make {ENVIRONMENT}, with required reviewers, for the default branch only",
        f"  its secrets: {', '.join(secrets)}",
        "  Secrets and variables, Actions: SENDBATCH_RECEIPT_KEY and SENDBATCH_PLAN_KEY, each as printed by",
        "    openssl rand -hex 32",
        "  and SENDBATCH_REPORT_KEY (age1…, or a passphrase) where the report is to be had, encrypted",
    )
