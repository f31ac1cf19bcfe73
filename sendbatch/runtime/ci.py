"""Whether this is a job of a CI service, whose disk and log are not its user's own."""

from __future__ import annotations

import re
from collections.abc import Mapping

SIGNS_OF_CI = ("CI", "JENKINS_URL", "TF_BUILD", "TEAMCITY_VERSION")
NO_SIGN = ("", "0", "false")
JOBS = ("CI_JOB_URL", "BUILD_URL")  # of GitLab, of Jenkins
LONGEST_URL = 500
_URL = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9._~:/?#&=%+-]*")  # nothing that ends a link in a chat
ATTEMPT = "GITHUB_RUN_ATTEMPT"  # 1, and one more for each time that the job is run again


def in_ci(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name, "").strip().lower() not in NO_SIGN for name in SIGNS_OF_CI)


def job_url(environ: Mapping[str, str]) -> str:
    """The page of this job at its CI service, "" where none says one."""
    given = (environ.get(name, "").strip() for name in JOBS)
    found = next(filter(None, given), "") or _github(environ) or _azure(environ)
    return found if len(found) <= LONGEST_URL and _URL.fullmatch(found) else ""


def _github(environ: Mapping[str, str]) -> str:
    parts = [environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
    server, repository, run = parts
    return f"{server}/{repository}/actions/runs/{run}" if all(parts) else ""


def _azure(environ: Mapping[str, str]) -> str:
    names = ("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECTID", "BUILD_BUILDID")
    parts = [environ.get(name, "") for name in names]
    collection, project, build = parts
    return f"{collection.rstrip('/')}/{project}/_build/results?buildId={build}" if all(parts) else ""


def attempt(environ: Mapping[str, str]) -> int:
    """Which attempt at this job it is: 1 is the first."""
    given = environ.get(ATTEMPT, "").strip()
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else 1
