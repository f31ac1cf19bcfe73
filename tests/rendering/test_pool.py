"""How rows are checked and messages built, in processes that are bounded and may die."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from sendbatch.audience.rules import make_rules
from sendbatch.campaign.model import Campaign, Mailbox, Profile, Recipients, Templates
from sendbatch.errors import AudienceError, CampaignError, Interrupted, WorkerFault
from sendbatch.message.content import Bundle, Content
from sendbatch.message.parts import Sample
from sendbatch.message.variants import Variants
from sendbatch.message.versions.axis import Choice
from sendbatch.rendering import pool as pools
from sendbatch.rendering import workers as processes
from sendbatch.rendering.batches import Built
from sendbatch.rendering.frames import CHECK, RENDER
from sendbatch.rendering.pool import Pool
from sendbatch.rendering.setup import Setup, setup_from
from sendbatch.rendering.workers import Broken, Workers
from sendbatch.runtime.stop import Stop
from sendbatch.values import Message, Recipient, Row, Status, Unbuildable
from tests.kit.thoroughness import thoroughly
from tests.kit.waiting import until

pytestmark = pytest.mark.own_workers

COLUMNS = ("email", "name")
SALT = b"salt" * 8
NOW = 1_790_000_000.0
ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
# Minutes of copying within one call of C code, in which the interpreter looks up for nobody.
HELD = "{{ (range(99999)|batch(1)|list)|sum(start=range(9999)|list * 99) }}"
POWER = "9 ** (9 ** 9)"


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


@pytest.fixture
def pool(workers: Workers) -> Pool:
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


def test_answers_too_large_for_one_are_given_in_several(pool: Pool) -> None:
    big = setup(letter("{% for n in range(40000) %}" + "x" * 69 + "\n{% endfor %}"))
    some = Pool(big, pool._workers)
    assert [type(message) for message in built(some, people(12))] == [Message] * 12
    assert len(asyncio.run(some.render(people(12), NOW))) == 3  # of 2.8 MB each, beyond 8 MB


def test_a_row_that_where_fails_on_is_an_error(workers: Workers) -> None:
    failing = Pool(setup(where="1 // (name | length - 5)"), workers)
    with pytest.raises(AudienceError, match="2"):
        list(failing.check([rows(3)], nobody))


def test_a_message_that_cannot_be_built_is_told_with_its_reason(pool: Pool) -> None:
    failing = Pool(setup(letter("{{ 1 // (name | length - 5) }}")), pool._workers)
    found = built(failing, people(3))
    assert [type(one) for one in found] == [Unbuildable] * 3
    assert "letter.txt" in found[0].reason  # type: ignore[union-attr]


def test_a_small_campaign_has_one_process_and_a_large_one_all(workers: Workers) -> None:
    list(Pool(setup(), workers).check([rows(500)], nobody))
    built(Pool(setup(), workers), people(500))
    assert workers.started == 1
    list(Pool(setup(), workers).check([rows(1)], nobody))
    assert workers.started == 2


def test_the_first_process_starts_before_anything_is_asked() -> None:
    with Workers(4) as workers:
        assert workers.started == 1


@pytest.fixture
def hasty() -> Iterator[Workers]:
    with Workers(1, row_patience=1.0) as some:
        yield some


def only_for(name: str, source: str) -> str:
    return "{% if name == '" + name + "' %}" + source + "{% endif %}Hello\n"


@pytest.mark.parametrize("source", [HELD, *thoroughly(ENDLESS)], ids=["held by C code", "a loop"])
def test_a_template_that_takes_too_long_fails_for_its_row_and_no_other(
    hasty: Workers, source: str
) -> None:
    found = built(Pool(setup(letter(only_for("Name1", source))), hasty), people(3))
    assert [type(one) for one in found] == [Message, Unbuildable, Message]
    assert found[1].reason == "building the message took longer than 1 s"  # type: ignore[union-attr]


@pytest.mark.thorough
def test_a_template_that_takes_too_long_in_a_run_fails_for_its_row_and_no_other(
    hasty: Workers,
) -> None:
    pool = Pool(setup(letter(only_for("Name0", ENDLESS))), hasty)
    (first,) = asyncio.run(pool.render(people(3), NOW))
    assert isinstance(first, Unbuildable)
    (second,) = asyncio.run(pool.render(people(3)[1:], NOW))  # of a batch that broke a worker
    assert isinstance(second, Message)
    assert len(asyncio.run(pool.render(people(20)[3:], NOW))) == 17


def counted(workers: Workers) -> list[int]:
    """How many rows each batch has that is given to the workers from now on."""
    given: list[int] = []
    give = workers.give
    workers.give = lambda *job: (given.append(job[3]), give(*job))[1]  # type: ignore[method-assign]
    return given


def test_who_broke_a_worker_twice_is_never_tried_again_whatever_is_asked(hastier: Workers) -> None:
    pool, given = Pool(setup(letter(only_for("Name1", HELD))), hastier), counted(hastier)
    assert [type(one) for one in built(pool, people(3))] == [Message, Unbuildable, Message]
    assert given == [3, 1, 1, 1]
    given.clear()
    assert [type(one) for _, one in pool.samples(people(3), NOW, nobody)] == [
        Sample,
        Unbuildable,
        Sample,
    ]
    assert [type(one) for _, one in pool.each(people(3), NOW, nobody, "b@example.com")] == [
        *(Message, Unbuildable, Message)
    ]
    (first,) = asyncio.run(pool.render(people(1), NOW))
    assert isinstance(first, Message)
    (second,) = asyncio.run(pool.render(people(3)[1:], NOW))
    assert isinstance(second, Unbuildable)
    assert given == [1, 1, 1, 1, 1]


def test_where_nothing_is_sent_a_few_endless_rows_end_it(
    hastier: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "MOST_BROKEN", 1)
    pool, given = Pool(setup(letter(HELD)), hastier), counted(hastier)
    with pytest.raises(CampaignError, match=r"2 messages took .* longer than 0.3 s \(row 0\)"):
        list(pool.samples(people(300), NOW, nobody))
    assert sum(count == 1 for count in given) <= 3


def test_batches_that_break_together_blame_nobody_unheard(hastier: Workers) -> None:
    pool = Pool(setup(letter(only_for("Name1", HELD))), hastier)
    two = [pool.each(people(2), NOW, nobody, reviewer) for reviewer in ("a@b.de", "b@b.de")]
    found = [[type(one) for _, one in pair] for pair in zip(*two, strict=True)]
    assert found == [[Message, Message], [Unbuildable, Unbuildable]]


def test_a_sample_has_the_parts_of_a_message_and_its_size(pool: Pool) -> None:
    ((_, message),) = pool.each(people(1), NOW, nobody)
    ((_, sample),) = pool.samples(people(1), NOW, nobody)
    assert isinstance(message, Message)
    assert isinstance(sample, Sample)
    assert sample.size == len(message.data)
    assert sample.parts.subject == "Hello"
    assert sample.parts.text == ["Dear Name0\n"]
    assert sample.parts.message_id == message.message_id
    assert [(one.name, one.value) for one in sample.parts.headers][:3] == [
        ("From", "News <news@example.com>"),
        ("MIME-Version", "1.0"),
        ("To", "p0@example.org"),
    ]


def test_a_row_alone_in_its_batch_is_built_once_more_before_it_fails(hasty: Workers) -> None:
    asked: list[bytes] = []
    give = hasty.give
    hasty.give = lambda *job: (asked.append(job[2]), give(*job))[1]  # type: ignore[method-assign]
    (found,) = built(Pool(setup(letter(ENDLESS)), hasty), people(1))
    assert isinstance(found, Unbuildable)
    assert len(asked) == 2


def broken_by(workers: Workers, row: int) -> list[int]:
    """Let every batch that this row is in break its worker; returns the sizes of those asked for."""
    give, sizes = workers.give, []

    def given(setup: bytes, kind: bytes, data: bytes, rows: int = 1) -> Future[bytes]:
        sizes.append(rows)
        assert len(sizes) < 100, "it is asked for without end"
        if f"p{row}@example.org".encode() not in data:
            return give(setup, kind, data, rows)
        broken: Future[bytes] = Future()
        broken.set_exception(Broken("took longer than 1 s"))
        return broken

    workers.give = given  # type: ignore[method-assign]
    return sizes


def test_of_a_batch_that_broke_a_worker_in_a_run_each_row_is_asked_for_once_more_and_alone(
    workers: Workers,
) -> None:
    pool, sizes = Pool(setup(), workers), broken_by(workers, 3)
    left, found = people(6), []
    while left:  # as a run does: for as many as there is an answer
        answer = asyncio.run(pool.render(left, NOW))
        found += answer
        left = left[len(answer) :]
    assert [type(one) for one in found] == [*[Message] * 3, Unbuildable, *[Message] * 2]
    assert found[3].reason == "building the message took longer than 1 s"
    assert sizes == [6, 1, 1, 1, 1, 1, 1]


def test_of_a_batch_of_rows_that_broke_a_worker_each_is_checked_once_more_and_alone(
    workers: Workers,
) -> None:
    pool, sizes = Pool(setup(where="True"), workers), broken_by(workers, 4)
    with pytest.raises(AudienceError, match=r"people\.csv:4: .* took longer than 1 s"):
        list(pool.check([rows(5)], nobody))
    assert sizes == [5, 1, 1, 1]


@pytest.mark.parametrize(
    "source",
    [
        "{% set ns = namespace(x='x' * 9999999) %}"
        "{% for _ in range(9) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{{ 'x'|center(4000000000) }}",
    ],
    ids=["grown in a loop", "at once"],
)
def test_a_template_that_takes_too_much_memory_fails_for_its_row_and_no_other(
    workers: Workers, source: str
) -> None:
    found = built(Pool(setup(letter(only_for("Name1", source))), workers), people(3))
    assert [type(one) for one in found] == [Message, Unbuildable, Message]
    assert "takes more memory than there is" in found[1].reason  # type: ignore[union-attr]
    assert "letter.txt:1" in found[1].reason  # type: ignore[union-attr]


@pytest.mark.parametrize("where", [POWER, "'x' * 4000000000"])
def test_what_a_message_is_made_of_is_bounded_wherever_it_stands(
    workers: Workers, where: str
) -> None:
    many = letter(
        "Hello\n", subject="{{ " + where + " }}", headers=(("X-A", "{{ " + where + " }}"),)
    )
    (found,) = built(Pool(setup(many), workers), people(1))
    assert "subject" in found.reason or "headers" in found.reason  # type: ignore[union-attr]


@pytest.mark.parametrize("rule", ["where", *thoroughly("key")])
def test_a_rule_that_takes_too_long_names_the_row(hasty: Workers, rule: str) -> None:
    sources = {"where": f"name != 'Name3' or {HELD[2:-2]}", "key": only_for("Name3", ENDLESS)}
    pool = Pool(setup(**{rule: sources[rule]}), hasty)  # type: ignore[arg-type]
    with pytest.raises(AudienceError, match=r"people\.csv:3: error: .* took longer than 1 s"):
        list(pool.check([rows(3)], nobody))


def test_a_where_that_makes_too_much_names_the_row(workers: Workers) -> None:
    pool = Pool(setup(where="name != 'Name3' or 9 ** (99 ** 9)"), workers)
    with pytest.raises(
        AudienceError, match=r"people\.csv:3: 9 \*\* 913517247483640899 is too large"
    ):
        list(pool.check([rows(3)], nobody))


def test_who_asks_to_stop_is_heard_while_something_never_ends(workers: Workers) -> None:
    asked, looks = Stop(), count()

    def asks_in_the_middle() -> None:
        if next(looks) == 3:
            asked.soon()
        asked.heed()

    with pytest.raises(Interrupted):
        list(Pool(setup(key=ENDLESS), workers).check([rows(3)], asks_in_the_middle))
    with pytest.raises(Interrupted):
        list(Pool(setup(letter(ENDLESS)), workers).each(people(3), NOW, asks_in_the_middle))


def test_a_proof_is_for_its_reviewer(workers: Workers) -> None:
    proofs = Pool(setup(), workers).each(people(2), NOW, nobody, "boss@example.com")
    messages = [message for _, message in proofs if isinstance(message, Message)]
    assert [m.envelope.recipient for m in messages] == ["boss@example.com"] * 2
    assert b"Subject: [proof for p1@example.org] Hello\r\n" in messages[1].data


def test_long_rows_are_few_in_a_batch() -> None:
    long = [Row(n, ("x" * 1_500_000, "")) for n in range(7)]
    assert [len(part) for part in pools.in_batches(long, 500)] == [3, 3, 1]
    assert [len(part) for part in pools.in_batches(rows(1001), 500)] == [500, 500, 1]


def test_who_asks_to_stop_is_heard_where_every_answer_is_there_already() -> None:
    asked, answer = Stop(), Future[int]()
    answer.set_result(7)
    assert pools._awaited(answer, asked.heed) == 7
    asked.soon()
    with pytest.raises(Interrupted):
        pools._awaited(answer, asked.heed)


def test_a_batch_that_never_ends_keeps_nobody_from_leaving() -> None:
    with Workers(1, row_patience=3600.0) as workers:
        answer = Pool(setup(letter(ENDLESS)), workers)._asking(RENDER, people(1), NOW)
        until(answer.running, "a worker that takes the batch")
        queued = Pool(setup(letter(ENDLESS)), workers)._asking(RENDER, people(1), NOW)
    for one in (answer, queued):
        with pytest.raises(Broken):
            one.result(0)


def test_where_no_process_is_to_be_had_nobody_waits_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("sendbatch.rendering.workers.subprocess.Popen", refuse)
    with Workers(1) as some, pytest.raises(Broken, match="found no process"):
        some.give(setup().to_bytes(), CHECK, b"").result(60)


def faulty(monkeypatch: pytest.MonkeyPatch, method: str, does: str) -> None:
    """Worker processes do this where they should call this method of `Worker`."""
    fault = f"""
