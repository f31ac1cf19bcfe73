"""Who is handed out, is read once; who comes back meanwhile is handed out anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.postgres import Database
from tests.kit.runners import runner


def test_who_comes_back_while_others_are_looked_for_is_handed_out_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with runner(database.url, people=9) as one:
        ann, *_ = one.backlog.claim_new(0, 3)
        looking = one.backlog._looking
        ask = looking.ask

        def comes_back(work: Callable[..., Any]) -> Any:
            found = ask(work)
            one.backlog.give_back([ann.id])
            return found

        monkeypatch.setattr(looking, "ask", comes_back)
        one.backlog.claim_new(0, 3)
        monkeypatch.undo()
        assert ann.id in [who.id for who in one.backlog.claim_new(0, 9)]
