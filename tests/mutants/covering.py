"""A plugin of pytest that writes down which test enters which function of a room, and how long it takes."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import defaultdict
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

ROOT = os.environ["MUTANTS_ROOT"]  # the folder of the copy, with its slash at the end
OUT = os.environ["MUTANTS_OUT"]

_tests: dict[CodeType, set[str]] = defaultdict(set)
_seconds: dict[str, float] = defaultdict(float)
_now = ""


def _called(frame: FrameType, event: str, arg: object) -> None:
    code = frame.f_code
    if code.co_filename.startswith(f"{ROOT}sendbatch/"):
        _tests[code].add(_now)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    global _now
    _now = item.nodeid
    sys.settrace(_called)
    threading.settrace(_called)
    try:
        return (yield)
    finally:
        sys.settrace(None)
        threading.settrace(None)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid] += report.duration


def pytest_sessionfinish() -> None:
    found: dict[str, list[str]] = {}
    for code, tests in _tests.items():
        place = f"{code.co_filename.removeprefix(ROOT)}:{code.co_firstlineno}"
        found[place] = sorted({*found.get(place, ()), *tests})
    Path(OUT).write_text(json.dumps({"tests": found, "seconds": _seconds}))