from sendbatch.errors import SmtpError
from sendbatch.rendering.worker import Worker
def {method}(*_):
    {does}
Worker.{method} = {method}
"""
    monkeypatch.setattr(processes, "_BOOT", fault + processes._BOOT)


@pytest.mark.parametrize(
    ("method", "said"), [("_checked", "ZeroDivisionError"), ("__init__", "ZeroDivisionError")]
)
def test_what_a_worker_should_never_raise_is_raised_here(
    method: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty(monkeypatch, method, "1 / 0")
    with Workers(1) as some:
        for _ in range(2):  # the worker goes on
            with pytest.raises(WorkerFault, match="division by zero") as caught:
                list(Pool(setup(), some).check([rows(3)], nobody))
            assert caught.value.said == said
        assert some.started == 1


def test_a_worker_that_takes_all_memory_is_gone_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that ends by itself first waits for the thread that listens."""
    faulty(monkeypatch, "check", "raise MemoryError")
    with Workers(1) as some, pytest.raises(Broken, match=r"took all memory .* \(code 1\)"):
        some.give(setup().to_bytes(), CHECK, b"").result(60)


def test_whoever_asked_is_told_where_an_answer_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faulty(monkeypatch, "check", "raise SmtpError('made of more than findings', step='dns')")
    with Workers(1) as some:
        for _ in range(2):
            with pytest.raises(TypeError, match="step"):
                some.give(setup().to_bytes(), CHECK, b"").result(60)


def test_which_subject_somebody_gets_is_told_without_a_worker() -> None:
    variants = Variants("spring", ("One", "Two"))
    content, crowd = letter(variants=variants), people(300)
    heeded: list[None] = []
    workers = Workers(1)  # none is started before one is asked
    pool = Pool(setup(content), workers)
    found = list(pool.choices(crowd, lambda: heeded.append(None)))
    assert found == [(one, (Choice(variants.of(one.key)),)) for one in crowd]
    assert len(heeded) == 3
    assert workers.started == 0


def test_whoever_stops_while_subjects_are_counted_is_heard() -> None:
    def stopped() -> None:
        raise Interrupted("stopped")

    pool = Pool(setup(letter(variants=Variants("spring", ("One", "Two")))), Workers(1))
    with pytest.raises(Interrupted):
        next(pool.choices(people(1), stopped))
