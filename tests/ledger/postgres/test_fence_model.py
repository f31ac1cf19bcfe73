"""Whatever runners do, pause, lose or hear late: nobody is sent two messages that may both have arrived but
by a person's word, and what the server says settles the doubt that it is about. The model is held to that,
and the store itself."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack, nullcontext
from typing import Protocol

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sendbatch.ledger.facts import Intent, Released, Settled
from sendbatch.ledger.postgres import recovery
from sendbatch.ledger.postgres.connecting import Connection, transaction
from sendbatch.values import Status
from tests.kit.people import OUTCOMES
from tests.kit.postgres import Database, Postgres
from tests.kit.runners import Runner, losing, runner
from tests.kit.thoroughness import examples
from tests.ledger.postgres.fence import (
    ACCEPTED,
    DEFERRED,
    DOUBT,
    PENDING,
    REJECTED,
    RELEASED,
    SENDING,
    Fence,
)

RUNNERS = 3
PEOPLE = 22  # in two blocks
WHO = st.integers(0, RUNNERS - 1)


class World(Protocol):
    def status(self, key: str) -> str: ...
    def claim(self, runner: int) -> list[str]: ...
    def expire(self, runner: int) -> None: ...
    def begin(self, runner: int, key: str, *, lost: bool) -> bool: ...
    def end(self, runner: int, key: str, answer: str) -> None: ...
    def resolve(self, key: str, to: str) -> None: ...


class Store:
    """The same over the store; a commit is lost as its connection breaks behind it."""

    def __init__(self, stack: ExitStack, database: Database) -> None:
        self._database = database
        url = database.url
        first = stack.enter_context(runner(url, people=PEOPLE))
        others = [stack.enter_context(runner(url)) for _ in range(RUNNERS - 1)]
        self._runners: list[Runner] = [first, *others]
        for one in self._runners:
            one.pause()  # the machine says when a lease is over
        self._ids: dict[str, int] = {}

    def status(self, key: str) -> str:
        found = self._database.say(f"SELECT status FROM sendbatch.delivery WHERE key = '{key}'")
        return str(found[0][0]) if found else PENDING

    def claim(self, runner: int) -> list[str]:
        backlog = self._runners[runner].backlog
        found = [*backlog.claim_new(0, 99), *backlog.claim_due(9e9, 99)]
        self._ids |= {one.key: one.id for one in found}
        return [one.key for one in found]

    def expire(self, runner: int) -> None:
        id_ = self._runners[runner].record.seat.runner
        self._database.say(f"UPDATE sendbatch.block SET until = 0 WHERE owner = {id_} AND state = 'held'")

    def begin(self, runner: int, key: str, *, lost: bool) -> bool:
        one, id_ = self._runners[runner], self._ids[key]
        with losing(one.record.writing) if lost else nullcontext():
            void = one.backlog.apply([Intent(id_, "digest", 1.0, 1.0)])
        one.backlog.give_back(void)
        return id_ not in void

    def end(self, runner: int, key: str, answer: str) -> None:
        one, id_ = self._runners[runner], self._ids[key]
        if answer == RELEASED:
            one.backlog.apply([Released(id_)])
            one.backlog.give_back([id_])
        else:
            due = 1.0 if answer == DEFERRED else None
            one.backlog.apply([Settled(id_, OUTCOMES[Status(answer)], due, 2.0)])

    def resolve(self, key: str, to: str) -> None:
        self._database.say("UPDATE sendbatch.delivery SET finished_at = 1 WHERE status = 'in_doubt'")
        record = self._runners[0].record

        def work(connection: Connection) -> None:
            with transaction(connection) as cursor:
                recovery.resolve(cursor, record.seat, [(key,)], Status(to), 1.0)

        record.writing.ask(work)


class Machine(RuleBasedStateMachine):
    """Beside the world: what the mailboxes know."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.world: World = self._made()
        self.hand: list[list[str]] = [[] for _ in range(RUNNERS)]
        self.awaited: list[list[str]] = [[] for _ in range(RUNNERS)]
        self.live: Counter[str] = Counter()  # messages that arrived, or may have
        self.words: Counter[str] = Counter()  # that somebody may be sent to again

    def _made(self) -> World:
        return Fence(tuple(f"p{line}" for line in range(2, PEOPLE + 2)), 11, RUNNERS)

    def teardown(self) -> None:
        self._stack.close()

    @rule(who=WHO)
    def claims(self, who: int) -> None:
        self.hand[who] += [key for key in self.world.claim(who) if key not in self.hand[who]]

    @rule(who=WHO, lost=st.booleans(), many=st.integers(1, 4))
    def begins(self, who: int, lost: bool, many: int) -> None:
        for _ in range(min(many, len(self.hand[who]))):
            key = self.hand[who].pop(0)
            if self.world.begin(who, key, lost=lost):
                assert not lost
                self.live[key] += 1
                self.awaited[who].append(key)

    @rule(who=WHO, answer=st.sampled_from((ACCEPTED, ACCEPTED, REJECTED, DEFERRED, RELEASED)))
    def hears(self, who: int, answer: str) -> None:
        if not self.awaited[who]:
            return
        key = self.awaited[who].pop(0)
        before = self.world.status(key)
        self.world.end(who, key, answer)
        if answer != ACCEPTED:
            self.live[key] -= 1  # it did not arrive
        if not self.words[key]:
            assert before in (SENDING, DOUBT)
            expected = (PENDING, DEFERRED) if answer == RELEASED else (answer,)
            assert self.world.status(key) in expected

    @rule(who=WHO)
    def is_not_heard_of(self, who: int) -> None:
        self.world.expire(who)

    @precondition(lambda self: any(self.awaited))
    @rule(to=st.sampled_from((PENDING, REJECTED)))
    def is_resolved(self, to: str) -> None:
        doubted = [key for keys in self.awaited for key in keys if self.world.status(key) == DOUBT]
        for key in doubted[:1]:
            self.world.resolve(key, to)
            self.words[key] += 1

    @invariant()
    def nobody_has_two_but_by_a_word(self) -> None:
        for key, number in self.live.items():
            assert number <= 1 + self.words[key]

    @invariant()
    def one_at_most_is_sending_to_somebody(self) -> None:
        everybody = Counter(key for keys in self.awaited for key in keys)
        for key, number in everybody.items():
            assert number <= 1 + self.words[key]


TestTheModel = Machine.TestCase
TestTheModel.settings = settings(max_examples=examples(200), stateful_step_count=30)


@pytest.mark.thorough
def test_the_store_holds_what_the_model_holds(postgres: Postgres) -> None:
    class OfTheStore(Machine):
        def _made(self) -> World:
            fresh = postgres.new_database()
            self._stack.callback(fresh.drop)
            return Store(self._stack, fresh)

    run_state_machine_as_test(
        OfTheStore, settings=settings(max_examples=12, stateful_step_count=30)
    )
