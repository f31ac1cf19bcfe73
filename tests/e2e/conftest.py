"""End-to-end tests share one Postfix for each process of the test run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.conftest import Needs
from tests.e2e.postfix import Postfix, PostfixServer
from tests.kit.tools import skip_or_fail


@pytest.fixture(scope="session")
def running_postfix(needs: Needs) -> Iterator[PostfixServer]:
    """The one server of this process; its maildir holds what earlier tests sent."""
    program = needs("postfix", "end-to-end tests send through it")
    needs("saslpasswd2", "it makes the account that end-to-end tests log in with")
    if os.geteuid() != 0:
        skip_or_fail("Postfix can only be started by root")
    with Postfix(program) as server:
        yield server


@pytest.fixture
def postfix(running_postfix: PostfixServer) -> PostfixServer:
    """A real Postfix with STARTTLS and a login, its maildir empty."""
    running_postfix.forget()
    return running_postfix
