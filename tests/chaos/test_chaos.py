"""A few of the thousand kills of `make chaos`, in campaigns small enough for every day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.chaos.cloned import Cloned
from tests.chaos.common import Common
from tests.chaos.killing import Campaign, Setting, Tally
from tests.chaos.nest import Nest
from tests.chaos.shared import Shared
from tests.chaos.steps import STEPS, Step, possible
from tests.conftest import Needs
from tests.kit.postgres import programs
from tests.kit.tools import find_or_skip

SETTINGS = [
    Setting(people=250, connections=10, tls=False, behind="taken"),
    *(
        pytest.param(setting, marks=pytest.mark.thorough)
        for setting in (
            Setting(people=90, connections=1, tls=False, behind=None),
            Setting(people=120, connections=2, tls=True, behind=None),
            Setting(people=250, connections=20, tls=True, behind="taken"),
            Setting(people=60, connections=5, tls=False, behind="refused"),
        )
    ),
]


class OneStep(Campaign):
    by_step = 1.0


SHARED = [
    Common(people=1200, runners=2, connections=8, rate=60, offline=60),
    Common(people=800, runners=3, connections=3, rate=40, offline=60, pooled=True),
    Common(people=1600, runners=4, connections=16, rate=80, offline=60, followed=True),
    Common(people=1600, runners=6, connections=12, rate=80, offline=60, tls=True),
    Common(people=800, runners=3, connections=12, rate=40, offline=3),
]
EVENTS = 20  # of each; `make chaos ARGS=--postgres` makes as many as one likes
MOST = 25  # campaigns; a run that ends before its moment comes is over, and its campaign with it


@pytest.fixture(scope="module")
def nest() -> Iterator[Nest]:
    with Nest.built() as built:
        yield built


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_killed_five_times_nobody_is_lost_and_nobody_mailed_twice(
    setting: Setting, tmp_path: Path
) -> None:
    tally, random = Tally(), Random(str(setting))
    for number in range(MOST):
        if tally.kills == 5:
            break
        folder = tmp_path / str(number)
        folder.mkdir()
        Campaign(folder, setting, random, tally).survive(5 - tally.kills)
    assert (tally.kills, tally.wrong) == (5, [])


@pytest.mark.thorough
@pytest.mark.parametrize("step", possible(tls=False), ids=lambda step: step.name)
def test_a_run_is_killed_at_each_step_of_it(step: Step, tmp_path: Path) -> None:
    tally = Tally(tried=Counter({other.name: 1 for other in STEPS if other is not step}))
    setting = Setting(people=80, connections=4, tls=False, behind="taken")
    OneStep(tmp_path, setting, Random(1), tally).survive(1)
    assert (tally.steps, tally.wrong) == ({step.name: 1}, [])


@pytest.mark.thorough
def test_with_the_record_in_the_repository_whole_machines_die(needs: Needs, tmp_path: Path) -> None:
    needs("git", "the record is in a repository")
    tally, random = Tally(), Random(1)
    setting = Setting(people=250, connections=4, tls=False, behind="taken")
    for number in range(MOST):
        if tally.kills >= 20:
            break
        folder = tmp_path / str(number)
        folder.mkdir()
        Cloned(folder, setting, random, tally).survive(20 - tally.kills)
    assert tally.wrong == []
    assert tally.kills == 20


@pytest.mark.thorough
@pytest.mark.timeout(1200)  # half a minute alone; on a machine that others share it may wait for its turn
@pytest.mark.parametrize("common", SHARED, ids=str)
def test_machines_over_one_record_are_killed_paused_and_cut_off(
    common: Common, nest: Nest, tmp_path: Path
) -> None:
    programs()
    if common.pooled:
        find_or_skip("pgbouncer", "the record is reached through it")
    tally, random = Tally(), Random(str(common))
    for number in range(MOST):
        if tally.kills >= EVENTS:
            break
        folder = tmp_path / str(number)
        folder.mkdir()
        Shared(nest, folder, common, random, tally).survive(EVENTS - tally.kills)
    assert tally.wrong == []
    assert tally.kills >= EVENTS
