"""What was found so far while the cost of templates is added up (`cost`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sendbatch.campaign.language.amounts import NOTHING, Amount, Unbounded, fixed, total
from sendbatch.campaign.language.estimates import Estimate

STEP = 50  # characters that can be written in the time of one step
_MOST_STEPS = 20_000  # of all templates that are looked at
_DEEPEST = 20  # templates within each other


class Spending:
    """`names` are those that the template has set."""

    def __init__(self) -> None:
        self._costs: list[Amount] = []
        self._written: list[Amount] = []
        self.names: dict[str, Estimate] = {}
        self._steps, self._items, self._depth = 0, 0, 0

    @property
    def cost(self) -> Amount:
        """In characters as they are in the message, and `STEP` for each step."""
        return total(self._costs)

    @property
    def written(self) -> Amount:
        """In characters before they are encoded."""
        return total(self._written)

    def step(self, more: Amount = NOTHING) -> None:
        """One step, and what it writes. Raises Unbounded where nobody would look through so many."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise Unbounded
        self._costs += (_STEP, more)

    def write(self, size: Amount, encoded: Amount) -> None:
        self.step(encoded)
        self._written.append(size)

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
        before = self._costs, self._written, self.names
        self._costs, self._written, self.names = [], [], dict(self.names)
        body()
        found = Spending()
        found._costs, found._written, found.names = self._costs, self._written, self.names
        self._costs, self._written, self.names = before
        return found

    def add(self, cost: Amount, written: Amount = NOTHING) -> None:
        self._costs.append(cost)
        self._written.append(written)

    def each(self, item: str, turn: Spending, several: Estimate) -> None:
        """A loop over several, of which `turn` is one turn for an item of that length."""
        count, size = several.count, several.size
        self.add(
            (turn.cost + STEP).summed(item, count, size), turn.written.summed(item, count, size)
        )


_STEP = fixed(STEP)
