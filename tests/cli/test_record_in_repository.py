"""`record: git` from the command line: as a job of CI does it, whose disk is gone afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sendbatch.api import load
from sendbatch.planning.options import Options
from sendbatch.session.job import job_of
from tests.conftest import Needs
from tests.kit.command import Desk
from tests.kit.githost import GitHost, git, repository
from tests.kit.machine import SECRET
from tests.kit.mailhost import MailHost

REF = "refs/sendbatch/shop/spring"
THREE = ["ada@example.com", "bjork@example.org", "carl@example.net"]


@pytest.fixture
def host(tmp_path: Path, needs: Needs) -> GitHost:
    needs("git", "records are kept in repositories")
    return repository(tmp_path)


@pytest.fixture
def job(desk: Desk, mailhost: MailHost, host: GitHost, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk's campaign in a clone of the repository, through a server that delivers, in a job of CI."""
    mailhost.take_over(desk)
    profiles = (desk.folder / "profiles.yaml").read_text("utf-8")
    desk.write("profiles.yaml", f"record: git\nproject: shop\n{profiles}")
    git("init", "-q", "-b", "main", at=desk.folder)
    git("remote", "add", "origin", str(host.bare), at=desk.folder)
    for name, value in {
        "SENDBATCH_RECEIPT_KEY": SECRET,
        "SENDBATCH_RECORD_WATCH": "0.05",
        "CI": "true",
        "GITHUB_RUN_ATTEMPT": "2",
    }.items():
        monkeypatch.setenv(name, value)
        desk.environ[name] = value
    return desk


def lose_disk(desk: Desk) -> None:
    shutil.rmtree(desk.folder / "reports")


def test_a_job_that_is_run_again_mails_nobody_twice(job: Desk, mailhost: MailHost) -> None:
    job.run("run", "spring.yaml", "--yes").ended(0)
    lose_disk(job)
    again = job.run("run", "spring.yaml", "--yes").ended(0)
    assert "3 have it already" in again.said
    assert mailhost.receivers == THREE


def test_it_goes_on_where_a_limit_ended_it(job: Desk, mailhost: MailHost) -> None:
    job.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    lose_disk(job)
    job.run("run", "spring.yaml", "--yes").ended(0)
    assert mailhost.receivers == THREE


def test_a_text_that_changed_is_refused_as_with_a_record_on_a_disk(
    job: Desk, mailhost: MailHost
) -> None:
    job.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    lose_disk(job)
    job.change("spring.txt", "blooms", "wilts")
    refused = job.run("run", "spring.yaml", "--yes").ended(4)
    assert "the text changed since 1 of 3 were sent it" in refused.said
    assert "--accept-changes" in refused.said
    job.run("run", "spring.yaml", "--yes", "--accept-changes").ended(0)
    assert mailhost.receivers == THREE


def test_the_record_is_told_with_its_disk_and_without_it(job: Desk) -> None:
    job.run("run", "spring.yaml", "--yes").ended(0)
    assert job.rows()["ada@example.com"]["reply"]
    lose_disk(job)
    rows = job.rows()
    assert {row["status"] for row in rows.values()} == {"accepted"}
    assert rows["ada@example.com"]["email"] == "ada@example.com"
    assert rows["ada@example.com"]["reply"] == ""
    assert "3 accepted" in job.run("status", "spring.yaml").ended(0).said.replace("all ", "")


def test_editions_are_found_in_the_repository(job: Desk) -> None:
    job.run("run", "spring.yaml", "--yes", "--run", "2026-12..x.lock").ended(0)
    lose_disk(job)
    refused = job.run("run", "spring.yaml", "--yes").ended(4)
    assert "2026-12..x.lock" in refused.said


