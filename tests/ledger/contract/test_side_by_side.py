"""All stores, driven with the same calls, tell the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sendbatch.ledger.facts import (
    Change,
    Failed,
    Intent,
    Lane,
    LeftInDoubt,
    Noted,
    Own,
    Released,
    Remembered,
    Retried,
    Settled,
)
from sendbatch.ledger.states import SENDABLE
from sendbatch.ledger.store import Backlog, Draft, Record
from sendbatch.values import Checked, Outcome, Recipient, Reply, Status, Why
from tests.kit.people import OUTCOMES, left_out, person, stage
from tests.kit.thoroughness import examples
from tests.ledger.contract.conftest import DATABASE, STORES, in_bulk_at_once

T = TypeVar("T")

KEYS = ("ann", "bob", "eve", "joe")
EMAILS = ("one@example.com", "Two@example.com", "three@example.org")
LANES = (Lane(), Lane(("example.org",), others=False), Lane(("example.org",), others=True))
REPLIES = (
    *OUTCOMES.values(),
    Outcome(Status.DEFERRED, Reply(550, "no such user", "RCPT", "5.1.1")),
    Outcome(Status.REJECTED, Reply(554, "no", "MESSAGE")),
)
SENDING_AGAIN = (
    Retried(Status.REJECTED),
    Retried(Status.DEFERRED, "5.1.*"),
    Retried(Status.FAILED),
)
ROWS = st.lists(
    st.builds(
        lambda key, email, name, status, former: person(2, key, email=email, name=name)._replace(
            status=status, former_key=former
        ),
        st.sampled_from(KEYS),
        st.sampled_from(EMAILS),
        st.sampled_from(("you", "me")),
        st.sampled_from((Status.PENDING,) * 3 + (Status.INVALID, Status.FILTERED)),
        st.sampled_from(("", "", "", *KEYS)),
    ),
    max_size=6,
)
SUPPRESSED = st.lists(
    st.tuples(st.just("key"), st.sampled_from(EMAILS).map(str.lower))
    | st.tuples(st.just("text"), st.sampled_from(KEYS))
    | st.tuples(st.sampled_from(("domain", "below")), st.sampled_from(("example.org", "com"))),
    max_size=2,
)


def numbered(rows: Sequence[Checked]) -> list[Checked]:
    made = (row._replace(line=line) for line, row in enumerate(rows, 2))
    return [row if row.status is Status.PENDING else left_out(row, row.status) for row in made]


def without_ids(things: Any) -> list[Any]:
    """Of entries, or of recipients."""
    return [
        one._replace(id=0) if isinstance(one, Recipient) else replace(one, id=0) for one in things
    ]


def what_it_tells(record: Record) -> dict[str, Any]:
    reading = record.reading
    return {
        "plan": reading.plan(),
        "entries": without_ids(reading.entries(all_rows=True)),
        "told": list(reading.report_rows()),
        "with cells": list(reading.rows_with_cells()),
        "holders": without_ids(reading.holders()),
        "census": reading.census(),
        "totals": reading.totals(),
        "departed": reading.departed(),
        "tried": (reading.has_tried(), sorted(key for key, _ in reading.tried_cells(99))),
        "span": (reading.span(), reading.latest()),
        "replies": (reading.replies(), reading.held()),
        "contents": sorted(reading.contents()),
        "answers": reading.answers(tuple(Status), 9),
        "figures": reading.figures(),
        "servers": reading.servers(),
        "events": reading.events(),
        "addresses": list(reading.addresses()),
        "shared": reading.shared_addresses(9),
        "meta": reading.meta("who"),
    }


class Stores(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        stores = [made for name, made in STORES.items() if name != "postgres" or DATABASE]
        self.records = [self._stack.enter_context(made()) for made in stores]
        self.backlogs = self.each(lambda record: record.backlog(lambda: 0.0))

    def teardown(self) -> None:
        self._stack.close()

    def each(self, ask: Callable[[Record], T]) -> list[T]:
        return [ask(record) for record in self.records]

    def alike(self, answers: list[Any]) -> None:
        for answer in answers[1:]:
            assert answer == answers[0]

    @rule(
        rows=st.none() | ROWS,
        suppress=SUPPRESSED,
        excepts=st.just([]) | st.lists(st.sampled_from((*KEYS, *map(str.lower, EMAILS))), max_size=2),
        only=st.none() | st.lists(st.sampled_from((*KEYS, *EMAILS)), max_size=2),
        again=st.lists(st.sampled_from(SENDING_AGAIN), max_size=2),
        resends=st.booleans(),
        limit=st.none() | st.integers(0, 4),
        latest=st.none() | st.just(50.0),
        merges=st.booleans() | st.just(True),
    )
    def begin_a_run(self, merges: bool, **how: Any) -> None:
        def run(record: Record) -> list[object]:
            found = record.recover(30.0)
            with record.draft() as draft:
                told = self.drafted(draft, **how)
                if merges:
                    draft.merge(40.0)
            return [found, *told]

        self.alike(self.each(run))
        self.backlogs = self.each(lambda record: record.backlog(lambda: 0.0))

    def drafted(
        self,
        draft: Draft,
        *,
        rows: Sequence[Checked] | None,
        suppress: list[tuple[str, str]],
        excepts: list[str],
        only: list[str] | None,
        again: list[Retried],
        resends: bool,
        limit: int | None,
        latest: float | None,
    ) -> list[object]:
        told: list[object] = []
        if rows is not None:
            told.append(stage(draft, numbered(rows), suppress, excepts))
        told.append(draft.only(None if only is None else [(one,) for one in only]))
        told += [draft.retry(again, 45.0), draft.resend() if resends else 0]
        draft.limit(limit)
        draft.make_due(45.0, latest)
        draft.remember("who", str(limit))
        return [
            *told, draft.totals(), draft.left_over(), without_ids(draft.samples(9)),
            draft.people.census(), without_ids(draft.people.holders()),
        ]  # fmt: skip

    @rule(block=st.integers(1, 3), lane=st.sampled_from(LANES), after=st.integers(0, 4))
    def claim_and_give_some_back(self, block: int, lane: Lane, after: int) -> None:
        def claim(backlog: Backlog) -> list[Any]:
            new, due = backlog.claim_new(after, block, lane), backlog.claim_due(90.0, block, lane)
            backlog.give_back([one.id for one in new[1:]])
            return [
                without_ids(new),
                without_ids(due),
                backlog.has_due(90.0),
                backlog.next_due_at(lane),
            ]

        self.alike([claim(backlog) for backlog in self.backlogs])

    @rule(
        key=st.sampled_from(KEYS),
        outcome=st.sampled_from(REPLIES),
        due_at=st.none() | st.sampled_from((60.0, 70.0)),
        intends=st.booleans() | st.just(True),
        settles=st.booleans() | st.just(True),
    )
    def hand_over(
        self, key: str, outcome: Outcome, due_at: float | None, intends: bool, settles: bool
    ) -> None:
        def changes(id_: int) -> list[Change]:
            due = due_at if outcome.status is Status.DEFERRED else None
            intent = [Intent(id_, "digest", 50.0, 50.0)] if intends else []
            return [*intent, *([Settled(id_, outcome, due, 55.0)] if settles else [])]

        self.apply(key, changes, SENDABLE)

    @rule(
        key=st.sampled_from(KEYS),
        change=st.sampled_from(
            (
                lambda id_: Failed(id_, Why.UNBUILDABLE, "no such file", 56.0),
                Released,
                LeftInDoubt,
                lambda id_: Own(id_, 57.0),
                lambda id_: Settled(
                    id_, Outcome(Status.REJECTED), None, 58.0, counts_attempt=False
                ),
                lambda id_: Settled(id_, OUTCOMES[Status.ACCEPTED], None, 59.0),
            )
        ),
    )
    def change(self, key: str, change: Callable[[int], Change]) -> None:
        self.apply(key, lambda id_: [change(id_)], tuple(Status))

    def apply(
        self,
        key: str,
        changes: Callable[[int], list[Change]],
        statuses: Sequence[Status] | frozenset[Status],
    ) -> None:
        """To who holds the key, or to the first whom the checks left out with it, in these statuses."""
        for record, backlog in zip(self.records, self.backlogs, strict=True):
            ids = {one.id for one in record.reading.holders() if one.key == key}
            for one in record.reading.entries(statuses):
                if one.id in ids:
                    backlog.apply(changes(one.id))

    @rule()
    def tidy(self) -> None:
        with in_bulk_at_once():
            for backlog in self.backlogs:
                backlog.tidy()

    @rule(detail=st.sampled_from(("one", "two")), at=st.sampled_from((10.0, 56.0, 90.0)))
    def note(self, detail: str, at: float) -> None:
        for backlog in self.backlogs:
            backlog.apply([Noted("server", detail, at), Remembered("who", None)])

    @rule(
        names=st.lists(st.sampled_from((*KEYS, *EMAILS)), max_size=2),
        to=st.sampled_from((Status.ACCEPTED, Status.PENDING, Status.REJECTED)),
    )
    def resolve(self, names: list[str], to: Status) -> None:
        self.alike(self.each(lambda record: record.resolve([(name,) for name in names], to, 80.0)))

    @rule()
    def end_the_run(self) -> None:
        for backlog in self.backlogs:
            backlog.end()

    @invariant()
    def they_tell_the_same(self) -> None:
        self.alike(self.each(what_it_tells))
        self.alike([(backlog.totals(), backlog.left_over()) for backlog in self.backlogs])


TestStores = Stores.TestCase
TestStores.settings = settings(max_examples=examples(40), stateful_step_count=12)
