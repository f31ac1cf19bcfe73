"""In CI, where a disk is thrown away: no record is begun in silence, and no address stands in the log."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import sendbatch
from sendbatch import api
from sendbatch.planning.retention import Beginning, refusal
from sendbatch.runtime.ci import in_ci
from sendbatch.runtime.edge import Edge
from tests.kit.command import PEOPLE, Desk
from tests.kit.mailhost import MailHost

NOW = datetime(2026, 12, 24, 0, 30, tzinfo=UTC).timestamp()
TODAY = date(2026, 12, 24)
DAY = timedelta(days=1)
BEGINNING = Beginning("news", "reports/news", "sendbatch run news.yaml", False, 40_000)
CI = {"CI": "true"}


@pytest.fixture
def ci(desk: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk's campaign through a server that delivers, in a job of CI."""
    mailhost.take_over(desk)
    monkeypatch.setenv("CI", "true")
    return desk


def today() -> str:
    return f"{datetime.now(UTC).date()}"


@pytest.mark.parametrize(
    ("environ", "is_ci"),
    [
        ({}, False),
        ({"CI": "true"}, True),
        ({"CI": "1"}, True),
        ({"CI": "woodpecker"}, True),
        ({"CI": ""}, False),
        ({"CI": "false"}, False),
        ({"CI": "False"}, False),
        ({"CI": "0"}, False),
        ({"JENKINS_URL": "https://ci.example/"}, True),
        ({"TF_BUILD": "True"}, True),
        ({"TEAMCITY_VERSION": "2026.1"}, True),
        ({"CI": "false", "TF_BUILD": "True"}, True),
        ({"GITHUB_RUN_ATTEMPT": "1"}, False),
    ],
)
def test_how_ci_is_known(environ: dict[str, str], is_ci: bool) -> None:
    assert in_ci(environ) is is_ci


class TestANewRecord:
    def said(self, first_run: date | None = None, **environ: str) -> str | None:
        return refusal(BEGINNING, environ, first_run, NOW)

    def test_may_be_begun_anywhere_else(self) -> None:
        assert self.said() is None
        assert self.said(TODAY) is None

    def test_is_refused_with_the_ways_on_and_how_many_each_mails(self) -> None:
        said = self.said(CI="true") or ""
        assert "there is no record of news in reports/news" in said
        assert "would mail all 40,000 recipients" in said
        assert "--record DIR or SENDBATCH_RECORD" in said
        assert "mails all 40,000 recipients" in said
        assert "sendbatch run news.yaml --first-run 2026-12-24" in said

    @pytest.mark.parametrize("day", [TODAY, TODAY - DAY])
    def test_may_be_begun_with_the_date_of_today_or_yesterday(self, day: date) -> None:
        assert self.said(day, CI="true") is None
        assert self.said(day, CI="true", GITHUB_RUN_ATTEMPT="1") is None

    @pytest.mark.parametrize("environ", [{}, CI])
    @pytest.mark.parametrize("day", [TODAY - 2 * DAY, TODAY + DAY, date(2025, 12, 24)])
    def test_is_refused_with_any_other_date_saying_which_are_taken(
        self, day: date, environ: dict[str, str]
    ) -> None:
        said = self.said(day, **environ) or ""
        assert f"--first-run {day} does not hold today: it takes 2026-12-24 or 2026-12-23" in said
        assert "all 40,000 recipients" in said

    @pytest.mark.parametrize("day", [None, TODAY])
    def test_is_refused_to_a_job_that_is_run_again(self, day: date | None) -> None:
        said = self.said(day, CI="true", GITHUB_RUN_ATTEMPT="2") or ""
        assert "GITHUB_RUN_ATTEMPT is 2" in said
        assert "--first-run does not hold for it" in said
        assert "mails all 40,000 recipients" in said


