"""The table of `states`, for every event and every status: it leads where that says, or changes nothing."""

from __future__ import annotations

import pytest

from sendbatch.errors import RecordLost
from sendbatch.ledger.facts import Change, Entry, Failed, Intent, Noted, Released, Retried, Settled
from sendbatch.ledger.states import OF_OUTCOME, RESOLVED, TABLE, Event, after, sources
from sendbatch.ledger.store import Record
from sendbatch.values import Outcome, Reply, Status, Why
from tests.kit.people import (
    OUTCOMES,
    bring,
    clock,
    entry,
    left_out,
    outcome_of,
    person,
    plan,
    someone,
    statuses,
)
from tests.kit.selecting import sending

OUT = (Status.INVALID, Status.FILTERED, Status.SUPPRESSED)
# What a run makes durable; the others are a crash, a person's word, or a plan.
CHANGES = (
    Event.INTENT,
    Event.ACCEPT,
    Event.REJECT,
    Event.DEFER,
    Event.DOUBT,
    Event.FAIL,
    Event.RELEASE,
    Event.CONDEMN,
)
WORDS = {event: to for to, event in RESOLVED.items()}
ALLOWED = [(event, status) for event in TABLE for status in sources(event)]
FORBIDDEN = [(event, status) for event in TABLE for status in Status if status not in TABLE[event]]
# What a plan makes of a row never tried, or of one that comes back, is in the table of plans.
OF_A_PLAN = [
    (event, status)
    for event in (Event.READDRESS, Event.EXCEPT)
    for status in (*OUT, Status.DUPLICATE, Status.WITHDRAWN)
]
LATE = [one for one in FORBIDDEN if one[0] is not Event.INTENT and one not in OF_A_PLAN]
UNINTENDED = [status for event, status in FORBIDDEN if event is Event.INTENT]


def anyone(ledger: Record, status: Status) -> Entry:
    """A row in any status at all, by the way a row comes there."""
    if status is Status.DUPLICATE:
        plan(ledger, person(2, "bob"), person(3, "bob"))
    elif status is Status.WITHDRAWN:
        someone(ledger, Status.DEFERRED)
        plan(ledger, person(2, "bob"))
    elif status in OUT:
        plan(ledger, left_out(person(2, "ann"), status))
    else:
        someone(ledger, status)
    (found,) = (e for e in ledger.reading.entries(all_rows=True) if e.status is status)
    return found


def ready_for(ledger: Record, event: Event, status: Status) -> Entry:
    """As `anyone`, where the event may happen: to be restored it must be for one run only that somebody is
    sent to, and 4xx is not settled by hand."""
    if event is Event.RESTORE:
        doubted = someone(ledger, Status.IN_DOUBT)
        sending(ledger).resend()
        sending(ledger).apply(outcome_of(doubted.id, status))
        return entry(ledger, "ann")
    if event in WORDS and status is Status.DEFERRED:
        never = Outcome(Status.DEFERRED, Reply(550, "no such user", "RCPT"))
        sending(ledger).apply([Settled(someone(ledger, Status.PENDING).id, never, None, 4.0)])
        return entry(ledger, "ann")
    return anyone(ledger, status)


def found_again(ledger: Record, before: Entry) -> Entry:
    (found,) = (e for e in ledger.reading.entries(all_rows=True) if e.id == before.id)
    return found


def change_of(event: Event, id_: int) -> Change:
    match event:
        case Event.INTENT:
            return Intent(id_, "digest", 30.0, 31.0)
        case Event.FAIL:
            return Failed(id_, Why.UNBUILDABLE, "no such file", 32.0)
        case Event.RELEASE:
            return Released(id_)
        case Event.CONDEMN:
            return Settled(id_, Outcome(Status.REJECTED), None, 33.0, counts_attempt=False)
        case _:
            (status,) = (s for s, e in OF_OUTCOME.items() if e is event and s is not Status.FAILED)
            return Settled(id_, OUTCOMES[status], None, 34.0)


