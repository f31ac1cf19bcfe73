"""Who needs attention, in short: by status, the first rows."""

from __future__ import annotations

from sendbatch.reports.tally import Without, without_mail
from sendbatch.values import Status


def test_it_is_told_by_status_with_the_first_rows_of_all_together(record) -> None:
    for status in (Status.ACCEPTED, *[Status.INVALID] * 3, *[Status.REJECTED] * 4):
        record.add(status)

    assert without_mail(record, record.totals(), most=5) == (
        Without(Status.REJECTED, (6, 7, 8, 9), 4),
        Without(Status.INVALID, (3,), 3),
    )
    assert without_mail(record, record.totals(), most=4)[1] == Without(Status.INVALID, (), 3)


def test_where_all_have_the_mail_there_is_nobody(record) -> None:
    record.add(Status.ACCEPTED)

    assert without_mail(record, record.totals()) == ()