def test_without_the_key_what_only_looks_says_that_it_did_not_read_the_record(
    job: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.run("run", "spring.yaml", "--yes").ended(0)
    monkeypatch.setenv("SENDBATCH_RECEIPT_KEY", "")
    planned = job.run("plan", "spring.yaml")
    assert "was not read" in planned.said
    assert "3 to send" in planned.said
    assert "was not read" in job.run("check", "spring.yaml").said
    for words in (("run", "--yes"), ("status",), ("report",)):
        refused = job.run(words[0], "spring.yaml", *words[1:]).ended(2)
        assert "openssl rand -hex 32" in refused.said


def test_a_plan_with_the_key_knows_who_has_the_mail(job: Desk) -> None:
    job.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    lose_disk(job)
    assert "2 to send" in job.run("plan", "spring.yaml").said


def test_a_run_that_was_overtaken_leaves_what_it_knows_to_the_next(
    job: Desk, mailhost: MailHost, host: GitHost
) -> None:
    # Its third push, behind the last message, comes after one of another run.
    host.hook(
        "echo >> pushes\n"
        'test "$(wc -l < pushes)" -eq 3 || exit 0\n'
        "git for-each-ref '--format=%(refname)' refs/sendbatch/shop | while read ref; do\n"
        "  env -u GIT_QUARANTINE_PATH git update-ref $ref refs/heads/main\n"
        "done"
    )
    lost = job.run("run", "spring.yaml", "--yes").ended(5)
    assert mailhost.receivers == THREE
    assert "this run sent to 3 recipients, of whom the other one may not know" in lost.said
    assert "--except reports/spring/report.csv" in lost.said
    table = (job.folder / "reports" / "spring" / "report.csv").read_text("utf-8")
    assert table.count(",accepted,") == 3


def test_a_quota_holds_on_a_disk_that_knows_of_no_use(job: Desk, mailhost: MailHost) -> None:
    def lose_all() -> None:
        lose_disk(job)
        shutil.rmtree(job.environ["XDG_STATE_HOME"])

    profiles = (job.folder / "profiles.yaml").read_text("utf-8")
    job.write("profiles.yaml", profiles.replace("    port:", "    rate: 2/day\n    port:", 1))
    job.run("run", "spring.yaml", "--yes", "--no-wait").ended(3)
    assert len(mailhost.receivers) == 2
    lose_all()
    assert "nothing is known here" in job.run("plan", "spring.yaml").said
    again = job.run("run", "spring.yaml", "--yes", "--no-wait").ended(3)
    assert "2 of 2 a day used" in again.said
    assert len(mailhost.receivers) == 2


def test_who_waits_for_nothing_waits_a_minute_for_the_repository(job: Desk) -> None:
    campaign = load(job.folder / "spring.yaml")
    places = [
        job_of(campaign, Options(no_wait=no_wait)).record.repository for no_wait in (False, True)
    ]
    assert [place.patience.offline for place in places if place] == [1800.0, 60.0]


def test_a_rehearsal_stays_on_the_disk(job: Desk, host: GitHost) -> None:
    job.run("run", "spring.yaml", "--yes", "--smtp", "sandbox").ended(0)
    assert host.refs() == {}


def test_a_record_on_the_disk_is_not_forgotten_for_one_in_the_repository(
    job: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI")
    job.run("run", "spring.yaml", "--yes", "--record", "reports", "--limit", "1").ended(0)
    refused = job.run("run", "spring.yaml", "--yes").ended(4)
    assert "a record on this disk" in refused.said
    assert len(mailhost.receivers) == 1


def test_a_host_that_takes_nothing_is_told_before_anything_is_sent(
    job: Desk, host: GitHost, mailhost: MailHost
) -> None:
    host.hook("echo closed >&2; exit 1")
    refused = job.run("run", "spring.yaml", "--yes").ended(2)
    assert "does not take" in refused.said
    assert mailhost.receivers == []


def test_who_is_in_doubt_is_settled_by_hand_on_another_disk(
    job: Desk, host: GitHost, mailhost: MailHost
) -> None:
    job.run("run", "spring.yaml", "--yes").ended(0)
    before = host.refs()[REF]
    lose_disk(job)
    wrong = job.run("resolve", "spring.yaml", "ada@example.com", "--as", "accepted").ended(2)
    assert "neither in doubt" in wrong.said
    assert host.refs()[REF] == before


def test_a_folder_that_is_called_git_is_a_folder(
    job: Desk, host: GitHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI")
    job.run("run", "spring.yaml", "--yes", "--record", "./git").ended(0)
    assert (job.folder / "git" / "spring" / "ledger.sqlite").is_file()
    assert host.refs() == {}


def test_where_nothing_was_sent_yet_it_is_said_of_the_repository(job: Desk) -> None:
    said = job.run("status", "spring.yaml").ended(2).said
    assert "refs/sendbatch/shop/spring: there is no record in the repository" in said


def test_a_record_that_is_made_anew_is_compared_with_no_plan(job: Desk) -> None:
    job.run("run", "spring.yaml", "--yes").ended(0)
    lose_disk(job)
    assert "since the last plan" not in job.run("run", "spring.yaml", "--yes").ended(0).said


def test_what_has_not_read_the_record_says_nothing_of_who_has_the_mail(
    job: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.run("run", "spring.yaml", "--yes").ended(0)
    outputs, summary = tmp_path / "outputs", tmp_path / "summary"
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    job.run("check", "spring.yaml").ended(0)
    monkeypatch.delenv("SENDBATCH_RECEIPT_KEY")
    planned = job.run("plan", "spring.yaml").ended(0)
    assert outputs.read_text("utf-8") == "exit-code=0\n" * 2
    for said in (summary.read_text("utf-8").partition("\n# ")[0], summary.read_text("utf-8"), planned.said):
        assert "3 to send, less those who have it (the record was not read)" in said
    assert "compared with what was sent" not in planned.said


def test_a_plan_is_compared_with_what_was_sent_once_something_was(job: Desk) -> None:
    assert "what was sent before" not in job.run("plan", "spring.yaml").ended(0).said
    job.run("run", "spring.yaml", "--yes").ended(0)
    lose_disk(job)
    assert "compared with what was sent before" in job.run("plan", "spring.yaml").ended(0).said
