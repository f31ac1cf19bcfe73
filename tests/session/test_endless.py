"""A template that never ends: whoever looks at messages waits for a bounded time, and may stop at any."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import sendbatch
from sendbatch.errors import CampaignError, Interrupted
from sendbatch.rendering.frames import CHECK
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.stop import Stop
from sendbatch.values import Status
from tests.kit.command import Desk

pytestmark = pytest.mark.own_workers

# Within one call of C code, in which the interpreter looks up for nobody.
ENDLESS = "{{ (range(99999)|batch(1)|list)|sum(start=range(9999)|list * 99) }} Hello\n"
REVIEWERS = ("rita@example.com", "sam@example.com", "tom@example.com")


@pytest.fixture
def patient() -> Iterator[Workers]:
    with Workers(1, row_patience=3600.0) as some:
        yield some


def on_building(workers: Workers, then: Callable[[int], None]) -> None:
    """`then` is called with the number of rows of each batch of messages that is asked for."""
    give = workers.give

    def watched(setup: bytes, kind: bytes, data: bytes, rows: int = 1):  # type: ignore[no-untyped-def]
        if kind != CHECK:
            then(rows)
        return give(setup, kind, data, rows)

    workers.give = watched  # type: ignore[method-assign]


def test_a_check_tries_an_endless_row_twice_and_no_more(desk: Desk, hastier: Workers) -> None:
    desk.people(1)
    desk.write("spring.txt", ENDLESS)
    tried: list[int] = []
    on_building(hastier, tried.append)
    found = sendbatch.check(sendbatch.load("spring.yaml"), workers=hastier)
    assert tried == [1, 1]
    assert found.exit_code == 1
    assert found.rehearsal is not None
    assert found.rehearsal.failed == 1


def test_a_check_of_many_endless_rows_ends_after_a_few(desk: Desk, hastier: Workers) -> None:
    desk.people(200)
    desk.write("spring.txt", ENDLESS)
    tried: list[int] = []
    on_building(hastier, tried.append)
    with pytest.raises(CampaignError, match=r"longer than 0\.3 s \(row 2\)"):
        sendbatch.check(sendbatch.load("spring.yaml"), workers=hastier)
    assert len(tried) < 8


def test_a_proof_to_several_tries_an_endless_row_twice_in_all(desk: Desk, hastier: Workers) -> None:
    desk.people(1)
    desk.write("spring.txt", ENDLESS)
    tried: list[int] = []
    on_building(hastier, tried.append)
    proofs = sendbatch.proof(sendbatch.load("spring.yaml"), to=REVIEWERS, workers=hastier)
    assert tried == [1, 1]
    assert [one.reviewer for one in proofs] == list(REVIEWERS)
    assert {one.outcome.status for one in proofs} == {Status.FAILED}


@pytest.mark.parametrize(
    "verb",
    [
        sendbatch.check,
        sendbatch.plan,
        sendbatch.dry_run,
        lambda campaign, **around: sendbatch.proof(campaign, to=REVIEWERS, **around),
        lambda campaign, **around: sendbatch.run(campaign, yes=True, **around),
    ],
    ids=["check", "plan", "dry run", "proof", "run"],
)
def test_who_asks_to_stop_is_heard_while_an_endless_row_is_built(
    desk: Desk, patient: Workers, verb: Callable[..., object]
) -> None:
    desk.write("spring.txt", ENDLESS)
    stop = Stop()
    on_building(patient, lambda _: stop.soon())
    with pytest.raises(Interrupted):
        verb(sendbatch.load("spring.yaml"), stop=stop, workers=patient)


def test_a_plan_whose_first_letters_never_end_shows_no_subject_of_theirs(
    desk: Desk, hastier: Workers
) -> None:
    desk.people(3)
    desk.write("spring.txt", ENDLESS)
    plan = sendbatch.plan(sendbatch.load("spring.yaml"), workers=hastier)
    assert plan.subjects == ()
    assert plan.exit_code == 0
