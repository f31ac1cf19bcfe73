"""report.html as runs leave it: written at the end, never older than the record, and private."""

from __future__ import annotations

import io
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch import api
from sendbatch.campaign.model import Campaign
from sendbatch.errors import GuardError, LedgerError
from sendbatch.planning.options import Options
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.observer import Observer
from sendbatch.values import Status
from tests.kit.campaigns import campaign as written
from tests.kit.clock import FastClock
from tests.kit.mailhost import MailHost
from tests.session.conftest import Declare

BOB = "bob@example.org"


def page_of(campaign: Campaign) -> str:
    return (campaign.folder / "reports" / campaign.name / "report.html").read_text("utf-8")


def told(campaign: Campaign, edge: Edge) -> str:
    """As it is asked for."""
    out = io.StringIO(newline="")
    api.report(campaign).write("html", out)
    return out.getvalue()


def test_every_run_writes_it_for_its_owner_alone(live: Declare, edge: Edge) -> None:
    campaign = live()
    result = api.run(campaign, yes=True, edge=edge)

    page = page_of(campaign)

    assert "The server accepted all 3." in page
    assert stat.S_IMODE((result.folder / "report.html").stat().st_mode) == 0o600
    assert 'Made <time datetime="2026-09-21T' in page


def test_it_tells_what_was_asked_by_which_line_and_under_which_limits(
    live: Declare, edge: Edge
) -> None:
    campaign = live(more='rate: [50/s, 1000/day]\nvariables: {secret: ""}')
    loaded = api.load(campaign.file, settings={"secret": "hush"})

    api.run(loaded, options=Options(limit=2), yes=True, edge=edge)

    page = page_of(campaign)
    (began,) = re.findall(r"<dt>Run</dt><dd>(.*?)</dd>", page)
    assert "2 recipients to be sent to; at most 50 a second, 1,000 a day; over " in began
    assert "--limit 2" in began
    assert "hush" not in page
    assert "--set secret --limit" in began
    assert "sendbatch run" in page.partition('id="next"')[2]  # there too
    assert re.search(r"<dt>From</dt><dd><bdi>[^<]+@[^<]+</bdi>", page)
    assert re.search(r"<dt>Subject</dt><dd><bdi>\S", page)
    assert "<dt>Limit at the end</dt><dd>50 a second</dd>" in page


def test_the_next_run_removes_it_before_the_record_changes(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    """A run that is killed leaves none that tells of less than was sent."""
    campaign = live()
    api.run(campaign, options=Options(limit=1), yes=True, edge=edge)
    page = campaign.folder / "reports" / campaign.name / "report.html"
    assert "accepted 1 of 3" in page.read_text()
    there = []

    class Watching(Observer):
        def sending(self, total: int) -> None:
            there.append(page.exists())

    api.run(campaign, yes=True, edge=edge, observer=Watching())

    assert there == [False]
    assert "The server accepted all 3." in page.read_text()


def test_a_run_that_is_declined_leaves_it_as_it_was(live: Declare, edge: Edge) -> None:
    campaign = live()
    api.run(campaign, options=Options(limit=1), yes=True, edge=edge)
    before = page_of(campaign)

    with pytest.raises(GuardError):
        api.run(campaign, ask=lambda question: False, edge=edge)

    assert page_of(campaign) == before


def test_whoever_is_settled_by_hand_is_in_a_new_one(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    campaign = live()
    mailhost.answers[BOB] = "550 5.7.1 your account is suspended"
    api.run(campaign, yes=True, edge=edge)
    assert "The server accepted 2 of 3; 1 needs attention." in page_of(campaign)

    api.resolve(campaign, [BOB], Status.ACCEPTED, edge=edge)

    page = page_of(campaign)
    assert "The server accepted all 3." in page
    assert "<b>Settled by hand</b>" in page


def test_a_record_that_is_not_there_has_none(live: Declare) -> None:
    with pytest.raises(LedgerError, match="there is no record here"):
        api.report(live())


def test_it_is_written_at_any_time(live: Declare, edge: Edge) -> None:
    campaign = live()
    api.run(campaign, options=Options(limit=2), yes=True, edge=edge)

    page = told(campaign, edge)

    assert "The server accepted 2 of 3; 1 recipient is still to be tried." in page
    assert "sendbatch run " in page


def test_two_runs_a_day_apart_are_two_curves(live: Declare, edge: Edge) -> None:
    campaign = live()
    api.run(campaign, options=Options(limit=1), yes=True, edge=edge)
    clock = FastClock(20.0)
    clock.suspend(86_400)

    result = api.run(campaign, yes=True, edge=replace(edge, clock=clock))

    page = page_of(campaign)
    assert result.totals == {Status.ACCEPTED: 3}
    assert page.count("<figure>") == 2
    assert "Pauses of " in page
    assert page.count("<b>A run began</b>") == 2


def test_where_it_cannot_be_written_the_run_ends_as_ever(tmp_path: Path, edge: Edge) -> None:
    sandboxed = written(tmp_path)
    (tmp_path / "reports/spring.sandbox/report.html").mkdir(parents=True)

    result = api.run(sandboxed, edge=edge)

    assert result.exit_code == 0
    (finding,) = result.unwritten
    assert finding.place is not None
    assert finding.place.file.endswith("report.html")
    assert (result.folder / "report.csv").is_file()
