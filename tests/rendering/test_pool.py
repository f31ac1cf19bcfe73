"""How rows are checked and messages built: here, or in processes that may die."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.audience.checks import make_rules
from sendbatch.campaign.model import Campaign, Mailbox, Profile, Recipients, Templates
from sendbatch.delivery.stopping import Stop
from sendbatch.errors import AudienceError, Interrupted
from sendbatch.message.content import Bundle, Content
from sendbatch.rendering import pool as pools
from sendbatch.rendering.batches import Built
from sendbatch.rendering.frames import CHECK
from sendbatch.rendering.pool import Pool
from sendbatch.rendering.setup import Setup, setup_from
from sendbatch.rendering.workers import Broken, Workers
from sendbatch.values import Message, Recipient, Row, Status, Unbuildable

COLUMNS = ("email", "name")
SALT = b"salt" * 8
NOW = 1_790_000_000.0
ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
# Beyond every patience here; a thread of this process that is left to itself ends after seconds.
LONG = "{% for a in range(1000) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


def letter(source: str = "Dear {{ name }}\n", **changes: object) -> Content:
    made = Content(
        subject="Hello",
        sender=Mailbox("News", "news@example.com"),
        bounces_to="bounces@example.com",
        html=None,
        text=Bundle("t", {"t": source}, {"t": "letter.txt"}),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def setup(
    content: Content | None = None, where: str | None = None, key: str | None = None
) -> Setup:
    campaign = Campaign(
        file=Path("spring.yaml"),
        folder=Path(),
        name="spring",
        run="",
        sender=Mailbox("News", "news@example.com"),
        bounces_to="bounces@example.com",
        subject="Hello",
        recipients=Recipients(Path("people.csv"), where=where, key=key),
        templates=Templates(),
        profile=Profile("sandbox", "127.0.0.1", 25, "none"),
    )
    rules = make_rules(campaign, COLUMNS, {name: name for name in COLUMNS})
    return Setup(content or letter(), rules, COLUMNS, SALT)


def rows(count: int, first: int = 2) -> list[Row]:
    return [Row(n, (f"p{n}@example.org", f"Name{n}")) for n in range(first, first + count)]


def people(count: int) -> list[Recipient]:
    return [Recipient(n, n, f"p{n}", f"p{n}@example.org", ("", f"Name{n}")) for n in range(count)]


def nobody() -> None:
    """Nobody asks to stop."""


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(2) as some:
        yield some


@pytest.fixture(params=["here", "in processes"])
def pool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, workers: Workers) -> Pool:
    if request.param == "in processes":
        monkeypatch.setattr(pools, "SMALL", 0)
    return Pool(setup(), workers)


def built(pool: Pool, recipients: list[Recipient]) -> Built:
    return [message for _, message in pool.each(recipients, NOW, nobody)]


def test_what_a_worker_is_told_comes_out_as_it_went_in() -> None:
    told = setup(where="name != 'Bob'")
    assert setup_from(told.to_bytes()) == told


def test_rows_are_checked_in_their_order(pool: Pool) -> None:
    parts = [rows(10, 2 + 10 * n) for n in range(12)]
    checked = [row for found in pool.check(iter(parts), nobody) for row in found.rows]
    assert [row[0] for row in checked] == list(range(2, 122))
    assert {row[4] for row in checked} == {Status.PENDING}


def test_messages_are_built_in_the_order_of_their_recipients(pool: Pool) -> None:
    found = list(pool.each(iter(people(500)), NOW, nobody))
    assert [recipient.id for recipient, _ in found] == list(range(500))
    messages = [message for _, message in found if isinstance(message, Message)]
    assert [m.envelope.recipient for m in messages] == [f"p{n}@example.org" for n in range(500)]
    assert b"Dear Name7\r\n" in messages[7].data


def test_in_a_loop_the_same_is_built(pool: Pool) -> None:
    assert asyncio.run(pool.render(people(5), NOW)) == built(pool, people(5))


def test_here_and_in_processes_the_very_same_message_is_built(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = built(Pool(setup(), workers), people(20))
    assert not workers.has_started
    monkeypatch.setattr(pools, "SMALL", 0)
    assert built(Pool(setup(), workers), people(20)) == here
    assert workers.has_started


def test_answers_too_large_for_one_are_given_in_several(pool: Pool) -> None:
    big = setup(letter("{% for n in range(40000) %}" + "x" * 69 + "\n{% endfor %}"))
    some = Pool(big, pool._workers)
    assert [type(message) for message in built(some, people(12))] == [Message] * 12
    assert len(asyncio.run(some.render(people(12), NOW))) == 3  # of 2.8 MB each, beyond 8 MB


def test_a_row_that_where_fails_on_is_an_error_from_either(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for small in (pools.SMALL, 0):
        monkeypatch.setattr(pools, "SMALL", small)
        failing = Pool(setup(where="1 // (name | length - 5)"), workers)
        with pytest.raises(AudienceError, match="2"):
            list(failing.check([rows(3)], nobody))


def test_a_message_that_cannot_be_built_is_told_with_its_reason(pool: Pool) -> None:
    failing = Pool(setup(letter("{{ 1 // (name | length - 5) }}")), pool._workers)
    found = built(failing, people(3))
    assert [type(one) for one in found] == [Unbuildable] * 3
    assert "letter.txt" in found[0].reason  # type: ignore[union-attr]


def test_a_small_campaign_starts_no_process(workers: Workers) -> None:
    pool = Pool(setup(), workers)
    list(pool.check([rows(500)], nobody))
    built(pool, people(500))
    assert not workers.has_started


def test_a_template_that_never_ends_breaks_its_row_and_no_other(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, pool: Pool
) -> None:
    monkeypatch.setattr(pools, "ROW_PATIENCE", 1.0)
    loops = letter("{% if name == 'Name1' %}" + LONG + "{% endif %}Hello\n")
    pool = Pool(setup(loops), workers)
    give = workers.give
    monkeypatch.setattr(
        workers, "give", lambda s, kind, data, patience=1.0: give(s, kind, data, patience)
    )
    found = built(pool, people(3))
    assert [type(one) for one in found] == [Message, Unbuildable, Message]
    assert "longer than 1 s" in found[1].reason  # type: ignore[union-attr]


@pytest.mark.parametrize("small", [pools.SMALL, 0], ids=["here", "in processes"])
def test_a_key_that_never_ends_is_an_error_that_names_the_rows(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr(pools, "SMALL", small)
    monkeypatch.setattr(pools, "PATIENCE", 0.5)
    give = workers.give
    monkeypatch.setattr(
        workers, "give", lambda s, kind, data, patience=0.5: give(s, kind, data, patience)
    )
    with pytest.raises(AudienceError, match="the rows 2 to 4 took too long"):
        list(Pool(setup(key=LONG), workers).check([rows(3)], nobody))


@pytest.mark.parametrize("small", [pools.SMALL, 0], ids=["here", "in processes"])
def test_who_asks_to_stop_is_heard_while_something_never_ends(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr(pools, "SMALL", small)
    asked = Stop()
    threading.Timer(0.3, asked.soon).start()
    with pytest.raises(Interrupted):
        list(Pool(setup(key=LONG), workers).check([rows(3)], asked.heed))
    with pytest.raises(Interrupted):
        list(Pool(setup(letter(LONG)), workers).each(people(3), NOW, asked.heed))


def test_who_asks_to_stop_is_heard_where_every_answer_is_there_already() -> None:
    asked, answer = Stop(), Future[int]()
    answer.set_result(7)
    assert pools._awaited(answer, asked.heed) == 7
    asked.soon()
    with pytest.raises(Interrupted):
        pools._awaited(answer, asked.heed)


def test_a_batch_that_never_ends_keeps_nobody_from_leaving(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pools, "SMALL", 0)
    with Workers(1) as workers:
        answer = Pool(setup(letter(ENDLESS)), workers)._rendering(people(1), NOW)
        while not answer.running():
            time.sleep(0.01)
        queued = Pool(setup(letter(ENDLESS)), workers)._rendering(people(1), NOW)
        began = time.monotonic()
    for one in (answer, queued):
        with pytest.raises(Broken):
            one.result(0)
    assert time.monotonic() - began < pools.ROW_PATIENCE


def test_where_no_process_is_to_be_had_nobody_waits_for_ever(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("sendbatch.rendering.workers.subprocess.Popen", refuse)
    with pytest.raises(Broken):
        workers.give(setup().to_bytes(), CHECK, b"").result(5)


def test_where_processes_run_already_the_first_rows_go_to_them_too(workers: Workers) -> None:
    list(Pool(setup(), workers).check([rows(pools.SMALL + 1)], nobody))
    pool = Pool(setup(), workers)
    assert len(built(pool, people(3))) == 3
    assert pool._here._worker is None
