"""A real record, which need not outlive a power cut, and a post office beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sendbatch.ledger.sqlite import Ledger, open_scratch
from tests.delivery.desk import Desk, addresses, plan
from tests.delivery.office import Office

MakeDesk = Callable[..., Desk]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_scratch(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(ledger: Ledger) -> MakeDesk:
    """desk(people, broken=…, **office and desk fields): a planned record, ready to be sent."""

    def make(people: int | list[str] = 10, *, broken: tuple[int, ...] = (), **fields: Any) -> Desk:
        plan(ledger, addresses(people) if isinstance(people, int) else people, broken)
        office = Office(**{k: fields.pop(k) for k in list(fields) if k in Office.__annotations__})
        return Desk(ledger, office, **fields)

    return make
