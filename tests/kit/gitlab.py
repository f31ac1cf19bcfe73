"""A runner of GitLab's jobs, as far as ours go: rules, variables, artefacts, and `script:` lines as written.

A job runs as nobody, with an empty home, in a clone of its own; what lies there is gone for the next one. The
step that installs sendbatch is this checkout's by a stand-in (`installs=True` takes it as written).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.kit.nobody import BARE, ROOT, as_nobody, give
from tests.kit.waiting import LONGEST

INSTALLING = 840.0  # seconds that a job may take which loads all it needs
# In place of what installs: the command of this checkout, at the place where the others look for it.
STAND_IN = f"""
at="$CI_PROJECT_DIR/.sendbatch"
mkdir -p "$at/venv/bin" "$at/state"
printf '#!/bin/sh\\nPYTHONPATH={ROOT} exec {sys.executable} -m sendbatch "$@"\\n' > "$at/venv/bin/sendbatch"
chmod +x "$at/venv/bin/sendbatch"
export PATH="$at/venv/bin:$PATH" XDG_STATE_HOME="$at/state"
"""
MERGE_REQUEST = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7"}
MERGED = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}


@dataclass
class Runner:
    """`remote` is what a job clones, `variables` are those of the project. Work is done below `folder`."""

    folder: Path
    pipeline: Mapping[str, Any]
    remote: str
    variables: dict[str, str] = field(default_factory=dict)
    installs: bool = False
    _artefacts: dict[str, Path] = field(default_factory=dict)
    _count: int = 0

    def jobs(self, **pipeline: str) -> dict[str, str]:
        """The jobs of a pipeline with these variables, in their order, and when each runs."""
        given = {"CI_DEFAULT_BRANCH": "main", **self.variables, **pipeline}
        found = {}
        for name, job in self.pipeline.items():
            if name.startswith(".") or name in ("spec", "stages", "include"):
                continue
            rules = job["rules"]
            rule = next((rule for rule in rules if holds(rule["if"], given)), None)
            if rule is not None:
                found[name] = rule.get("when", "on_success")
        return found

    def start(self, name: str, **pipeline: str) -> Job:
        """The job begins, in a clone and with the artefacts of those that it needs."""
        job = self._whole(name)
        self._count += 1
        place, home = self.folder / f"job-{self._count}", self.folder / f"home-{self._count}"
        home.mkdir()
        variables = {**job.get("variables", {}), **self.variables, **pipeline}
        if variables.get("GIT_STRATEGY") == "none":
            place.mkdir()
        else:
            clone = ["git", "clone", "--quiet", "--depth", "1", self.remote, str(place)]
            subprocess.run(clone, check=True, capture_output=True)
        for needed in job.get("needs", []):
            if needed in self._artefacts:
                shutil.copytree(self._artefacts[needed], place, dirs_exist_ok=True)
        give(place)
        give(home)
        environ = {
            **BARE,
            "HOME": str(home),
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_PROJECT_DIR": str(place),
            "CI_DEFAULT_BRANCH": "main",
            **{key: str(value) for key, value in variables.items()},
        }
        return Job(self, name, job, place, environ)

    def run(self, name: str, **pipeline: str) -> Job:
        """The job runs to its end, and what follows it."""
        job = self.start(name, **pipeline)
        job.ended()
        return job

    def _whole(self, name: str) -> dict[str, Any]:
        job = self.pipeline[name]
        return {**self._whole(job["extends"]), **job} if "extends" in job else dict(job)

    def keep(self, job: Job) -> None:
        kept = self.folder / f"artefacts-{job.place.name}"
        kept.mkdir()
        there = job.keys.get("artifacts", {})
        for name in (*there.get("paths", []), *there.get("reports", {}).values()):
            if (job.place / name).exists():
                shutil.copy(job.place / name, kept / name)
        self._artefacts[job.name] = kept


class Job:
    """One under way, and what became of it: `code`, `log`, and `artefacts` by name."""

    def __init__(
        self, runner: Runner, name: str, keys: dict[str, Any], place: Path, environ: dict[str, str]
    ) -> None:
        self.name, self.keys, self.place = name, keys, place
        self._runner, self._environ = runner, environ
        lines = [*keys["script"]]
        if "before_script" in keys:
            lines = [*(keys["before_script"] if runner.installs else [STAND_IN]), *lines]
        self.process = self._started(lines)
        self.log = ""

    def _started(self, lines: list[str]) -> subprocess.Popen[str]:
        script = "\n".join(["set -eo pipefail", *lines])
        return subprocess.Popen(
            [*as_nobody(), "bash", "--noprofile", "--norc", "-c", script],
            cwd=self.place,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def ended(self) -> int:
        """The exit code, once it is over; what comes after a script is done then."""
        self.log = self._said_by(self.process)
        if after := self.keys.get("after_script"):
            self.log += self._said_by(self._started(after))
        self._runner.keep(self)
        return self.code

    def _said_by(self, process: subprocess.Popen[str]) -> str:
        try:
            return process.communicate(timeout=INSTALLING if self._runner.installs else LONGEST)[0]
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    @property
    def code(self) -> int:
        return self.process.returncode

    @property
    def is_allowed(self) -> bool:
        """Whether the pipeline goes on behind it."""
        allowed = self.keys.get("allow_failure", False)
        codes = allowed["exit_codes"] if isinstance(allowed, dict) else []
        return self.code == 0 or allowed is True or self.code in codes

    @property
    def artefacts(self) -> dict[str, str]:
        kept = self._runner._artefacts[self.name]
        return {file.name: file.read_text("utf-8", "replace") for file in sorted(kept.iterdir())}


def holds(condition: str, variables: Mapping[str, str]) -> bool:
    """Whether a rule's `if` holds: comparisons, patterns and names, joined by `&&`."""
    return all(_term(term.strip(), variables) for term in condition.split("&&"))


def _term(term: str, variables: Mapping[str, str]) -> bool:
    if "=~" in term:
        name, _, pattern = term.partition("=~")
        return re.search(pattern.strip().strip("/"), _value(name.strip(), variables)) is not None
    if "==" in term:
        left, _, right = term.partition("==")
        return _value(left.strip(), variables) == _value(right.strip(), variables)
    return bool(_value(term, variables))


def _value(word: str, variables: Mapping[str, str]) -> str:
    if word.startswith("$"):
        return variables.get(word[1:], "")
    return str(json.loads(word))


def read(file: Path) -> dict[str, Any]:
    found = yaml.safe_load(file.read_text("utf-8"))
    assert isinstance(found, dict)
    return found
