"""Whether this is a job of a CI service, whose disk and log are not its user's own."""

from __future__ import annotations

from collections.abc import Mapping

SIGNS_OF_CI = ("CI", "JENKINS_URL", "TF_BUILD", "TEAMCITY_VERSION")
NO_SIGN = ("", "0", "false")
ATTEMPT = "GITHUB_RUN_ATTEMPT"  # 1, and one more for each time that the job is run again


def in_ci(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name, "").strip().lower() not in NO_SIGN for name in SIGNS_OF_CI)


def attempt(environ: Mapping[str, str]) -> int:
    """Which attempt at this job it is: 1 is the first."""
    given = environ.get(ATTEMPT, "").strip()
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else 1
