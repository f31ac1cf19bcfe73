"""Tools of the machine that a test cannot do without, and what becomes of it where one is missing."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def find_or_skip(tool: str, reason: str) -> str:
    """The path of a program that a test cannot do without.

    Where it is missing the test is skipped, and `reason` says what for; where SENDBATCH_CI is set
    it fails, for a run that vouches for the project may leave nothing out.
    """
    found = shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        skip_or_fail(f"{tool} is not installed: {reason}")
    return found


def skip_or_fail(why: str) -> NoReturn:
    """Skips the test, or fails it where SENDBATCH_CI is set."""
    if os.environ.get("SENDBATCH_CI"):
        pytest.fail(f"{why} (SENDBATCH_CI is set: nothing may be skipped)", pytrace=False)
    pytest.skip(why)
