"""A few of the thousand kills of `make chaos`, in campaigns small enough for every day."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.chaos.killing import Campaign, Setting, Tally

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


MOST = 25  # campaigns; a run that ends before its moment comes is over, and its campaign with it


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
