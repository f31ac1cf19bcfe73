"""What was found so far while the cost of templates is added up (`cost`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sendbatch.campaign.language.amounts import NOTHING, Amount, Unbounded, fixed
from sendbatch.campaign.language.estimates import Estimate

STEP = 50  # characters that can be written in the time of one step
_MOST_STEPS = 20_000  # of all templates that are looked at
_DEEPEST = 20  # templates within each other


class Spending:
    """`cost` is in characters as they are in the message and `STEP` for each step, `written` in characters
    before they are encoded; `names` are those that the template has set."""

    def __init__(self) -> None:
        self.cost, self.written = NOTHING, NOTHING
        self.names: dict[str, Estimate] = {}
        self._steps, self._items, self._depth = 0, 0, 0

    def step(self, more: Amount = NOTHING) -> None:
        """One step, and what it writes. Raises Unbounded where nobody would look through so many."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise Unbounded
        self.cost += more + STEP

    def write(self, size: Amount, encoded: Amount) -> None:
        self.step(encoded)
        self.written += size

    def new_item(self) -> str:
        """What the length of a list's items is called, for one list."""
        self._items += 1
        return f"#{self._items}"

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Within one more template. Raises Unbounded where they go on without end."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unbounded
        yield
        self._depth -= 1

    def aside(self, body: Callable[[], None]) -> Spending:
        """What something costs, writes and sets by itself; nothing of it is counted here."""
        before = self.cost, self.written, self.names
        self.cost, self.written, self.names = NOTHING, NOTHING, dict(self.names)
        body()
        found = Spending()
        found.cost, found.written, found.names = self.cost, self.written, self.names
        self.cost, self.written, self.names = before
        return found

    def add(self, other: Spending) -> None:
        """But for what it has set."""
        self.cost += other.cost
        self.written += other.written

    def each(self, item: str, turn: Spending, several: Estimate) -> None:
        """A loop over several, of which `turn` is one turn for an item of that length."""
        self.cost += (turn.cost + fixed(STEP)).summed(item, several.count, several.size)
        self.written += turn.written.summed(item, several.count, several.size)
