"""What a record amounts to, and how a run ends."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.model import Tolerance
from sendbatch.reports.tally import exit_code, take
from sendbatch.values import Status

NONE = Tolerance()
WITHOUT_MAIL = (
    Status.REJECTED,
    Status.FAILED,
    Status.INVALID,
    Status.DEFERRED,
    Status.IN_DOUBT,
)
NOT_COUNTED = (Status.FILTERED, Status.SUPPRESSED, Status.DUPLICATE, Status.WITHDRAWN)


@pytest.mark.parametrize("status", WITHOUT_MAIL)
def test_one_recipient_without_the_mail_ends_with_1(status: Status) -> None:
    assert exit_code({Status.ACCEPTED: 99, status: 1}, NONE) == 1


@pytest.mark.parametrize("status", NOT_COUNTED)
def test_recipients_who_were_to_get_nothing_do_not_count(status: Status) -> None:
    assert exit_code({Status.ACCEPTED: 1, status: 99}, NONE) == 0


@pytest.mark.parametrize("status", [Status.PENDING, Status.SENDING])
def test_anyone_left_to_send_to_ends_with_3_whatever_is_tolerated(status: Status) -> None:
    assert exit_code({Status.ACCEPTED: 99, status: 1}, Tolerance(share=1.0)) == 3


def test_nobody_at_all_is_a_success() -> None:
    assert exit_code({}, NONE) == 0
    assert exit_code({Status.FILTERED: 3}, Tolerance(share=0.01)) == 0


@pytest.mark.parametrize(("without", "code"), [(3, 0), (4, 1)])
def test_a_tolerated_count_is_inclusive(without: int, code: int) -> None:
    assert exit_code({Status.ACCEPTED: 10, Status.REJECTED: without}, Tolerance(count=3)) == code


@pytest.mark.parametrize(("without", "code"), [(29, 0), (30, 1)])
def test_a_tolerated_share_is_exact_although_floats_are_not(without: int, code: int) -> None:
    totals = {Status.ACCEPTED: 100 - without, Status.INVALID: without}

    assert exit_code(totals, Tolerance(share=0.29)) == code


def test_a_tolerated_share_is_of_those_who_count_only() -> None:
    totals = {Status.ACCEPTED: 98, Status.REJECTED: 2, Status.FILTERED: 1000, Status.DUPLICATE: 500}

    assert exit_code(totals, Tolerance(share=0.01)) == 1
    assert exit_code(totals, Tolerance(share=0.02)) == 0


@given(st.dictionaries(st.sampled_from(Status), st.integers(0, 10**7)), st.floats(0, 1))
def test_a_greater_tolerance_never_makes_it_worse(
    totals: Mapping[Status, int], share: float
) -> None:
    strict, tolerant = exit_code(totals, NONE), exit_code(totals, Tolerance(share=share))

    assert tolerant <= strict
    assert exit_code(totals, Tolerance(share=1.0)) in (0, 3)


def test_the_rate_is_that_of_accepted_messages_over_the_whole_span(record) -> None:
    for second in range(10):
        record.add(Status.ACCEPTED, first_attempt_at=100.0 + second, finished_at=101.0 + second)
    record.add(Status.REJECTED, first_attempt_at=100.5, finished_at=120.0)

    tally = take(record)

    assert (tally.first_attempt_at, tally.finished_at, tally.seconds) == (100.0, 120.0, 20.0)
    assert tally.messages_a_second == 0.5


def test_before_the_first_attempt_there_is_no_time_and_no_rate(record) -> None:
    record.add(Status.PENDING)

    tally = take(record)

    assert tally.seconds is None
    assert tally.messages_a_second is None


def test_an_epoch_at_zero_is_a_time_like_any_other(record) -> None:
    record.add(Status.ACCEPTED, first_attempt_at=0.0, finished_at=2.0)

    assert take(record).messages_a_second == 0.5


def test_a_thousand_invalid_rows_do_not_hide_the_one_in_doubt(record) -> None:
    for _ in range(1000):
        record.add(Status.INVALID)
    record.add(Status.IN_DOUBT)
    record.add(Status.REJECTED)

    tally = take(record)

    statuses = [one.status for one in tally.attention]
    assert statuses == [Status.IN_DOUBT, Status.REJECTED, Status.INVALID]
    assert tally.attention[2].found.number == 1000
    assert tally.needing_attention == 1002


def test_those_who_have_the_mail_or_were_to_get_none_need_no_attention(record) -> None:
    for status in (Status.ACCEPTED, Status.PENDING, *NOT_COUNTED):
        record.add(status)

    assert take(record).attention == ()


def test_a_row_still_sending_is_in_doubt_unless_a_process_is_sending_it(record) -> None:
    record.add(Status.IN_DOUBT)
    record.add(Status.SENDING)

    left_behind, live = take(record), take(record, live=True)

    assert left_behind.totals == {Status.IN_DOUBT: 2}
    assert [one.status for one in left_behind.attention] == [Status.IN_DOUBT]
    assert left_behind.attention[0].found.number == 2
    assert exit_code(left_behind.totals, NONE) == 1
    assert live.totals == {Status.IN_DOUBT: 1, Status.SENDING: 1}
    assert len(live.attention) == live.needing_attention == 1
    assert exit_code(live.totals, NONE) == 3
