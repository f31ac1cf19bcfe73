"""A campaign that CI sends, on a laptop whose profiles.yaml says nothing of it: nobody is mailed again."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from sendbatch.ledger.git import elsewhere
from tests.conftest import Needs
from tests.kit.command import Desk
from tests.kit.githost import GitHost, git, repository
from tests.kit.machine import SECRET
from tests.kit.mailhost import MailHost

THREE = ["ada@example.com", "bjork@example.org", "carl@example.net"]
PLAN = ("plan", "spring.yaml", "--out", "plan.json")
RUN = ("run", "spring.yaml", "--yes")


@pytest.fixture
def host(tmp_path: Path, needs: Needs) -> GitHost:
    needs("git", "records are kept in repositories")
    return repository(tmp_path)


@pytest.fixture
def laptop(desk: Desk, mailhost: MailHost, host: GitHost, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A clone with a workflow, which nothing was sent from yet."""
    mailhost.take_over(desk)
    git("init", "-q", "-b", "main", at=desk.folder)
    git("remote", "add", "origin", str(host.bare), at=desk.folder)
    desk.write(".github/workflows/mail.yml", "jobs: {send: {steps: [{uses: example/sendbatch@v1}]}}\n")
    monkeypatch.setenv("SENDBATCH_RECORD_WATCH", "0.05")
    return desk


def sent_by_ci(desk: Desk, *more: str) -> None:
    with pytest.MonkeyPatch.context() as job:
        for name, value in {"SENDBATCH_RECEIPT_KEY": SECRET, "CI": "true"}.items():
            job.setenv(name, value)
        desk.run(*RUN, "--record", "git", *more).ended(0)
    shutil.rmtree(desk.folder / "reports")