def test_a_clean_checkout_sends_nothing_and_exits_4(ci: Desk, mailhost: MailHost) -> None:
    told = ci.run("run", "spring.yaml", "--yes")
    assert told.code == 4
    assert "all 3 recipients" in told.err
    assert f"sendbatch run spring.yaml --first-run {today()}" in told.err
    assert mailhost.receivers == []
    assert ci.nothing_was_sent()
    assert ci.run("run", "spring.yaml", "--yes").code == 4  # what a refusal leaves is no record


def test_a_first_run_that_is_said_to_be_one_sends_and_the_next_goes_on(
    ci: Desk, mailhost: MailHost
) -> None:
    assert ci.run("run", "spring.yaml", "--yes", "--first-run", today()).code == 0
    ci.write("people.csv", PEOPLE + "dora@example.com,Dora,paid\n")
    assert ci.run("run", "spring.yaml", "--yes").code == 0
    left_in = ci.run("run", "spring.yaml", "--yes", "--first-run", "2020-01-01")
    assert left_in.code == 0
    assert "--first-run: there is a record, which the run goes on with" in left_in.err
    assert len(mailhost.receivers) == 4


@pytest.mark.parametrize("attempt", ["2", "10"])
def test_a_job_that_is_run_again_goes_on_with_its_record_and_begins_none(
    ci: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch, attempt: str
) -> None:
    monkeypatch.setenv("GITHUB_RUN_ATTEMPT", attempt)
    refused = ci.run("run", "spring.yaml", "--yes", "--first-run", today())
    assert refused.code == 4
    assert "run again" in refused.err
    monkeypatch.setenv("GITHUB_RUN_ATTEMPT", "1")
    assert ci.run("run", "spring.yaml", "--yes", "--first-run", today()).code == 0
    monkeypatch.setenv("GITHUB_RUN_ATTEMPT", attempt)
    assert ci.run("run", "spring.yaml", "--yes").code == 0
    assert len(mailhost.receivers) == 3


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_folder_that_holds_the_record_is_gone_on_with_and_another_is_refused(
    ci: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    kept = tmp_path / "kept"
    monkeypatch.delenv("CI")
    assert ci.run("run", "spring.yaml", "--yes", "--record", kept).code == 0
    monkeypatch.setenv("CI", "true")
    words = ["--record", str(kept)] if how == "option" else []
    if how == "variable":
        monkeypatch.setenv("SENDBATCH_RECORD", str(kept))
    assert ci.run("run", "spring.yaml", "--yes", *words).code == 0
    refused = ci.run("run", "spring.yaml", "--yes", "--record", tmp_path / "other")
    assert refused.code == 4
    assert "put it back there, or name another folder" in refused.err
    new_edition = ci.run("run", "spring.yaml", "--yes", *words, "--run", "2")
    assert new_edition.code == 4
    assert len(mailhost.receivers) == 3


def test_what_keeps_its_mail_needs_no_record_that_lasts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    assert desk.run("run", "spring.yaml").code == 0
    assert len(desk.kept()) == 3


@pytest.mark.parametrize("words", [("plan", "spring.yaml"), ("run", "spring.yaml", "--dry-run")])
def test_what_only_looks_says_that_a_run_would_be_refused(ci: Desk, words: tuple[str, ...]) -> None:
    told = ci.run(*words)
    assert told.code == 0
    assert "a run would be refused: this is CI" in told.said


@pytest.mark.parametrize(
    "typed", ["today", "24.12.2026", "2026-13-01", "20261224", "2026-12-24T00"]
)
def test_what_is_no_date_is_wrong_usage_that_says_which_is_taken(desk: Desk, typed: str) -> None:
    told = desk.run("run", "spring.yaml", "--first-run", typed)
    assert told.code == 2
    assert today() in told.err
    assert desk.nothing_was_sent()


def test_the_api_has_the_same_guard(ci: Desk, mailhost: MailHost) -> None:
    campaign = sendbatch.load(ci.folder / "spring.yaml")
    with pytest.raises(sendbatch.SendbatchError, match="this is CI") as refused:
        api.run(campaign, yes=True, edge=Edge(environ=CI))
    assert refused.value.exit_code == 4
    options = sendbatch.Options(first_run=datetime.now(UTC).date())
    assert api.run(campaign, yes=True, options=options, edge=Edge(environ=CI)).exit_code == 0
    assert len(mailhost.receivers) == 3


def looked_at(desk: Desk) -> dict[str, str]:
    """All that the verbs print of a campaign with a bad row, by verb."""
    desk.write("people.csv", PEOPLE + "dora at example,Dora,paid\nada@example.com,Ada,paid\n")
    shutil.rmtree(desk.folder / "reports", ignore_errors=True)
    begins = ("--yes", "--first-run", today())
    verbs: dict[str, Callable[[], Any]] = {
        "plan": lambda: desk.run("plan", "spring.yaml"),
        "check": lambda: desk.run("check", "spring.yaml"),
        "annotations": lambda: desk.run("check", "spring.yaml", "--format", "github"),
        "faults": lambda: desk.run("check", "spring.yaml", "--format", "json"),
        "run": lambda: desk.run("run", "spring.yaml", *begins),
        "strict": lambda: desk.run("run", "spring.yaml", "--only", "eve@example.com", "--yes"),
        "log": lambda: desk.run("run", "spring.yaml", "--yes", "--log-format", "json"),
        "status": lambda: desk.run("status", "spring.yaml"),
        "report": lambda: desk.run("report", "spring.yaml"),
        "proof": lambda: desk.run("proof", "spring.yaml", "--to", "eve@example.com"),
        "resolve": lambda: desk.run("resolve", "spring.yaml", "eve@example.com", "--as", "pending"),
    }
    return {name: verb().said for name, verb in verbs.items()}


def test_no_address_stands_in_what_is_said(ci: Desk, mailhost: MailHost) -> None:
    mailhost.answers["carl@example.net"] = "550 5.1.1 no such user carl@example.net"
    said = looked_at(ci)
    for verb, text in said.items():
        for name in ("ada", "bjork", "carl", "eve", "news"):
            assert f"{name}@example" not in text, verb
    assert "c…l@example.net" in said["run"]
    assert "…@example.com" in said["annotations"]
    assert json.loads(said["faults"])[0]["faults"]
    assert all(json.loads(line) for line in said["log"].splitlines())


def test_a_report_that_is_asked_for_has_the_addresses(ci: Desk) -> None:
    looked_at(ci)
    for form in ("csv", "json"):
        assert "dora at example" in ci.run("report", "spring.yaml", "--format", form).out
    assert "ada@example.com" in ci.run("report", "spring.yaml", "--format", "csv").out


def test_elsewhere_addresses_are_shown(desk: Desk) -> None:
    desk.write("people.csv", PEOPLE + "ada@example.com,Ada,paid\n")
    assert "ada@example.com" in desk.run("check", "spring.yaml").err


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_subjects_are_shown_as_they_are_declared_with_nobodys_cells(ci: Desk, form: str) -> None:
    hidden = ci.run("plan", "spring.yaml", "--format", form).out
    assert "{{ first_name }}, spring is here" in hidden
    assert "Ada, spring is here" not in hidden
    shown = ci.run("plan", "spring.yaml", "--format", form, "--show-addresses").out
    assert "Ada, spring is here" in shown


def test_a_reply_to_nobody_knows_whom_is_a_code_in_what_ended_the_run(
    ci: Desk, mailhost: MailHost
) -> None:
    lines = "".join(f"user.number{n}@a{n}.example.com,N,free\n" for n in range(8))
    ci.write("people.csv", PEOPLE.partition("\n")[0] + "\n" + lines)
    for n in range(8):
        reply = f"550 5.7.1 relaying for user.number{n} not allowed"
        mailhost.answers[f"user.number{n}@a{n}.example.com"] = reply
    told = ci.run("run", "spring.yaml", "--yes", "--first-run", today())
    assert told.code == 3
    assert "speak about us and not about the recipients, the last one: 550 5.7.1 …" in told.said
    for said in (told.said, ci.run("status", "spring.yaml").said):
        assert "user.number" not in said