def let_happen(ledger: Record, event: Event, to: Entry) -> None:
    match event:
        case Event.CRASH:
            ledger.recover(70.0)
        case Event.RETRY:
            sending(ledger).retry([Retried(status) for status in sources(Event.RETRY)], 70.0)
        case Event.RESEND:
            sending(ledger).resend()
        case Event.RESTORE:
            ledger.backlog(clock).end()
        case Event.READDRESS:
            plan(ledger, person(to.row, to.key, email="new@example.com"))
        case Event.EXCEPT:
            plan(ledger, person(to.row, to.key), excepts=[to.key])
        case _ if event in WORDS:
            ledger.resolve([(to.key,)], WORDS[event], 70.0)
        case _:
            ledger.backlog(clock).apply([change_of(event, to.id)])


@pytest.mark.parametrize(("event", "status"), ALLOWED)
def test_an_event_leads_where_the_table_says(ledger: Record, event: Event, status: Status) -> None:
    before = ready_for(ledger, event, status)

    let_happen(ledger, event, before)

    if event in (Event.READDRESS, Event.EXCEPT) and status is Status.PENDING:
        before = entry(ledger, "ann")  # who was never tried belongs to the plan
    assert found_again(ledger, before).status is after(status, event, before.was)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("event", "status"), LATE)
def test_an_event_in_a_wrong_state_changes_nothing(
    ledger: Record, event: Event, status: Status
) -> None:
    before = anyone(ledger, status)

    let_happen(ledger, event, before)

    assert found_again(ledger, before) == before


@pytest.mark.parametrize("was", [Status.REJECTED, Status.IN_DOUBT])
@pytest.mark.parametrize("how", ["end", "next start"])
def test_only_who_is_taken_up_for_one_run_is_restored(
    ledger: Record, was: Status, how: str
) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"), person(4, "eve"))
    before = bring(ledger, "ann", was), bring(ledger, "bob", Status.DEFERRED), entry(ledger, "eve")
    sending(ledger).retry([Retried(Status.REJECTED)], 70.0)
    sending(ledger).resend()
    assert entry(ledger, "ann").status is Status.PENDING

    if how == "end":
        ledger.backlog(clock).end()
    else:
        assert ledger.recover(70.0) == 0

    assert tuple(ledger.reading.entries()) == before
    assert ledger.reading.events() == []


@pytest.mark.parametrize("status", UNINTENDED)
@pytest.mark.parametrize("more", [[], [Noted("slowdown", "x", 1.0)]])
def test_an_intent_that_changes_no_row_ends_the_run_and_nothing_of_its_commit_is_kept(
    ledger: Record, status: Status, more: list[Change]
) -> None:
    before = anyone(ledger, status)

    with pytest.raises(RecordLost, match="changed by something else"):
        sending(ledger).apply([change_of(Event.INTENT, before.id), *more])

    assert found_again(ledger, before) == before


def test_after_an_intent_that_changed_no_row_outcomes_are_written_and_no_other_intent(
    ledger: Record,
) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    ann, bob = (entry(ledger, key).id for key in ("ann", "bob"))
    sending(ledger).apply([Intent(ann, "digest", 1.0, 1.0)])
    taken = Settled(ann, OUTCOMES[Status.ACCEPTED], None, 2.0)

    with pytest.raises(RecordLost):
        sending(ledger).apply([Intent(bob + 1, "digest", 2.0, 2.0)])
    with pytest.raises(RecordLost):
        sending(ledger).apply([taken, Intent(bob, "digest", 2.0, 2.0)])

    assert statuses(ledger) == [("ann", Status.ACCEPTED), ("bob", Status.PENDING)]


def test_an_outcome_in_the_commit_of_a_lost_intent_is_kept(ledger: Record) -> None:
    plan(ledger, person(2, "ann"), person(3, "bob"))
    ann, bob = (entry(ledger, key).id for key in ("ann", "bob"))
    sending(ledger).apply([Intent(ann, "digest", 1.0, 1.0)])
    taken = Settled(ann, OUTCOMES[Status.ACCEPTED], None, 2.0)

    with pytest.raises(RecordLost):
        sending(ledger).apply([taken, Intent(bob + 1, "digest", 2.0, 2.0)])

    assert statuses(ledger) == [("ann", Status.ACCEPTED), ("bob", Status.PENDING)]


@pytest.mark.parametrize("event", [event for event in CHANGES if event is not Event.INTENT])
def test_a_change_of_nobody_is_no_fault(ledger: Record, event: Event) -> None:
    before = someone(ledger, Status.PENDING)

    sending(ledger).apply([change_of(event, before.id + 1)])

    assert found_again(ledger, before) == before
