"""One call from end to end: what a run leaves behind, and what the next one makes of it."""

from __future__ import annotations

import io
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch import api
from sendbatch.errors import CampaignError, GuardError, Interrupted, SmtpError
from sendbatch.planning.options import Options
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.stop import Stop
from sendbatch.values import Status
from tests.kit.campaigns import PEOPLE, campaign
from tests.kit.clock import FastClock
from tests.kit.mailhost import MailHost
from tests.session.conftest import Declare

ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@example.net"


def test_a_run_sends_to_everybody_and_the_next_one_to_nobody(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    first = api.run(live(), yes=True, edge=edge)
    assert (first.exit_code, first.sent, first.totals) == (0, True, {Status.ACCEPTED: 3})
    assert first.report.is_file()
    again = api.run(live(), yes=True, edge=edge)
    assert (again.exit_code, again.sent, again.totals) == (0, False, {Status.ACCEPTED: 3})
    assert mailhost.receivers == [ADA, BOB, EVE]


def test_each_record_names_its_messages_by_a_secret_of_its_own(
    live: Declare, edge: Edge, mailhost: MailHost, tmp_path: Path
) -> None:
    """Who knows an address and the letter can't tell from a Message-ID whether it was mailed."""
    for record in ("one", "other"):
        api.run(live(), yes=True, record=tmp_path / record, edge=edge)
    ids = [mail["Message-ID"] for mail in mailhost.mails]
    assert len(ids) == len(set(ids)) == 6


def test_a_run_with_a_limit_says_how_many_are_left_over_and_the_next_goes_on(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    first = api.run(live(), options=Options(limit=2), yes=True, edge=edge)
    assert (first.exit_code, first.left_over, first.unfinished) == (0, 1, 0)
    assert mailhost.receivers == [ADA, BOB]
    api.run(live(), yes=True, edge=edge)
    assert mailhost.receivers == [ADA, BOB, EVE]


def test_a_run_that_goes_on_a_day_later_says_how_long_it_took_itself(
    live: Declare, edge: Edge
) -> None:
    first = api.run(live(), options=Options(limit=1), yes=True, edge=edge)
    assert "this run" not in first.summary
    clock = FastClock(20.0)
    clock.suspend(86_400)
    second = api.run(live(), yes=True, edge=replace(edge, clock=clock))
    (line,) = [line for line in second.summary.splitlines() if "this run" in line]
    third = api.run(live(), yes=True, edge=replace(edge, clock=clock))
    assert " to " not in third.summary  # it sent nothing
    zone = time.strftime("%Z")
    assert re.fullmatch(
        rf"  this run: in [0-9.]+ s, [0-9.]+ a \w+; 2026-09-22 \S+ to \S+ {zone}", line
    )


def test_nothing_is_sent_and_nothing_remembered_without_a_yes(
    live: Declare, edge: Edge, mailhost: MailHost, tmp_path: Path
) -> None:
    with pytest.raises(GuardError):
        api.run(live(), edge=edge)
    asked = []
    with pytest.raises(GuardError):
        api.run(live(), ask=lambda question: asked.append(question) is not None, edge=edge)
    (question,) = asked
    assert question.plan.sendable == 3
    assert not question.must_type
    assert mailhost.mails == []
    assert not list(tmp_path.rglob("report.csv"))
    assert api.plan(live(people=PEOPLE + "joe@example.org,Joe\n"), edge=edge).difference is None


def test_whoever_is_refused_is_named_and_the_others_are_sent_to(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    mailhost.answers[BOB] = "550 5.1.1 no such user"
    ended = api.run(live(), yes=True, edge=edge)
    assert (ended.exit_code, ended.totals) == (1, {Status.ACCEPTED: 2, Status.REJECTED: 1})
    assert "550" in ended.summary


def test_a_server_that_is_not_there_leaves_no_plan(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    mailhost.goes()
    with pytest.raises(SmtpError):
        api.run(live(), yes=True, edge=edge)
    mailhost.comes_back()
    assert api.plan(live(people=PEOPLE + "joe@example.org,Joe\n"), edge=edge).difference is None


def test_asked_to_stop_before_it_begins_a_run_sends_nothing(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    stop = Stop()
    stop.soon("enough")
    with pytest.raises(Interrupted):
        api.run(live(), yes=True, stop=stop, edge=edge)
    assert mailhost.mails == []


def test_the_sandbox_needs_no_yes_and_keeps_what_it_got(tmp_path: Path, edge: Edge) -> None:
    ended = api.run(campaign(tmp_path), edge=edge)
    assert (ended.exit_code, ended.totals) == (0, {Status.ACCEPTED: 3})
    outbox = api.outbox(campaign(tmp_path))
    assert outbox is not None
    assert len(list((ended.folder / "outbox").glob("*.eml"))) == 3


def test_a_format_that_there_is_not_is_an_error_that_lists_those_there_are(
    live: Declare, edge: Edge
) -> None:
    api.run(live(), yes=True, edge=edge)
    with pytest.raises(CampaignError, match="no such format: html5") as refused:
        api.report(live()).write("html5", io.StringIO())
    assert "csv" in str(refused.value)