def test_whom_ci_has_mailed_a_laptop_mails_not_again(
    laptop: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent_by_ci(laptop, "--limit", "2")
    refused = laptop.run(*RUN).ended(4)
    assert "the repository has one, of what CI has sent (.github/workflows/mail.yml)" in refused.said
    assert "sendbatch run spring.yaml --record git" in refused.said
    assert "record: git" in refused.said
    assert "SENDBATCH_RECEIPT_KEY" in refused.said
    assert mailhost.receivers == THREE[:2]
    monkeypatch.setenv("SENDBATCH_RECEIPT_KEY", SECRET)
    laptop.run(*RUN, "--record", "git").ended(0)
    assert mailhost.receivers == THREE


def test_plan_and_status_say_so_too(laptop: Desk) -> None:
    sent_by_ci(laptop)
    looked = laptop.run("plan", "spring.yaml").ended(0)
    assert "a run would be refused: there is no record of spring on this disk" in looked.said
    laptop.run(*PLAN).ended(4)
    assert not (laptop.folder / "plan.json").exists()
    told = laptop.run("status", "spring.yaml")
    assert "the repository has one, of what CI has sent" in told.said
    assert "nothing was sent yet" not in told.said


def test_which_edition_is_meant_is_no_matter_where_none_is_named(
    laptop: Desk, mailhost: MailHost
) -> None:
    sent_by_ci(laptop, "--run", "2026-11")
    laptop.run(*RUN).ended(4)
    laptop.run(*RUN, "--run", "2026-11").ended(4)
    assert mailhost.receivers == THREE
    laptop.run(*RUN, "--run", "2026-12").ended(0)
    assert len(mailhost.receivers) == 6


def test_a_campaign_that_ci_never_sent_is_sent_from_here(laptop: Desk, mailhost: MailHost) -> None:
    laptop.run(*RUN, "--limit", "1").ended(0)
    shutil.rmtree(Path(git("config", "remote.origin.url", at=laptop.folder)))
    laptop.run(*RUN).ended(0)  # its record is here by now: nobody is asked
    assert mailhost.receivers == THREE


def test_where_origin_cannot_be_asked_a_folder_has_to_be_named(
    laptop: Desk, mailhost: MailHost, host: GitHost
) -> None:
    shutil.rmtree(host.bare)
    refused = laptop.run(*RUN).ended(4)
    assert "`origin` cannot be asked for its record" in refused.said
    assert not mailhost.receivers
    line = next(one for one in refused.said.splitlines() if "--record" in one).split()[1:]
    laptop.run(*line, "--yes").ended(0)
    assert mailhost.receivers == THREE


def test_without_a_workflow_or_a_remote_nobody_is_asked(
    laptop: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> list[str]:
        raise AssertionError("it was asked")

    with monkeypatch.context() as here:
        here.setattr(elsewhere, "records_elsewhere", never)
        laptop.write(".github/workflows/mail.yml", "jobs: {}\n")
        laptop.run(*RUN, "--limit", "1").ended(0)
    shutil.rmtree(laptop.folder / "reports")
    laptop.write(".gitlab-ci.yml", "send: {script: [sendbatch run spring.yaml]}\n")
    git("remote", "remove", "origin", at=laptop.folder)
    laptop.run(*RUN, "--limit", "1").ended(0)


def test_a_remote_that_never_answers_is_waited_for_a_short_time(
    laptop: Desk, mailhost: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = laptop.write("slow", "#!/bin/sh\nexec sleep 600\n")
    script.chmod(0o755)
    git("remote", "set-url", "origin", "ssh://git@127.0.0.1/shop.git", at=laptop.folder)
    monkeypatch.setenv("GIT_SSH", str(script))
    monkeypatch.setattr(elsewhere, "PATIENCE", 0.2)
    begun = time.monotonic()
    refused = laptop.run(*RUN).ended(4)
    assert "it did not answer in time" in refused.said
    assert time.monotonic() - begun < 60
    assert not mailhost.receivers


def test_a_fifo_among_the_workflows_holds_nothing_up(laptop: Desk, mailhost: MailHost) -> None:
    import os

    os.mkfifo(laptop.folder / ".github/workflows/pipe.yml")
    sent_by_ci(laptop)
    laptop.run(*RUN).ended(4)
    assert mailhost.receivers == THREE


class TestAPlanThatWouldBeRefused:
    """Nobody is asked to approve what is refused afterwards."""

    @pytest.fixture
    def job(self, laptop: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
        monkeypatch.setenv("SENDBATCH_RECEIPT_KEY", SECRET)
        monkeypatch.setenv("SENDBATCH_RECORD", "git")
        monkeypatch.setenv("CI", "true")
        monkeypatch.setenv("GITHUB_OUTPUT", str(laptop.folder / "output"))
        laptop.run(*RUN, "--limit", "1").ended(0)
        shutil.rmtree(laptop.folder / "reports")
        (laptop.folder / "output").unlink()
        return laptop

    def test_for_a_changed_text_is_not_written(self, job: Desk, mailhost: MailHost) -> None:
        job.change("spring.txt", "blooms", "wilts")
        refused = job.run(*PLAN).ended(4)
        assert "the text changed since 1 of 3 were sent it" in refused.said
        assert not (job.folder / "plan.json").exists()
        output = job.folder / "output"
        assert not output.exists() or "remaining" not in output.read_text()
        assert "the text changed" in job.run("plan", "spring.yaml").ended(0).said

    def test_is_written_where_the_change_was_accepted(self, job: Desk, mailhost: MailHost) -> None:
        job.change("spring.txt", "blooms", "wilts")
        job.run(*PLAN, "--accept-changes").ended(0)
        job.run(*RUN, "--plan", "plan.json").ended(4)
        job.run(*RUN, "--plan", "plan.json", "--accept-changes").ended(0)
        assert mailhost.receivers == THREE

    def test_a_new_edition_is_a_line_without_the_plan(self, job: Desk) -> None:
        job.run(*PLAN).ended(0)
        job.change("spring.txt", "blooms", "wilts")
        with pytest.MonkeyPatch.context() as here:
            here.delenv("CI")
            said = job.run(*RUN, "--plan", "plan.json").ended(4).said
        another = next(line for line in said.splitlines() if "a new edition" in line)
        assert "--run" in another
        assert "--plan" not in another
        again = next(line for line in said.splitlines() if "--accept-changes" in line)
        assert "--plan" in again

    def test_in_ci_no_line_has_a_file_that_goes_with_the_job(self, job: Desk) -> None:
        job.run(*PLAN).ended(0)
        said = job.run(*RUN, "--plan", "plan.json", "--limit", "1").ended(0).said
        assert "left for a later run" in said
        assert "--plan" not in said
