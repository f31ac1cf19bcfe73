"""A pipeline for GitLab: a merge request is shown, what is merged is planned, and sent when somebody says so.

The text is a component's, so that a repository can include it from where sendbatch lies, too, in which
`templates/campaign.yml` is the same file: a header that declares inputs, and jobs in which they stand. Into a
repository the jobs are written with the inputs filled in.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from pathlib import Path

import yaml

from sendbatch.campaign.pipelines.written import (
    LONGEST_READ,
    Pipeline,
    hold_repository,
    keeping_in_git,
    name_of,
    paths_of,
    place_in,
    record_secrets_of,
    secrets_of,
)
from sendbatch.runtime.datafiles import loaded, text_of

PIPELINE = Path(".gitlab-ci.yml")
_INPUT = re.compile(r"\$\[\[ inputs\.([a-z-]+) \]\]")
_HEAD = """\
# Written by: sendbatch init --ci gitlab.
# What to set up, and what to do when it stops: docs/ci.md of OWNER/sendbatch.
"""


_KEEPING = (
    "    and keep a copy of the first where you keep passwords: whoever settles somebody in doubt, or",
    "    sends from another place, needs it",
    "  Job token permissions: Allow Git push requests to the repository",
)


def pipeline(campaign: Path, root: Path) -> Pipeline:
    """The jobs for this campaign in the repository `root`: its .gitlab-ci.yml; where that is another's, a
    file that it can include."""
    hold_repository(root, "gitlab")
    name = name_of(campaign)
    text = filled(
        {"campaign": place_in(root, campaign), "name": name, "changes": paths_of(campaign, root)}
    )
    taken = os.path.lexists(root / PIPELINE) and f"{name}:send" not in _jobs_in(root / PIPELINE)
    place = Path(f".gitlab/sendbatch-{name}.yml") if taken else PIPELINE
    including = (f"in {PIPELINE}, under include:  - local: {place}",) if taken else ()
    secrets = _advice(name, place, secrets_of(campaign), record_secrets_of(campaign))
    advice = (*keeping_in_git(campaign), *including, *secrets)
    return Pipeline(root, {place: _HEAD + text}, advice)


def _jobs_in(file: Path) -> Collection[str]:
    """The keys of a pipeline that is there; none of what cannot be read."""
    try:
        with file.open("rb") as opened:
            found = yaml.safe_load(opened.read(LONGEST_READ))
    except (OSError, yaml.YAMLError, ValueError):
        return ()
    return found if isinstance(found, dict) else ()


def filled(given: dict[str, object]) -> str:
    """The jobs with these inputs, and the defaults of the others."""
    header, _, jobs = text_of("sendbatch.campaign.pipelines", "gitlab.yml").partition("\n---\n")
    declared = loaded(header)
    assert isinstance(declared, dict)
    inputs = {name: one.get("default") for name, one in declared["spec"]["inputs"].items()} | given

    def value(match: re.Match[str]) -> str:
        found = inputs[match[1]]
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)

    return _INPUT.sub(value, jobs)


def _advice(
    name: str, place: Path, secrets: tuple[str, ...], kept: tuple[str, ...]
) -> tuple[str, ...]:
    receipts = "" if kept else "SENDBATCH_RECEIPT_KEY and "
    each = "as printed by" if kept else "each as printed by"
    secrets = tuple(one for one in secrets if one not in kept)
    own = (f"    {', '.join(secrets)}: for the environment {name} alone",) if secrets else ()
    return (
        f"in {place}, replace OWNER and v1 by where sendbatch lies, best by a commit",
        "in the project, Settings, CI/CD, before you merge it:",
        "  Variables, each of them masked and protected:",
        f"    {receipts}SENDBATCH_PLAN_KEY, {each}: openssl rand -hex 32",
        *((f"    {', '.join(kept)}: for all environments, as what plans needs it, too",) if kept else ()),
        "    SENDBATCH_REPORT_KEY (age1…, or a passphrase) where the report is to be had, encrypted",
        *own,
        *(() if kept else _KEEPING),
        "and in Protected environments, where your GitLab has these, who may send",
    )
