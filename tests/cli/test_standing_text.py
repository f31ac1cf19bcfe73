"""What `status` says behind the counts, in each case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.cli.standing_text import standing_text
from sendbatch.ledger.ending import Ended
from sendbatch.ledger.facts import Runner
from sendbatch.runtime.observer import Limit, Wait
from sendbatch.session.now import Now
from sendbatch.session.standing import Died, StatusResult
from sendbatch.values import Status
from tests.kit.local_time import local_time

AT = 1_800_000_000.0  # 09:00:00 CET
STANDING = StatusResult(
    3,
    {Status.ACCEPTED: 10, Status.PENDING: 5, Status.DEFERRED: 2},
    under_way=False,
    summary="",
    folder=Path("reports/spring"),
    doubt=None,
    title="spring",
    at=AT,
    now=None,
    rate=None,
    ended=None,
    died=None,
    go_on="sendbatch run spring.yaml",
    resolve="sendbatch resolve spring.yaml KEY… --as accepted",
)
NOW = Now(AT - 3600, 17, Limit(14.0), None, (4, 10))


@pytest.fixture(autouse=True)
def zone() -> Iterator[None]:
    with local_time("CET-1CEST,M3.5.0,M10.5.0/3"):
        yield


def test_while_it_is_sent_how_fast_over_how_many_connections_and_how_long_it_takes() -> None:
    running = replace(STANDING, under_way=True, now=NOW, rate=13.2)
    assert standing_text(running) == (
        "being sent at this moment, since 08:00 CET\n"
        "  13/s of at most 14/s, 4 of 10 connections, about 0 s left"
    )


WEB, BATCH = (
    Runner(1, "web-1", 12, AT - 3600, AT - 1, True, "sending", 5120, 13.2, 3),
    Runner(2, "batch\x1b[31m", 7, AT - 60, AT, True, "sending", 40, 7.0, 1),
)


def test_of_a_run_by_several_each_is_told_with_where_since_when_and_how_fast() -> None:
    gone = replace(WEB, id=3, host="web-2", alive=False, seen_at=AT - 300, blocks=2)
    forgotten = replace(gone, blocks=0)
    runners = (WEB, gone, BATCH, forgotten)
    shared = replace(STANDING, under_way=True, rate=20.2, runners=runners)
    assert standing_text(shared).splitlines() == [
        "being sent at this moment by 2 runners, 20/s, about 0 s left, since 08:00 CET",
        "  web-1, process 12: sending, since 08:00 CET, 13/s, 5,120 accepted, 3 blocks",
        "  web-2, process 12: not heard of since 08:55 CET; the others take over its 2 blocks",
        "  batch�[31m, process 7: sending, since 08:59:00 CET, 7/s, 40 accepted, 1 block",
    ]


def test_of_many_runners_the_first_are_told_and_json_has_all() -> None:
    runners = tuple(replace(WEB, id=number) for number in range(100))
    shared = replace(STANDING, under_way=True, rate=1000.0, runners=runners)
    assert standing_text(shared).splitlines()[-1] == "  and 80 more, which --format json lists"
    document = shared.document()
    told = document["runners"]
    assert isinstance(told, list)
    assert len(told) == 100
    assert told[0] == {
        "host": "web-1", "pid": 12, "since": "2027-01-15T07:00:00.000Z",
        "seen_at": "2027-01-15T07:59:59.000Z",
        "alive": True, "state": "sending", "accepted": 5120, "rate": 13.2, "blocks": 3,
    }  # fmt: skip
    assert document["since"] == "2027-01-15T07:00:00.000Z"


def test_why_it_is_slower_and_what_it_waits_for_with_until_when() -> None:
    limit = Limit(4.0, "the server asked to slow down", AT + 300)
    wait = Wait("gmail.com", "3 deferred recipients (all at gmail.com)", AT + 600)
    running = replace(STANDING, under_way=True, now=replace(NOW, limit=limit, wait=wait), rate=0.0)
    assert standing_text(running).splitlines()[1:] == [
        "  at most 4/s, 4 of 10 connections",
        "  slower: the server asked to slow down, until 09:05 CET",
        "  waiting for 3 deferred recipients (all at gmail.com), until 09:10 CET",
    ]


def test_a_run_that_does_not_send_yet_is_not_said_to() -> None:
    assert "sends nothing at this moment" in standing_text(replace(STANDING, under_way=True))
    totals = {Status.SENDING: 1, Status.PENDING: 4}  # and now.json could not be written
    told = standing_text(replace(STANDING, under_way=True, totals=totals))
    assert told == "being sent at this moment"


def test_after_a_stop_why_and_from_when_it_is_worth_going_on_and_for_how_many() -> None:
    ended = Ended(AT - 7200, True, "the limits are used up", AT + 3600)
    assert standing_text(replace(STANDING, ended=ended)) == (
        "stopped early at 07:00 CET: the limits are used up\n"
        "it is worth going on from 10:00 CET\n"
        "this goes on, with all 7 that are left:\n"
        "  sendbatch run spring.yaml"
    )
    passed = standing_text(replace(STANDING, ended=ended, at=AT + 7200))
    assert "worth" not in passed


def test_where_only_later_ones_are_left_when_the_next_is_due() -> None:
    totals = {Status.ACCEPTED: 10, Status.DEFERRED: 1}
    standing = replace(STANDING, totals=totals, ended=Ended(AT - 60, False, "", AT + 900))
    assert standing_text(standing).splitlines() == [
        "the next deferred one is due at 09:15 CET; this goes on then, with the one that is left:",
        "  sendbatch run spring.yaml",
    ]


def test_those_in_doubt_come_with_the_line_that_settles_them_however_the_run_ended() -> None:
    doubtful = {Status.ACCEPTED: 10, Status.IN_DOUBT: 1}
    told = [
        "1 recipient in doubt: the mail may have arrived; who is known to have it is settled:",
        "  sendbatch resolve spring.yaml KEY… --as accepted",
        "who is known not to have it, and is to get it: the same with --as pending",
    ]
    standing = replace(STANDING, exit_code=1, totals=doubtful, ended=Ended(AT - 60, False, "", None))
    assert standing_text(standing).splitlines() == told
    stopped = replace(standing, totals={**doubtful, Status.PENDING: 5}, ended=Ended(AT, True, "Ctrl-C", None))
    assert standing_text(stopped).splitlines()[:3] == told
    assert standing_text(stopped).endswith("\n  sendbatch run spring.yaml")


def test_after_a_death_when_something_was_written_last_and_who_is_in_doubt() -> None:
    totals = {Status.PENDING: 5, Status.IN_DOUBT: 3}
    standing = replace(STANDING, totals=totals, died=Died(AT - 7200, AT - 3600, 2))
    assert standing_text(standing).splitlines() == [
        "the last run that began at 07:00 CET did not come to its end, the last that was written is of "
        "08:00 CET",
        "3 recipients in doubt, 2 of them on the way as it ended: the mail may have arrived; who is known to "
        "have it is settled:",
        "  sendbatch resolve spring.yaml KEY… --as accepted",
        "who is known not to have it, and is to get it: the same with --as pending",
        "this goes on, with all 5 that are left:",
        "  sendbatch run spring.yaml",
    ]


def test_a_run_that_broke_off_is_told_without_the_time_that_nobody_knows() -> None:
    assert standing_text(replace(STANDING, died=Died(None, None, 0))).startswith(
        "the last run did not come to its end\n"
    )


def test_where_everybody_has_the_mail_nothing_is_added() -> None:
    done = replace(STANDING, exit_code=0, totals={Status.ACCEPTED: 17}, ended=Ended(AT, True, "Ctrl-C"))
    assert standing_text(done) == ""


def test_where_only_refused_ones_are_left_no_line_is_given() -> None:
    totals = {Status.ACCEPTED: 10, Status.REJECTED: 1}
    standing = replace(STANDING, exit_code=1, totals=totals, ended=Ended(AT, False))
    assert standing_text(standing) == ""
