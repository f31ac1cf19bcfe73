"""A run as a whole: a real record, a real server, and time that passes at once."""

from __future__ import annotations

from sendbatch.values import Status
from tests.delivery.conftest import MakeDesk
from tests.delivery.desk import address
from tests.delivery.office import Visit


def test_everybody_is_accepted_once(desk: MakeDesk) -> None:
    run = desk(100, connections=4)
    ending = run.send()
    assert not ending.early
    assert ending.not_due is None
    assert run.totals() == {Status.ACCEPTED: 100}
    assert set(run.office.whole.values()) == {1}
    assert all(entry.attempts == 1 for entry in run.entries())


def test_the_first_connection_is_used_and_no_other_where_one_is_allowed(desk: MakeDesk) -> None:
    run = desk(100, log_in_first=True)
    run.send()
    assert len(run.office.visits) == 1
    assert run.office.visits[0].accepted == 100
    assert run.office.visits[0].said[-1] == "QUIT"


def test_a_recipient_deferred_is_accepted_when_its_time_has_come(desk: MakeDesk) -> None:
    def busy_twice(visit: Visit) -> str | None:
        tried = run.office.asked[visit.recipient]
        return "451 4.2.1 later" if visit.recipient == address(3) and tried < 3 else None

    run = desk(10, rcpt=busy_twice)
    ending = run.send()
    assert not ending.early
    assert run.totals() == {Status.ACCEPTED: 10}
    assert run.entry(address(3)).attempts == 3
    assert 60 * 0.8 + 120 * 0.8 <= run.clock.now <= 60 * 1.2 + 120 * 1.2
    assert ending.not_due is None
