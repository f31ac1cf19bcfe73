"""How much is tried: at a desk what is quick, in CI (SENDBATCH_CI is set) all of it."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest
from hypothesis import Phase

IN_CI = "SENDBATCH_CI" in os.environ

# What fails is not made small where it is only asked whether it fails (tests/mutants).
ASKED_ONLY = (Phase.explicit, Phase.generate)
PHASES = ASKED_ONLY if "SENDBATCH_MUTANTS" in os.environ else tuple(Phase)


def examples(number: int) -> int:
    """So many examples of a property in CI, a quarter of them at a desk, where others come each time."""
    return number if IN_CI else number // 4


def thoroughly(*values: object, ids: Iterable[str] | None = None) -> list[object]:
    """Parameters of a test that only CI tries, each being one more of a kind."""
    names = list(ids) if ids is not None else [None] * len(values)
    return [
        pytest.param(value, marks=pytest.mark.thorough, id=name)
        for value, name in zip(values, names, strict=True)
    ]
