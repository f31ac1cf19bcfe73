"""What all tests share: what to do where a tool of the machine is missing."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from sendbatch.planning.approval import APPROVAL_KEY
from sendbatch.planning.plan_file import PLAN_KEY
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.ci import ATTEMPT, SIGNS_OF_CI
from tests.kit.lending import Lent, borrowed
from tests.kit.postgres import database, postgres, running_postgres  # noqa: F401
from tests.kit.thoroughness import IN_CI, PHASES, examples
from tests.kit.tools import find_or_skip

# Where this suite runs in CI, what it tests is not to think so, nor to know keys, unless a test says it.
for sign in (*SIGNS_OF_CI, ATTEMPT, PLAN_KEY, APPROVAL_KEY):
    os.environ.pop(sign, None)

# Started in the background, or to outlive a terminal, it may have been told to ignore these; what it starts
# is not to.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# How long an example takes says how busy the machine is. CI, which vouches for a change, tries the same each
# time, and more of it; at a desk others come each time.
settings.register_profile(
    "sendbatch",
    deadline=None,
    derandomize=IN_CI,
    max_examples=examples(100),
    phases=PHASES,
    # A fixture is a folder, mostly, and each example writes its files there anew.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("sendbatch")

Needs = Callable[[str, str], str]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What `one_in` leaves to CI is thorough."""
    seen: Counter[str] = Counter()
    for item in items:
        if (mark := item.get_closest_marker("one_in")) is not None:
            test = item.nodeid.partition("[")[0]
            if seen[test] % mark.args[0]:
                item.add_marker(pytest.mark.thorough)
            seen[test] += 1


@pytest.fixture(scope="session")
def needs() -> Needs:
    """`needs("postfix", "end-to-end tests send through it")` gives its path, or skips or fails."""
    return find_or_skip


@pytest.fixture(scope="session")
def chromium(needs: Needs) -> str:
    """The path of the machine's own Chromium, for tests that look at pages as a person would."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return needs("chromium", "pages are looked at in a real browser")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """It, running, as playwright drives it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(autouse=True)
def lent_workers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Calls in this process borrow their first worker from the test before; a test that is about the
    processes themselves says `pytest.mark.own_workers`."""
    if request.node.get_closest_marker("own_workers") is not None:
        Lent.end_all()
        yield
        return
    with borrowed():
        yield


@pytest.fixture
def hastier() -> Iterator[Workers]:
    """One worker, of the test's own, that soon gives up on a row."""
    with Workers(1, row_patience=0.3) as some:
        yield some


@pytest.fixture(scope="session", autouse=True)
def _no_worker_is_left() -> Iterator[None]:
    yield
    Lent.end_all()
