"""A record that is made anew of its receipts tells of everybody what the old one told."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sendbatch.ledger.facts import REFUSED_SINCE
from sendbatch.ledger.git.receipts import Receipt, Secret, page, read
from sendbatch.ledger.sqlite.record import Ledger
from sendbatch.ledger.sqlite.strangers import EARLIER
from sendbatch.values import Status
from tests.kit.people import bring, entries, entry, person, plan, remember
from tests.ledger.conftest import empty_record

SECRET = Secret(b"k" * 32)
BECAME = st.lists(
    st.sampled_from([
        Status.PENDING, Status.ACCEPTED, Status.DEFERRED, Status.REJECTED, Status.FAILED, Status.IN_DOUBT,
    ]),
    max_size=6,
)  # fmt: skip


def told(ledger: Ledger) -> list[Receipt]:
    """Its receipts, as they are written and read again."""
    contents: list[str] = []
    return list(read(page(ledger.receipts(None), contents), contents))


def seeded(ledger: Ledger, receipts: list[Receipt], at: float = 99.0) -> set[int]:
    return ledger.seed(SECRET, receipts, {"key": ""}, (), at)


@given(BECAME)
def test_everybody_stands_as_they_stood(became: list[Status]) -> None:
    people = [person(n, f"p{n}") for n in range(2, len(became) + 2)]
    with empty_record() as old, empty_record() as new:
        seeded(old, [])
        plan(old, *people)
        for one, status in zip(people, became, strict=True):
            bring(old, one.key, status)
        seeded(new, told(old))
        plan(new, *people)

        def alike(ledger: Ledger) -> list[tuple[object, ...]]:
            return [
                (one.key, one.email, one.status, one.attempts, one.due_at, one.code, one.enhanced, one.why,
                 one.content, one.dated_at, one.first_attempt_at, one.finished_at)
                for one in entries(ledger)
            ]  # fmt: skip

        assert alike(new) == alike(old)
        assert told(new) == told(old)


@given(BECAME)
def test_strangers_are_carried_over_untouched(became: list[Status]) -> None:
    people = [person(n, f"p{n}") for n in range(2, len(became) + 2)]
    with empty_record() as old, empty_record() as new, empty_record() as third:
        seeded(old, [])
        plan(old, *people)
        for one, status in zip(people, became, strict=True):
            bring(old, one.key, status)
        seeded(new, told(old))
        plan(new, person(2, "somebody-else"))
        assert told(new) == told(old)
        seeded(third, told(new))
        plan(third, *people)
        assert [one.status for one in entries(third)] == became


def test_who_was_on_the_way_is_in_doubt_with_the_time_of_the_announcement() -> None:
    with empty_record() as old, empty_record() as new:
        seeded(old, [])
        plan(old, person(2, "ann"))
        remember(old, content="digest")
        (ann,) = entries(old)
        receipts = old.receipts([ann.id], sending=[ann.id], at=50.0)
        assert len(seeded(new, receipts)) == 1
        plan(new, person(2, "ann"))
        found = entry(new, "ann")
    assert (found.status, found.content, found.dated_at) == (Status.IN_DOUBT, "digest", 50.0)
    assert (found.attempts, found.finished_at, found.why) == (1, 99.0, "announced")


def test_another_address_is_shown_as_one_that_is_not_known() -> None:
    with empty_record() as old, empty_record() as new:
        seeded(old, [])
        remember(old, key="customer")
        plan(old, person(2, "ann"))
        bring(old, "ann", Status.ACCEPTED)
        new.seed(SECRET, told(old), {"key": "customer"}, (), 99.0)
        difference = plan(new, person(2, "ann", email="ann@new.example"))
        assert entry(new, "ann").email == EARLIER
    assert difference.moved == ((2, EARLIER, "ann@new.example"),)


def test_since_when_a_mailbox_was_refused_is_known_to_the_next_machine() -> None:
    with empty_record() as old, empty_record() as new:
        seeded(old, [])
        plan(old, person(2, "bob"), person(3, "ann"))
        ann = bring(old, "ann", Status.DEFERRED)
        old.remember(REFUSED_SINCE, json.dumps({ann.id: 15.0}))
        seeded(new, told(old))
        plan(new, person(2, "bob"), person(3, "ann"))
        assert json.loads(new.reading.meta(REFUSED_SINCE) or "") == {str(entry(new, "ann").id): 15.0}


def test_of_meta_only_what_the_next_run_needs_is_told_and_no_words_of_a_server() -> None:
    with empty_record() as ledger:
        seeded(ledger, [])
        remember(
            ledger, salt="00", content="digest", subject_of_digest="Dear ann@example.com", server="mx"
        )
        ended = json.dumps({"at": 1.0, "early": True, "why": "ann@example.com said no", "until": None})
        ledger.remember("ended", ended)
        meta, _, _ = ledger.told()
    assert set(meta) == {"key", "content", "server", "ended"}
    assert "ann" not in meta["ended"]
