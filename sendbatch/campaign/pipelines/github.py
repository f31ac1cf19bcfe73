"""A workflow for GitHub: a pull request is shown, what is merged is planned, approved and sent."""

from __future__ import annotations

import os
from pathlib import Path

from sendbatch.campaign.pipelines.written import (
    Pipeline,
    hold_repository,
    place_in,
    secrets_of,
    texts_in,
)
from sendbatch.campaign.profiles import find_profiles
from sendbatch.runtime.datafiles import text_of

WORKFLOW = Path(".github/workflows/sendbatch.yml")
ENVIRONMENT = "sendbatch"
_INDENT = 10  # columns at which a step's variables stand


def pipeline(campaign: Path, root: Path) -> Pipeline:
    """The workflow for this campaign in the repository `root`."""
    hold_repository(root, "github")
    place, secrets = place_in(root, campaign), secrets_of(campaign)
    text = text_of("sendbatch.campaign.pipelines", "github.yml")
    filters = "".join(f'      - "{one}"\n' for one in _paths(campaign, root))
    handed = "".join(f"{' ' * _INDENT}{name}: ${{{{ secrets.{name} }}}}\n" for name in secrets)
    text = text.replace('      - "@PATHS@"\n', filters).replace("@CAMPAIGN@", place)
    text = text.replace(f"{' ' * _INDENT}SECRETS: here\n", handed)
    return Pipeline(root, {WORKFLOW: text}, _advice(secrets))


def _paths(campaign: Path, root: Path) -> list[str]:
    """The files whose change is a change of the campaign, as filters: its folder, and what it names outside of
    that."""
    if campaign.parent == root:
        return ["**"]
    found = {f"{_place(campaign.parent, root)}/**": None}
    profiles = find_profiles(campaign.parent).file
    outside = [profiles] if profiles is not None else []
    for text in texts_in(campaign):
        if text.startswith("../"):  # up to where a row's own name begins
            outside.append(campaign.parent / text.split("{", 1)[0])
    for file in outside:
        path = Path(os.path.normpath(file))
        if not path.is_relative_to(root) or path.is_relative_to(campaign.parent):
            continue
        found[_place(path, root) if path.parent == root else f"{_place(path.parent, root)}/**"] = None
    return list(found)


def _place(path: Path, root: Path) -> str:
    return place_in(root, path)


def _advice(secrets: tuple[str, ...]) -> tuple[str, ...]:
    return (
        f"in the workflow, replace OWNER/sendbatch@v1 by where sendbatch lies, best by a commit",
        f"in the repository's settings, before you merge it:",
        f"  Environments: make {ENVIRONMENT}, with required reviewers, for the default branch only",
        f"  its secrets: {', '.join(secrets)}",
        "  Secrets and variables, Actions: SENDBATCH_RECEIPT_KEY and SENDBATCH_PLAN_KEY, each as printed by",
        "    openssl rand -hex 32",
        "  and SENDBATCH_REPORT_KEY (age1…, or a passphrase) where the report is to be had, encrypted",
    )
