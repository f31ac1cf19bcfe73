"""What a connection is given in tests: messages, a log that is durable at once, and how each one ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sendbatch.delivery.verdict import verdict
from sendbatch.reasons import reason_of
from sendbatch.smtp import facts
from sendbatch.smtp.connection import Connection
from sendbatch.smtp.facts import State
from sendbatch.smtp.transport import End, Fact, Quit, Step, Written
from sendbatch.values import Message, Outcome, Reply, Status


class Ended(NamedTuple):
    """How one hand-over ended, and what that means for its recipient."""

    fact: Fact
    outcome: Outcome

    @property
    def status(self) -> Status:
        return self.outcome.status

    @property
    def reply(self) -> Reply | None:
        return self.outcome.reply

    @property
    def reason(self) -> str:
        return reason_of(self.outcome)

    @property
    def lost(self) -> bool:
        return self.fact.lost


def ended(fact: Fact) -> Ended:
    return Ended(fact, verdict(fact))


class Letter(NamedTuple):
    """What a transport hands over: a message and nothing else."""

    message: Message


async def nothing() -> None:
    """An intent that is durable at once."""


@dataclass
class Handing:
    """Source, intent log and sink. `follows` gives what goes along with an end, `intent` is awaited before
    that leaves."""

    follows: Callable[[], Message | Quit | None] = lambda: None
    intent: Callable[[], Awaitable[None]] = nothing
    outcomes: list[tuple[Message, Ended]] = field(default_factory=list)
    _writing: set[asyncio.Task[None]] = field(default_factory=set)

    def following(self) -> Letter | Quit | None:
        along = self.follows()
        return Letter(along) if isinstance(along, Message) else along

    def write(self, group: Sequence[Letter], written: Written) -> None:
        async def writing() -> None:
            try:
                await self.intent()
            except OSError as error:
                written(error)
            else:
                written(None)

        if self.intent is nothing:
            written(None)
        else:
            task = asyncio.get_running_loop().create_task(writing())
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    def ended(self, parcel: Letter, fact: Fact) -> None:
        self.outcomes.append((parcel.message, ended(fact)))

    async def carry(self, connection: Connection, first: Message) -> list[Ended]:
        """How this one ended, and those that followed it."""
        before = len(self.outcomes)
        try:
            await connection.carry(Letter(first), self, self, self)
        finally:
            for task in list(self._writing):
                task.cancel()
        return [one for _, one in self.outcomes[before:]]


async def hand_over(
    connection: Connection, message: Message, intent: Callable[[], Awaitable[None]] = nothing
) -> Ended:
    """One message, which nothing follows."""
    (one,) = await Handing(intent=intent).carry(connection, message)
    return one


def answered(reply: Reply) -> Fact:
    """What a transport reports where this reply decided."""
    state = State(reply.command)
    if reply.code == 421:
        return facts.closing(state, reply)
    if reply.code < 300:
        return Fact(End.TAKEN, Step.MESSAGE, reply)
    found = facts.refused(state, reply)
    assert found is not None
    return found
