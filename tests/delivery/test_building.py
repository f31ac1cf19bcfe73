"""When so many messages cannot be built that a run stops."""

from __future__ import annotations

import pytest

from sendbatch.delivery.building import Unbuildables


@pytest.mark.parametrize(
    ("selected", "failed", "stops"),
    [
        (100, 19, False),
        (100, 20, True),
        (2000, 20, False),
        (2000, 21, True),
        (10_000, 100, False),
        (10_000, 101, True),
    ],
)
def test_over_one_in_a_hundred_and_at_least_twenty_that_cannot_be_built_stop_a_run(
    selected: int, failed: int, stops: bool
) -> None:
    unbuildables = Unbuildables(selected)
    unbuildables.count = failed // 2
    assert not unbuildables.are_too_many
    unbuildables.elsewhere = failed - failed // 2
    assert unbuildables.are_too_many is stops
