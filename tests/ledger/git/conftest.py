"""A repository, and a machine with a clone of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Needs
from tests.kit.githost import GitHost, repository
from tests.kit.machine import Machine


@pytest.fixture
def host(tmp_path: Path, needs: Needs) -> GitHost:
    needs("git", "records are kept in repositories")
    return repository(tmp_path)


@pytest.fixture
def machine(host: GitHost) -> Machine:
    return Machine(host.clone(host.bare.parent / "clone"))
