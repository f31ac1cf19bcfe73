"""A runner that joins a run which another has begun: held to its terms, and no plan is made."""

from __future__ import annotations

import contextlib
import csv
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from sendbatch import api
from sendbatch.cli.last_words import LastWords
from sendbatch.cli.terminal import Terminal
from sendbatch.errors import CampaignError, GuardError
from sendbatch.ledger import records
from sendbatch.ledger.facts import Joined, Runner, Terms
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.store import Snapshot
from sendbatch.planning.options import Options
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.observer import Observer
from sendbatch.runtime.stop import Stop
from sendbatch.session import preparation
from sendbatch.session import run as running
from sendbatch.session.commands import CommandLines
from sendbatch.session.job import Job
from sendbatch.session.sharing import by_its_clock
from sendbatch.values import Status
from sendbatch.words import clock_time
from tests.kit.clock import START, FakeClock
from tests.kit.mailhost import MailHost
from tests.kit.memory.reading import Reading
from tests.kit.memory.record import MemoryRecord
from tests.kit.memory.state import Delivery, State
from tests.kit.watcher import Watcher
from tests.session.conftest import Declare

DATABASE = "postgresql://db.example/news"
PROJECT = "project: shop\n"


class Stopper(Observer):
    """Ends a run once somebody has the mail."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def moved(self, was: Status, now: Status) -> None:
        if now is Status.ACCEPTED:
            self._stop.soon("one has it")


class Heard(Observer):
    def __init__(self) -> None:
        self.notices: list[str] = []

    def planned(self, plan: Any) -> None:
        self.notices += plan.notices


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> MemoryRecord:
    """A record that every run of the test finds, as if it were in a database; a folder stands for it where
    files are looked for."""
    record, marks = MemoryRecord(), itertools.count(1)

    @contextlib.contextmanager
    def opened(*_: object, **__: object) -> Iterator[MemoryRecord]:
        yield record

    monkeypatch.setattr(running, "open_record", opened)
    monkeypatch.setattr(running, "sending_allowance", lambda job, own: contextlib.nullcontext(own))
    monkeypatch.setattr(running, "refusal", lambda job: None)
    monkeypatch.setattr(running, "hold_edition", lambda job: None)
    monkeypatch.setattr(RecordFolder, "begin", RecordFolder.make)
    monkeypatch.setattr(preparation, "sent_to_by_others", lambda place: [])
    monkeypatch.setattr(records, "raise_mark", lambda place, name: next(marks))
    return record


@pytest.fixture
def begun(
    shared: MemoryRecord, live: Declare, edge: Edge, mailhost: MailHost
) -> Callable[..., MemoryRecord]:
    """A run that has sent to one of three, and that another may join."""

    def begin(**options: Any) -> MemoryRecord:
        stop = Stop()
        campaign = api.load(live(profile=PROJECT).file)
        first = api.run(
            campaign, yes=True, join=True, record=DATABASE, edge=edge, stop=stop,
            observer=Stopper(stop), **options,
        )  # fmt: skip
        assert first.exit_code == 3
        assert isinstance(shared.terms, Terms)
        plan = shared.reading.plan()
        assert plan is not None
        shared.joined = Joined(shared.terms, plan.inputs, START)
        return shared

    return begin


def test_who_joins_sends_what_is_left_without_planning(
    begun: Callable[..., MemoryRecord], live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    record = begun()
    plan, heard = record.reading.plan(), Heard()
    campaign = live(profile=PROJECT)
    joined = api.run(campaign, yes=True, join=True, record=DATABASE, edge=edge, observer=heard)
    assert joined.exit_code == 0
    assert len(mailhost.receivers) == len(set(mailhost.receivers)) == 3
    assert record.reading.plan() is plan
    assert any("joins the run that is under way" in one for one in heard.notices)


def test_who_joins_needs_no_list(
    begun: Callable[..., MemoryRecord], live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    begun()
    file = live(profile=PROJECT).file
    (file.parent / "people.csv").unlink()
    with pytest.raises(CampaignError):
        api.load(file)
    api.run(api.load(file, join=True), yes=True, join=True, record=DATABASE, edge=edge)
    assert len(mailhost.receivers) == 3


@pytest.mark.parametrize(("off", "said"), [(7200, "2 h ahead of"), (-7200, "2 h behind"), (30, "")])
def test_a_clock_that_is_far_from_the_databases_is_told_of(
    begun: Callable[..., MemoryRecord], live: Declare, edge: Edge, monkeypatch: pytest.MonkeyPatch,
    off: int, said: str,
) -> None:  # fmt: skip
    record = begun()
    monkeypatch.setattr(record, "own_time", lambda: edge.clock.wall() - off)
    watcher = Watcher()
    api.run(live(profile=PROJECT), yes=True, join=True, record=DATABASE, edge=edge, observer=watcher)
    told = [one for one in watcher.notices if "clock" in one]
    assert len(told) == bool(said)
    assert all(f"this machine's clock is {said} the database's" in one for one in told)


def test_a_call_goes_by_the_clock_of_its_record() -> None:
    record = MemoryRecord()
    nothing: Any = None
    job = Job(nothing, Options(), nothing, Edge(clock=FakeClock()), Watcher(), Stop())
    assert by_its_clock(job, record) is job  # it has none
    record.own_time = lambda: START - 7200.0  # type: ignore[method-assign]
    assert by_its_clock(job, record).now() == START - 7200.0


def test_who_has_to_plan_needs_the_list(shared: MemoryRecord, live: Declare, edge: Edge) -> None:
    file = live(profile=PROJECT).file
    (file.parent / "people.csv").unlink()
    with pytest.raises(CampaignError, match="no run under way that this one could join") as refused:
        api.run(api.load(file, join=True), yes=True, join=True, record=DATABASE, edge=edge)
    assert "people.csv: no such file" in str(refused.value)


def test_another_list_is_said_and_not_read(
    begun: Callable[..., MemoryRecord], live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    begun()
    heard = Heard()
    campaign = live(profile=PROJECT, people="email,name\nnew@example.org,New\n")
    api.run(campaign, yes=True, join=True, record=DATABASE, edge=edge, observer=heard)
    assert "new@example.org" not in mailhost.receivers
    assert any("differs from what the run was planned from" in one for one in heard.notices)


def test_another_text_is_refused(
    begun: Callable[..., MemoryRecord], live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    begun()
    campaign = live(profile=PROJECT)
    (text,) = campaign.folder.glob("*.txt")
    text.write_text("Something else.\n")
    with pytest.raises(GuardError) as refused:
        api.run(campaign, yes=True, join=True, record=DATABASE, edge=edge)
    said = str(refused.value)
    assert "cannot be joined from here" in said
    assert "what else everybody gets, is another" in said
    assert "end it for all:  sendbatch stop " in said
    assert len(mailhost.receivers) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"limit": 2}, "--limit: not given there, and 2 here"),
        ({"only": ["ada@example.org"]}, "--only: not given there, and 1 key"),
        ({"retry": "rejected"}, "--retry: not given there, and rejected here"),
        ({"breaker": 3}, "--breaker: 20 there, and 3 here"),
        ({"in_doubt": "resend"}, "--in-doubt: not given there, and resend here"),
        ({"stop_after": 60.0}, "--stop-after: not given there, and 1 min here"),
    ],
)
def test_other_options_are_refused_and_named(
    begun: Callable[..., MemoryRecord],
    live: Declare,
    edge: Edge,
    mailhost: MailHost,
    options: dict[str, Any],
    said: str,
) -> None:
    begun()
    campaign = live(profile=PROJECT)
    with pytest.raises(GuardError) as refused:
        api.run(campaign, yes=True, join=True, record=DATABASE, edge=edge, **options)
    assert said in str(refused.value)
    assert len(mailhost.receivers) == 1


def test_another_version_is_named_and_nothing_else_is_compared(
    begun: Callable[..., MemoryRecord], live: Declare, edge: Edge
) -> None:
    record = begun()
    joined = record.joined
    assert joined is not None
    record.joined = replace(joined, terms=replace(joined.terms, version="9.9.9", options="[]"))
    with pytest.raises(GuardError) as refused:
        api.run(live(profile=PROJECT), yes=True, join=True, record=DATABASE, edge=edge)
    assert "the version is 9.9.9 there, and " in str(refused.value)
    assert "options" not in str(refused.value).split("\n")[1]


@pytest.mark.parametrize("options", ["", "[]", "{", '{"--limit": "\\u001b[31m' + "9" * 500 + '"}'])
def test_options_that_were_tampered_with_are_data(
    begun: Callable[..., MemoryRecord], live: Declare, edge: Edge, options: str
) -> None:
    record = begun()
    joined = record.joined
    assert joined is not None
    record.joined = replace(joined, terms=replace(joined.terms, options=options))
    with pytest.raises(GuardError) as refused:
        api.run(live(profile=PROJECT), yes=True, join=True, record=DATABASE, edge=edge)
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 2000


def test_nobody_is_sent_to_by_who_joins_without_a_yes(
    begun: Callable[..., MemoryRecord], live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    begun()
    with pytest.raises(GuardError, match="nobody is here to ask"):
        api.run(live(profile=PROJECT), join=True, record=DATABASE, edge=edge)
    asked = []

    def ask(question: Any) -> bool:
        asked.append(question.plan.sendable)
        return True

    api.run(live(profile=PROJECT), ask=ask, join=True, record=DATABASE, edge=edge)
    assert asked == [2]


def test_a_record_that_nobody_shares_cannot_be_joined(
    live: Declare, edge: Edge, tmp_path: Path
) -> None:
    for record, where in ((None, "on this disk"), ("git", "in the repository")):
        with pytest.raises(CampaignError, match=f"--join.*{where}"):
            api.run(live(profile=PROJECT), yes=True, join=True, record=record, edge=edge)


def test_who_comes_too_late_to_join_a_limited_run_is_told_that_it_begins_another(
    begun: Callable[..., MemoryRecord], live: Declare, edge: Edge
) -> None:
    record, heard = begun(), Heard()
    record.joined = None
    campaign = live(profile=PROJECT)
    api.run(campaign, yes=True, join=True, limit=1, record=DATABASE, edge=edge, observer=heard)
    assert any("begins another, to 1 at most" in one for one in heard.notices)


@dataclass
class Others:
    """Who goes on: of the record that is left, one is in their hands."""

    reading: Reading
    under_way = True

    def runners(self) -> list[Runner]:
        return [Runner(7, "on vm\x1b[2J", 4711, START, START, True, "sending", 1, None, 1)]


def test_what_others_have_under_way_when_one_leaves_is_theirs_and_needs_no_attention(
    shared: MemoryRecord,
    live: Declare,
    edge: Edge,
    mailhost: MailHost,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def sending() -> State:
        """One of those left is on its way."""
        state = shared.state
        id_ = next(id_ for id_, one in state.rows.items() if id_ not in state.deliveries)
        row = state.rows[id_]
        on_its_way = Delivery(id_, row.key, row.email, Status.SENDING, Status.PENDING)
        return replace(state, deliveries={**state.deliveries, id_: on_its_way})

    stop = Stop()
    shared.others = cast(Snapshot, Others(Reading(sending)))
    campaign = api.load(live(profile=PROJECT).file)

    left = api.run(
        campaign, yes=True, join=True, limit=3, record=DATABASE, edge=edge, stop=stop,
        observer=Stopper(stop),
    )  # fmt: skip

    assert left.exit_code == 3
    assert [one.pid for one in left.beside] == [4711]
    assert "sending   1  being handed over by another runner" in left.summary
    assert "in doubt" not in left.summary
    assert "Needs attention" not in left.summary
    with (left.folder / "report.csv").open(newline="") as file:
        rows = {row["status"]: row["reason"] for row in csv.DictReader(file)}
    assert rows["sending"] == "being handed over by another runner"
    assert "in_doubt" not in rows
    told = json.loads((left.folder / "report.json").read_text())
    assert (told["under_way"], told["totals"]["sending"], told["totals"]["in_doubt"]) == (True, 1, 0)
    assert told["attention"] == []
    page = (left.folder / "report.html").read_text()
    assert "others go on with the run" in page
    assert "being handed over by another runner" in page
    assert not [word for word in ("in doubt", "stopped early", "This goes on") if word in page]

    lines = CommandLines(campaign, DATABASE)
    LastWords(Terminal(progress=False), lines, Options(limit=3, join=True)).say(left)
    said = " ".join(capsys.readouterr().err.split())
    assert "this runner was stopped: one has it; the run goes on elsewhere: process 4711 on" in said
    assert "sendbatch status " in said
    assert not [word for word in ("stopped early", "go on with", "\x1b[2J") if word in said]


def test_a_report_that_says_that_others_go_on_is_made_anew_where_they_end_meanwhile(
    begun: Callable[..., MemoryRecord], live: Declare, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = begun()
    found = iter([cast(Snapshot, Others(record.reading)), None, None])
    monkeypatch.setattr(MemoryRecord, "beside", lambda self: next(found))
    stop = Stop()
    left = api.run(
        live(profile=PROJECT), yes=True, join=True, record=DATABASE, edge=edge, stop=stop,
        observer=Stopper(stop),
    )  # fmt: skip
    assert left.beside == ()
    assert next(found, "none") == "none"
    assert "others go on" not in (left.folder / "report.html").read_text()
    assert "The last run was stopped early" in (left.folder / "report.html").read_text()


def test_doubt_that_an_answer_may_still_settle_is_named_with_when_it_may_be_sent_again(
    shared: MemoryRecord,
    live: Declare,
    edge: Edge,
    mailhost: MailHost,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shared.young = 2, START + 900
    at, heard = clock_time(START + 900), Heard()
    campaign = api.load(live(profile=PROJECT).file)
    result = api.run(
        campaign, yes=True, record=DATABASE, edge=edge, observer=heard, in_doubt="resend"
    )
    assert any(one.startswith("2 recipients in doubt: the server's answer may") for one in heard.notices)
    assert any(one.endswith(f"they are not sent to again before {at}") for one in heard.notices)
    assert result.young_until is None  # for nobody is in doubt at the end

    totals = {Status.ACCEPTED: 1, Status.IN_DOUBT: 2}
    left = replace(result, totals=totals, sent=False, exit_code=1, young_until=START + 900)
    chosen = Options(resend_in_doubt=True)
    LastWords(Terminal(progress=False), CommandLines(campaign, DATABASE), chosen).say(left)
    said = " ".join(capsys.readouterr().err.split())
    assert "nothing to send now: to whoever is in doubt an answer may still come" in said
    assert f"sends to all of them again from {at} on, and not before" in said
    assert "once more" not in said
