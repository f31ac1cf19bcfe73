"""What has a campaign checked, planned, approved and sent where nobody types: a file for each system.

`written` puts the files into a repository, and over none that is there; a module for each system fills in
the text that lies beside it. Begin with `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sendbatch.campaign.pipelines import github, gitlab, systemd
from sendbatch.campaign.pipelines.written import Pipeline

# By the word behind --ci. Each is given the campaign's file, which may not be written yet, and the folder
# that it and the pipeline belong to.
KINDS: Mapping[str, Callable[[Path, Path], Pipeline]] = {
    "github": github.pipeline,
    "gitlab": gitlab.pipeline,
    "systemd": systemd.pipeline,
}
IN_GIT = ("github", "gitlab")  # those whose disk is gone after each job: the record is in the repository
