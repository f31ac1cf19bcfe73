"""Any history at all of plans, hand-overs, crashes and people's words keeps what RECORD promises."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sendbatch.ledger.facts import Entry, Intent, Released, Retried, Settled
from sendbatch.ledger.sqlite.record import Ledger
from sendbatch.ledger.states import SENDABLE, SETTLED
from sendbatch.values import Checked, Outcome, Status
from tests.kit.people import OUTCOMES, entries, left_out, outcome_of, person, stage
from tests.kit.selecting import sending
from tests.kit.thoroughness import examples
from tests.ledger.conftest import empty_record
from tests.ledger.contract.conftest import in_bulk_at_once

KEYS = ("ann", "bob", "eve", "joe")
ADDRESSES = ("one@example.com", "two@example.com", "three@example.org")
BY_CHECK = (Status.PENDING, Status.PENDING, Status.INVALID, Status.FILTERED)
OUTCOME_STATUSES = (*OUTCOMES, Status.SENDING)
ROW = st.tuples(
    st.sampled_from(KEYS),
    st.sampled_from(ADDRESSES),
    st.sampled_from(("you", "me")),
    st.sampled_from(BY_CHECK),
)
SUPPRESSED = st.lists(
    st.tuples(st.just("key"), st.sampled_from(ADDRESSES))
    | st.tuples(st.just("text"), st.sampled_from(KEYS))
    | st.just(("domain", "example.org")),
    max_size=2,
)


def checked(line: int, row: tuple[str, str, str, Status]) -> Checked:
    key, email, name, status = row
    made = person(line, key, email=email, name=name)
    return made if status is Status.PENDING else left_out(made, status)


@dataclass
class Sent:
    """What a person's mailbox, if it could speak, would say."""

    email: str
    attempts: int


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.ledger: Ledger = self._stack.enter_context(empty_record())
        self.accepted: dict[str, Sent] = {}
        self.tried: dict[str, int] = {}  # key: attempts that count
        self.held: set[str] = set()  # keys of the plan that claim

    def teardown(self) -> None:
        self._stack.close()

    def by_key(self) -> dict[str, Entry]:
        """The one row of each key that was tried or can be sent to."""
        return {
            e.key: e
            for e in entries(self.ledger)
            if e.attempts or e.status in (*SENDABLE, Status.SENDING)
        }

    def remember(self) -> None:
        for one in entries(self.ledger):
            if one.attempts:
                self.tried[one.key] = max(self.tried.get(one.key, 0), one.attempts)
            if one.status is Status.ACCEPTED:
                self.accepted.setdefault(one.key, Sent(one.email, one.attempts))

    @rule(rows=st.lists(ROW, max_size=6), suppress=SUPPRESSED, declined=st.booleans())
    def plan(
        self,
        rows: list[tuple[str, str, str, Status]],
        suppress: list[tuple[str, str]],
        declined: bool,
    ) -> None:
        self.ledger.recover(1.0)  # a run does so before it plans
        self.remember()
        before = entries(self.ledger)
        lines = [checked(number, row) for number, row in enumerate(rows, 2)]
        try:
            with self.ledger.draft() as draft:
                stage(draft, lines, suppress)
                if declined:
                    raise InterruptedError
                draft.merge()
        except InterruptedError:
            assert entries(self.ledger) == before
            return
        current = entries(self.ledger, all_rows=False)
        assert [(e.row, e.key) for e in current] == [(c.line, c.key) for c in lines]
        self.held = {e.key for e in self.ledger.reading.holders()}

    @rule(key=st.sampled_from(KEYS), status=st.sampled_from(OUTCOME_STATUSES))
    def hand_over(self, key: str, status: Status) -> None:
        for one in sending(self.ledger).samples(99):
            if one.key == key:
                sending(self.ledger).apply(outcome_of(one.id, status))
                assert self.by_key()[key].status is status
        self.remember()

    @rule()
    def tidy(self) -> None:
        before = entries(self.ledger)
        with in_bulk_at_once():
            sending(self.ledger).backlog.tidy()
        assert entries(self.ledger) == before

    @rule(key=st.sampled_from(KEYS))
    def release(self, key: str) -> None:
        before = self.by_key().get(key)
        if before is not None and before.status in SENDABLE:
            changes = [Intent(before.id, "digest", 5.0, 5.0), Released(before.id)]
            sending(self.ledger).apply(changes)
            after = self.by_key()[key]
            assert (after.status, after.attempts) == (before.status, before.attempts)

    @rule(status=st.sampled_from((*OUTCOMES, Status.SENDING)), condemned=st.booleans())
    def a_change_out_of_place(self, status: Status, condemned: bool) -> None:
        """Changes for whoever cannot be sent to any more. (An intent out of place ends a run.)"""
        before = entries(self.ledger)
        for one in before:
            if one.status not in (*SENDABLE, Status.SENDING):
                changes = outcome_of(one.id, status)
                late = [change for change in changes if not isinstance(change, Intent)]
                sending(self.ledger).apply(late)
                if condemned:
                    verdict = Outcome(Status.REJECTED)
                    sending(self.ledger).apply(
                        [Settled(one.id, verdict, None, 9.0, counts_attempt=False)]
                    )
        assert entries(self.ledger) == before

    @rule()
    def crash(self) -> None:
        on_the_way = {e.id for e in entries(self.ledger) if e.status is Status.SENDING}
        assert self.ledger.recover(30.0) == len(on_the_way)
        doubted = {e.id for e in entries(self.ledger) if e.status is Status.IN_DOUBT}
        assert on_the_way <= doubted
        self.remember()

    @rule()
    def retry(self) -> None:
        sending(self.ledger).retry([Retried(Status.REJECTED), Retried(Status.DEFERRED)], 40.0)

    @rule()
    def resend(self) -> None:
        sending(self.ledger).resend()

    @rule()
    def restore(self) -> None:
        ours = (e for e in entries(self.ledger) if e.status in SENDABLE and e.was)
        waiting = {e.id: e.was for e in ours}
        assert sending(self.ledger).restore() == len(waiting)
        for one in entries(self.ledger):
            if one.id in waiting:
                assert (one.status, one.was) == (waiting[one.id], None)

    @rule(
        key=st.sampled_from(KEYS),
        to=st.sampled_from((Status.ACCEPTED, Status.PENDING, Status.REJECTED)),
    )
    def resolve(self, key: str, to: Status) -> None:
        wrong = self.ledger.resolve([(key,)], to, 50.0)
        assert wrong in ([], [key])
        self.remember()

    @invariant()
    def claims_are_unique_and_belong_to_the_plan(self) -> None:
        holders = [e.key for e in self.ledger.reading.holders()]
        assert len(holders) == len(set(holders))
        assert set(holders) == self.held

    @invariant()
    def accepted_never_leaves_accepted(self) -> None:
        found = {e.key: e for e in entries(self.ledger) if e.status is Status.ACCEPTED}
        for key, sent in self.accepted.items():
            assert Sent(found[key].email, found[key].attempts) == sent
        accepted = [e.key for e in entries(self.ledger) if e.status is Status.ACCEPTED]
        assert len(accepted) == len(set(accepted))

    @invariant()
    def nobody_tried_is_removed_or_forgets_an_attempt(self) -> None:
        attempts = {e.key: e.attempts for e in entries(self.ledger) if e.attempts}
        for key, count in self.tried.items():
            assert attempts[key] >= count

    @invariant()
    def whoever_can_be_sent_to_holds_the_key(self) -> None:
        last = self.ledger.reading.plan()
        if last is not None and not last.inputs:
            return  # a person's word has put the plan out of date: nothing is sent before the next
        current = [e for e in entries(self.ledger, all_rows=False) if e.status in SENDABLE]
        assert {e.key for e in current} <= self.held
        assert len({e.key for e in current}) == len(current)

    @invariant()
    def nobody_who_left_the_plan_is_sendable_but_by_a_persons_word(self) -> None:
        current = {e.id for e in entries(self.ledger, all_rows=False)}
        assert {one.id for one in sending(self.ledger).samples(99)} <= current

    @invariant()
    def what_a_row_was_is_remembered_only_where_it_is_needed(self) -> None:
        for one in entries(self.ledger):
            kept = one.was is not None
            if one.status in (Status.WITHDRAWN, Status.SENDING):
                assert kept
            elif one.status in SENDABLE:  # for one run
                assert one.was in (None, *SETTLED)
            elif one.status in (Status.INVALID, Status.FILTERED, Status.SUPPRESSED):
                assert kept == (one.attempts > 0 or one.was is Status.FAILED)
            else:
                assert not kept
            assert one.was is None or one.was in (*SENDABLE, *SETTLED)

    @invariant()
    def each_row_has_as_many_cells_as_its_plan_has_columns(self) -> None:
        for one in self.ledger.reading.holders():
            assert len(one.cells) == 2
            json.dumps(one.cells)


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=examples(60),
    stateful_step_count=25,
)
