"""What a worker should never do: raise what is no error of a campaign, or be gone. A verb ends by it, with a
word and in its time, and nobody gets their mail twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sendbatch import api
from sendbatch.campaign.model import Campaign
from sendbatch.cli.main import main
from sendbatch.errors import WorkerFault
from sendbatch.rendering import workers
from sendbatch.runtime.edge import Edge
from sendbatch.values import Status
from tests.kit.mailhost import MailHost
from tests.session.conftest import Declare

pytestmark = pytest.mark.own_workers

ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@example.net"
NOT_PLANNED = "{% macro dear(who) %}Dear {{ who }}{% endmacro %}{{ dear(name) }}\n"
VERBS: dict[str, Callable[[Campaign, Edge], object]] = {
    "check": lambda campaign, edge: api.check(campaign, edge=edge),
    "plan": lambda campaign, edge: api.plan(campaign, edge=edge),
    "proof": lambda campaign, edge: api.proof(campaign, to=["rita@example.com"], edge=edge),
    "run": lambda campaign, edge: api.run(campaign, yes=True, edge=edge),
}
BEFORE = """
import os, sys
from sendbatch.message.compose import Composer

def wrapped(build):
    def built(self, recipient, *args, **kwargs):
        if recipient.email == "bob@example.org":
            {}
        return build(self, recipient, *args, **kwargs)
    return built

Composer.compose = wrapped(Composer.compose)
Composer.sample = wrapped(Composer.sample)
"""
RAISES, DIES = "raise AssertionError('by design')", "os.kill(os.getpid(), 9)"


def at_bob(monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    """A worker does this as soon as it is to build Bob's message."""
    monkeypatch.setattr(workers, "_BOOT", BEFORE.format(does) + workers._BOOT)


@pytest.mark.parametrize("verb", VERBS)
def test_a_fault_of_ours_in_a_worker_ends_every_verb_and_says_at_which_row(
    verb: str, tmp_path: Path, live: Declare, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_bob(monkeypatch, RAISES)
    spring = live()
    (tmp_path / "letter.txt").write_text(NOT_PLANNED)
    with pytest.raises(WorkerFault, match="in built\nAssertionError: by design") as caught:
        VERBS[verb](spring, edge)
    assert caught.value.said == "AssertionError, at row 3"


def test_after_a_fault_of_ours_the_others_are_sent_to_once_and_nobody_is_in_doubt(
    tmp_path: Path, live: Declare, edge: Edge, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    spring = live()
    (tmp_path / "letter.txt").write_text(NOT_PLANNED)
    with monkeypatch.context() as meanwhile:
        at_bob(meanwhile, RAISES)
        with pytest.raises(WorkerFault):
            api.run(spring, yes=True, edge=edge)
    done = api.run(spring, yes=True, edge=edge)
    assert done.totals == {Status.ACCEPTED: 3}
    assert sorted(mailhost.receivers) == [ADA, BOB, EVE]


def test_a_fault_of_ours_is_told_as_one_and_its_traceback_is_kept(
    tmp_path: Path, live: Declare, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_bob(monkeypatch, RAISES)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    live()
    with pytest.raises(SystemExit) as ended:
        main(["check", str(tmp_path / "spring.yaml")])
    assert ended.value.code == 3
    assert "this should not have happened: AssertionError, at row 3\n" in capsys.readouterr().err
    (log,) = tmp_path.glob("sendbatch-*.log")
    assert "AssertionError: by design" in log.read_text()


@pytest.mark.parametrize("verb", VERBS)
def test_a_worker_that_is_killed_ends_no_verb_and_keeps_nobody_waiting(
    verb: str,
    tmp_path: Path,
    live: Declare,
    edge: Edge,
    mailhost: MailHost,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the system does where memory runs out."""
    at_bob(monkeypatch, DIES)
    spring = live()
    (tmp_path / "letter.txt").write_text(NOT_PLANNED)
    VERBS[verb](spring, edge)
    reached = {"run": [ADA, EVE], "proof": ["rita@example.com"] * 2}
    assert sorted(mailhost.receivers) == reached.get(verb, [])
